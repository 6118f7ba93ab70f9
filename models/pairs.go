package models

import "math"

// pairs are the couplings of a model as the exact methods take them: distinct
// neighbours of each site, and what states are.
type pairs struct {
	pair       Interaction
	q          int
	neighbour  [][]uint32
	coupling   [][]float64 // of the bonds to each neighbour together
	site       []float64   // the field of each site
	single     []float64   // the energy of each state
	spin       []int       // of each state; 0 for colours
	products   [][]float64 // f of two states
	equivalent bool        // the q states can be exchanged
	reversible bool        // all spins can be reversed: no field
}

// newPairs returns false for couplings that it does not know: products of spins
// of more than three values, and colours with fields.
func newPairs(m PairCoupled) (*pairs, bool) {
	c := m.Couplings()
	p := &pairs{pair: c.Pair, q: m.States()}
	n := m.Sites()
	p.neighbour, p.coupling, p.site = make([][]uint32, n), make([][]float64, n), make([]float64, n)
	fields := false
	for i := range n {
		h := c.H
		if c.Graph != nil {
			h = c.Graph.Field(i)
		}
		fields = fields || h != 0
		p.site[i] = h
		neighbours := c.neighbours(i)
		for k, j := range neighbours {
			x := c.J
			if c.Graph != nil {
				x = c.Graph.Strengths(i)[k]
			}
			p.couple(i, j, x)
		}
	}
	p.single = make([]float64, p.q)
	copy(p.single, c.Self)
	p.spin = make([]int, p.q)
	switch {
	case c.Pair == Product && p.q <= 3:
		for k := range p.spin {
			p.spin[k] = k - 1
			if p.q == 2 {
				p.spin[k] = 2*k - 1
			}
		}
		p.reversible = !fields
	case c.Pair == Equal && !fields && c.Self == nil:
		p.equivalent = true
	default:
		return nil, false
	}
	p.products = make([][]float64, p.q)
	for a := range p.products {
		p.products[a] = make([]float64, p.q)
		for b := range p.products[a] {
			switch {
			case c.Pair == Product:
				p.products[a][b] = float64(p.spin[a] * p.spin[b])
			case a == b:
				p.products[a][b] = 1
			}
		}
	}
	return p, true
}

// neighbours returns the sites that site i has bonds to.
func (c *Couplings) neighbours(i int) []uint32 {
	if c.Graph != nil {
		return c.Graph.Neighbours(i)
	}
	return c.Lattice.Neighbours(i)
}

// couple adds x to the coupling of site i to j.
func (p *pairs) couple(i int, j uint32, x float64) {
	for k, other := range p.neighbour[i] {
		if other == j {
			p.coupling[i][k] += x
			return
		}
	}
	p.neighbour[i] = append(p.neighbour[i], j)
	p.coupling[i] = append(p.coupling[i], x)
}

func (p *pairs) sites() int { return len(p.site) }

// self returns the energy of site i by itself in state k.
func (p *pairs) self(i, k int) float64 { return p.single[k] - p.site[i]*float64(p.spin[k]) }

// named returns the moments by the names of observables. NaN and what
// follows from it is left out.
func named(x Moments, sites int, beta float64) map[string]float64 {
	n := float64(sites)
	known := map[string]float64{
		"energy":                   x.Energy,
		"specific_heat":            x.SpecificHeat,
		"magnetization":            x.Mag,
		"abs_magnetization":        x.AbsMag,
		"susceptibility":           n * beta * x.Mag2,
		"connected_susceptibility": n * beta * (x.Mag2 - x.AbsMag*x.AbsMag),
		"binder":                   1 - x.Mag4/(3*x.Mag2*x.Mag2),
	}
	for name, v := range known {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			delete(known, name)
		}
	}
	return known
}

// exactMoments returns the moments of a model with pair couplings, by whichever
// method reaches it.
func exactMoments(m PairCoupled) (Moments, bool) {
	if x, ok := SumStates(m); ok {
		return x, true
	}
	return Eliminate(m)
}

// exact returns the values that exactMoments reaches.
func exact(m PairCoupled) map[string]float64 {
	x, ok := exactMoments(m)
	if !ok {
		return nil
	}
	return named(x, m.Sites(), m.Beta())
}
