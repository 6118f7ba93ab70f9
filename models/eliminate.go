package models

import (
	"container/heap"
	"math"
	"slices"
)

const (
	// maxEliminated bounds the number of sites of Eliminate.
	maxEliminated = 1 << 16

	// maxEliminationTable bounds the entries of a table, of 40 bytes each.
	maxEliminationTable = 1 << 20

	// maxEliminationWork bounds the number of terms that are added up, of 50 to
	// 60 ns each: about a third of a second.
	maxEliminationWork = 6e6
)

// Eliminate returns the moments of a prepared model with pair couplings, summed
// over one site after the other: each sum is a table over the states of the
// sites that the eliminated one still has bonds to (bucket elimination:
// Dechter, Artif. Intell. 113, 41 (1999); for spins, the decimation of trees
// and strips). It reaches what can be taken apart through few sites: chains,
// trees and other graphs almost without loops of thousands of sites, open or
// periodic strips as wide as the tables, of q to the power of the width, can
// be large. It returns false beyond about a third of a second, and for a Potts or
// clock model with fields.
//
// AbsMag and Mag4 are NaN. Of a Potts or a clock model Mag is NaN too, and Mag2 is
// the mean of m^2 as [Ordered] has it, from the fluctuations of one colour or one
// component.
//
// An entry of a table holds the logarithm of a weight, and the means and
// variances of energy and magnetization under it. Independent parts add them.
// A sum over states mixes them: the variance of a mixture is the mean variance
// plus the variance of the means, where all terms are positive. So there is
// neither overflow nor cancellation, and the errors are some 1e-15 of each
// moment, of the ground state's energy and of LogZ.
func Eliminate(m PairCoupled) (Moments, bool) {
	if m.Sites() > maxEliminated {
		return Moments{}, false
	}
	p, ok := newPairs(m)
	if !ok {
		return Moments{}, false
	}
	order, ok := p.eliminationOrder()
	if !ok {
		return Moments{}, false
	}
	total := newElimination(p, m.Beta(), order).run()

	n := float64(p.sites())
	r := Moments{
		LogZ:         total.logWeight,
		Energy:       total.energy / n,
		SpecificHeat: m.Beta() * m.Beta() * total.energyVar / n,
		AbsMag:       math.NaN(),
		Mag4:         math.NaN(),
	}
	switch mag := total.mag / n; {
	case p.equivalent:
		q := float64(p.q)
		r.Mag, r.Mag2 = math.NaN(), q*q*total.magVar/(n*n*(q-1))
	case p.angles: // both components alike, as all is symmetric under turns by 2 pi/q
		r.Mag, r.Mag2 = math.NaN(), 2*total.magVar/(n*n)
		if p.q == 2 { // there is one
			r.Mag2 /= 2
		}
	case p.reversible:
		r.Mag2 = total.magVar / (n * n) // Mag is 0 by symmetry
	default:
		r.Mag, r.Mag2 = mag, mag*mag+total.magVar/(n*n)
	}
	return r, true
}

// An eliminated site, and the sites that it has bonds to when its turn comes,
// of its own or by the elimination of others, in increasing order.
type eliminated struct {
	site  uint32
	scope []uint32
}

// An ordering is an order of elimination in the making.
type ordering struct {
	*pairs
	left  [][]uint32 // of each site, those that it has bonds to, in increasing order
	order []eliminated
	work  float64 // terms to be added up; infinite if tables are too large
}

func newOrdering(p *pairs) *ordering {
	o := &ordering{pairs: p, left: make([][]uint32, p.sites())}
	for i, neighbours := range p.neighbour {
		o.left[i] = slices.Sorted(slices.Values(neighbours))
	}
	return o
}

// eliminate joins the neighbours of a site to each other. It returns false if
// the tables get too large or too many.
func (o *ordering) eliminate(i uint32) bool {
	scope := o.left[i]
	entries := math.Pow(float64(o.q), float64(len(scope)))
	o.work += entries * float64(o.q)
	if entries > maxEliminationTable || o.work > maxEliminationWork {
		o.work = math.Inf(1)
		return false
	}
	o.order = append(o.order, eliminated{i, scope})
	for _, j := range scope {
		o.left[j] = mergeWithout(o.left[j], scope, i, j)
	}
	return true
}

