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

// A layer is what the code of a layer needs in registers.
type layer struct {
	y, x, w, b   reg.Register // y, w and b move with the rows
	out          reg.Register // rows to go
	in           func() reg.Register
	rows, inputs strides // of x and y, and of w
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
	inputs := newStrides(in4)
	v.columns(func(cols int) {
		v.layer(act, cols, layer{
			y: copyOf(y), x: x, w: arg("w"), b: arg("b"), out: arg("out"),
			in:   func() reg.Register { return arg("in") },
			rows: rows, inputs: inputs,
		})
	}, x, y)
	end()
}

// network writes the function of layers with an activation, after the last of
// which there is none. A strip of columns goes through all of them.
func (v isa) network(act string) {
	v.begin("network"+act, "is denseGo of each of the layers with the activation of its name, but the last with none.", "layers *float32, count int, x *float32, n int")
	// The fields of kern.layerPointers.
	const (
		fieldW, fieldB, fieldY, fieldOut, fieldIn = 0, 8, 16, 24, 32
		size                                      = 40
	)
	n4 := arg("n")
	SHLQ(U8(2), n4)
	rows := newStrides(n4)
	offset := GP64() // of the strip in its row
	XORQ(offset, offset)
	toGo := AllocLocal(8)
	for _, cols := range v.cols {
		top, next := label("strip"), label("strip")
		bytes := cols * v.bytes
		Label(top)
		left := GP64()
		MOVQ(n4, left)
		SUBQ(offset, left)
		CMPQ(left, U32(bytes))
		JLT(LabelRef(next))
		l, x := arg("layers"), arg("x")
		ADDQ(offset, x)
		count := arg("count")
		MOVQ(count, toGo)
		field := func(at int) reg.GPVirtual {
			r := GP64()
			MOVQ(Mem{Base: l, Disp: at}, r)
			return r
		}
		one := func(act string) {
			in4 := field(fieldIn)
			SHLQ(U8(2), in4)
			y := field(fieldY)
			ADDQ(offset, y)
			v.layer(act, cols, layer{
				y: y, x: x, w: field(fieldW), b: field(fieldB), out: field(fieldOut),
				in:   func() reg.Register { return field(fieldIn) },
				rows: rows, inputs: newStrides(in4),
			})
		}
		hidden, last := label("hidden"), label("last")
		Label(hidden)
		DECQ(toGo)
		JEQ(LabelRef(last))
		one(act)
		MOVQ(Mem{Base: l, Disp: fieldY}, x)
		ADDQ(offset, x)
		ADDQ(U8(size), l)
		JMP(LabelRef(hidden))
		Label(last)
		one("")
		ADDQ(U32(bytes), offset)
		JMP(LabelRef(top))
		Label(next)
	}
	end()
}

// layer writes the code of a layer for some vectors of columns.
func (v isa) layer(act string, cols int, l layer) {
	inBlocks(l.out, v.rows, func(k int) {
		acc := make([][]Vec, k)
		for r := range acc {
			acc[r] = make([]Vec, cols)
			acc[r][0] = v.constant(Mem{Base: l.b, Disp: 4 * r})
			for c := 1; c < cols; c++ {
				acc[r][c] = v.vec()
				VMOVAPS(acc[r][0], acc[r][c])
			}
		}
		wi, xi := copyOf(l.w), copyOf(l.x)
		v.sums(acc, xi, l.in(), func(r int) Mem { return l.inputs.row(wi, r) }, func() {
			ADDQ(U8(4), wi)
			ADDQ(l.rows.one, xi)
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
				VMOVUPS(a, l.rows.row(l.y, r).Offset(c*v.bytes))
			}
		}
		l.inputs.skip(l.w, k)
		l.rows.skip(l.y, k)
		ADDQ(U8(4*k), l.b)
	})
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
