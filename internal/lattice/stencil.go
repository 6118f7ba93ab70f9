package lattice

import "math"

// A Stencil is the action of a field that couples nearest neighbours, with n
// numbers a site,
//
//	S(x) = sum_x (A |x|^2 + B |x|^4) - K sum_<xy> x . y,
//
// where |x|^4 stands for the sum of the fourth powers of the numbers: B is 0
// for vectors. It does not change, and serves several goroutines at once.
type Stencil struct {
	a, b, k float64

	each  int // n
	width int // numbers in a row, the sites along the last coordinate
	slab  int // numbers in a slab, the sites of one first coordinate
	size  int // numbers in all
	// beside has for each row the indices of the 2(d-1) rows beside it, and
	// run the number of rows from it on whose neighbours go on with it; 1 but
	// for two dimensions.
	beside [][]int
	run    []int
}

// NewStencil returns the action for a lattice with so many numbers a site.
func NewStencil(sides []int, each int, a, b, k float64) *Stencil {
	last := len(sides) - 1
	s := &Stencil{a: a, b: b, k: k, each: each, width: each * sides[last]}
	s.size = s.width
	for _, side := range sides[:last] {
		s.size *= side
	}
	s.slab = max(s.width, s.size/sides[0])
	indices := make([]int, 0, 2*last*s.size/s.width)
	for row := 0; row < s.size; row += s.width {
		from := len(indices)
		stride := s.size
		for _, side := range sides[:last] {
			slab := stride
			stride /= side
			origin := row - row%slab
			indices = append(indices, origin+(row-origin+stride)%slab, origin+(row-origin+slab-stride)%slab)
		}
		s.beside = append(s.beside, indices[from:len(indices):len(indices)])
	}
	s.run = make([]int, len(s.beside))
	for row := len(s.run) - 1; row >= 0; row-- {
		s.run[row] = 1
		if last == 1 && row+1 < len(s.run) &&
			s.beside[row+1][0] == s.beside[row][0]+s.width && s.beside[row+1][1] == s.beside[row][1]+s.width {
			s.run[row] += s.run[row+1]
		}
	}
	return s
}

// Leap moves a configuration with the velocities p for a time drift, and then
// kicks these for a time kick:
//
//	x += drift p,   p -= kick dS/dx.
//
// It makes one pass over the lattice.
func (s *Stencil) Leap(x, p []float64, drift, kick float64) {
	x, p = x[:s.size], p[:s.size]
	linear, cubic, hop := -2*s.a*kick, -4*s.b*kick, s.k*kick
	r := s.rows(x)
	// A site is kicked when it and its neighbours have drifted: the last slab
	// drifts first, and the others a block of rows and a slab ahead.
	last := s.size - s.slab
	if drift != 0 {
		addScaled(x[last:], p[last:], drift)
	}
	block := max(1, leapBlock/s.width) * s.width
	for at, moved := 0, 0; at < s.size; at += block {
		end := min(at+block, s.size)
		if to := min(end+s.slab, last); drift != 0 && to > moved {
			addScaled(x[moved:to], p[moved:to], drift)
			moved = to
		}
		for row := at; row < end; {
			a, b := r.next(row, end)
			kickRows(p[row:row+len(a)], x[row:row+len(a)], a, b, s.width, s.each, linear, cubic, hop)
			row += len(a)
		}
	}
}

// leapBlock is how many numbers drift before they are kicked, which are in the
// cache of first level then.
const leapBlock = 1024

// Gradient writes dS/dx to g and returns S.
func (s *Stencil) Gradient(x, g []float64) float64 {
	x, g = x[:s.size], g[:s.size]
	var t sums
	r := s.rows(x)
	for row := 0; row < s.size; {
		a, b := r.next(row, s.size)
		gradientRows(g[row:row+len(a)], x[row:row+len(a)], a, b, s.width, s.each, s.a, s.b, s.k, &t)
		row += len(a)
	}
	return t.potential() - s.k/2*t.bonds() // both ends have counted a bond
}