// eliminationOrder returns the better one of two orders, and false if both make
// tables that are too large or too many: that of least degree, which suits
// trees and small lattices, and the order breadth first, which sweeps along a
// strip.
func (p *pairs) eliminationOrder() ([]eliminated, bool) {
	best, sweep := newOrdering(p), newOrdering(p)
	best.leastDegree()
	for _, i := range p.breadthFirst() {
		if !sweep.eliminate(i) {
			break
		}
	}
	if sweep.work < best.work {
		best = sweep
	}
	return best.order, !math.IsInf(best.work, 1)
}

// leastDegree eliminates always a site with the fewest neighbours.
func (o *ordering) leastDegree() {
	queue := make(degreeQueue, len(o.left))
	for i, neighbours := range o.left {
		queue[i] = degree{len(neighbours), uint32(i)}
	}
	heap.Init(&queue)
	done := make([]bool, len(o.left))
	for len(queue) > 0 {
		next := heap.Pop(&queue).(degree)
		if done[next.site] || next.degree != len(o.left[next.site]) { // changed since it was queued
			continue
		}
		done[next.site] = true
		if !o.eliminate(next.site) {
			return
		}
		for _, j := range o.left[next.site] {
			heap.Push(&queue, degree{len(o.left[j]), j})
		}
	}
}

// breadthFirst returns all sites, each connected part in the order of the
// distances from one of its sites that lies at an end: the one found last from
// any other.
func (p *pairs) breadthFirst() []uint32 {
	n := p.sites()
	seen := make([]int, n) // the round in which a site was
	round := 0
	walk := func(list []uint32, start uint32) []uint32 {
		round++
		seen[start] = round
		from := len(list)
		list = append(list, start)
		for at := from; at < len(list); at++ {
			for _, j := range p.neighbour[list[at]] {
				if seen[j] != round {
					seen[j] = round
					list = append(list, j)
				}
			}
		}
		return list
	}
	var order []uint32
	for i := range n {
		if seen[i] == 0 {
			part := walk(order, uint32(i))
			order = walk(order, part[len(part)-1])
		}
	}
	return order
}

// mergeWithout returns the union of two increasing lists without x and y.
func mergeWithout(a, b []uint32, x, y uint32) []uint32 {
	union := make([]uint32, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		var v uint32
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			v, a = a[0], a[1:]
		case len(a) == 0 || b[0] < a[0]:
			v, b = b[0], b[1:]
		default:
			v, a, b = a[0], a[1:], b[1:]
		}
		if v != x && v != y {
			union = append(union, v)
		}
	}
	return union
}

// A degree is the number of neighbours of a site.
type degree struct {
	degree int
	site   uint32
}

// A degreeQueue is a heap: the least degree first, and of these the first site.
type degreeQueue []degree

func (q degreeQueue) Len() int { return len(q) }
func (q degreeQueue) Less(a, b int) bool {
	if q[a].degree != q[b].degree {
		return q[a].degree < q[b].degree
	}
	return q[a].site < q[b].site
}
func (q degreeQueue) Swap(a, b int) { q[a], q[b] = q[b], q[a] }

// Push implements [heap.Interface].
func (q *degreeQueue) Push(x any) { *q = append(*q, x.(degree)) }

