// Package flow holds normalizing flows: distributions of fields that are
// trained to be near a target, drawn without a Markov chain, and whose density
// is known.
//
// A [Flow] maps latent variables z, which a simple prior gives, to configurations
// x = h g(z): g is a [Bijector] with parameters, and h is drawn from a finite
// group of symmetries. What g is a [Spec] says, a struct whose tagged fields are
// the keys of a run card's [flow.NAME] table:
//
//	f, err := flow.New[float32](spec, model, stream)
//	w := flow.NewWorkers[float32](0)
//	x, logq := make([]float64, 512*f.Dim()), make([]float64, 512)
//	f.Sample(w, stream, x, logq)
//
// # Directions
//
// Forward is generation, z -> x, and inverse is inference, x -> z. With p the
// density of the prior, ln q(x) = ln p(z) - ln|det dx/dz|.
//
// # Layouts
//
// On a periodic lattice the layout neuralrg (S.-H. Li and L. Wang,
// arXiv:1802.02840) is that of the multi-scale entanglement renormalisation
// ansatz: at scale n = 0, 1, ... the sites whose coordinates are divisible by 2^n
// carry the variables of the scale. Layers of blocks of 2^d of them act on these,
// first on blocks at the origin and then on blocks shifted by one site of the
// scale along every direction; the site of each block at the origin whose
// coordinates are divisible by 2^(n+1) goes on to the next scale. The blocks of a
// layer share their parameters. The layout tebd stays at scale 0.
//
// # Kernels
//
// A trained flow, which nothing changes any more, moves chains: [Independent]
// proposes what it draws, all of it or a part of the latent variables, and
// [LatentHMC] follows trajectories of these. Both leave the target invariant
// whatever the flow; how well they do depends on it. They are specs of kernels, to
// which [Learned] hands the flow:
//
//	k := new(flow.Independent).WithFlow(f).Bind(m, chain)
//
// [Evaluate] tells what a flow is worth before any chain is run: bounds on ln Z and
// its estimate, the effective share of draws, the acceptance to expect, and what
// there is to doubt.
//
// # Numbers
//
// Flows are of float32 in use, and of float64 where tests compare gradients and
// inverses: the code is the same. Logarithms of determinants are summed in T
// within a block, and in float64 beyond.
package flow
