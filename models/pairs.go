package models

// pairs are the couplings of a model as the exact methods take them: distinct
// neighbours of each site, and what states are.
type pairs struct {
	pair       Interaction
	q          int
	neighbour  [][]uint32
	coupling   [][]float64 // of the bonds to each neighbour together
	site       []float64   // the field of each site
	single     []float64   // the energy of each state
	spin       []int       // of each state; 0 for colours and angles
	products   [][]float64 // f of two states
	equivalent bool        // the q states can be exchanged
	angles     bool        // the q states can be turned
	reversible bool        // all spins can be reversed: no field
}

// newPairs returns false for couplings that it does not know: products of spins
// of more than three values, and colours and angles with fields.
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
	case c.Pair == Cosine && !fields && c.Self == nil:
		p.angles = true
	default:
		return nil, false
	}
	p.products = make([][]float64, p.q)
	cos, _ := Angles(p.q)
	for a := range p.products {
		p.products[a] = make([]float64, p.q)
		for b := range p.products[a] {
			switch {
			case c.Pair == Product:
				p.products[a][b] = float64(p.spin[a] * p.spin[b])
			case p.angles:
				p.products[a][b] = cos[max(a, b)-min(a, b)]
			case a == b:
				p.products[a][b] = 1
			}
		}
	}
	return p, true
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
