package lattice

import "golang.org/x/sys/cpu"

// vectors is whether the machine has the instructions of stencil_amd64.s.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasFMA

//go:noescape
func kickWholeAVX2(p, x, a, b *float64, n, rows int, linear, cubic, hop float64)

//go:noescape
func kickRowAVX2(p, x, a, b *float64, n, each int, linear, cubic, hop float64)

//go:noescape
func gradientWholeAVX2(dst, x, a, b *float64, n, rows int, linear, cubic, A, B, K float64, t *sums)

//go:noescape
func gradientRowAVX2(dst, x, a, b *float64, n, each int, linear, cubic, A, B, K float64, t *sums)

//go:noescape
func addScaledAVX2(x, p *float64, n int, t float64)

func kickRows(p, x, a, b []float64, width, each int, linear, cubic, hop float64) {
	n := len(x)
	p, a, b = p[:n], a[:n], b[:n]
	switch {
	case !vectors:
		kickRowsGo(p, x, a, b, width, each, linear, cubic, hop)
	case whole(width, each):
		kickWholeAVX2(&p[0], &x[0], &a[0], &b[0], width, n/width, linear, cubic, hop)
	default:
		for i := 0; i < n; i += width {
			kickRowAVX2(&p[i], &x[i], &a[i], &b[i], width, each, linear, cubic, hop)
		}
	}
}

func gradientRows(g, x, a, b []float64, width, each int, A, B, K float64, t *sums) {
	n := len(x)
	g, a, b = g[:n], a[:n], b[:n]
	switch {
	case !vectors:
		gradientRowsGo(g, x, a, b, width, each, A, B, K, t)
	case whole(width, each):
		gradientWholeAVX2(&g[0], &x[0], &a[0], &b[0], width, n/width, 2*A, 4*B, A, B, K, t)
	default:
		for i := 0; i < n; i += width {
			gradientRowAVX2(&g[i], &x[i], &a[i], &b[i], width, each, 2*A, 4*B, A, B, K, t)
		}
	}
}

func addScaled(x, p []float64, t float64) {
	if !vectors {
		addScaledGo(x, p, t)
		return
	}
	p = p[:len(x)]
	addScaledAVX2(&x[0], &p[0], len(x), t)
}
