// Package proposals holds the kernels: how a configuration is changed so that
// its distribution stays what it is.
//
// A kernel is described by a [Spec], a struct whose tagged fields are the
// kernel's keys on a run card. Its Check says whether it is valid for a model,
// its Ergodic whether it reaches every configuration without help, and its
// Bind makes the [mcrun/mc.Kernel] of one chain:
//
//	k := new(proposals.Wolff).Bind(m, proposals.Chain{State: s, Random: stream, Tally: &tally})
//	k.Step()
//
// Kernels of several steps, in turn or drawn at random, are made by
// [mcrun/mc.Steps], [mcrun/mc.Cycle] and [mcrun/mc.NewMixture]. A cycle or
// mixture of valid kernels is valid; it is ergodic if one of them is.
//
// What one step is:
//
//	metropolis       N attempts to change one site
//	heat-bath        N sites drawn anew
//	over-relaxation  N sites reflected at what their neighbours favour
//	wolff            one cluster
//	swendsen-wang    one update of all clusters
//	hmc, nuts        one trajectory along the gradient
//	mala, pcn        one proposal for all coordinates
//	tempering        one round: a step at each rung, and exchanges
//	flow             one proposal of a trained flow
//	latent-hmc       one trajectory of a flow's latent variables
//
// # Models
//
// The local kernels serve every [mcrun/models.Discrete] model. Cluster kernels
// need to know the bonds, [mcrun/models.PairCoupled]: spins +-1 on lattices and
// graphs, with couplings and fields of any sign; Potts models with J >= 0; clock
// models on lattices, the angles of which are reflected; spins
// -1, 0, 1, of which they never change the zeros. For lattices of spins +-1 all
// bonds and fields of which are alike there is code that does several sites at
// a time or branches on nothing random; the other models are served plainly,
// with tables of what a change costs. All of it is held to exact transition
// matrices by package [mcrun/mc/mctest].
//
// Fields are served by kernels that know their couplings,
// [mcrun/models.FieldCoupled] (local ones, over-relaxation, embedded clusters),
// or their gradient, [mcrun/models.Differentiable]. What these tune is tuned
// during thermalization, and constant from then on.
//
// Spins +-1 with pair couplings are moved by kernels of fields through their
// continuous dual: a [Bridge] is a chain of both, measured on the spins.
//
// A Spec may have abilities beside: an [Adviser] says where it is valid but of
// little use, and a [ClusterBuilder] tells [Clusters] what it built, for
// improved estimators. These use that, given the clusters, the spins of
// different ones are independent: of sum_ij s_i s_j, the mean over all ways to
// flip the clusters, only pairs within one cluster are left, so that
//
//	N <m^2> = < sum_C M_C^2 >/N = < M_C^2/|C| >
//
// where M_C is the sum of the spins of cluster C, the first mean is over all
// clusters of a step of Swendsen and Wang, and the second over those of Wolff.
//
// A kernel that moves several chains in one batch for less than one after the other
// says so as [Batched]; the chains of a proposal then form one group. The kernels
// of trained flows do, which are in package [mcrun/proposals/flow].
//
// [Tempering] is no Spec: it is made of a ladder of models with a kernel for each,
// and exchanges their configurations. On a card its inner kernels are those of
// every rung.
//
// To add a kernel, implement Spec and call [Register]. Package
// [mcrun/proposals/proof] tests it, as it tests those that are here.
package proposals
