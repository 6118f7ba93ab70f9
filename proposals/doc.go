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
//	metropolis     N attempts to change one site
//	heat-bath      N sites drawn anew
//	wolff          one cluster
//	swendsen-wang  one update of all clusters
//
// To add a kernel, implement Spec and call [Register].
package proposals
