// Package train trains flows to be near a target: from its action alone, by the
// reverse Kullback-Leibler divergence, or from samples of it, by their
// likelihood.
//
// A training is an [mcrun/mc.Group] of one chain, whose kernel makes one step of
// training and whose probe writes one row of its history. So it runs, is
// interrupted and goes on as chains do, to the same bits:
//
//	g := mc.NewGroup(0, 1, seed, "my model", "my flow")
//	f, err := flow.New[float32](flowSpec, model, g.Stream(0, "weights"))
//	t := train.New(spec, f, train.Target{Model: model}, g, flow.NewWorkers[float32](0))
//	err = g.Run(ctx, t.Plan(time.Minute), sink)
//	t.Finish()
//
// # What is made small
//
// With S = -ln pi the action of the target, p = pi/Z,
//
//	reverse-kl   E_q[ln q + S] = KL(q || p) - ln Z
//	nll          E_p[-ln q]    = KL(p || q) + the entropy of p.
//
// The first is bounded from below by -ln Z, and asks for no samples; it is
// content with one of several modes. The second sees all modes that its samples
// have. A sum of both is bounded too.
//
// # Which weights are kept
//
// Every so many steps the weights, or their average, are tested on samples that
// no step has seen. Those for which the mean over the last tests is least are
// kept. A step that is not finite, or a test that is far worse than the best,
// brings these back, forgets what the optimizer has gathered, and halves the
// rate; a training that cannot be mended so is given up, with an error that says
// so.
package train
