package observables

import "math"

// An operation is what an instruction of a program does.
type operation uint8

const (
	opConst operation = iota
	opInput
	opNeg
	opAdd
	opSub
	opMul
	opDiv
	opPow
	opSqrt
	opExp
	opLog
	opAbs
	opSin
	opCos
	opTanh
	opAtanh
	opMin
	opMax
)

// A program evaluates expressions: a list of instructions, each of which
// writes the register of its own number from registers of lower numbers. It
// is read only once it is made, and the registers are the caller's.
type program []instruction

// An instruction has two operands. Of a function of one argument both are the
// same.
type instruction struct {
	op    operation
	a, b  int     // registers, or the number of the input
	value float64 // of a constant
}

// run fills the registers, as many as the program is long.
func (p program) run(inputs, registers []float64) {
	for i := range p {
		in := &p[i]
		switch in.op {
		case opConst:
			registers[i] = in.value
		case opInput:
			registers[i] = inputs[in.a]
		default:
			registers[i] = in.op.of(registers[in.a], registers[in.b])
		}
	}
}

// of returns the value of an operation.
func (op operation) of(a, b float64) float64 {
	switch op {
	case opNeg:
		return -a
	case opAdd:
		return a + b
	case opSub:
		return a - b
	case opMul:
		return a * b
	case opDiv:
		return a / b
	case opPow:
		return math.Pow(a, b)
	case opSqrt:
		return math.Sqrt(a)
	case opExp:
		return math.Exp(a)
	case opLog:
		return math.Log(a)
	case opAbs:
		return math.Abs(a)
	case opSin:
		return math.Sin(a)
	case opCos:
		return math.Cos(a)
	case opTanh:
		return math.Tanh(a)
	case opAtanh:
		return math.Atanh(a)
	case opMin:
		return min(a, b)
	case opMax:
		return max(a, b)
	}
	panic("observables: an operation is unknown")
}

// gradient returns the derivatives of the result in one register by each of so
// many inputs, after run has filled the registers: the chain rule from the
// last instruction to the first (reverse accumulation; Griewank and Walther,
// Evaluating Derivatives, 2nd ed., section 3.2). What has no part in the
// result is passed over, so that its derivatives need not be finite.
func (p program) gradient(registers []float64, result, inputs int) []float64 {
	grad := make([]float64, inputs)
	slope := make([]float64, len(p)) // of the result, by each register
	slope[result] = 1
	for i := result; i >= 0; i-- {
		in, s := &p[i], slope[i]
		if s == 0 {
			continue
		}
		switch in.op {
		case opConst:
		case opInput:
			grad[in.a] += s
		default:
			a, b := in.op.slopes(registers[in.a], registers[in.b], registers[i])
			slope[in.a] += s * a
			slope[in.b] += s * b
		}
	}
	return grad
}

// slopes returns the derivatives of the value v of an operation by a and b; of
// a function of one argument the second is 0. Where there is a kink it is that
// of the first argument of min and max, and 0 for abs.
func (op operation) slopes(a, b, v float64) (byA, byB float64) {
	switch op {
	case opNeg:
		return -1, 0
	case opAdd:
		return 1, 1
	case opSub:
		return 1, -1
	case opMul:
		return b, a
	case opDiv:
		return 1 / b, -v / b
	case opPow:
		byA = b * math.Pow(a, b-1)
		if b == 0 {
			byA = 0
		}
		if v != 0 {
			byB = v * math.Log(a)
		}
		return byA, byB
	case opSqrt:
		return 0.5 / v, 0
	case opExp:
		return v, 0
	case opLog:
		return 1 / a, 0
	case opAbs:
		switch {
		case a > 0:
			return 1, 0
		case a < 0:
			return -1, 0
		}
		return 0, 0
	case opSin:
		return math.Cos(a), 0
	case opCos:
		return -math.Sin(a), 0
	case opTanh:
		c := math.Cosh(a)
		return 1 / (c * c), 0
	case opAtanh:
		return 1 / ((1 - a) * (1 + a)), 0
	case opMin, opMax:
		if v == a {
			return 1, 0
		}
		return 0, 1
	}
	panic("observables: an operation is unknown")
}

// A compiler makes a program out of expressions. Equal parts of them are
// evaluated once, and constants as far as possible when the program is made.
type compiler struct {
	code  program
	known map[instruction]int
}

// A result is what an expression has become: a constant or a register.
type result struct {
	constant bool
	value    float64
	register int
}

// input returns the input of a number.
func (c *compiler) input(i int) result {
	return result{register: c.emit(instruction{op: opInput, a: i})}
}

// emit returns the register of an instruction.
func (c *compiler) emit(in instruction) int {
	if r, ok := c.known[in]; ok {
		return r
	}
	if c.known == nil {
		c.known = make(map[instruction]int)
	}
	c.code = append(c.code, in)
	c.known[in] = len(c.code) - 1
	return len(c.code) - 1
}

// register returns where a result is.
func (c *compiler) register(r result) int {
	if r.constant {
		return c.emit(instruction{op: opConst, value: r.value})
	}
	return r.register
}

// do returns the result of an operation.
func (c *compiler) do(op operation, a, b result) result {
	if a.constant && b.constant {
		return result{constant: true, value: op.of(a.value, b.value)}
	}
	if op == opPow && b.constant && b.value == math.Trunc(b.value) && math.Abs(b.value) <= maxProduct {
		return c.power(a, int(b.value))
	}
	return result{register: c.emit(instruction{op: op, a: c.register(a), b: c.register(b)})}
}

// maxProduct is the largest whole exponent for which a power is a product,
// which is many times faster than math.Pow.
const maxProduct = 64

// power returns x^n as a product.
func (c *compiler) power(x result, n int) result {
	one := result{constant: true, value: 1}
	switch {
	case n < 0:
		return c.do(opDiv, one, c.power(x, -n))
	case n == 0:
		return one
	case n == 1:
		return x
	}
	half := c.power(x, n/2)
	square := c.do(opMul, half, half)
	if n%2 == 0 {
		return square
	}
	return c.do(opMul, square, x)
}

// compile returns the result of an expression, whose names and means are
// resolved by leaf.
func (c *compiler) compile(e expr, leaf func(expr) (result, error)) (result, error) {
	switch e := e.(type) {
	case literal:
		return result{constant: true, value: float64(e)}, nil
	case application:
		args := make([]result, len(e.args))
		for i, arg := range e.args {
			r, err := c.compile(arg, leaf)
			if err != nil {
				return result{}, err
			}
			args[i] = r
		}
		if len(args) == 1 {
			return c.do(e.op, args[0], args[0]), nil
		}
		r := args[0]
		for _, arg := range args[1:] {
			r = c.do(e.op, r, arg)
		}
		return r, nil
	}
	return leaf(e)
}
