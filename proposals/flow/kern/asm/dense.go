package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// label returns a label that no other has.
func label(format string, args ...any) string {
	labels++
	return fmt.Sprintf(format+"_%d", append(args, labels)...)
}

var labels int

// inBlocks writes code that goes through count rows, most at a time, then the
// rest at once. block(k) writes the code for k rows, which moves its pointers
// to the next. count is destroyed.
func inBlocks(count reg.Register, most int, block func(k int)) {
	top, rest, done := label("block"), label("rest"), label("done")
	Label(top)
	CMPQ(count, U8(most))
	JLT(LabelRef(rest))
	block(most)
	SUBQ(U8(most), count)
	JMP(LabelRef(top))
	Label(rest)
	for k := most - 1; k > 0; k-- {
		next := label("rest")
		CMPQ(count, U8(k))
		JNE(LabelRef(next))
		block(k)
		if k > 1 {
			JMP(LabelRef(done))
		}
		Label(next)
	}
	Label(done)
}

// strides addresses rows that are a number of bytes apart.
type strides struct{ one, three reg.Register }

func newStrides(one reg.Register) strides {
	three := GP64()
	LEAQ(Mem{Base: one, Index: one, Scale: 2}, three)
	return strides{one, three}
}

// row returns the address of row k < 5 from a base.
func (s strides) row(base reg.Register, k int) Mem {
	switch k {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: s.three, Scale: 1}
	}
	return Mem{Base: base, Index: s.one, Scale: uint8(k)}
}

// skip moves base by k <= 5 rows.
func (s strides) skip(base reg.Register, k int) {
	if k == 5 {
		ADDQ(s.one, base)
		k = 4
	}
	if k == 1 {
		ADDQ(s.one, base)
	} else {
		LEAQ(s.row(base, k), base)
	}
}

// dense writes the function of a layer with an activation.
func (v isa) dense(act string) {
	v.begin("dense"+act, "is denseGo with the activation of its name.", "y, x, w, b *float32, out, in, n int")
	y, x := arg("y"), arg("x")
	n4 := arg("n")
	SHLQ(U8(2), n4)
	rows := newStrides(n4)
	in4 := arg("in")
	SHLQ(U8(2), in4)
	weights := newStrides(in4)

	v.columns(func(cols int) {
		w, b, yRow := arg("w"), arg("b"), copyOf(y)
		out := arg("out")
		inBlocks(out, v.rows, func(k int) {
			acc := make([][]Vec, k)
			for r := range acc {
				acc[r] = make([]Vec, cols)
				acc[r][0] = v.constant(Mem{Base: b, Disp: 4 * r})
				for c := 1; c < cols; c++ {
					acc[r][c] = v.vec()
					VMOVAPS(acc[r][0], acc[r][c])
				}
			}
			wi, xi := copyOf(w), copyOf(x)
			terms := arg("in")
			v.sums(acc, xi, terms, func(r int) Mem { return weights.row(wi, r) }, func() {
				ADDQ(U8(4), wi)
				ADDQ(n4, xi)
			})
			for r, row := range acc {
				if act == "ELU" {
					for part := range slices.Chunk(row, v.turns) {
						v.elu(part...)
					}
				}
				for c, a := range row {
					switch act {
					case "Tanh":
						a = v.tanh(a)[0]
					case "ReLU":
						zero := v.zero()
						VMAXPS(a, zero, a)
					}
					VMOVUPS(a, rows.row(yRow, r).Offset(c*v.bytes))
				}
			}
			weights.skip(w, k)
			rows.skip(yRow, k)
			ADDQ(U8(4*k), b)
		})
	}, x, y)
	end()
}

// denseInput writes the function of the adjoint to the input, times the
// derivative of an activation.
func (v isa) denseInput(act string) {
	v.begin("denseInput"+act, "is denseInputGo with the activation of its name.", "gx, gy, w, y *float32, out, in, n int")
	gx, g := arg("gx"), arg("gy")
	n4 := arg("n")
	SHLQ(U8(2), n4)
	rows := newStrides(n4)
	in4 := arg("in")
	SHLQ(U8(2), in4)
	pointers := []reg.Register{gx, g}
	var y reg.Register
	if act != "" {
		y = arg("y")
		pointers = append(pointers, y)
	}

	v.columns(func(cols int) {
		w, gxRow := arg("w"), copyOf(gx)
		var yRow reg.Register
		if act != "" {
			yRow = copyOf(y)
		}
		in := arg("in")
		inBlocks(in, v.rows, func(k int) {
			acc := make([][]Vec, k)
			for r := range acc {
				for range cols {
					acc[r] = append(acc[r], v.zero())
				}
			}
			wi, gi := copyOf(w), copyOf(g)
			terms := arg("out")
			v.sums(acc, gi, terms, func(r int) Mem { return Mem{Base: wi, Disp: 4 * r} }, func() {
				ADDQ(in4, wi)
				ADDQ(n4, gi)
			})
			for r, row := range acc {
				for c, a := range row {
					if act != "" {
						v.derivative(act, a, v.load(rows.row(yRow, r).Offset(c*v.bytes)))
					}
					VMOVUPS(a, rows.row(gxRow, r).Offset(c*v.bytes))
				}
			}
			ADDQ(U8(4*k), w)
			rows.skip(gxRow, k)
			if act != "" {
				rows.skip(yRow, k)
			}
		})
	}, pointers...)
	end()
}

