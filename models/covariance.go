package models

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// A covariance is a symmetric positive definite matrix M = R R^T. Its methods
// may be called by several goroutines at once.
type covariance interface {
	// quadratic writes x^T M^-1 x for each configuration x of a batch, and
	// M^-1 x to y unless that is nil.
	quadratic(x, q, y []float64)
	// solve writes M^-1 x of one configuration to y.
	solve(x, y []float64)
	// inverseAt returns the diagonal element i of M^-1, and addInverse adds d
	// times its column i to y.
	inverseAt(i int) float64
	addInverse(y []float64, i int, d float64)
	// root replaces x by R x, rootTransposed by R^T x.
	root(x []float64)
	rootTransposed(x []float64)
	// logDet returns ln det M.
	logDet() float64
}

// maxDense bounds the sites of a graph that has a continuous dual: the
// eigenvalues, of which the lowest is needed exactly, take a time of N^3.
const maxDense = 2048

// denseCovariance is a matrix given by its elements, with R from Cholesky's
// decomposition.
type denseCovariance struct {
	n       int
	inverse []float64 // M^-1
	lower   blas64.Triangular
	log     float64 // ln det M
}

// newDenseCovariance returns M = K + alpha I with the lowest eigenvalue offset,
// and alpha.
func newDenseCovariance(k *mat.SymDense, offset float64) (*denseCovariance, float64, error) {
	n := k.SymmetricDim()
	var eigen mat.EigenSym
	if !eigen.Factorize(k, false) {
		return nil, 0, errors.New("models: the eigenvalues of the couplings were not found; look for couplings of very different size")
	}
	values := eigen.Values(nil)
	lowest, highest := values[0], values[n-1]
	alpha := offset - lowest
	if err := checkOffset(offset, highest-lowest); err != nil {
		return nil, 0, err
	}
	m := mat.NewSymDense(n, nil)
	m.CopySym(k)
	for i := range n {
		m.SetSym(i, i, k.At(i, i)+alpha)
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(m) {
		return nil, 0, fmt.Errorf("models: offset = %v is lost in rounding beside the couplings; raise it", offset)
	}
	var inverse mat.SymDense
	if err := cholesky.InverseTo(&inverse); err != nil {
		return nil, 0, fmt.Errorf("models: offset = %v is too small beside the couplings: %w", offset, err)
	}
	d := &denseCovariance{n: n, inverse: make([]float64, 0, n*n), log: cholesky.LogDet()}
	for i := range n {
		for j := range n {
			d.inverse = append(d.inverse, inverse.At(i, j))
		}
	}
	var lower mat.TriDense
	cholesky.LTo(&lower)
	d.lower = lower.RawTriangular()
	return d, alpha, nil
}

func (d *denseCovariance) quadratic(x, q, y []float64) {
	if y == nil {
		y = make([]float64, len(x))
	}
	rows := func(data []float64) blas64.General {
		return blas64.General{Rows: len(q), Cols: d.n, Stride: d.n, Data: data}
	}
	inverse := blas64.General{Rows: d.n, Cols: d.n, Stride: d.n, Data: d.inverse}
	blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, rows(x), inverse, 0, rows(y))
	for c := range q {
		q[c] = blas64.Dot(d.vector(x[c*d.n:]), d.vector(y[c*d.n:]))
	}
}

func (d *denseCovariance) solve(x, y []float64) {
	inverse := blas64.General{Rows: d.n, Cols: d.n, Stride: d.n, Data: d.inverse}
	blas64.Gemv(blas.NoTrans, 1, inverse, d.vector(x), 0, d.vector(y))
}

func (d *denseCovariance) inverseAt(i int) float64 { return d.inverse[i*(d.n+1)] }

func (d *denseCovariance) addInverse(y []float64, i int, by float64) {
	blas64.Axpy(by, d.vector(d.inverse[i*d.n:]), d.vector(y))
}

// vector returns the first n numbers of x.
func (d *denseCovariance) vector(x []float64) blas64.Vector {
	return blas64.Vector{N: d.n, Inc: 1, Data: x[:d.n]}
}

func (d *denseCovariance) root(x []float64) { blas64.Trmv(blas.NoTrans, d.lower, d.vector(x)) }

func (d *denseCovariance) rootTransposed(x []float64) {
	blas64.Trmv(blas.Trans, d.lower, d.vector(x))
}

func (d *denseCovariance) logDet() float64 { return d.log }

// checkOffset refuses a lowest eigenvalue that rounding would change, of a
// matrix whose eigenvalues spread over a range.
func checkOffset(offset, spread float64) error {
	if !(offset >= minOffset*spread) || math.IsInf(offset, 0) {
		return fmt.Errorf("models: offset = %v is too small beside the couplings, whose eigenvalues times beta spread over %.3g; raise it, or the temperature", offset, spread)
	}
	return nil
}

// minOffset bounds the quotient of the lowest eigenvalue of M and the range of
// all.
const minOffset = 1e-9
