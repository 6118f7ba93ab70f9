package observables

import (
	"math"

	"mcrun/models"
)

func registerCorrelation() {
	RegisterColumn(Column{
		Name:  "correlation",
		Check: hasFieldOnLattice,
		Width: axesWidth,
		Bind:  bindCorrelation,
	})
	Register(Observable{
		Name:       "correlation",
		Doc:        "C(r) = <s_x s_(x+r)> along the axes, r = 0..L/2, averaged over sites, and over directions if sides are equal",
		Columns:    fixed("correlation"),
		Points:     axesPoints(func(n, _ int) float64 { return float64(n) }),
		Estimators: axesEstimators,
	})
}

func bindCorrelation(m models.Model, c Chain) func(dst []float64) {
	var direction []func(dst []float64)
	sides := sides(m)
	for mu, side := range sides {
		l := newLines(sides, mu)
		bits := newPackedLines(m, c.State, l)
		field := m.(models.SpinField)
		// Comparing a byte at half the distances takes about a twentieth of
		// the time that an FFT takes for a number and a factor 2 of its length.
		if bits != nil && float64(bits.compared()*side) < 20*float64(m.Sites()*field.Components())*math.Log2(float64(side)) {
			direction = append(direction, bits.correlation)
		} else {
			direction = append(direction, l.correlation(field, c.State, productUnit(m)))
		}
	}
	unit := hasUnitSpins(m)
	return func(dst []float64) {
		at := dst
		for mu, side := range sides {
			n := side/2 + 1
			direction[mu](at[:n])
			if unit {
				at[0] = 1 // and not what transforms round off
			}
			at = at[n:]
		}
	}
}

// hasUnitSpins reports whether |sigma| is known to be 1 at every site.
func hasUnitSpins(m models.Model) bool {
	if p, ok := m.(models.PairCoupled); ok {
		return p.States() == 2 || p.Couplings().Pair != models.Product
	}
	f, ok := m.(models.FieldCoupled)
	return ok && f.FieldCouplings().Unit
}

// lines are the lines of a lattice along one direction. Its sites fall into
// slabs, in which planes of stride sites each follow each other.
type lines struct{ slabs, side, stride int }

func newLines(sides []int, mu int) lines {
	l := lines{slabs: 1, side: sides[mu], stride: 1}
	for _, side := range sides[:mu] {
		l.slabs *= side
	}
	for _, side := range sides[mu+1:] {
		l.stride *= side
	}
	return l
}

// sites returns the number of sites.
func (l lines) sites() int { return l.slabs * l.side * l.stride }

// productUnit returns the number of which all products sigma . sigma' of two
// spins are multiples, as 1/unit, and 0 if there is none that is known.
func productUnit(m models.Model) (unit float64) {
	p, ok := m.(models.PairCoupled)
	if !ok {
		return 0
	}
	if p.Couplings().Pair == models.Cosine {
		return map[int]float64{3: 2, 4: 1, 6: 2}[p.States()] // of cosines that are 0, 1/2 or 1
	}
	unit = float64(p.States() - 1)
	if p.Couplings().Pair == models.Equal {
		return unit // the products are 1 and -1/(q-1)
	}
	return unit * unit // spin k is (2k - (q-1))/(q-1)
}

// correlation returns the function that reads C(r) along the lines. The sums
// over x of sigma_x sigma_(x+r) on a line are the inverse Fourier transform of
// its power spectrum, and so are those over all lines of the sum of theirs.
// Where they are integers, in units of the products, they are rounded: a sum
// of 0 is 0, and not what the transforms round off.
func (l lines) correlation(field models.SpinField, s models.State, unit float64) func(dst []float64) {
	var (
		n     = l.sites()
		sigma = make([]float64, n)
		line  = make([]float64, l.side)
		sum   = newSpectrum(l.side)
		power = make([]float64, l.side/2+1)
		modes = make([]complex128, len(power))
	)
	return func(dst []float64) {
		clear(power)
		for component := range field.Components() {
			field.Component(s, component, sigma)
			for slab := range l.slabs {
				for i := range l.stride {
					at := slab*l.side*l.stride + i
					for x := range line {
						line[x] = sigma[at+x*l.stride]
					}
					sum.add(power, line, 1)
				}
			}
		}
		for k, p := range power {
			modes[k] = complex(p, 0)
		}
		sum.fft.Sequence(line, modes)
		for r := range dst {
			dst[r] = toMultiple(line[r]/float64(l.side), unit) / float64(n)
		}
	}
}

// toMultiple returns the multiple of 1/unit that is next to v, and v if unit is 0.
func toMultiple(v, unit float64) float64 {
	if unit == 0 {
		return v
	}
	return float64(int(math.Round(v*unit))) / unit // no -0
}
