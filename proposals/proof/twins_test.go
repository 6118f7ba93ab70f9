package proof

import (
	"errors"
	"math"
	"slices"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

// A twin is a kernel for models with pair couplings, written once more as plainly
// as can be, with a place for a mistake.
type twin struct {
	Algorithm string `card:"algorithm"`
	Mistake   string `card:"mistake"`
}

// like returns the kernel whose claims the twin makes.
func (k *twin) like() interface {
	proposals.Spec
	proposals.Reversible
} {
	switch k.Algorithm {
	case "wolff":
		return new(proposals.Wolff)
	case "swendsen-wang":
		return new(proposals.SwendsenWang)
	}
	return &proposals.HeatBath{Order: proposals.Sequential}
}

func (k *twin) Check(m models.Model) error { return k.like().Check(m) }

func (k *twin) Ergodic(m models.Model) error {
	if k.Mistake == "calls itself not ergodic" {
		return errors.New("it is said not to be")
	}
	return k.like().Ergodic(m)
}

func (k *twin) Reversible(m models.Model) bool {
	return k.Mistake == "calls itself reversible" || k.like().Reversible(m)
}

// Clusters implements proposals.ClusterBuilder.
func (k *twin) Clusters(m models.Model) error {
	if b, ok := k.like().(proposals.ClusterBuilder); ok {
		return b.Clusters(m)
	}
	return errors.New("it builds none")
}

func (k *twin) Bind(m models.Model, c proposals.Chain) mc.Kernel {
	pairs := m.(models.PairCoupled)
	w := &writing{
		m: pairs, q: pairs.States(), pair: pairs.Couplings().Pair, beta: m.Beta(),
		x: c.State.(models.Spins), random: c.Random, clusters: c.Clusters, mistake: k.Mistake,
	}
	w.bonds = make([][]bond, m.Sites())
	for _, b := range bondsOf(pairs) {
		if k.Mistake == "one direction of a double bond dropped" &&
			slices.ContainsFunc(w.bonds[b.i], func(a bond) bool { return a.j == b.j }) {
			continue
		}
		w.bonds[b.i] = append(w.bonds[b.i], b)
		w.bonds[b.j] = append(w.bonds[b.j], bond{b.j, b.i, b.coupling})
	}
	switch k.Algorithm {
	case "metropolis":
		return stepFunc(w.metropolis)
	case "metropolis, one up or down":
		return stepFunc(w.upOrDown)
	case "heat-bath":
		return stepFunc(w.heatBath)
	case "wolff":
		return stepFunc(w.wolff)
	case "swendsen-wang":
		return stepFunc(w.swendsenWang)
	}
	panic(k.Algorithm)
}

type stepFunc func()

func (f stepFunc) Step() { f() }

// A writing is what the twins have in common.
type writing struct {
	m        models.PairCoupled
	q        int
	pair     models.Interaction
	beta     float64
	bonds    [][]bond // of each site i, as bond.i
	x        models.Spins
	random   *mc.Stream
	clusters proposals.Clusters
	mistake  string
}

// f is what a bond contributes.
func (w *writing) f(a, b uint8) float64 {
	switch {
	case w.pair == models.Product:
		return spinOf(w.q, a) * spinOf(w.q, b)
	case a == b:
		return 1
	}
	return 0
}

// field returns that of a site.
func (w *writing) field(i int) float64 {
	if w.mistake == "field left out" {
		return 0
	}
	return fieldOf(w.m, i)
}

// cost returns beta times the energy of site i in state k.
func (w *writing) cost(i int, k uint8) float64 {
	e := -w.field(i) * spinOf(w.q, k)
	for _, b := range w.bonds[i] {
		e -= b.coupling * w.f(k, w.x[b.j])
	}
	if self := w.m.Couplings().Self; self != nil {
		e += self[k]
	}
	if w.mistake == "half of the energy" {
		e /= 2
	}
	return w.beta * e
}

// with is true with a probability, of which what exceeds 1 is cut off.
func (w *writing) with(probability float64) bool { return w.random.Below(mc.Threshold(probability)) }

// metropolis visits all sites.
func (w *writing) metropolis() {
	most := 31. / 32
	if w.mistake == "not lazy" {
		most = 1
	}
	for i, s := range w.x {
		to := uint8(w.random.IntN(w.q - 1))
		if to >= s {
			to++
		}
		change := w.cost(i, to) - w.cost(i, s)
		if w.mistake == "sign of the change" {
			change = -change
		}
		if w.with(most * math.Min(1, math.Exp(-change))) {
			w.x[i] = to
		}
	}
}

// upOrDown proposes a neighbouring state; from the lowest and the highest there
// is but one, so that the acceptance needs the ratio of the proposals'
// probabilities (W. K. Hastings, Biometrika 57, 97 (1970)).
func (w *writing) upOrDown() {
	top := uint8(w.q - 1)
	ways := func(s uint8) (states []uint8) {
		if s > 0 {
			states = append(states, s-1)
		}
		if s < top {
			states = append(states, s+1)
		}
		return states
	}
	for i, s := range w.x {
		there := ways(s)
		to := there[w.random.IntN(len(there))]
		ratio := float64(len(there)) / float64(len(ways(to)))
		if w.mistake == "no Hastings ratio" {
			ratio = 1
		}
		if w.with(31. / 32 * math.Min(1, ratio*math.Exp(w.cost(i, s)-w.cost(i, to)))) {
			w.x[i] = to
		}
	}
}

// heatBath visits all sites.
func (w *writing) heatBath() {
	for i := range w.x {
		if i == 0 && w.mistake == "one site left out" {
			continue
		}
		weight, least := make([]float64, w.q), math.Inf(1)
		for k := range weight {
			weight[k] = w.cost(i, uint8(k))
			least = min(least, weight[k])
		}
		rest := 0.0
		for k, c := range weight {
			weight[k] = math.Exp(least - c)
			rest += weight[k]
		}
		if w.mistake == "own state not offered" {
			rest -= weight[w.x[i]]
			weight[w.x[i]] = 0
		}
		for k, v := range weight {
			if k == w.q-1 || w.with(v/rest) {
				w.x[i] = uint8(k)
				break
			}
			rest -= v
		}
	}
}

// active returns the probability of a bond to be active.
func (w *writing) active(b bond) float64 {
	s, t := w.x[b.i], w.x[b.j]
	exponent := 2 * w.beta
	if w.pair == models.Equal && w.mistake != "the exponent of Ising" {
		exponent = w.beta
	}
	if w.mistake == "half of the exponent" {
		exponent /= 2
	}
	gain := b.coupling * w.f(s, t)
	switch {
	case w.mistake == "sign of J left out":
		gain = math.Abs(gain)
	case w.mistake == "vacancy joined" && s == t:
		gain = b.coupling
	}
	return -math.Expm1(-exponent * math.Max(0, gain))
}

// vacant reports whether a site belongs to no cluster.
func (w *writing) vacant(i int) bool {
	return w.pair == models.Product && w.q == 3 && w.x[i] == 1 && w.mistake != "vacancy joined"
}

// change gives a cluster another state.
func (w *writing) change(cluster []int) {
	from := w.x[cluster[0]]
	to := uint8(w.random.IntN(w.q - 1))
	if w.pair == models.Product {
		to = 0
	}
	if w.mistake == "colour not uniform" {
		to = uint8(w.random.IntN(w.q) % (w.q - 1))
	}
	if to >= from {
		to++
	}
	for _, i := range cluster {
		switch {
		case w.pair == models.Equal:
			w.x[i] = to
		case w.q == 3 && w.x[i] == 1:
			w.x[i] = 2 // a vacancy that was joined
		default:
			w.x[i] = uint8(w.q-1) - w.x[i]
		}
	}
}

// wolff grows a cluster and changes it.
func (w *writing) wolff() {
	resting := w.flat() && !w.with(31./32)
	seed := w.random.IntN(len(w.x))
	if w.vacant(seed) {
		if w.clusters != nil {
			w.clusters.Single(nil)
		}
		return
	}
	was := slices.Clone(w.x)
	cluster := []int{seed}
	for n := 0; n < len(cluster); n++ {
		for _, b := range w.bonds[cluster[n]] {
			inside := slices.Contains(cluster, b.j)
			if inside && w.mistake != "no marks" {
				continue
			}
			// Without marks a site of the cluster is known by its flipped
			// spin alone, which a frustrated bond satisfies.
			if inside {
				w.x[b.j] ^= 1
			}
			joins := w.with(w.active(b))
			if inside && !joins {
				w.x[b.j] ^= 1
			}
			if inside && joins {
				was[b.j] ^= 1
			}
			if !inside && joins {
				cluster = append(cluster, b.j)
			}
		}
	}
	copy(w.x, was)
	if w.clusters != nil {
		sites := make([]uint32, len(cluster))
		for n, i := range cluster {
			sites[n] = uint32(i)
		}
		if w.mistake == "single sites not told of" && len(sites) == 1 {
			sites = nil
		}
		w.clusters.Single(sites)
	}
	var sum float64 // what the fields gain
	for n, i := range cluster {
		h := w.field(i) * spinOf(w.q, w.x[i])
		switch {
		case w.mistake == "field of the seed alone" && n > 0:
			h = 0
		case w.mistake == "unsigned sum":
			h = w.field(i) * spinOf(w.q, w.x[seed])
		}
		sum += h
	}
	if !resting && w.with(math.Min(1, math.Exp(-2*w.beta*sum))) {
		w.change(cluster)
	}
}

// flat reports whether no change costs anything, so that Wolff's kernel rests now
// and then.
func (w *writing) flat() bool {
	for i := range w.x {
		if w.beta*w.field(i) != 0 {
			return false
		}
		for _, b := range w.bonds[i] {
			if w.beta*b.coupling != 0 {
				return false
			}
		}
	}
	return true
}

// swendsenWang changes all clusters, of which each has the number of a site but
// for that of the ghost, len(x).
func (w *writing) swendsenWang() {
	ghost := len(w.x)
	cluster := make([]int, len(w.x))
	for i := range cluster {
		cluster[i] = i
	}
	rename := func(from, to int) {
		for i, k := range cluster {
			if k == from {
				cluster[i] = to
			}
		}
	}
	for i, bonds := range w.bonds {
		for _, b := range bonds {
			if (b.j > i || w.mistake == "each bond from both ends") && w.with(w.active(b)) {
				rename(cluster[b.j], cluster[i])
			}
		}
	}
	loose := slices.Clone(cluster)
	for i := range w.x {
		gain := w.field(i) * spinOf(w.q, w.x[i])
		switch w.mistake {
		case "ghost against the field":
			gain = -gain
		case "half of the ghost's bonds":
			gain /= 2
		}
		if w.with(-math.Expm1(-2 * w.beta * math.Max(0, gain))) {
			rename(cluster[i], ghost)
		}
	}
	if w.clusters != nil {
		told := cluster
		if w.mistake == "ghost not told of" {
			told = loose
		}
		labels := make([]uint32, len(told))
		for i, k := range told {
			labels[i] = uint32(k)
		}
		w.clusters.All(labels)
	}
	for k := range len(w.x) {
		var sites []int
		for i := range w.x {
			if cluster[i] == k {
				sites = append(sites, i)
			}
		}
		if len(sites) == 0 || w.vacant(sites[0]) {
			continue
		}
		stays := 0.5
		if w.pair == models.Equal {
			stays = 1 / float64(w.q)
		}
		if !w.with(stays) {
			w.change(sites)
		}
	}
	if w.mistake == "ghost flipped" && w.with(0.5) {
		for i, k := range cluster {
			if k == ghost {
				w.x[i] ^= 1
			}
		}
	}
}
