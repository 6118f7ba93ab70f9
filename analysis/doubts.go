package analysis

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/gonum/stat/distuv"
)

// Doubt is one reason not to trust an estimate, and what to do about it.
type Doubt struct {
	Kind    Kind
	Message string // one sentence: what is wrong, with its numbers; the remedy
	Cut     int    // records to discard from each chain; 0 but for NotThermalized
}

// Kind tells doubts apart, for counting.
type Kind string

// The kinds of doubt.
const (
	FewRecords   Kind = "few records"   // N < 50 tau_int
	ChainsDiffer Kind = "chains differ" // R-hat > 1.01
	ErrorGrows   Kind = "error grows"   // binning has no plateau
	WindowAtEnd  Kind = "window at end" // tau_int's window needs more data than there are
	ChainFrozen  Kind = "chain frozen"  // a chain is constant while another moves
	AllConstant  Kind = "all constant"  // no chain moves
	ChainStopped Kind = "chain stopped" // a chain moves no more

	// NotThermalized: the beginning differs from the last half, see
	// Thermalization.
	NotThermalized Kind = "not thermalized"
	// RunsDiffer: independent runs disagree, see Pooled.
	RunsDiffer Kind = "runs differ"
)

// The limits that doubts are raised at.
const (
	MinRecords = 50   // least N / tau_int
	MaxRHat    = 1.01 // largest R-hat (Vehtari et al. 2021)
)

// Doubts lists the reasons to doubt an estimate, none if all is well.
//
// rhat is the R-hat of the chains; NaN or 0 if unknown. chains are the series
// that the estimate was made from, or for a derived quantity a series that
// carries it; without chains the rules that need them are silent. Numbers of
// records are of all chains; remedies are factors, which hold in any unit of
// time, but for the records to discard of a run that is not thermalized, which
// Doubt.Cut holds too.
//
// Chains that agree and hold 1000 effective records each are doubted less than
// once in 1000 times. R-hat alone needs that many: four chains of 100 effective
// records exceed 1.01 about every third time, and the doubt then says that
// chance explains it.
func Doubts(e Estimate, rhat float64, chains ...[]float64) []Doubt {
	var doubts []Doubt
	doubt := func(k Kind, format string, args ...any) {
		doubts = append(doubts, Doubt{Kind: k, Message: fmt.Sprintf(format, args...)})
	}

	moving, longest := 0, 0
	apart := false // whether two chains are not constant at one value
	var frozen, stopped []int
	since := math.MaxInt // record from which on a chain has stopped
	for c, x := range chains {
		longest = max(longest, len(x))
		switch {
		case len(x) < 2:
		case constant(x):
			frozen = append(frozen, c)
			apart = apart || x[0] != chains[frozen[0]][0]
		default:
			moving++
			if at, ok := stops(x); ok {
				stopped = append(stopped, c)
				since = min(since, at)
			}
		}
	}
	switch {
	case len(frozen) > 0 && moving == 0 && apart:
		doubt(AllConstant, "every chain is constant, each at a place of its own, so they are stuck and no error can be said: thermalize longer, start where it is likely, or use a kernel that moves them")
	case len(frozen) > 0 && moving == 0:
		doubt(AllConstant, "every chain is constant, so no error can be said: run longer, or with a kernel that moves it")
	case len(frozen) > 0:
		doubt(ChainFrozen, "%s never moved while others did: start elsewhere, thermalize longer, or use a kernel that moves every chain", nameChains(frozen))
	}

	if len(stopped) > 0 {
		verb := "moves"
		if len(stopped) > 1 {
			verb = "move"
		}
		doubt(ChainStopped, "%s %s no more from record %d on, so that it is stuck, or has come to rest in a ground state and what is before is not thermalized: thermalize longer, or use smaller steps or a kernel that moves it",
			nameChains(stopped), verb, since)
	}
	if e.TauInt > 0 && 4*e.TauInt >= float64(longest) && len(chains) > 0 {
		doubt(FewRecords, "only %d records for tau_int = %.3g records, which is as much as chains of %d can show, so that value, error and tau_int are guesses: use a kernel that moves farther, or run at least 100 times as long",
			e.N, e.TauInt, longest)
	} else if e.TauInt > 0 && float64(e.N) < MinRecords*e.TauInt {
		doubt(FewRecords, "only %d records for tau_int = %.3g records, so tau_int and the error are themselves uncertain: run at least %g times as long",
			e.N, e.TauInt, math.Ceil(10*MinRecords*e.TauInt/float64(e.N))/10)
	}
	if e.WindowAtEnd {
		doubt(WindowAtEnd, "the autocorrelation has not decayed within %d records, half of the longest chain, so the error is too small: run at least 10 times as long", e.Window)
	}
	if rhat > MaxRHat && (moving > 0 || len(chains) == 0) {
		ess := withinESS(chains)
		if limit := rhatByChance(ess, len(chains)); rhat < limit {
			doubt(ChainsDiffer, "R-hat = %s is above %.2f, which so few as %.0f effective records within the chains explain (chance allows %.3f): run longer", formatAbove(rhat, MaxRHat), MaxRHat, ess, limit)
		} else {
			doubt(ChainsDiffer, "R-hat = %s is above %.2f: the chains, or the halves of one, have not seen the same distribution: thermalize longer, or use a kernel that mixes faster", formatAbove(rhat, MaxRHat), MaxRHat)
		}
	}
	if b, err := LogBinning(chains...); err == nil && b.Convergence == NotConverged {
		last := len(b.Levels) - 1
		doubt(ErrorGrows, "the binning error still grows, from %.3g to %.3g between bins of %d and %d records, so records far apart are correlated: run at least 4 times as long",
			b.Levels[last-2].Error, b.Levels[last].Error, b.Levels[last-2].Size, b.Levels[last].Size)
	}
	if d, err := Thermalization(chains...); err == nil && d.P < MinChance {
		doubts = append(doubts, d.doubt())
	}
	return doubts
}

