package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// elementwise writes the functions of single numbers.
func (v isa) elementwise() {
	for _, f := range []struct {
		name  string
		apply func(a Vec) Vec
	}{
		{"elu", func(a Vec) Vec { v.elu(a); return a }},
		{"tanh", func(a Vec) Vec { return v.tanh(a)[0] }},
		{"softplus", v.softplus},
		{"silu", func(a Vec) Vec { VDIVPS(v.inverseLogistic(a), a, a); return a }},
		{"exp", func(a Vec) Vec { return v.exp(a)[0] }},
	} {
		v.begin(f.name, "sets y to the function of x, n numbers, a multiple of Lanes.", "y, x *float32, n int")
		y, x, n := arg("y"), arg("x"), arg("n")
		v.loop(n, []reg.Register{y, x}, func() {
			VMOVUPS(f.apply(v.load(Mem{Base: x})), Mem{Base: y})
		})
		end()
	}
	for _, act := range []string{"ELU", "Tanh", "ReLU", "Softplus", "SiLU"} {
		v.begin("activateGrad"+act, "is activateGradGo of n numbers, a multiple of Lanes.", "gy, y *float32, n int")
		g, y, n := arg("gy"), arg("y"), arg("n")
		v.loop(n, []reg.Register{g, y}, func() {
			a := v.load(Mem{Base: g})
			v.derivative(act, a, v.load(Mem{Base: y}))
			VMOVUPS(a, Mem{Base: g})
		})
		end()
	}
}

// loop writes a loop over n numbers, vector by vector; pointers move along.
func (v isa) loop(n reg.Register, pointers []reg.Register, body func()) {
	v.pairLoop(n, 1, pointers, func(int) { body() })
}

// pairLoop writes a loop over n numbers that takes most vectors at a time, and
// what is left one by one; body(k) writes the code for k. Pointers move along.
func (v isa) pairLoop(n reg.Register, most int, pointers []reg.Register, body func(k int)) {
	step := func(k int) {
		body(k)
		for _, p := range pointers {
			ADDQ(U8(k*v.bytes), p)
		}
		SUBQ(U8(k*v.bytes/4), n)
	}
	top, rest, done := label("vectors"), label("rest"), label("done")
	whole := most == 1 || most*v.bytes/4 <= lanes // n has no rest
	Label(top)
	if !whole {
		CMPQ(n, U8(most*v.bytes/4))
		JLT(LabelRef(rest))
	}
	step(most)
	if whole {
		JNZ(LabelRef(top))
		return
	}
	JNZ(LabelRef(top))
	JMP(LabelRef(done))
	Label(rest)
	step(1)
	JNZ(LabelRef(rest))
	Label(done)
}

// lanes is kern.Lanes.
const lanes = 16

// coupling writes the functions of couplings and of their adjoints.
func (v isa) coupling() {
	at := func(p reg.Register, i int) Mem { return Mem{Base: p, Disp: i * v.bytes} }
	loadAll := func(p reg.Register, k int) []Vec {
		all := make([]Vec, k)
		for i := range all {
			all[i] = v.load(at(p, i))
		}
		return all
	}
	for _, inverse := range []bool{false, true} {
		name := "couple"
		if inverse {
			name = "uncouple"
		}
		v.begin(name, "is "+name+"Go.", "x, logdet, u, t, scale *float32, m, n int")
		x, u, t, scale, m := arg("x"), arg("u"), arg("t"), arg("scale"), arg("m")
		top := label("rows")
		Label(top)
		factor := v.constant(Mem{Base: scale})
		if inverse {
			v.with(xor, bits(signBit), factor, factor)
		}
		l, n := arg("logdet"), arg("n")
		v.pairLoop(n, 2, []reg.Register{x, u, t, l}, func(k int) {
			ss := v.tanh(loadAll(u, k)...)
			for i, s := range ss {
				VMULPS(factor, s, s)
				sum := v.vec()
				VADDPS(at(l, i), s, sum)
				VMOVUPS(sum, at(l, i))
			}
			for i, e := range v.exp(ss...) {
				a, b := v.load(at(x, i)), v.load(at(t, i))
				if inverse {
					VSUBPS(b, a, a)
					VMULPS(e, a, a)
				} else {
					VFMADD213PS(b, e, a)
				}
				VMOVUPS(a, at(x, i))
			}
		})
		ADDQ(U8(4), scale)
		DECQ(m)
		JNZ(LabelRef(top))
		end()

		v.begin(name+"Grad", "is "+name+"GradGo.", "x, gy, u, t, gscale, gl, scale *float32, m, n int")
		x, g, u, t, gscale, scale, m := arg("x"), arg("gy"), arg("u"), arg("t"), arg("gscale"), arg("scale"), arg("m")
		top = label("rows")
		Label(top)
		factor, total := v.constant(Mem{Base: scale}), v.zero()
		gl, n := arg("gl"), arg("n")
		v.pairLoop(n, v.pairs, []reg.Register{x, g, u, t, gl}, func(k int) {
			hs := v.tanh(loadAll(u, k)...)
			ss := make([]Vec, 2*k)
			for i, h := range hs {
				ss[i], ss[k+i] = v.vec(), v.vec()
				VMULPS(factor, h, ss[i])
				v.with(xor, bits(signBit), ss[i], ss[k+i])
			}
			es := v.exp(ss...)
			for i, h := range hs {
				e, back := es[i], es[k+i]
				a, b, c, l := v.load(at(x, i)), v.load(at(g, i)), v.load(at(t, i)), v.load(at(gl, i))
				if inverse {
					VFMADD231PS(a, b, l) // -(the gradient to s)
					VFMADD213PS(c, e, a)
					VMULPS(back, b, b)
					v.with(xor, bits(signBit), b, c)
					v.with(xor, bits(signBit), l, l)
				} else {
					VSUBPS(c, a, a)
					VFMADD231PS(a, b, l)
					VMULPS(back, a, a)
					VMOVAPS(b, c)
					VMULPS(e, b, b)
				}
				VFMADD231PS(h, l, total)
				VMULPS(factor, l, l)
				VMULPS(h, h, h)
				VFNMADD213PS(l, h, l) // l - h^2 l
				VMOVUPS(a, at(x, i))
				VMOVUPS(b, at(g, i))
				VMOVUPS(c, at(t, i))
				VMOVUPS(l, at(u, i))
			}
		})
		v.sumTo(gscale, []Vec{total})
		ADDQ(U8(4), gscale)
		ADDQ(U8(4), scale)
		DECQ(m)
		JNZ(LabelRef(top))
		end()
	}
}
