package flow

import (
	"math"

	"mcrun/mc"
	"mcrun/proposals/flow/kern"
)

// A Loss is a function of configurations x and of their ln q_G whose gradient is
// wanted. It is called with consecutive configurations of the batch, of which
// the first is number first, and writes the gradient to x, at fixed ln q_G, to
// gx, and that to ln q_G to glogq. Both are 0 before. Several goroutines call it
// at once.
type Loss func(first int, x, logq, gx, glogq []float64)

// Draw draws latent variables from the prior, one configuration after the other
// into z, and the number of an element of the group for each, into h.
func (f *Flow[T]) Draw(random *mc.Stream, z []float64, h []int) {
	buffer := make([]T, f.dim)
	for c := range h {
		h[c] = random.IntN(len(f.group))
		draw(f.design.prior, buffer, random)
		for i, v := range buffer {
			z[c*f.dim+i] = float64(v)
		}
	}
}

// Sample draws len(logq) configurations, and their ln q_G. The first of them do
// not depend on how many are drawn.
func (f *Flow[T]) Sample(w *Workers[T], random *mc.Stream, x, logq []float64) {
	w.run(len(logq), func(c chunk, s *space[T]) { s.draw(f, c, random) }, func(c chunk, s *space[T]) {
		mark := s.mark()
		y := s.numbers.take(f.dim * c.columns)
		pack(y, s.z[:c.count*f.dim], f.group[:1], nil, f.dim, c.columns)
		f.emit(s, c, y, s.h[:c.count], x[c.first*f.dim:][:c.count*f.dim], logq[c.first:][:c.count])
		s.release(mark)
	}, nil)
}

// Generate computes the configurations x = h g(z) of given latent variables and
// elements of the group, and their ln q_G.
func (f *Flow[T]) Generate(w *Workers[T], z []float64, h []int, x, logq []float64) {
	w.run(len(logq), nil, func(c chunk, s *space[T]) {
		mark := s.mark()
		y := s.numbers.take(f.dim * c.columns)
		pack(y, z[c.first*f.dim:][:c.count*f.dim], f.group[:1], nil, f.dim, c.columns)
		f.emit(s, c, y, h[c.first:][:c.count], x[c.first*f.dim:][:c.count*f.dim], logq[c.first:][:c.count])
		s.release(mark)
	}, nil)
}

// emit turns latent variables, in y, to configurations with their densities.
func (f *Flow[T]) emit(s *space[T], c chunk, y []T, h []int, x, logq []float64) {
	m := f.generate(y, c.columns, &s.Workspace)
	unpack(x, y, f.group, h, f.dim, c.columns)
	copy(logq, m.total)
}

// generate turns latent variables, in y, to g(z), and computes its density.
func (f *Flow[T]) generate(y []T, columns int, w *Workspace[T]) mixture[T] {
	m := f.mixture(columns, w)
	log, z := m.row(0)
	copy(z, y)
	clear(log)
	f.g.Forward(f.Theta, y, log, w)
	for c, v := range log {
		log[c] = -v
	}
	logDensity(f.design.prior, z, log, w)
	f.infer(&m, y, 1, w)
	return m
}

// SampleGradient draws a batch of configurations as Sample does and adds to
// gtheta the gradient of a loss, summed over them, to the parameters: through
// x = h g(z) at fixed z, and through ln q_G(x).
//
// With path set the latter goes through x alone, as if the parameters in
// ln q_G were other ones: the path-gradient estimator (G. Roeder, Y. Wu and D.
// Duvenaud, arXiv:1703.09194), which for the reverse Kullback-Leibler divergence
// has the same mean, and no variance where q = pi. It takes a further pass.
func (f *Flow[T]) SampleGradient(w *Workers[T], random *mc.Stream, configurations int, loss Loss, path bool, gtheta []T) {
	w.run(configurations, func(c chunk, s *space[T]) { s.draw(f, c, random) }, func(c chunk, s *space[T]) {
		mark := s.mark()
		y := s.numbers.take(f.dim * c.columns)
		pack(y, s.z[:c.count*f.dim], f.group[:1], nil, f.dim, c.columns)
		s.gtheta = sized(s.gtheta, len(f.Theta))
		clear(s.gtheta)
		f.pullGenerate(s, c, y, s.h[:c.count], loss, path, s.gtheta, nil)
		s.release(mark)
	}, func(_ chunk, s *space[T]) { addTo(gtheta, s.gtheta) })
}

