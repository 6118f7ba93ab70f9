// Package models holds what is sampled: lattices, energies and exact results.
//
// A [Model] is a distribution pi ~ exp(-beta H) of configurations. It is a
// struct whose tagged fields are the keys of a run card's [model] table:
//
//	T := 2.5
//	m := &models.Ising{Thermal: models.Thermal{Temperature: &T}, J: 1}
//	m.Shape = []int{16, 16}
//	err := m.Prepare()
//
// [Ising], [Potts], [Clock], [BlumeCapel] and [SpinGlass] are of spins with pair
// couplings. [Gaussian] and [Phi4] are field theories and [NVector] is the XY and
// the Heisenberg model; [Mixture] and [Ring] are densities in few dimensions, to
// try kernels on.
//
// Beyond the little that every model has, kernels and observables ask for
// abilities, each a small interface: local kernels for [Discrete], cluster
// kernels for [PairCoupled], the observable energy for [Energetic], those of an
// order parameter for [Magnetic] or [Ordered], correlations for [SpinField] and
// [Regular]. Configurations of a [Portable] model can be kept in files, and one
// that is [Frustrated] says so. A model that states expectation values which
// are known exactly is [Exact], and tables show them beside the estimates. A
// kernel is refused for a model that lacks an ability, by its name.
//
// # Fields
//
// The configuration of a model of continuous variables is a [Field], numbers
// with the density exp(-S). Such a model is [Differentiable]: it gives the action
// S, with beta in it, and its gradient, of many configurations at once. Local
// and cluster kernels ask for [FieldCoupled]; a model that is [Sitewise] spares
// other local ones an action at every coordinate. A [Spherical] model has unit
// vectors, which are kept as such, in memory and in files, and never as angles.
//
// Models of two-valued spins have a continuous dual, [Dual]: numbers from which
// spins can be drawn, and that can be drawn given spins. With it kernels of
// fields sample spins; [DualIsing] is the distribution of these numbers as a
// model of its own.
//
// # States and models
//
// A model is immutable once prepared and is shared by all its chains; the
// configuration of a chain is a [State].
//
// To add a model, implement Model and the abilities that it can honour, and
// call [Register].
//
// # Files of couplings
//
// A graph of any kind, an open boundary or another lattice is given by a file
// of couplings, as text with one entry a line:
//
//	# a triangle with a tail, and a field at its end
//	sites 4
//	0 1  -1.0
//	1 2  -1.0
//	2 0  -1.0
//	2 3   0.5
//	3     0.25
//
// The first line is the header: "sites N", "N = N" or N, the number of sites, or N M,
// the number of sites and of bonds, which then is checked. A first comment
// "# sites N" or "# N" serves as header if there is no other. Three columns
// "i j J" are a bond of coupling J_ij between the sites i and j, two columns
// "i h" a field h_i. Sites count from 0 to N-1. Bonds and fields come in any
// order, each pair of sites and each field once; what is left out is 0. Columns
// are separated by blanks, tabs or commas; a # begins a comment, to the end of
// the line.
//
// # Exact results
//
// [Enumerate], [TransferMatrix] and [Kaufman] give exact expectation values
// of the Ising model on small lattices, on narrow strips, and on any
// two-dimensional torus without a field. [SumStates] and [Eliminate] give those
// of all models with pair couplings: where all states can be listed, and on
// chains, trees and strips.
//
// # Conventions
//
// k_B = 1. Lattices are periodic; a bond is one (site, direction) pair, so
// that a side of length 2 joins its sites by two bonds. Sites are numbered in
// row-major order: the last coordinate runs fastest. The components of a vector
// stand together. The energy of a field is its action, and its Beta is 1.
package models
