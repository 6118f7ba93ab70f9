package observables

import (
	"math"
	"math/bits"

	"mcrun/models"
)

// clusterSpectrum averages S(k) along the axes.
//
// A cluster is projected on an axis: P(x) is the sum of its spins in plane x,
// and |sum_x P(x) e^(ikx)|^2 is what is wanted. Most clusters are small and
// touch few planes. Their autocorrelations
//
//	A(r) = sum_x P(x) P(x+r),   |sum_x P(x) e^(ikx)|^2 = A(0) + 2 sum_{r>0} A(r) cos(kr),
//
// cost no more than the square of the planes, and are added up over all clusters
// before they are transformed, once a record. Clusters that touch many planes
// are transformed themselves.
type clusterSpectrum struct {
	stepAverage
	spins models.Spins
	spin  [256]int // of a state
	axes  []axis
	end   []uint32 // of the sites of a label
	sites []uint32 // label by label
}

// An axis is that of one direction.
type axis struct {
	*spectrum
	side    int
	inverse uint64    // of the number of sites of a slab
	profile []float64 // P of a cluster; all 0 between clusters
	lags    []float64 // sum of A; a part of the sums over steps, as powers is
	powers  []float64 // sum of the spectra of clusters that touch many planes
	many    int       // planes, whose square costs as much as an FFT
}

func newClusterSpectrum(m models.Model, s models.State) *clusterSpectrum {
	c := &clusterSpectrum{
		spins: s.(models.Spins),
		spin:  clusterSpins(m.(models.PairCoupled)),
		end:   make([]uint32, m.Sites()+1),
		sites: make([]uint32, m.Sites()),
	}
	sides := sides(m)
	width := axesWidth(m)
	for _, side := range sides {
		width += side
	}
	c.sum = make([]float64, width)
	at := c.sum
	for mu, side := range sides {
		modes := side/2 + 1
		c.axes = append(c.axes, axis{
			spectrum: newSpectrum(side),
			side:     side,
			inverse:  inverse(side * newLines(sides, mu).stride),
			profile:  make([]float64, side),
			lags:     at[:side],
			powers:   at[side : side+modes],
			many:     int(math.Sqrt(2 * float64(side) * math.Log2(float64(side)))),
		})
		at = at[side+modes:]
	}
	return c
}

// Single implements ClusterAverage.
func (c *clusterSpectrum) Single(sites []uint32) {
	c.begin()
	if len(sites) > 0 {
		c.add(sites, 1/float64(len(sites)))
	}
}

// All implements ClusterAverage. The sites are sorted by their labels.
func (c *clusterSpectrum) All(label []uint32) {
	c.begin()
	clear(c.end)
	for _, l := range label {
		c.end[l]++
	}
	var at uint32
	for l, n := range c.end {
		c.end[l] = at
		at += n
	}
	for i, l := range label {
		at := c.end[l]
		c.end[l] = at + 1
		c.sites[at] = uint32(i)
	}
	at = 0
	scale := 1 / float64(len(label))
	for _, end := range c.end {
		if end > at {
			c.add(c.sites[at:end], scale)
			at = end
		}
	}
}

// add adds a cluster to the sums, times scale.
func (c *clusterSpectrum) add(sites []uint32, scale float64) {
	if len(sites) == 1 {
		s := float64(c.spin[c.spins[sites[0]]])
		for mu := range c.axes {
			c.axes[mu].lags[0] += scale * s * s
		}
		return
	}
	for mu := range c.axes {
		a := &c.axes[mu]
		// The planes are counted from half the axis before that of the first
		// site on, so that a cluster that is short does not wrap around.
		middle := a.side / 2
		shift := middle - a.plane(sites[0])
		if shift < 0 {
			shift += a.side
		}
		first, last := middle, middle
		for _, i := range sites {
			x := a.plane(i) + shift
			if x >= a.side {
				x -= a.side
			}
			a.profile[x] += float64(c.spin[c.spins[i]])
			first, last = min(first, x), max(last, x)
		}
		a.add(first, last, scale)
	}
}

// inverse returns 2^64/n, rounded up, n > 1.
func inverse(n int) uint64 { return math.MaxUint64/uint64(n) + 1 }

// plane returns the plane of a site. In slabs, a site's number is an integer and
// a fraction; the latter, times 2^64, is the lower half of the product with the
// inverse. Times the side it is the plane and a part of one. Rounding makes the
// fraction too large by less than N 2^-64, which is less than a site's part of a
// slab since N < 2^32.
func (a *axis) plane(site uint32) int {
	x, _ := bits.Mul64(a.inverse*uint64(site), uint64(a.side))
	return int(x)
}

// add adds what comes of the profile, which is not 0 from the first to the last
// plane at most, and clears it.
func (a *axis) add(first, last int, scale float64) {
	touched := a.profile[first : last+1]
	if len(touched) < a.many {
		for r := range touched {
			var sum float64
			for x, p := range touched[r:] {
				sum += touched[x] * p
			}
			a.lags[r] += scale * sum
		}
	} else {
		a.spectrum.add(a.powers, a.profile, scale)
		touched = a.profile // all of which it has changed
	}
	clear(touched)
}

// Read implements ClusterAverage. The cosine transform of the lags is the real
// part of the Fourier transform of A(r) at both r and L - r.
func (c *clusterSpectrum) Read(dst []float64) {
	scale := 1 / float64(c.steps)
	for mu := range c.axes {
		a := &c.axes[mu]
		a.profile[0] = a.lags[0]
		for r := 1; r < a.side; r++ {
			a.profile[r] = a.lags[r] + a.lags[a.side-r]
		}
		a.fft.Coefficients(a.modes, a.profile)
		clear(a.profile)
		for n, s := range a.modes {
			dst[n] = scale * (real(s) + a.powers[n])
		}
		dst = dst[len(a.modes):]
	}
	c.read = true
}