// columns writes code that goes through the columns of rows, of which there are
// n, in pieces of some vectors; body(cols) writes the code for cols of them. The
// pointers move with the columns.
func (v isa) columns(body func(cols int), pointers ...reg.Register) {
	left := arg("n")
	for _, cols := range v.cols {
		top, next := label("columns"), label("columns")
		lanes := cols * v.bytes / 4
		Label(top)
		CMPQ(left, U8(lanes))
		JLT(LabelRef(next))
		body(cols)
		for _, p := range pointers {
			ADDQ(U32(cols*v.bytes), p)
		}
		SUBQ(U8(lanes), left)
		JMP(LabelRef(top))
		Label(next)
	}
}

// sums writes the loop acc[r][c] += weight(r) src[c] over a number of terms.
func (v isa) sums(acc [][]Vec, src, terms reg.Register, weight func(r int) Mem, next func()) {
	x := make([]Vec, len(acc[0]))
	top := label("terms")
	Label(top)
	for c := range x {
		x[c] = v.load(Mem{Base: src, Disp: c * v.bytes})
	}
	for r, row := range acc {
		w := v.constant(weight(r))
		for c, a := range row {
			VFMADD231PS(x[c], w, a)
		}
	}
	next()
	DECQ(terms)
	JNZ(LabelRef(top))
}

// derivative multiplies g by the derivative of an activation that gave y.
func (v isa) derivative(act string, g, y Vec) {
	switch act {
	case "ELU":
		zero := v.zero()
		VMINPS(y, zero, y)
		VFMADD213PS(g, y, g)
	case "Tanh":
		VMULPS(y, y, y)
		VFNMADD213PS(g, y, g)
	case "ReLU":
		zero := v.zero()
		v.where(6, y, zero, g) // not y <= 0, so that NaN passes g on
	case "Softplus":
		v.with(xor, bits(signBit), y, y)
		p := v.expm1(v.nan(VMAXPS, number(least), y))[0]
		VMULPS(p, g, g)
		v.with(xor, bits(signBit), g, g)
	case "SiLU":
		d := v.inverseLogistic(y)
		f := v.constant(number(1))
		VDIVPS(d, f, f)
		VMULPS(f, g, g)
		VFNMADD213PS(y, y, f) // y - y f
		VFMADD213PS(g, f, g)
	}
}

// where keeps x where a and b compare as Intel's predicate says, and clears it
// elsewhere.
func (v isa) where(predicate uint8, a, b, x Vec) {
	if v.bytes == 64 {
		k := K()
		VCMPPS(U8(predicate), b, a, k)
		VMOVAPS_Z(x, k, x)
		return
	}
	m := v.vec()
	VCMPPS(U8(predicate), b, a, m)
	VANDPS(m, x, x)
}

// denseWeights writes the function of the adjoint to the weights. Blocks of
// rows of g times four rows of x are summed over all columns in registers.
func (v isa) denseWeights() {
	v.begin("denseWeights", "is denseWeightsGo.", "gw, gb, gy, x *float32, out, in, n int")
	const inner = 4
	n4 := arg("n")
	SHLQ(U8(2), n4)
	rows := newStrides(n4)
	in4 := arg("in")
	SHLQ(U8(2), in4)
	gw, gb, g := arg("gw"), arg("gb"), arg("gy")
	out := arg("out")

	// sums returns the sums over columns of k rows of g times q rows of x and,
	// if with is set, of the rows of g alone, lane by lane.
	sums := func(k, q int, with bool, xRow reg.Register) (acc [][]Vec, bias []Vec) {
		for range k {
			row := make([]Vec, q)
			for i := range row {
				row[i] = v.zero()
			}
			acc = append(acc, row)
			if with {
				bias = append(bias, v.zero())
			}
		}
		gi, xi, left := copyOf(g), copyOf(xRow), copyOf(n4)
		top := label("columns")
		Label(top)
		x := make([]Vec, q)
		for i := range x {
			x[i] = v.load(rows.row(xi, i))
		}
		for r, row := range acc {
			y := v.load(rows.row(gi, r))
			for i, a := range row {
				VFMADD231PS(x[i], y, a)
			}
			if with {
				VADDPS(y, bias[r], bias[r])
			}
		}
		ADDQ(U8(v.bytes), gi)
		ADDQ(U8(v.bytes), xi)
		SUBQ(U8(v.bytes), left)
		JNZ(LabelRef(top))
		return acc, bias
	}

	inBlocks(out, v.outer, func(k int) {
		xRow, in, gwRow := arg("x"), arg("in"), copyOf(gw)
		// All rows of x but the last one to four, then those with the biases.
		top, last, done := label("inputs"), label("last"), label("done")
		block := func(q int, with bool) {
			at := copyOf(gwRow)
			acc, bias := sums(k, q, with, xRow)
			for r, row := range acc {
				if r > 0 {
					ADDQ(in4, at)
				}
				v.sumTo(at, row)
			}
			for part := range slices.Chunk(bias, 4) {
				v.sumTo(gb, part)
				ADDQ(U8(4*len(part)), gb)
			}
		}
		Label(top)
		CMPQ(in, U8(inner))
		JLE(LabelRef(last))
		block(inner, false)
		rows.skip(xRow, inner)
		ADDQ(U8(4*inner), gwRow)
		SUBQ(U8(inner), in)
		JMP(LabelRef(top))
		Label(last)
		for q := inner; q > 0; q-- {
			next := label("last")
			if q > 1 {
				CMPQ(in, U8(q))
				JNE(LabelRef(next))
			}
			block(q, true)
			if q > 1 {
				JMP(LabelRef(done))
			}
			Label(next)
		}
		Label(done)
		rows.skip(g, k)
		for range k {
			ADDQ(in4, gw)
		}
	})
	end()
}
