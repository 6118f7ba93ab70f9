// Package observables holds what is measured.
//
// A [Column] is a quantity that is read off each recorded configuration: one
// column of a chain's time series. An [Observable] is what is estimated from
// columns after the run: the mean of a column, or a function of the means of
// several terms, as the specific heat is of <e> and <e^2>. So a new derived
// observable needs no new run, and its error follows from the series with all
// correlations.
//
// Formulas are those of the Doc of each observable; `mcrun list observables`
// prints them. Energies and magnetizations are per site. Where a formula has s
// for the spin of a site, it is the vector sigma of [models.SpinField], and a
// product or square of two is the sum over its components: for the Potts model
// too correlations are so those of its order parameter, with C(0) = 1.
//
// # Functions
//
// A column may be a vector: a record of the correlation function holds C(r) for
// all r. The observable then is a function. Its Points are the arguments, and
// each has an [Estimator] of its own, which says which numbers of a record it is
// made of.
//
// Functions of distance and of wave vector are recorded along the axes of a
// periodic lattice, for every direction mu in turn at r = 0..L_mu/2 sites, or at
// k = 2 pi n/L_mu with n = 0..L_mu/2. Where all sides are equal the observable
// averages over directions and its points are the numbers r or k; else they are
// vectors, along every direction in turn, of which those after the first begin
// at n = 1, since the origin is one point. The series keep the directions apart
// always, each with its origin. So in an expression structure_factor[i] is the
// i-th point of the observable, but within mean(...) the i-th number of the
// column.
//
// # Pairs of chains
//
// A column may be read off two chains at once, as the overlap of two replicas
// is: chains 0 and 1 of a [Probe] are a pair, 2 and 3 are the next. Both chains
// record the same value, so that one series of each pair holds all there is to
// know, and an estimate from both would claim twice the statistics.
//
// # Improved estimators
//
// Kernels that build clusters give each a new sign or colour independently of
// the others. The average over all that they could have given is known without
// drawing any: spins of different clusters do not contribute to a product of
// two. What is averaged so fluctuates less, above all at high temperature,
// where clusters are small.
//
// Such a column has Clusters in place of Bind. Kernels tell the probe's
// [Listener] of the clusters of each step, and a record is the average over the
// steps since the one before; if there was none, as may happen in a mixture of
// kernels, it is that one again. The sums are part of a checkpoint, so the
// Listener is to be owned by the group. They begin with the first step that is
// told: where that is one of thermalization, the probe is to be read once when
// thermalization ends, and the row dropped.
//
// Kernels that move the continuous dual of two-valued spins give the mean of each
// spin given x, which serves as well: a column with Dual reads it off the chain's
// [Bridged] state. Where kernels have moved the spins since, x is drawn from them for
// it. A chain has one [Source]: the dual, where there is one, or else clusters.
//
// # Exact values
//
// Where a model has few states, [Enumerate] returns the exact value of every
// observable: the same columns are read off all states instead of records, and
// the same estimators evaluated at the exact means. So it proves estimators as
// well as kernels.
//
// # Adding to them
//
// [Derive] makes an observable of an expression in others and in means of
// columns, as a run card does in [observables.derived]. In Go, call [Register],
// and [RegisterColumn] for a quantity that is not recorded yet.
package observables
