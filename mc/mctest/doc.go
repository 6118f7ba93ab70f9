// Package mctest tests kernels exactly: it finds a kernel's transition matrix
// on a finite set of states, without chance and without statistics, and checks
// what a correct kernel promises.
//
// A kernel that makes its random decisions with [mcrun/mc.Stream.Below] and
// [mcrun/mc.Stream.IntN] alone can be handed a stream whose decisions are made
// by somebody else. [Transitions] does that: it starts the kernel in a state,
// answers every decision in every possible way, one run of the step for each
// sequence of answers, and adds the probability of the sequence to the entry
// of the state that the step ended in. What comes out is the matrix P, P[i][j]
// being the probability that a step leads from state i to state j, exact but
// for rounding:
//
//	p, err := mctest.Transitions(1<<n, func(random *mc.Stream) mctest.Chain {
//		spins := make(models.Spins, n)
//		kernel := newKernel(spins, random)
//		return mctest.Chain{Step: kernel.Step, Set: spins.set, State: spins.number}
//	})
//
// Its methods are the checks, each of which returns an error that names the
// states and the numbers at fault:
//
//   - [Matrix.Stochastic]: from each state the probabilities add up to 1.
//   - [Matrix.Invariant]: pi P = pi, without which nothing that the kernel
//     samples is right.
//   - [Matrix.Irreducible]: from each state the kernel comes to every other.
//   - [Matrix.Balanced]: pi_i P_ij = pi_j P_ji, which invariance does not need.
//     A kernel that claims to be reversible has it; one that visits sites in
//     turn has it not.
//   - [Matrix.Period]: what a kernel repeats itself by. If it is not 1, taking
//     every n-th state of the chain may never show some of the states.
//
// An estimator that sees more of a step than where it ends, such as an improved
// one that averages over the clusters of the step, is tested by [Means]: the mean
// of what each step shows, also exact.
//
// # Cost
//
// The number of runs is that of the sequences of decisions, so lattices are to
// be small: 2 x 2 and 2 x 3 sites find nearly everything, and a side of 3 finds
// what the double bonds of a side of 2 hide. Where a step is a product of many
// alike parts, test a part, and multiply with [Matrix.Mul].
//
// # What to vary
//
// A wrong kernel can be right at one set of parameters. Both signs of every
// coupling, with and without a field of either sign, infinite temperature
// (where what is always accepted makes kernels reducible or periodic), and a
// frustrated lattice have each told a wrong kernel from the right one. And a
// check that never failed is not known to work: break the kernel on purpose,
// and see that it does.
package mctest
