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
	mul  = form{VMULPS, VMULPS_BCST}
	vmin = form{VMINPS, VMINPS_BCST}
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

// expm1 returns exp(u) - 1 for -18 <= u <= 0, and destroys u.
func (v isa) expm1(u Vec) Vec {
	t := v.constant(number(log2e))
	v.with(fma213, number(shifter+127), u, t)
	n := v.vec()
	v.with(sub, number(shifter+127), t, n)
	v.with(fnma231, number(ln2), n, u)
	VPSLLD(U8(23), t, t) // 2^n
	p := v.polynomial(u, expP)
	VMULPS(u, p, p)
	VFMADD213PS(u, u, p)
	v.with(sub, number(1), t, n)
	VFMADD213PS(n, t, p)
	return p
}

// least is where exp(u) - 1 is -1 in float32.
const least = -18

// elu replaces a by what the activation gives.
func (v isa) elu(a Vec) {
	u := v.vec()
	v.with(vmin, number(0), a, u)
	v.with(vmax, number(least), u, u)
	p := v.expm1(u)
	VMAXPS(a, p, a) // exp(a) - 1 >= a; NaN if a is
}

// exp returns exp(x).
func (v isa) exp(x Vec) Vec {
	u := v.nan(VMAXPS, number(-110), x)
	u = v.nan(VMINPS, number(90), u)
	t := v.constant(number(log2e))
	v.with(fma213, number(shifter), u, t)
	n := v.vec()
	v.with(sub, number(shifter), t, n)
	v.with(fnma231, number(ln2), n, u)
	v.with(fnma231, number(ln2Rest), n, u)
	p := v.polynomial(u, append([]float32{1, 1}, expP...))
	if v.bytes == 64 {
		VSCALEFPS(n, p, p)
		return p
	}
	// In two factors, neither of which overflows.
	v.with(subi, number(shifter), t, t)
	VPSRAD(U8(1), t, n)
	VPSUBD(n, t, t)
	for _, k := range []Vec{n, t} {
		VPSLLD(U8(23), k, k)
		v.with(addi, number(1), k, k)
		VMULPS(k, p, p)
	}
	return p
}

const (
	signBit  = 1 << 31
	otherBit = signBit - 1
)

// tanh returns tanh(x) = -e/(e+2) with the sign of x, e = exp(-2|x|) - 1.
func (v isa) tanh(x Vec) Vec {
	u := v.vec()
	v.with(or, bits(signBit), x, u)
	VADDPS(u, u, u)
	e := v.expm1(v.nan(VMAXPS, number(least), u))
	d := v.vec()
	v.with(add, number(2), e, d)
	VDIVPS(d, e, e)
	v.with(and, bits(otherBit), e, e)
	v.with(and, bits(signBit), x, d)
	VORPS(d, e, e)
	return e
}

// artanhQ is Q in artanh(z) = z (1 + z^2 Q(z^2)) for z <= 1/3, with the smallest
// error, 5e-9.
var artanhQ = []float32{0.33333206, 0.20010886, 0.13998932, 0.14015637}

// softplus returns max(a, 0) + ln(1 + e), e = exp(-|a|), and the logarithm as
// 2 artanh(e/(2+e)).
func (v isa) softplus(a Vec) Vec {
	z := v.vec()
	v.with(or, bits(signBit), a, z)
	z = v.exp(z)
	d := v.vec()
	v.with(add, number(2), z, d)
	VDIVPS(d, z, z)
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
	e := v.exp(u)
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
