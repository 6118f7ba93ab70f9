package proposals

import (
	"mcrun/mc"
	"mcrun/models"
)

// anySwendsenWang is the kernel of Swendsen and Wang for any couplings: on
// graphs, of Potts models and of spins with vacancies. Site i is node i + 1, and
// the ghost is node 0.
type anySwendsenWang struct {
	*bonds
	spins    models.Spins
	states   int
	colours  bool     // whether clusters get colours, else they are mirrored or not
	ghost    []uint64 // threshold of a site along its field; nil if there are none
	label    labels
	fate     []uint8 // of a node that is its cluster's first: the colour, or 1 if mirrored
	random   *mc.Stream
	clusters Clusters
}

func newAnySwendsenWang(m models.PairCoupled, c Chain) *anySwendsenWang {
	w := &anySwendsenWang{
		bonds:    newBonds(m),
		spins:    c.State.(models.Spins),
		states:   m.States(),
		colours:  m.Couplings().Pair == models.Equal,
		label:    make(labels, m.Sites()+1),
		fate:     make([]uint8, m.Sites()+1),
		random:   c.Random,
		clusters: c.Clusters,
	}
	for _, f := range w.field {
		w.ghost = append(w.ghost, bondThreshold(f/2))
	}
	return w
}

// Step updates all sites.
func (w *anySwendsenWang) Step() {
	w.build()
	w.label.flatten()
	for i, s := range w.spins {
		node := uint32(i) + 1
		first := w.label[node]
		if first == node {
			w.fate[node] = w.draw(s)
		}
		switch {
		case w.colours:
			w.spins[i] = w.fate[first]
		case w.fate[first] != 0:
			w.spins[i] = uint8(w.states-1) - s
		}
	}
	if w.clusters != nil {
		w.clusters.All(w.label[1:])
	}
}

// draw returns the fate of a cluster, one site of which is in state s. The
// ghost's is 0.
func (w *anySwendsenWang) draw(s uint8) uint8 {
	switch {
	case w.colours:
		return uint8(w.random.IntN(w.states))
	case w.vacancy(s):
		return 0 // a vacancy is its own mirror image
	}
	return bit(w.random.Below(half))
}

// build labels the clusters. Every bond is tried at that of its ends which comes
// later.
func (w *anySwendsenWang) build() {
	coins := uint64(1)
	for i := range w.spins {
		node := uint32(i) + 1
		w.label[node] = node
		if w.ghost != nil && w.along(i) && w.random.Below(w.ghost[i]) {
			w.label[node] = 0
		}
		if w.graph != nil {
			w.joinGraph(i)
		} else {
			coins = w.join(coins, i)
		}
	}
}

// join tries the bonds of site i on a lattice, with a coin for each that is
// satisfied, and returns the coins that are left.
func (w *anySwendsenWang) join(coins uint64, i int) uint64 {
	partner := w.partner[w.negative][w.spins[i]]
	for _, j := range w.lattice.Neighbours(i) {
		if int(j) > i || uint16(w.spins[j]) != partner {
			continue
		}
		if coins == 1 {
			coins = toss(w.random, w.alike)
		}
		if coins&1 != 0 {
			w.label.join(uint32(i)+1, j+1)
		}
		coins >>= 1
	}
	return coins
}

// joinGraph is join on a graph.
func (w *anySwendsenWang) joinGraph(i int) {
	s := w.spins[i]
	strengths, active := w.graph.Strengths(i), w.active[w.first[i]:]
	for n, j := range w.graph.Neighbours(i) {
		partner := w.partner[bit(strengths[n] < 0)][s]
		if int(j) < i && uint16(w.spins[j]) == partner && w.random.Below(active[n]) {
			w.label.join(uint32(i)+1, j+1)
		}
	}
}

// along reports whether a spin points along the field of its site.
func (w *anySwendsenWang) along(i int) bool {
	if w.field[i] < 0 {
		return w.spins[i] == 0
	}
	return int(w.spins[i]) == w.states-1
}