// sums are partial sums over the numbers of a lattice: four of
// x^2 (A + B x^2), and four of the products of x and the sum over its
// neighbours. The numbers of a row go to the four in turn; in rows that are not
// whole those of each of three parts.
type sums [8]float64

// whole reports whether a row is of one number a site and falls into two or more
// groups of four.
func whole(width, each int) bool { return each == 1 && width%4 == 0 && width >= 8 }

func (t *sums) potential() float64 { return (t[0] + t[1]) + (t[2] + t[3]) }
func (t *sums) bonds() float64     { return (t[4] + t[5]) + (t[6] + t[7]) }

// rows are the rows of a configuration.
type rows struct {
	*Stencil
	x   []float64
	sum []float64 // of neighbouring rows, where there are not two
}

func (s *Stencil) rows(x []float64) rows {
	r := rows{Stencil: s, x: x}
	if len(s.beside[0]) != 2 {
		r.sum = make([]float64, s.width)
	}
	return r
}

// next returns two slices, the sum of which is the sum of what is beside the row
// at an index and so many after it, before an end, as they are long. They hold
// until the next call.
func (r *rows) next(at, end int) (a, b []float64) {
	row := at / r.width
	beside := r.beside[row]
	if len(beside) == 0 {
		return r.sum, r.sum
	}
	n := min(r.run[row]*r.width, end-at)
	a, b = r.x[beside[0]:beside[0]+n], r.x[beside[1]:beside[1]+n]
	for _, at := range beside[2:] {
		add(r.sum, a, b)
		a, b = r.sum, r.x[at:at+n]
	}
	return a, b
}

// inRow calls visit with the parts of a row of n numbers whose neighbours along
// it are at l and r from them: the first site, the inner ones and the last.
func inRow(n, each int, visit func(from, to, l, r int)) {
	visit(0, each, n-each, each)
	visit(each, n-each, -each, each)
	visit(n-each, n, -each, each-n)
}

// kickRowsGo adds x (linear + cubic x^2) + hop h to p, where h is the sum over
// the neighbours, those in the row and those of a and b.
func kickRowsGo(p, x, a, b []float64, width, each int, linear, cubic, hop float64) {
	for ; len(x) > 0; p, x, a, b = p[width:], x[width:], a[width:], b[width:] {
		inRow(width, each, func(from, to, l, r int) {
			for i := from; i < to; i++ {
				v := x[i]
				h := (a[i] + b[i]) + (x[i+l] + x[i+r])
				p[i] = math.FMA(v, math.FMA(cubic, v*v, linear), math.FMA(hop, h, p[i]))
			}
		})
	}
}

// gradientRowsGo writes x (2 A + 4 B x^2) - K h to g, and adds to the sums.
func gradientRowsGo(g, x, a, b []float64, width, each int, A, B, K float64, t *sums) {
	for ; len(x) > 0; g, x, a, b = g[width:], x[width:], a[width:], b[width:] {
		inRow(width, each, func(from, to, l, r int) {
			first := from
			if whole(width, each) {
				first = 0
			}
			for i := from; i < to; i++ {
				v := x[i]
				h := (a[i] + b[i]) + (x[i+l] + x[i+r])
				square, lane := v*v, (i-first)&3
				g[i] = math.FMA(v, math.FMA(4*B, square, 2*A), -(K * h))
				t[lane] = math.FMA(square, math.FMA(B, square, A), t[lane])
				t[4+lane] = math.FMA(v, h, t[4+lane])
			}
		})
	}
}

// addScaledGo adds t p to x.
func addScaledGo(x, p []float64, t float64) {
	p = p[:len(x)]
	for i, v := range p {
		x[i] = math.FMA(t, v, x[i])
	}
}

// add sets dst to a + b.
func add(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i, v := range a {
		dst[i] = v + b[i]
	}
}
