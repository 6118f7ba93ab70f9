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
// Beyond the little that every model has, kernels and observables ask for
// abilities, each a small interface: local kernels for [Discrete], cluster
// kernels for [PairCoupled], the observable energy for [Energetic] and those
// of an order parameter for [Magnetic]. A model that states expectation
// values which are known exactly is [Exact], and tables show them beside the
// estimates. A kernel is refused for a model that lacks an ability, by its
// name.
//
// A model is immutable once prepared and is shared by all its chains; the
// configuration of a chain is a [State].
//
// To add a model, implement Model and the abilities that it can honour, and
// call [Register].
//
// # Exact results
//
// [Enumerate], [TransferMatrix] and [Kaufman] give exact expectation values
// of the Ising model on small lattices, on narrow strips, and on any
// two-dimensional torus without a field.
//
// # Conventions
//
// k_B = 1. Lattices are periodic; a bond is one (site, direction) pair, so
// that a side of length 2 joins its sites by two bonds.
package models