// GenerateGradient writes the gradient of a loss of x = h g(z) and ln q_G(x) to
// the latent variables to gz, which is laid out as z.
func (f *Flow[T]) GenerateGradient(w *Workers[T], z []float64, h []int, loss Loss, gz []float64) {
	w.run(len(h), nil, func(c chunk, s *space[T]) {
		mark := s.mark()
		y := s.numbers.take(f.dim * c.columns)
		pack(y, z[c.first*f.dim:][:c.count*f.dim], f.group[:1], nil, f.dim, c.columns)
		f.pullGenerate(s, c, y, h[c.first:][:c.count], loss, false, nil, gz[c.first*f.dim:][:c.count*f.dim])
		s.release(mark)
	}, nil)
}

// pullGenerate generates configurations, computes their loss, adds its gradient
// to the parameters to gtheta, and writes that to the latent variables to gz,
// unless these are nil.
func (f *Flow[T]) pullGenerate(s *space[T], c chunk, y []T, h []int, loss Loss, path bool, gtheta []T, gz []float64) {
	w := &s.Workspace
	m := f.generate(y, c.columns, w)
	x := s.wide.take(f.dim * c.count)
	gx := s.wide.take(f.dim * c.count)
	l := s.wide.take(c.columns)
	unpack(x, y, f.group, h, f.dim, c.columns)
	clear(gx)
	clear(l)
	loss(c.first, x, m.total[:c.count], gx, l[:c.count])

	g := s.numbers.take(f.dim * c.columns)
	packGradient(g, gx, f.group, h, f.dim, c.columns)
	weight := s.numbers.take(c.columns)
	if path {
		f.pull(&m, g, l, 0, nil, w)
		clear(weight)
	} else {
		f.pull(&m, g, l, 1, gtheta, w)
		f.weigh(weight, &m, 0, l)
	}
	for c, v := range weight { // ln q has the logarithm of the determinant with a minus
		weight[c] = -v
	}
	f.g.PullForward(f.Theta, y, g, weight, gtheta, w)
	if gz == nil {
		return
	}
	for c, v := range weight {
		weight[c] = -v
	}
	logDensityGradient(f.design.prior, y, weight, g)
	unpack(gz, g, f.group[:1], nil, f.dim, c.columns)
}

// LogQ computes ln q_G of configurations.
func (f *Flow[T]) LogQ(w *Workers[T], x, logq []float64) {
	w.run(len(logq), nil, func(c chunk, s *space[T]) {
		mark := s.mark()
		m := f.density(s, c, x)
		copy(logq[c.first:][:c.count], m.total)
		s.release(mark)
	}, nil)
}

// density computes the density of the configurations of a chunk.
func (f *Flow[T]) density(s *space[T], c chunk, x []float64) mixture[T] {
	y := s.numbers.take(f.dim * c.columns)
	m := f.mixture(c.columns, &s.Workspace)
	pack(y, x[c.first*f.dim:][:c.count*f.dim], f.group[:1], nil, f.dim, c.columns)
	f.infer(&m, y, 0, &s.Workspace)
	return m
}

