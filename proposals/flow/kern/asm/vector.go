package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Vec is a vector register.
type Vec = reg.VecVirtual

// numbers is the table of constants, each eight times for AVX2; AVX-512
// broadcasts the first.
var (
	numbers = map[uint32]int{}
	order   []uint32
)

const numberBytes = 32

// bits returns the place of a constant in the table.
func bits(b uint32) Mem {
	at, ok := numbers[b]
	if !ok {
		at = len(order)
		numbers[b] = at
		order = append(order, b)
	}
	return NewDataAddr(Symbol{Name: "numbers", Static: true}, at*numberBytes)
}

func number(f float32) Mem { return bits(math.Float32bits(f)) }

func writeNumbers() {
	GLOBL("numbers", attr.RODATA|attr.NOPTR)
	for i, b := range order {
		for k := 0; k < numberBytes; k += 8 {
			DATA(i*numberBytes+k, U64(uint64(b)<<32|uint64(b)))
		}
	}
}

// A two-operand instruction with a constant comes in two forms: AVX-512
// broadcasts a number from memory, AVX2 reads eight.
type form struct{ full, broadcast func(...Op) }

var (
	add  = form{VADDPS, VADDPS_BCST}
	sub  = form{VSUBPS, VSUBPS_BCST}
	vmax = form{VMAXPS, VMAXPS_BCST}
	and  = form{VANDPS, VANDPS_BCST}
	or   = form{VORPS, VORPS_BCST}
	xor  = form{VXORPS, VXORPS_BCST}
	addi = form{VPADDD, VPADDD_BCST}
	subi = form{VPSUBD, VPSUBD_BCST}

	fma213  = form{VFMADD213PS, VFMADD213PS_BCST}   // dst = dst*b + m
	fnma231 = form{VFNMADD231PS, VFNMADD231PS_BCST} // dst = dst - b*m
)

// with sets dst to the result of an instruction on b and a constant. Where the
// order matters it is b - m, and min and max give m if b is NaN.
func (v isa) with(f form, m Mem, b, dst Vec) {
	if v.bytes == 64 {
		f.broadcast(m, b, dst)
	} else {
		f.full(m, b, dst)
	}
}

// constant returns a register that holds a constant.
func (v isa) constant(m Mem) Vec {
	r := v.vec()
	VBROADCASTSS(m, r)
	return r
}

func (v isa) zero() Vec {
	r := v.vec()
	VXORPS(r, r, r)
	return r
}

func (v isa) load(m Mem) Vec {
	r := v.vec()
	VMOVUPS(m, r)
	return r
}

// nan is min or max with a constant that passes NaN on.
func (v isa) nan(f func(...Op), m Mem, x Vec) Vec {
	r := v.constant(m)
	f(x, r, r)
	return r
}

// The exponential: with n the integer next to x/ln 2 and r = x - n ln 2,
//
//	exp(x) = 2^n exp(r),   exp(r) = 1 + r + r^2 P(r),   |r| <= ln(2)/2,
//
// and expm1(x) = 2^n (r + r^2 P(r)) + (2^n - 1), which keeps the relative
// accuracy near 0. P is the polynomial of degree 4 with the smallest relative
// error of r + r^2 P, 1.4e-8.
var (
	log2e   = float32(1 / math.Ln2)
	ln2     = float32(math.Ln2)
	ln2Rest = float32(math.Ln2 - float64(ln2))
	expP    = []float32{0.49999997, 0.16666543, 0.0416672, 0.00836658, 0.001388251}
)

// shifter added to a number below 2^22 leaves the nearest integer in the last
// bits, over the bits of shifter.
const shifter = 0x1.8p23

// polynomial returns p[0] + p[1] x + ..., the last first.
func (v isa) polynomial(x Vec, p []float32) Vec {
	r := v.constant(number(p[len(p)-1]))
	for k := len(p) - 2; k >= 0; k-- {
		v.with(fma213, number(p[k]), x, r)
	}
	return r
}

