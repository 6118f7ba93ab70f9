package kern

// Couple is the affine coupling in the direction of generation on the m rows
// that it changes,
//
//	s = scale tanh(u),   x = x exp(s) + t,   logdet[c] += sum_r s[r,c].
//
// u and t, of m rows, are what the two conditioners gave; scale has a number
// for each row, logdet one for each column.
func Couple[T Float](x, logdet, u, t, scale []T, m, n int) {
	checkCoupling(m, n, len(x), len(u), len(t), len(scale), len(logdet))
	if v := vector[T](); v != nil {
		v.couple(first(x), first(logdet), first(u), first(t), first(scale), m, n)
		return
	}
	coupleGo(x[:m*n], logdet[:n], u[:m*n], t[:m*n], scale[:m], m, n)
}

// Uncouple is the inverse of [Couple]:
//
//	x = (x - t) exp(-s),   logdet[c] -= sum_r s[r,c].
func Uncouple[T Float](x, logdet, u, t, scale []T, m, n int) {
	checkCoupling(m, n, len(x), len(u), len(t), len(scale), len(logdet))
	if v := vector[T](); v != nil {
		v.uncouple(first(x), first(logdet), first(u), first(t), first(scale), m, n)
		return
	}
	uncoupleGo(x[:m*n], logdet[:n], u[:m*n], t[:m*n], scale[:m], m, n)
}

// CoupleGrad goes back through [Couple]. It is given the output x, the gradient
// g of a function to it and gl to the logarithm of the determinant, which has
// one number for each column, and returns in the place of
//
//	x: the input (x - t) exp(-s),
//	g: the gradient to the input, g exp(s),
//	t: the gradient to t, g,
//	u: the gradient to u, (g (x - t) + gl) scale (1 - tanh(u)^2).
//
// To gscale[r] it adds the sum of (g (x - t) + gl) tanh(u) over columns.
func CoupleGrad[T Float](x, g, u, t, gscale, gl, scale []T, m, n int) {
	checkCouplingGrad(m, n, len(x), len(g), len(u), len(t), len(gscale), len(gl), len(scale))
	if v := vector[T](); v != nil {
		v.coupleGrad(first(x), first(g), first(u), first(t), first(gscale), first(gl), first(scale), m, n)
		return
	}
	coupleGradGo(x[:m*n], g[:m*n], u[:m*n], t[:m*n], gscale[:m], gl[:n], scale[:m], m, n)
}

// UncoupleGrad goes back through [Uncouple], as [CoupleGrad] does through
// Couple. From the output z, in x, it returns in the place of
//
//	x: the input z exp(s) + t,
//	g: the gradient to the input, g exp(-s),
//	t: the gradient to t, -g exp(-s),
//	u: the gradient to u, -(g z + gl) scale (1 - tanh(u)^2).
//
// To gscale[r] it adds the sum of -(g z + gl) tanh(u) over columns.
func UncoupleGrad[T Float](x, g, u, t, gscale, gl, scale []T, m, n int) {
	checkCouplingGrad(m, n, len(x), len(g), len(u), len(t), len(gscale), len(gl), len(scale))
	if v := vector[T](); v != nil {
		v.uncoupleGrad(first(x), first(g), first(u), first(t), first(gscale), first(gl), first(scale), m, n)
		return
	}
	uncoupleGradGo(x[:m*n], g[:m*n], u[:m*n], t[:m*n], gscale[:m], gl[:n], scale[:m], m, n)
}

func checkCoupling(m, n, x, u, t, scale, logdet int) {
	check(n, m)
	if x < m*n || u < m*n || t < m*n || scale < m || logdet < n {
		panic(badLength)
	}
}

func checkCouplingGrad(m, n, x, g, u, t, gscale, gl, scale int) {
	checkCoupling(m, n, x, u, t, scale, gl)
	if g < m*n || gscale < m {
		panic(badLength)
	}
}

func coupleGo[T Float](x, logdet, u, t, scale []T, m, n int) {
	logdet = logdet[:n]
	for r := range m {
		x, u, t := x[r*n:][:n], u[r*n:][:n], t[r*n:][:n]
		for c := range logdet {
			s := scale[r] * tanh(u[c])
			x[c] = x[c]*exp(s) + t[c]
			logdet[c] += s
		}
	}
}

func uncoupleGo[T Float](x, logdet, u, t, scale []T, m, n int) {
	logdet = logdet[:n]
	for r := range m {
		x, u, t := x[r*n:][:n], u[r*n:][:n], t[r*n:][:n]
		for c := range logdet {
			s := scale[r] * tanh(u[c])
			x[c] = (x[c] - t[c]) * exp(-s)
			logdet[c] -= s
		}
	}
}

func coupleGradGo[T Float](x, g, u, t, gscale, gl, scale []T, m, n int) {
	gl = gl[:n]
	for r := range m {
		x, g, u, t := x[r*n:][:n], g[r*n:][:n], u[r*n:][:n], t[r*n:][:n]
		var sum T
		for c := range gl {
			h := tanh(u[c])
			s := scale[r] * h
			d := x[c] - t[c]
			gs := g[c]*d + gl[c]
			x[c] = d * exp(-s)
			t[c] = g[c]
			g[c] *= exp(s)
			u[c] = gs * scale[r] * (1 - h*h)
			sum += gs * h
		}
		gscale[r] += sum
	}
}

func uncoupleGradGo[T Float](x, g, u, t, gscale, gl, scale []T, m, n int) {
	gl = gl[:n]
	for r := range m {
		x, g, u, t := x[r*n:][:n], g[r*n:][:n], u[r*n:][:n], t[r*n:][:n]
		var sum T
		for c := range gl {
			h := tanh(u[c])
			s := scale[r] * h
			gs := -(g[c]*x[c] + gl[c])
			x[c] = x[c]*exp(s) + t[c]
			g[c] *= exp(-s)
			t[c] = -g[c]
			u[c] = gs * scale[r] * (1 - h*h)
			sum += gs * h
		}
		gscale[r] += sum
	}
}
