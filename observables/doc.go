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
// prints them. Energies and magnetizations are per site.
//
// To add an observable, call [Register], and [RegisterColumn] for a quantity
// that is not recorded yet.
package observables