// A chain has stopped that holds one value at its end for a part of its length, and
// much longer than any of the values before, of which there are many. A chain that
// leaves each value after times that are independent does so with a probability
// below 1e-8.
const (
	endShare   = 0.25
	muchLonger = 10
	manyBefore = 20
)

// stops reports whether a chain that moved has stopped, and from which record on.
func stops(x []float64) (at int, ok bool) {
	at = len(x) - 1
	for at > 0 && x[at-1] == x[at] {
		at--
	}
	held := len(x) - at
	if at == 0 || float64(held) < endShare*float64(len(x)) {
		return at, false
	}
	run, runs := 0, 0
	for i := range at {
		if i == 0 || x[i] != x[i-1] {
			run = 0
			runs++
		}
		if run++; held < muchLonger*run {
			return at, false
		}
	}
	return at, runs >= manyBefore
}

// constant says whether all records are equal.
func constant(x []float64) bool {
	for _, v := range x {
		if v != x[0] {
			return false
		}
	}
	return true
}

// maxNamed is the largest number of chains that a sentence names.
const maxNamed = 3

// nameChains names chains in a sentence, the first few if they are many.
func nameChains(n []int) string {
	if len(n) == 1 {
		return fmt.Sprintf("chain %d", n[0])
	}
	s := fmt.Sprintf("chains %d", n[0])
	for i, v := range n[1:] {
		switch {
		case i+1 == maxNamed:
			return s + fmt.Sprintf(" and %d more", len(n)-maxNamed)
		case i+2 == len(n):
			s += fmt.Sprintf(" and %d", v)
		default:
			s += fmt.Sprintf(", %d", v)
		}
	}
	return s
}

// formatAbove writes a value above a limit with three decimals, or as many more as
// show that it is above.
func formatAbove(v, limit float64) string {
	for decimals := 3; ; decimals++ {
		s := strconv.FormatFloat(v, 'f', decimals, 64)
		if shown, err := strconv.ParseFloat(s, 64); err != nil || shown > limit {
			return s
		}
	}
}

// withinESS is the sum of the chains' effective sample sizes, each by itself, so
// that it does not know whether they agree.
func withinESS(chains [][]float64) float64 {
	ess := 0.0
	for _, x := range chains {
		if e, err := (Gamma{}).Mean(x); err == nil {
			ess += e.ESS
		}
	}
	return ess
}

// rhatByChance is the value that R-hat exceeds in one of a thousand sets of
// chains that agree and hold ess effective records between them. The means of
// m halves of chains then scatter with variance m/ess in units of the
// variance, so that R-hat^2 - 1 is (m/ess) chi^2(m-1)/(m-1).
func rhatByChance(ess float64, chains int) float64 {
	if !(ess > 0) || chains == 0 {
		return 0
	}
	m := 2 * float64(chains)
	chi2 := distuv.ChiSquared{K: m - 1}.Quantile(0.999)
	return math.Sqrt(1 + m/ess*chi2/(m-1))
}
