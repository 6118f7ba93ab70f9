package analysis

import "gonum.org/v1/gonum/dsp/fourier"

// directLags is the number of lags found by multiplying and adding. Summing
// that many costs less than a Fourier transform, and a series that was recorded
// at a sensible interval needs no more.
const directLags = 32

// firstFFT is the number of records in a block of the first Fourier pass, and
// so the largest lag that it can find; every further pass has growFFT times
// longer blocks.
const (
	firstFFT = 1 << 10
	growFFT  = 1 << 4
)

// lags finds the sums of products
//
//	sum_c sum_i d_c[i] d_c[i+t]
//
// of the chains d_c of a series for t = 0, 1, ..., as far as they are asked
// for. Each pass over the data yields more lags than the one before.
type lags struct {
	series *series
	sums   []float64 // the lags known so far
	block  int       // length of the next Fourier pass' blocks
}

// at returns the sum of products at lag t, shorter than the longest chain.
func (l *lags) at(t int) float64 {
	for t >= len(l.sums) {
		l.extend()
	}
	return l.sums[t]
}

// extend makes one more pass. Lags that are known keep their value.
func (l *lags) extend() {
	switch {
	case l.sums == nil:
		l.sums = l.series.direct(directLags)
		l.block = firstFFT
	default:
		sums := l.series.byFFT(min(l.block, powerOfTwo(l.series.longest())))
		l.sums = append(l.sums, sums[len(l.sums):]...)
		l.block *= growFFT
	}
}

// powerOfTwo is the smallest power of two that is not less than n.
func powerOfTwo(n int) int {
	p := 1
	for p < n {
		p *= 2
	}
	return p
}

// direct returns the sums of products at lags 0 to n-1, n a multiple of 8, by
// the definition. Past the end of a chain it reads zeros.
func (s *series) direct(n int) []float64 {
	sums := make([]sum, n)
	buf := make([]float64, blockLen+n)
	for c, length := range s.lengths {
		for start := 0; start < length; start += blockLen {
			have := min(blockLen+n, length-start)
			s.read(buf[:have], c, start)
			clear(buf[have:])
			x := buf[:min(blockLen, have)]
			for t := 0; t < n; t += 8 {
				p := products8(x, buf[t:])
				for k, v := range p {
					sums[t+k].add(v)
				}
			}
		}
	}
	out := make([]float64, n)
	for t := range sums {
		out[t] = sums[t].value()
	}
	return out
}

// products8 returns sum_i x[i] y[i+k] for k = 0 to 7; y is at least 8 longer
// than x. Two records at a time halve what is loaded.
func products8(x, y []float64) [8]float64 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	y = y[:len(x)+8]
	for i := 0; i+1 < len(x); i += 2 {
		a, b := x[i], x[i+1]
		w := y[i : i+9 : i+9]
		s0 += a*w[0] + b*w[1]
		s1 += a*w[1] + b*w[2]
		s2 += a*w[2] + b*w[3]
		s3 += a*w[3] + b*w[4]
		s4 += a*w[4] + b*w[5]
		s5 += a*w[5] + b*w[6]
		s6 += a*w[6] + b*w[7]
		s7 += a*w[7] + b*w[8]
	}
	s := [8]float64{s0, s1, s2, s3, s4, s5, s6, s7}
	if last := len(x) - 1; last%2 == 0 {
		for k := range s {
			s[k] += x[last] * y[last+k]
		}
	}
	return s
}

// byFFT returns the sums of products at lags 0 to block, exact but for
// rounding, with one transform for each block of records.
//
// A pair of records at most block apart lies in one block or in two
// neighbouring ones. With X_b the transform of block b followed by as many
// zeros, the block moved up by its own length has the transform (-1)^k X_b(k).
// The circular correlation of block b with the blocks b and b+1 in line,
//
//	conj(X_b(k)) (X_b(k) + (-1)^k X_{b+1}(k)),
//
// so holds every such pair that begins in block b, and lags up to block do not
// wrap around. The sum over all blocks is transformed back once.
func (s *series) byFFT(block int) []float64 {
	fft := fourier.NewFFT(2 * block)
	power := make([]complex128, block+1)
	var (
		x    = make([]float64, 2*block)
		this = make([]complex128, block+1)
		next = make([]complex128, block+1)
	)
	transform := func(dst []complex128, chain, start int) {
		n := max(0, min(block, s.lengths[chain]-start))
		s.read(x[:n], chain, start)
		clear(x[n:])
		fft.Coefficients(dst, x)
	}
	for c, length := range s.lengths {
		if length == 0 {
			continue
		}
		transform(this, c, 0)
		for start := block; start < length; start += block {
			transform(next, c, start)
			sign := 1.0
			for k, a := range this {
				b := next[k]
				// conj(a) (a + sign b)
				re := real(a) + sign*real(b)
				im := imag(a) + sign*imag(b)
				power[k] += complex(real(a)*re+imag(a)*im, real(a)*im-imag(a)*re)
				sign = -sign
			}
			this, next = next, this
		}
		for k, a := range this {
			power[k] += complex(real(a)*real(a)+imag(a)*imag(a), 0)
		}
	}
	fft.Sequence(x, power)
	out := x[:block+1]
	for t := range out {
		out[t] /= float64(2 * block)
	}
	return out
}
