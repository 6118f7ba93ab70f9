// Package proof proves kernels: that what they sample is the model's
// distribution, and that they keep what else they claim. It is what the kernels
// of package proposals are tested with, and what a model or kernel of one's own
// can be tested with in a few lines:
//
//	func TestMyKernel(t *testing.T) {
//		m := newMyModel(3, 3) // a prepared model of a few sites
//		proof.Model(t, m)
//		proof.Kernel(t, m, new(MyKernel))
//		proof.Estimates(t, m, new(MyKernel))
//	}
//
// Each check takes a testing.TB, a model that has been prepared, and the Spec of
// a kernel, and fails the test with the numbers at fault:
//
//   - [Model]: energies, their changes, couplings, order parameter and exact
//     values of a model fit together, state by state.
//   - [Transitions]: the exact transition matrix leaves the distribution
//     invariant, and is irreducible, aperiodic and in detailed balance where that
//     is claimed. There is no chance in it, and nothing that it misses on the
//     model that it is given.
//   - [Start]: where a matrix would be too large, states drawn from the exact
//     distribution are distributed as before after some steps.
//   - [Improved]: what is read off the clusters that a kernel builds is, exactly,
//     unbiased.
//   - [Estimates]: what a user sees, estimates and their errors, agrees with
//     exact values over many seeds, from the kernel to the analysis. Errors that
//     are too large fail as well.
//   - [Mechanics]: trajectories of kernels that follow the gradient are reversible and
//     keep the volume of phase space, and their error falls as the step squared.
//   - [Memory]: after thermalization a kernel depends on nothing but the configuration
//     and its random numbers.
//   - [Bridge]: spins and their continuous dual are handed over to each other as
//     their joint distribution says, and measuring them disturbs nothing.
//   - [Resume]: a run that was interrupted is to the bit the run that was not,
//     and a chain does not depend on those beside it.
//
// [Kernel] runs what suits the model but for Estimates; [Variants] lists a
// registered kernel with all values of its keys.
//
// # Claims
//
// What is checked is what the Spec says: Check that the kernel is valid, Ergodic
// whether it reaches every state by itself, and where it is a
// [mcrun/proposals.Reversible] or [mcrun/proposals.ClusterBuilder], that it is in
// detailed balance and that its clusters give improved estimators. A claim to be
// less fails as well where it is not true: a kernel that says that it is not
// ergodic must not be, and must be so together with another. One with a method
// Images() bool that returns true may move in a step all proposals of which are
// rejected, which is a flaw of others.
//
// # Which models
//
// All states of the model are listed, so it needs models.Discrete and
// models.Energetic, and few sites: 1000 states for a matrix, 100000 for exact
// starts. Awkward models find most: sides of 2, on which two bonds join a pair of
// sites, and odd ones; couplings and fields of both signs and 0; infinite
// temperature, where what is always accepted makes kernels periodic; and low
// temperature, for a flat distribution hides a wrong weight. The instances that a
// registered model has in the Small of its models.Entry are meant for this.
//
// Models of continuous variables need [models.Differentiable], and a way to draw
// configurations from their distribution without a chain. There is one for fields
// with couplings of neighbours, for the dual of the Ising model and for any density of
// up to three real numbers; other models are a [Sampler].
//
// # Randomness
//
// Seeds are fixed, so that a test that passes goes on passing until something
// draws its numbers in another order. Bounds are wide enough for that: the
// probability with which right code fails is stated at each check, and adds up to
// less than 1e-3 for all of the package's own tests. A failure is not chance.
package proof