// expm1 returns exp(u) - 1 for each of some -18 <= u <= 0, which it destroys.
// Their instructions take turns, so that none waits for the one before it.
func (v isa) expm1(us ...Vec) []Vec {
	t, p := make([]Vec, len(us)), make([]Vec, len(us))
	each := func(f func(u, t, p Vec)) {
		for i, u := range us {
			f(u, t[i], p[i])
		}
	}
	for i := range us {
		t[i] = v.constant(number(log2e))
	}
	each(func(u, t, _ Vec) { v.with(fma213, number(shifter+127), u, t) })
	for i := range us {
		p[i] = v.vec()
	}
	each(func(u, t, n Vec) { v.with(sub, number(shifter+127), t, n) })
	each(func(u, t, n Vec) { v.with(fnma231, number(ln2), n, u) })
	each(func(u, t, _ Vec) { VPSLLD(U8(23), t, t) }) // 2^n
	each(func(u, t, p Vec) { VBROADCASTSS(number(expP[4]), p) })
	for k := 3; k >= 0; k-- {
		each(func(u, t, p Vec) { v.with(fma213, number(expP[k]), u, p) })
	}
	each(func(u, t, p Vec) { VMULPS(u, p, p) })
	each(func(u, t, p Vec) { VFMADD213PS(u, u, p) })
	each(func(u, t, p Vec) { v.with(sub, number(1), t, u) })
	each(func(u, t, p Vec) { VFMADD213PS(u, t, p) })
	return p
}

// least is where exp(u) - 1 is -1 in float32.
const least = -18

// elu replaces each a by what the activation gives: the larger one of a and
// exp(-|a|) - 1, which is a below 0 up to rounding, and NaN if a is.
func (v isa) elu(as ...Vec) {
	us := make([]Vec, len(as))
	for i, a := range as {
		us[i] = v.vec()
		if v.bytes == 64 {
			VRANGEPS_BCST(U8(2|3<<2), number(-least), a, us[i]) // the smaller modulus, with a minus
		} else {
			v.with(or, bits(signBit), a, us[i])
		}
	}
	if v.bytes == 32 {
		for _, u := range us {
			v.with(vmax, number(least), u, u)
		}
	}
	for i, p := range v.expm1(us...) {
		VMAXPS(as[i], p, as[i])
	}
}

// exp returns exp(x) of each x.
func (v isa) exp(xs ...Vec) []Vec {
	u, t, p := make([]Vec, len(xs)), make([]Vec, len(xs)), make([]Vec, len(xs))
	each := func(f func(u, t, p Vec)) {
		for i := range xs {
			f(u[i], t[i], p[i])
		}
	}
	for i, x := range xs {
		u[i] = v.nan(VMAXPS, number(-110), x)
	}
	for i := range xs {
		u[i] = v.nan(VMINPS, number(90), u[i])
	}
	for i := range xs {
		t[i] = v.constant(number(log2e))
	}
	each(func(u, t, _ Vec) { v.with(fma213, number(shifter), u, t) })
	n := make([]Vec, len(xs))
	for i := range xs {
		n[i] = v.vec()
		v.with(sub, number(shifter), t[i], n[i])
	}
	for i := range xs {
		v.with(fnma231, number(ln2), n[i], u[i])
	}
	for i := range xs {
		v.with(fnma231, number(ln2Rest), n[i], u[i])
	}
	for i := range xs {
		p[i] = v.constant(number(expP[4]))
	}
	for _, c := range []float32{expP[3], expP[2], expP[1], expP[0], 1, 1} {
		each(func(u, _, p Vec) { v.with(fma213, number(c), u, p) })
	}
	if v.bytes == 64 {
		for i := range xs {
			VSCALEFPS(n[i], p[i], p[i])
		}
		return p
	}
	// In two factors, neither of which overflows.
	each(func(u, t, _ Vec) { v.with(subi, number(shifter), t, t) })
	each(func(u, t, _ Vec) { VPSRAD(U8(1), t, u) })
	each(func(u, t, _ Vec) { VPSUBD(u, t, t) })
	for _, k := range append(u, t...) {
		VPSLLD(U8(23), k, k)
		v.with(addi, number(1), k, k)
	}
	each(func(u, _, p Vec) { VMULPS(u, p, p) })
	each(func(_, t, p Vec) { VMULPS(t, p, p) })
	return p
}

const (
	signBit  = 1 << 31
	otherBit = signBit - 1
)

// divide sets a to a/d for 1 <= d <= 3: with AVX-512 by an approximate inverse
// and a step of Newton's method for the quotient.
func (v isa) divide(d, a Vec) {
	if v.bytes == 32 {
		VDIVPS(d, a, a)
		return
	}
	r, q := v.vec(), v.vec()
	VRCP14PS(d, r)
	VMULPS(r, a, q)
	VFNMADD231PS(d, q, a)
	VFMADD213PS(q, r, a)
}

