// Package analysis turns the series of a Monte Carlo run into estimates with
// honest errors, and says when they are not to be trusted. It needs nothing but
// slices of float64 and knows nothing of where they come from.
//
// # Series with memory
//
// A Markov chain's records are not independent: each resembles the ones before
// it. With rho(t) the correlation of two records at distance t, rho(0) = 1, the
// variance of the mean of N records is
//
//	error^2 = 2 tau_int variance/N,   tau_int = 1/2 + sum_{t>=1} rho(t),
//
// as if there were only N/(2 tau_int) independent ones. That number is the
// effective sample size, ESS. Independent records have tau_int = 1/2. To ignore
// tau_int is to print errors that are too small by sqrt(2 tau_int).
//
// All times in this package are in records. A caller that keeps one record for
// every k sweeps multiplies by k.
//
// Programs differ in what they call the autocorrelation time, and numbers can be
// compared only after conversion:
//
//	this package, Wolff, Sokal, pyerrors   tau_int = 1/2 + sum rho
//	emcee, Stan, ArviZ, PyMC               1 + 2 sum rho = 2 tau_int
//	ALPS, Carlo.jl                         sum rho       = tau_int - 1/2
//
// They differ also in where they cut the sum, as far lags hold nothing but noise.
// On one series the rules give results that differ by 5 to 10 %, well within
// TauIntError. Gamma is the rule of this package, Sokal that of emcee.
//
// # From series to estimates
//
// Gamma.Mean estimates the mean of a recorded quantity, Gamma.Function any
// function of means, such as a specific heat or a Binder cumulant, with all
// cross-correlations in its error. Jackknife does the latter by leaving out
// blocks, and corrects the bias of order 1/N; LogBinning shows how the error
// grows with the size of a bin; Bootstrap resamples blocks of records, for
// intervals that need not be symmetric. All of them agree on a long run.
//
// RHat, BulkESS, TailESS, MCSEMean and MCSEQuantile are the diagnostics of
// Vehtari et al. (2021). Thermalization compares the beginning of the chains
// with the rest, and says how much of it to discard.
//
// Pool joins the estimates of independent runs by their errors and says whether
// they agree; Average is the mean over realisations of disorder, with the error
// from their scatter.
//
// Several chains of one target are pooled: pass them as chains[c][t], or with
// several columns as chains[c][column][t]. Chains may differ in length; every
// record has one weight. Chains and records count from 0 in messages.
//
// No function keeps or changes what it is given. All may be called at the same
// time; none starts goroutines, so that results do not depend on the machine's
// cores. Memory beyond the data is a few blocks, for RHat 32 MB; only the
// effective sample sizes by rank sort all records.
//
// # What cannot be said
//
// A series that never changed has no error and no tau_int; 0 would be a lie.
// The functions return errors for which errors.Is finds ErrConstant, ErrShort or
// ErrNotFinite, and an Estimate that holds what is known.
//
// # Reading doubts
//
// An error bar is itself an estimate from the data, and data cannot show what
// they have not met. Doubts names the signs of trouble that they do show. Few
// records for tau_int: the error is uncertain by ErrorError, and tau_int likely
// underestimated. Chains that differ, or one frozen: the target has parts that a
// chain does not leave, and the error, pooled over such chains, is no standard
// error of anything. An error that grows with the bin size, or a window at the
// end of the data: correlations last as long as the run. The remedy of most is a
// longer run or a kernel that moves what does not move; it is never a smaller
// error bar. A beginning that differs from the rest: the chains still moved to
// where they belong; the doubt says how many records to discard. Runs that
// differ by more than their errors: one of them is wrong, and neither their mean
// nor an error enlarged to cover them says which.
package analysis
