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
		{"tanh", v.tanh},
		{"softplus", v.softplus},
		{"silu", func(a Vec) Vec { VDIVPS(v.inverseLogistic(a), a, a); return a }},
		{"exp", v.exp},
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
	top := label("vectors")
	Label(top)
	body()
	for _, p := range pointers {
		ADDQ(U8(v.bytes), p)
	}
	SUBQ(U8(v.bytes/4), n)
	JNZ(LabelRef(top))
}

// coupling writes the functions of couplings and of their adjoints.
func (v isa) coupling() {
	for _, inverse := range []bool{false, true} {
		name := "couple"
		if inverse {
			name = "uncouple"
		}
		v.begin(name, "is "+name+"Go.", "x, logdet, u, t, scale *float32, m, n int")
		x, u, t, scale, m := arg("x"), arg("u"), arg("t"), arg("scale"), arg("m")
		top := label("rows")
		Label(top)
		k := v.constant(Mem{Base: scale})
		if inverse {
			v.with(xor, bits(signBit), k, k)
		}
		l, n := arg("logdet"), arg("n")
		v.loop(n, []reg.Register{x, u, t, l}, func() {
			s := v.tanh(v.load(Mem{Base: u}))
			VMULPS(k, s, s)
			sum := v.vec()
			VADDPS(Mem{Base: l}, s, sum)
			VMOVUPS(sum, Mem{Base: l})
			a, b := v.load(Mem{Base: x}), v.load(Mem{Base: t})
			e := v.exp(s)
			if inverse {
				VSUBPS(b, a, a)
				VMULPS(e, a, a)
			} else {
				VFMADD213PS(b, e, a)
			}
			VMOVUPS(a, Mem{Base: x})
		})
		ADDQ(U8(4), scale)
		DECQ(m)
		JNZ(LabelRef(top))
		end()

		v.begin(name+"Grad", "is "+name+"GradGo.", "x, gy, u, t, gscale, gl, scale *float32, m, n int")
		x, g, u, t, gscale, scale, m := arg("x"), arg("gy"), arg("u"), arg("t"), arg("gscale"), arg("scale"), arg("m")
		top = label("rows")
		Label(top)
		k, total := v.constant(Mem{Base: scale}), v.zero()
		gl, n := arg("gl"), arg("n")
		v.loop(n, []reg.Register{x, g, u, t, gl}, func() {
			h := v.tanh(v.load(Mem{Base: u}))
			s := v.vec()
			VMULPS(k, h, s)
			e := v.exp(s)
			v.with(xor, bits(signBit), s, s)
			back := v.exp(s)
			a, b, c, l := v.load(Mem{Base: x}), v.load(Mem{Base: g}), v.load(Mem{Base: t}), v.load(Mem{Base: gl})
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
			VMULPS(k, l, l)
			VMULPS(h, h, h)
			VFNMADD213PS(l, h, l) // l - h^2 l
			VMOVUPS(a, Mem{Base: x})
			VMOVUPS(b, Mem{Base: g})
			VMOVUPS(c, Mem{Base: t})
			VMOVUPS(l, Mem{Base: u})
		})
		v.sumTo(gscale, []Vec{total})
		ADDQ(U8(4), gscale)
		ADDQ(U8(4), scale)
		DECQ(m)
		JNZ(LabelRef(top))
		end()
	}
}
