// Package card reads run cards: it parses the TOML, applies the settings of
// the command line, checks everything, resolves defaults and lays out the
// scan. What it returns, a [Card], is what the engine runs.
//
// # Checking
//
// A card is decoded into maps, whose keys keep their case, and an index of
// where each key is written. Tables are then decoded by [param.Decode] into
// the structs that declare their keys: those of this package for [run] and
// the like, those of models and kernels for theirs. All mistakes are
// collected before any is returned, so that a user sees them together, as
// [Errors], each with its line; nothing is created meanwhile.
//
// # Paths
//
// A key is called, in [scan], in settings and in messages alike, by its path:
//
//	seed                              a key outside the tables
//	model.temperature                 a key of a table
//	proposal.wolff.steps              a key of a proposal, by the proposal's name
//	proposal.flow+wolff.wolff.steps   a key of a member of a cycle or mixture,
//	                                  by the member's kernel
//	proposal.pair.cycle[2].steps      the same where two members have one kernel
//	proposal.tempering.inner.steps    a key of the only inner kernel of a ladder
//	flow.rg.train.steps               a key of a flow's training, by the flow's name
//
// In messages, a proposal whose name is wrong or not its own is proposal[2],
// counted from 1.
//
// # Ladders
//
// A proposal whose kernel is tempering has a [Ladder]. [Point.Rungs] makes its
// rungs by decoding the model again with other values of one key, so that every
// model can be tempered, and inner kernels are checked at each of them. Of what is
// spaced when it runs the rungs of the first spacing are checked.
//
// # Flows
//
// A [Flow] is described by a table [flow.NAME], and kernels name it. Points that are
// equal in model and in the keys of a flow share one [Training], which
// [Card.Trainings] lists. A file of weights that the card names is checked against
// both, and is kept in the run directory as other files are; a path without a file is
// where trained weights go. In the card that a run directory keeps there are no such
// paths: it has the weights. [Card.GoOn] tells a file that was given from one that the
// run has written since.
//
// # Scan
//
// A scan is the Cartesian product of its keys' values, the last key fastest.
// A scanned value takes the place of the card's own, which may be missing but
// not wrong. Each point is decoded and checked as a card of its own. Names and
// members of proposals, by which paths find their way, are fixed before the
// scan is applied and cannot be scanned.
//
// # Identity
//
// [Point.ModelIdentity], [Proposal.Identity] and [Point.FlowIdentity] are what random streams
// derive from, beside seed and chain: texts of the resolved model and
// proposal that depend on nothing else, so that points added to a scan, or
// keys written in another order, change no number.
package card
