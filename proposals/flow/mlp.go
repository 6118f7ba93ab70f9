package flow

import "mcrun/proposals/flow/kern"

// An mlp is a network of linear maps with an activation between them. Its
// parameters are, map after map, the weights [out, in] and the biases [out].
type mlp struct {
	widths []int // rows of the input, of each hidden layer and of the output
	act    kern.Activation
}

// params returns the number of parameters.
func (m *mlp) params() int {
	var n int
	for k, in := range m.widths[:len(m.widths)-1] {
		n += (in + 1) * m.widths[k+1]
	}
	return n
}

// kept returns the rows that eval keeps for pull: the hidden layers, and
// what they were before an activation whose derivative is a function of that.
func (m *mlp) kept() int {
	var n int
	for _, width := range m.widths[1 : len(m.widths)-1] {
		n += width
	}
	if m.act == kern.SiLU {
		n *= 2
	}
	return n
}

// linear returns the weights and the biases of the first map of theta, and the
// parameters after them.
func linear[T kern.Float](theta []T, in, out int) (w, b, rest []T) {
	end := in*out + out
	return theta[: in*out : in*out], theta[in*out : end : end], theta[end:]
}

// eval computes the output y of the input x, n columns each. The hidden layers
// are written to keep, of kept() rows.
func eval[T kern.Float](m *mlp, theta, x, y, keep []T, n int) {
	if m.act != kern.SiLU {
		var room [6]kern.Layer[T]
		layers := room[:0]
		for k, in := range m.widths[:len(m.widths)-1] {
			out := m.widths[k+1]
			l := kern.Layer[T]{In: in, Out: out, Y: y}
			l.W, l.B, theta = linear(theta, in, out)
			if k < len(m.widths)-2 {
				l.Y, keep = keep[:out*n], keep[out*n:]
			}
			layers = append(layers, l)
		}
		kern.Network(layers, x, n, m.act)
		return
	}
	last := len(m.widths) - 2
	for k := range last + 1 {
		in, out := m.widths[k], m.widths[k+1]
		var w, b []T
		w, b, theta = linear(theta, in, out)
		if k == last {
			kern.Dense(y, x, w, b, out, in, n, kern.Identity)
			return
		}
		hidden, before := keep[:out*n], keep[out*n:2*out*n]
		kern.Dense(before, x, w, b, out, in, n, kern.Identity)
		kern.Activate(hidden, before, m.act)
		keep = keep[2*out*n:]
		x = hidden
	}
}

// pull is the reverse mode of eval: given its input x, what it kept and
// g = dL/dy, it writes dL/dx to gx and adds dL/dtheta to gtheta, unless that is
// nil. It spoils g.
func pull[T kern.Float](m *mlp, theta, x, keep, g, gx, gtheta []T, n int, ws *Workspace[T]) {
	mark := ws.mark()
	end, kept := m.params(), len(keep)
	for k := len(m.widths) - 2; k >= 0; k-- {
		in, out := m.widths[k], m.widths[k+1]
		first := end - (in+1)*out
		w, _, _ := linear(theta[first:], in, out)
		input, before := x, x
		if k > 0 {
			if m.act == kern.SiLU {
				kept -= in * n
				before = keep[kept : kept+in*n]
			}
			kept -= in * n
			input = keep[kept : kept+in*n]
			if m.act != kern.SiLU {
				before = input
			}
		}
		if gtheta != nil {
			gw, gb, _ := linear(gtheta[first:], in, out)
			kern.DenseWeights(gw, gb, g, input, out, in, n)
		}
		if k == 0 {
			kern.DenseInput(gx, g, w, nil, out, in, n, kern.Identity)
			break
		}
		gin := ws.numbers.take(in * n)
		kern.DenseInput(gin, g, w, before, out, in, n, m.act)
		g, end = gin, first
	}
	ws.release(mark)
}