// LogQGradient computes ln q_G of configurations and the gradient of
// sum_c l[c] ln q_G(x_c), where loss is given some of the ln q_G, from number
// first on, and writes their l. The gradient to the parameters is added to gtheta
// and that to the configurations is written to gx, unless these are nil.
// Several goroutines call loss at once.
func (f *Flow[T]) LogQGradient(w *Workers[T], x, logq []float64, loss func(first int, logq, l []float64), gtheta []T, gx []float64) {
	var end func(c chunk, s *space[T])
	if gtheta != nil {
		end = func(_ chunk, s *space[T]) { addTo(gtheta, s.gtheta) }
	}
	w.run(len(logq), nil, func(c chunk, s *space[T]) {
		mark := s.mark()
		m := f.density(s, c, x)
		copy(logq[c.first:][:c.count], m.total)
		l := s.wide.take(c.columns)
		clear(l)
		loss(c.first, m.total[:c.count], l[:c.count])
		g := s.numbers.take(f.dim * c.columns)
		clear(g)
		var chunkGradient []T
		if gtheta != nil {
			s.gtheta = sized(s.gtheta, len(f.Theta))
			clear(s.gtheta)
			chunkGradient = s.gtheta
		}
		f.pull(&m, g, l, 0, chunkGradient, &s.Workspace)
		if gx != nil {
			unpack(gx[c.first*f.dim:][:c.count*f.dim], g, f.group[:1], nil, f.dim, c.columns)
		}
		s.release(mark)
	}, end)
}

// Latent draws, for each configuration, the element h of the group from its
// responsibility
//
//	r(h|x) = q(h^-1 x)/(|G| q_G(x)),
//
// with a uniform number u in [0, 1), and computes the latent variables
// z = g^-1(h^-1 x) and ln q_G(x).
func (f *Flow[T]) Latent(w *Workers[T], x, u, z []float64, h []int, logq []float64) {
	w.run(len(logq), nil, func(c chunk, s *space[T]) {
		mark := s.mark()
		m := f.density(s, c, x)
		copy(logq[c.first:][:c.count], m.total)
		for j := range c.count {
			k := f.choose(&m, j, u[c.first+j])
			h[c.first+j] = f.group[k].inverse
			_, latent := m.row(k)
			for i := range f.dim {
				z[(c.first+j)*f.dim+i] = float64(latent[i*c.columns+j])
			}
		}
		s.release(mark)
	}, nil)
}

// choose returns the k of the term of q_G that a uniform number falls on.
func (f *Flow[T]) choose(m *mixture[T], column int, u float64) int {
	last := len(f.group) - 1
	for k := range last {
		log, _ := m.row(k)
		u -= responsibility(log[column], m.total[column], len(f.group))
		if u < 0 {
			return k
		}
	}
	return last
}

// LogPrior computes ln p of latent variables, and its gradient, unless g is nil.
func (f *Flow[T]) LogPrior(z, logp, g []float64) {
	p := f.design.prior
	tau := 1 / (p.width * p.width)
	constant := tau*p.mean*p.mean/2 + logRootTwoPi + math.Log(p.width)
	for c := range logp {
		logp[c] = 0
		for i, v := range z[c*f.dim : (c+1)*f.dim] {
			logp[c] += logCosh(tau*p.mean*v) - tau*v*v/2 - constant
			if g != nil {
				g[c*f.dim+i] = tau * (p.mean*math.Tanh(tau*p.mean*v) - v)
			}
		}
	}
}

// packGradient writes the gradients to images, one configuration after the
// other, to the columns of a chunk, as those to what the elements of the group
// acted on. Columns that are left are 0.
func packGradient[T kern.Float](dst []T, g []float64, group []element, h []int, dim, columns int) {
	pack(dst, g, group, h, dim, columns)
	count := len(g) / dim
	for i := range dim {
		clear(dst[i*columns+count : (i+1)*columns])
	}
}

// sized returns a slice of length n, s if it is long enough.
func sized[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}

func addTo[T kern.Float](dst, x []T) {
	for i, v := range x {
		dst[i] += v
	}
}
