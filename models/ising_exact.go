package models

// Exact implements [Exact]. On a lattice this is by enumeration, transfer
// matrix, Kaufman's solution or elimination, whichever comes first to reach it;
// on a graph by [SumStates] or [Eliminate].
func (m *Ising) Exact() map[string]float64 {
	x, ok := m.moments()
	if !ok {
		return nil
	}
	return named(x, m.Sites(), m.Beta())
}

func (m *Ising) moments() (Moments, bool) {
	if m.listed != nil {
		return exactMoments(m)
	}
	if x, ok := Enumerate(m.Shape, m.Beta(), m.J, m.H); ok {
		return x, true
	}
	if x, ok := TransferMatrix(m.Shape, m.Beta(), m.J, m.H); ok {
		return x, true
	}
	if len(m.Shape) == 2 && m.H == 0 && (m.J >= 0 || evenSides(m.Shape)) {
		x := Kaufman(m.Shape[0], m.Shape[1], m.Beta(), m.J)
		x.Mag = 0 // by symmetry
		return x, true
	}
	return Eliminate(m)
}