// tanh returns tanh(x) = -e/(e+2) with the sign of x, e = exp(-2|x|) - 1, of
// each x.
func (v isa) tanh(xs ...Vec) []Vec {
	us := make([]Vec, len(xs))
	for i, x := range xs {
		us[i] = v.vec()
		v.with(or, bits(signBit), x, us[i])
	}
	for _, u := range us {
		VADDPS(u, u, u)
	}
	for i, u := range us {
		us[i] = v.nan(VMAXPS, number(least), u)
	}
	es := v.expm1(us...)
	for i, e := range es {
		d := v.vec()
		v.with(add, number(2), e, d)
		v.divide(d, e)
		v.with(and, bits(otherBit), e, e)
		v.with(and, bits(signBit), xs[i], d)
		VORPS(d, e, e)
	}
	return es
}

// artanhQ is Q in artanh(z) = z (1 + z^2 Q(z^2)) for z <= 1/3, with the smallest
// error, 5e-9.
var artanhQ = []float32{0.33333206, 0.20010886, 0.13998932, 0.14015637}

// softplus returns max(a, 0) + ln(1 + e), e = exp(-|a|), and the logarithm as
// 2 artanh(e/(2+e)).
func (v isa) softplus(a Vec) Vec {
	z := v.vec()
	v.with(or, bits(signBit), a, z)
	z = v.exp(z)[0]
	d := v.vec()
	v.with(add, number(2), z, d)
	v.divide(d, z)
	y := v.vec()
	VMULPS(z, z, y)
	q := v.polynomial(y, artanhQ)
	VMULPS(y, q, q)
	VADDPS(z, z, z)
	VFMADD213PS(z, z, q)
	m := v.nan(VMAXPS, number(0), a)
	VADDPS(m, q, q)
	return q
}

// inverseLogistic returns 1 + exp(-x).
func (v isa) inverseLogistic(x Vec) Vec {
	u := v.vec()
	v.with(xor, bits(signBit), x, u)
	e := v.exp(u)[0]
	v.with(add, number(1), e, e)
	return e
}

// sumTo adds the sum over the lanes of each of up to four vectors to the
// numbers at p. It destroys the vectors.
func (v isa) sumTo(p reg.Register, a []Vec) {
	pair := func(a, b Vec) Vec { // even and odd lanes: halves of the sums of a and b
		hi := v.vec()
		VUNPCKHPS(b, a, hi)
		VUNPCKLPS(b, a, a)
		VADDPS(hi, a, a)
		return a
	}
	s := pair(a[0], a[min(1, len(a)-1)])
	t, lo := s, v.vec()
	if len(a) > 2 {
		t = pair(a[2], a[len(a)-1])
	}
	VUNPCKLPD(t, s, lo)
	VUNPCKHPD(t, s, s)
	VADDPS(lo, s, s)
	if v.bytes == 64 {
		h := YMM()
		VEXTRACTF64X4(U8(1), s, h)
		VADDPS(h, s.AsY(), s.AsY())
	}
	h, x := XMM(), s.AsX()
	if v.bytes == 64 {
		VEXTRACTF32X4(U8(1), s.AsY(), h)
	} else {
		VEXTRACTF128(U8(1), s.AsY(), h)
	}
	VADDPS(h, x, x)
	at := Mem{Base: p}
	switch len(a) {
	case 1:
		VADDSS(at, x, x)
		VMOVSS(x, at)
	case 4:
		VADDPS(at, x, x)
		VMOVUPS(x, at)
	default:
		VMOVSD(at, h)
		VADDPS(x, h, h)
		VMOVSD(h, at)
		if len(a) == 3 {
			VUNPCKHPD(x, x, x)
			VADDSS(at.Offset(8), x, x)
			VMOVSS(x, at.Offset(8))
		}
	}
}

// begin starts a function with a signature.
func (v isa) begin(name, doc, signature string) {
	TEXT(name+v.name, attr.NOSPLIT, "func("+signature+")")
	Pragma("noescape")
	Doc(name + v.name + " " + doc)
}

func end() {
	VZEROUPPER()
	RET()
}

func arg(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

// copyOf returns a register with the value of another.
func copyOf(r reg.Register) reg.GPVirtual {
	c := GP64()
	MOVQ(r, c)
	return c
}
