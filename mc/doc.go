// Package mc runs Markov chains: it knows what a kernel is, how a group of
// chains is advanced, measured and stored, and where random numbers come
// from. It knows no model and no observable, and uses the standard library
// only.
//
// A [Kernel] changes configurations and leaves their distribution invariant.
// A [Probe] reads numbers off configurations. A [Group] joins a kernel, a
// probe and the configurations of one or more chains; [Group.Run] advances it
// along a [Plan] and hands rows, configurations and checkpoints to a [Sink]:
//
//	g := mc.NewGroup(0, 1, seed, "my model", "my kernel")
//	spins := newSpins(g.Stream(0, "start"))
//	g.Own(spins)                                  // saved in checkpoints
//	g.Kernel = newKernel(spins, g.Stream(0, "kernel"), &g.Tally)
//	g.Probe, g.Row = newProbe(spins), 2           // two values a record
//	err := g.Run(ctx, mc.Plan{Thermalize: 1000, Sweeps: 20000, Every: 1, Checkpoint: time.Minute}, sink)
//
// A plan with Save set keeps configurations too; the group's Export then tells
// how one is written.
//
// # Random numbers
//
// Every random number comes from a [Stream], and every stream of a run from
// the group that uses it. A stream is keyed by a hash of the run's seed, the
// parts that identify model and proposal, the number of the chain and the
// stream's purpose. So a chain's numbers do not depend on how many workers
// run, in which order, or on what else a card holds.
//
// Decisions with a given probability are made with [Stream.Below]. A kernel
// that makes its decisions with Below and [Stream.IntN] alone can be tested
// without statistics: package mctest takes the place of chance through an
// [Oracle], walks through all decisions and returns the exact transition
// matrix.
//
// # Why groups
//
// What a worker advances could be a chain. It is a group, because of cases
// that one chain cannot hold, each of which was tried against these types
// before they were settled:
//
//   - 64 chains packed in the bits of words: one state, one kernel, one probe
//     that counts bits, 64 rows a record. So a Probe writes the rows of all
//     chains at once, and configurations are known to a Group only as
//     [Saver].
//   - A flow that proposes for all chains in one batch: as wide a group as
//     there are chains, with a kernel that keeps its log-weights between steps
//     and saves them.
//   - A chain on x that is measured on spins s drawn from x: one Saver holds
//     both and which of them is up to date; the probe draws s, from a stream
//     of the group. So a Probe may draw auxiliary variables.
//   - A ladder of temperatures that exchange states: one chain, whose state
//     is all rungs and whose row is as long as the rungs' rows together.
//   - Kernels of spins and of fields in turn: a [Cycle] of kernels that share
//     the state, each wrapped in one that first brings its own representation
//     up to date. Neither the kernels nor the cycle know of it.
//   - A stranger's model and kernel: nothing here is closed. A kernel needs a
//     Step and no more; what else it can do (tune itself, save state) it
//     says by further methods, and acceptance is counted in the group's
//     [Tally].
//
// # Interruption
//
// A [Snapshot] holds everything that the future of a group depends on:
// configurations, streams, counters, what kernels have learned. A run that is
// interrupted and continued from a snapshot gives the same rows and
// configurations as one that was not, to the bit.
package mc