// Pop implements [heap.Interface].
func (q *degreeQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

// A mixture is a set of states of eliminated sites: the logarithm of their
// weight, and under it the means and variances of their energy and
// magnetization.
type mixture struct {
	logWeight, energy, energyVar, mag, magVar float64
}

// A table holds a mixture for each state of some sites, the first of which runs
// fastest.
type table struct {
	scope []uint32
	entry []mixture
}

// An elimination sums out sites.
type elimination struct {
	*pairs
	beta  float64
	order []eliminated
	turn  []int     // of each site in the order
	held  [][]table // for each site, those that wait for its turn
	value []float64 // what each state adds to the magnetization
	total mixture
}

func newElimination(p *pairs, beta float64, order []eliminated) *elimination {
	e := &elimination{pairs: p, beta: beta, order: order}
	e.turn = make([]int, p.sites())
	for n, x := range order {
		e.turn[x.site] = n
	}
	e.held = make([][]table, p.sites())
	e.value = make([]float64, p.q)
	for k := range e.value {
		e.value[k] = float64(p.spin[k])
	}
	switch {
	case p.equivalent:
		e.value[0] = 1 // counts the sites of the first colour
	case p.angles:
		e.value, _ = Angles(p.q)
	}
	return e
}

func (e *elimination) run() mixture {
	for _, x := range e.order {
		t := table{scope: x.scope, entry: e.sum(x)}
		e.held[x.site] = nil
		// What all entries have in common, but for the variances, goes to the
		// total, so that rounding errors are those of differences.
		top := slices.MaxFunc(t.entry, func(a, b mixture) int {
			switch {
			case a.logWeight < b.logWeight:
				return -1
			case a.logWeight > b.logWeight:
				return 1
			}
			return 0
		})
		for n := range t.entry {
			t.entry[n].logWeight -= top.logWeight
			t.entry[n].energy -= top.energy
			t.entry[n].mag -= top.mag
		}
		e.total.logWeight += top.logWeight
		e.total.energy += top.energy
		e.total.mag += top.mag
		if len(t.scope) == 0 {
			e.total.energyVar += top.energyVar
			e.total.magVar += top.magVar
			continue
		}
		next := slices.MinFunc(t.scope, func(a, b uint32) int { return e.turn[a] - e.turn[b] })
		e.held[next] = append(e.held[next], t)
	}
	return e.total
}

// A factor is a table as the elimination of a site walks through it.
type factor struct {
	entry []mixture
	own   int   // stride of the site's own state
	step  []int // stride of each site of the scope; 0 of those that it has not
	at    int
}

// sum returns the table that the elimination of a site leaves.
func (e *elimination) sum(x eliminated) []mixture {
	d, q := len(x.scope), e.q
	position := func(site uint32) int {
		p, ok := slices.BinarySearch(x.scope, site)
		if !ok {
			return -1
		}
		return p
	}
	size := 1
	for range d {
		size *= q
	}
	var factors []factor
	for _, t := range e.held[x.site] {
		f := factor{entry: t.entry, step: make([]int, d)}
		stride := 1
		for _, site := range t.scope {
			if p := position(site); p >= 0 {
				f.step[p] = stride
			} else {
				f.own = stride
			}
			stride *= q
		}
		factors = append(factors, f)
	}
	bond := make([]float64, d) // to each site of the scope
	for n, j := range e.neighbour[x.site] {
		if p := position(j); p >= 0 {
			bond[p] = e.coupling[x.site][n]
		}
	}

	// energy[p] has for each state of the site its energy with the sites of
	// the scope from p on.
	energy := make([][]float64, d+1)
	for p := range energy {
		energy[p] = make([]float64, q)
	}
	for k := range q {
		energy[d][k] = e.self(int(x.site), k)
	}
	state := make([]int, d)
	renew := func(from int) {
		for p := from; p >= 0; p-- {
			products := e.products[state[p]]
			for k, above := range energy[p+1] {
				energy[p][k] = above - bond[p]*products[k]
			}
		}
	}
	renew(d - 1)
	entries := make([]mixture, size)
	for n := range entries {
		for k, h := range energy[0] {
			t := mixture{logWeight: -e.beta * h, energy: h, mag: e.value[k]}
			for i := range factors {
				f := &factors[i]
				t.add(&f.entry[f.at+k*f.own])
			}
			if k == 0 {
				entries[n] = t
			} else {
				entries[n] = mixed(entries[n], t)
			}
		}

		p := 0
		for ; p < d && state[p] == q-1; p++ {
			state[p] = 0
			for i := range factors {
				factors[i].at -= (q - 1) * factors[i].step[p]
			}
		}
		if p < d {
			state[p]++
			for i := range factors {
				factors[i].at += factors[i].step[p]
			}
			renew(p)
		}
	}
	return entries
}

// add joins independent sites to those of x.
func (x *mixture) add(y *mixture) {
	x.logWeight += y.logWeight
	x.energy += y.energy
	x.energyVar += y.energyVar
	x.mag += y.mag
	x.magVar += y.magVar
}

// mixed returns the union of two sets of states.
func mixed(x, y mixture) mixture {
	if x.logWeight < y.logWeight {
		x, y = y, x
	}
	w := math.Exp(y.logWeight - x.logWeight)
	z := 1 + w
	b := w / z
	de, dm := y.energy-x.energy, y.mag-x.mag
	return mixture{
		logWeight: x.logWeight + math.Log(z),
		energy:    x.energy + b*de,
		energyVar: x.energyVar + b*(y.energyVar-x.energyVar+de*de/z),
		mag:       x.mag + b*dm,
		magVar:    x.magVar + b*(y.magVar-x.magVar+dm*dm/z),
	}
}
