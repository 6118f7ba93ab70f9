// Package report turns recorded series into numbers, and numbers into tables.
//
// [Summarize] analyses the series of one task, the chains of one proposal at
// one point of a scan, and returns a [Result]. The results of a run make a
// [Summary], which is the content of summary.json: every number of every table
// is in it, so that [Write] needs nothing else, neither series nor card nor
// model, and prints the same tables from a summary that was read back, but for
// the title, which is the card's.
//
// # What the numbers mean
//
// The integrated autocorrelation time is tau_int = 1/2 + sum_{t>=1} rho(t), in
// sweeps. With N records of all chains, one every k sweeps, the effective
// sample size is ESS = N k/(2 tau_int), and the error sqrt(variance/ESS) is
// one standard error. Values, errors and tau_int are those of the Gamma method
// of package analysis; errors of derived quantities are propagated linearly,
// so that their tau_int is that of the linearised function: of m^2 for the
// susceptibility.
//
// R-hat is the rank-normalised split R-hat, while a task runs of the chains that
// are far enough to be compared. That of a derived quantity is the
// largest among the terms it is a function of, each of which has a value in
// every record: of m^2 and m^4 for the Binder cumulant. This is what Stan
// shows of quantities that a user computes draw by draw.
//
// ESS per second divides by the time that kernels took for the measured
// sweeps, summed over chains; neither thermalization nor the reading of
// observables is in it.
//
// What is read off two chains of a pair, as the overlap, is recorded by both.
// It is estimated from one chain of each pair.
//
// # Functions
//
// An observable may be a function, as the correlation is of distance. Then x is
// the list of its points, which are numbers or vectors, and every number is a
// list as long: each point is estimated by itself, and its neighbours are
// correlated with it. Of an observable that is one number x is null. In csv a
// point has a row; tables of a scan show some points only.
//
// # What is unknown
//
// A number that is unknown is nil, null in JSON and "-" in a table, never NaN
// or infinite. The Reason of the observable then names every key that is
// missing, of functions the points too, and says why. No error is told where a
// chain never moved while others did: it would be that of the others. No error
// and no doubt has what is 0 by a factor beta = 0, and a point of a function
// that is the same in every record while others change, as the correlation of
// a spin with itself; nor what is estimated from clusters, if the kernels build
// none.
//
// # Doubts
//
// A doubt is one sentence: what it is about, what is wrong with its numbers,
// and what to do. It begins with the names of observables, or with
// "acceptance", "divergences", "trajectories" or "steps" where it is about the kernels,
// and a colon. Where one doubt befalls several observables it is said once, of
// the worst: "binder (also energy, susceptibility): only 300 records ...". Of a
// function the worst point is named: "correlation at x = 3 and 4 more: ...". As
// each point is looked at, a function is doubted by chance more often than a
// number, at most as many times as it has points.
// To the doubts of package analysis are added:
//
//   - a value that is too far from the exact one. The bound is that which
//     chance exceeds once in 16 000 tasks (4 sigma of one Gaussian number),
//     shared among the numbers of the task that have an exact value, wider
//     where the error is itself uncertain (Student's t), and on the side to
//     which rare excursions skew the deviation, but nowhere beyond 6 sigma,
//     where the error is too small to be of use;
//   - a value that could not be estimated;
//   - a point that is the same in every record, where so many independent
//     records would have had to differ by what is exact; a rare event that none
//     has met is no reason;
//   - an acceptance below 1e-3;
//   - trajectories of gradient-based kernels that diverged after thermalization;
//     those that diverged before are harmless;
//   - an acceptance below a third of what the kernel was tuned to, or of 0.99 and
//     more where effective records are few: then steps are too small;
//   - trajectories of which half or more were ended by the bound on their length;
//   - a ladder of which neighbours hardly exchange, no replica comes from one end
//     to the other and back, or exchanges fail for an energy that is not finite;
//   - a value of which the kernels of a run disagree (see below).
//
// # Ladders
//
// A rung of a tempered task is a result, with the model of the rung. To its
// observables are added exchange_rate, the acceptance of exchanges with the next
// rung, which the last has not, and round_trip_time, in sweeps, the number of
// replicas over the rate of round trips from the first rung to the last and back.
// Both come from columns of the series, so that their errors are honest too. In
// tables they are told with the ladder. The seconds of a rung are those of the
// whole ladder: that is what its numbers take.
//
// # Flows
//
// A [Flow] is told as it came out of its training, by draws from it. Seconds of
// training are summed over workers, as those of kernels are over chains, and nil
// where the weights were given. KL(q||p) is the loss plus ln Z, exact where that is
// known, and nil where it is not and the weights are worth few draws. What is to be
// held against a flow is a doubt, which begins with "flow" and its name, of tasks
// whose only kernel is the independent sampler with this flow; where other kernels
// take turns with it, it is told once for the flow, and keeps no number from
// being judged.
//
// Where kernels are compared the training is counted: effective samples divided by
// the seconds of the kernel and of the whole training of its flow, in each row. Ratios
// and verdicts go by that.
//
// # Kernels compared
//
// The figure of merit is ESS per second of an observable. It is known as well
// as tau_int is; the scatter of timings is not in its error. A kernel is best
// if no other reaches its ESS per second within two standard errors of the
// difference; those that do are a tie. A kernel whose observable is doubted is
// not judged, and none is called best while a doubted one shows more.
//
// # Pooled over runs and kernels
//
// Where several series are of one model, of the kernels of a run or of several
// runs, each number is pooled by name over all of them: the mean with weights
// 1/error^2, and the probability p that series which agree scatter as much, by
// Welch's test, which knows that errors are uncertain. Series are independent,
// as each proposal and chain has a random stream of its own; runs are if their
// seeds differ. Of series that are equal to the bit, as of one seed, one is
// counted, and those that are doubted are left out. Kernels or runs disagree
// if p is below 1e-3 divided by the number of p of the whole page: where all
// agree, one page in 1000 has such a doubt. Pooled numbers are made from
// summaries as tables are printed. That kernels of one run disagree is a doubt of
// each of their results, which [New] adds; it does not keep them from being
// pooled.
//
// # Averages over disorder
//
// A scan of model.disorder_seed draws samples of random couplings. The average
// over points that differ in nothing else has the error of the scatter of the
// samples, in which the statistical error of each is contained.
package report
