package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"mcrun/analysis"
)

// chanceOfDoubt is the probability that a task without fault has a value so
// far from the exact one that it is doubted: that of 4 sigma of one Gaussian
// number, on both sides.
const chanceOfDoubt = 6.334e-5

// mostSigmas is the deviation from an exact value that neither a skewed nor an
// uncertain error excuses.
const mostSigmas = 6

// leastAcceptance is the acceptance below which a kernel is doubted: its
// records are mostly repetitions.
const leastAcceptance = 1e-3

// acceptanceName stands for an observable's name in a doubt about the kernel.
const acceptanceName = "acceptance"

// A doubt is one reason not to trust an observable.
type doubt struct {
	kind     string // doubts of one kind are one, told of the most severe
	name     string
	message  string
	severity float64
}

// doubts returns the doubts of package analysis about an estimate, or the one
// that there is none. What is 0 by itself is not doubted.
func (e *estimated) doubts() []doubt {
	if e.err == errZero {
		return nil
	}
	if e.err != nil {
		kind := ""
		for _, err := range []error{analysis.ErrConstant, analysis.ErrShort, analysis.ErrNotFinite} {
			if errors.Is(e.err, err) {
				kind = err.Error()
			}
		}
		if kind == "" {
			kind = e.err.Error()
		}
		return []doubt{{kind: kind, name: e.name, message: explain(e.err)}}
	}
	var list []doubt
	for _, d := range analysis.Doubts(e.Estimate, e.rhat, e.carrier...) {
		severity, kind := 0.0, string(d.Kind)
		switch d.Kind {
		case analysis.FewRecords:
			severity = e.TauInt / float64(e.N)
		case analysis.ChainsDiffer:
			severity = e.rhat
		case analysis.ChainFrozen:
			kind = d.Message // which names the chains, here such as have just begun
		}
		list = append(list, doubt{kind, e.name, d.Message, severity})
	}
	return list
}

// deviation returns the doubt that a value is too far from the exact one,
// being one of several that are compared. The error is known as well as nu
// independent squares tell it, so that the deviation follows Student's t once
// it is rid of its skewness: where rare excursions of the chain make the
// average, a run that has seen few of them has a small error too. That excuses
// no more than mostSigmas: beyond, the error is of no use.
func (e *estimated) deviation(exact float64, compared int) []doubt {
	if e.err != nil {
		return nil
	}
	sigmas := (e.Value - exact) / e.Error
	nu := math.Max(1, 0.5*math.Pow(e.Error/e.ErrorError, 2))
	bound := distuv.StudentsT{Sigma: 1, Nu: nu}.Quantile(1 - chanceOfDoubt/float64(2*compared))
	size, cause := math.Abs(sigmas), ""
	switch {
	case math.Abs(symmetric(sigmas, e.skewness())) > bound:
		cause = fmt.Sprintf("where chance explains %.1f: thermalize longer or use a kernel that mixes faster; if it stays, kernel and model disagree", bound)
	case size > mostSigmas:
		cause = fmt.Sprintf("which only an error that is too small explains, as of a run that has seen few of its rare excursions: run longer, until it is below %d", mostSigmas)
	default:
		return nil
	}
	return []doubt{{
		kind:     "exact",
		name:     e.name,
		message:  fmt.Sprintf("%s is %.1f sigma from the exact value %.8g, %s", FormatValue(e.Value, e.Error), size, exact, cause),
		severity: size,
	}}
}

// skewness estimates the skewness of the estimate, as that of the means of m
// blocks of consecutive records, each 10 tau_int long, over sqrt(m).
func (e *estimated) skewness() float64 {
	size := int(math.Ceil(10 * e.TauInt))
	var blocks []float64
	for _, x := range e.carrier {
		for ; len(x) >= size; x = x[size:] {
			blocks = append(blocks, stat.Mean(x[:size], nil))
		}
	}
	s := stat.Skew(blocks, nil) / math.Sqrt(float64(len(blocks)))
	if !finite(s) {
		return 0 // fewer than three blocks
	}
	return s
}

// symmetric takes the skewness out of a deviation in units of an error that
// comes from the same records (P. Hall, J. R. Stat. Soc. B 54 (1992) 221). As
// the skewness is uncertain, it only ever excuses a deviation.
func symmetric(sigmas, skewness float64) float64 {
	x := sigmas * skewness / 3
	z := sigmas*(1+x+x*x/3) + skewness/6
	if math.Abs(z) > math.Abs(sigmas) {
		return sigmas
	}
	return z
}

// rejection returns the doubt that too few proposals are accepted.
func rejection(proposed, accepted uint64) []doubt {
	if float64(accepted) >= leastAcceptance*float64(proposed) {
		return nil
	}
	return []doubt{{
		kind: acceptanceName,
		name: acceptanceName,
		message: fmt.Sprintf("only %d of %d proposals went through, so that records hardly change: make smaller steps, train the flow longer, or put the kernel in a cycle with another",
			accepted, proposed),
	}}
}

// doubts are those of one task, by kind.
type doubts [][]doubt

func (l *doubts) add(list ...doubt) {
	for _, d := range list {
		i := slices.IndexFunc(*l, func(same []doubt) bool { return same[0].kind == d.kind })
		if i < 0 {
			*l = append(*l, []doubt{d})
			continue
		}
		(*l)[i] = append((*l)[i], d)
	}
}

// list writes each kind once, with the message about the most severe.
func (l doubts) list() []string {
	list := []string{}
	for _, same := range l {
		worst := 0
		for i, d := range same {
			if d.severity > same[worst].severity {
				worst = i
			}
		}
		var also []string
		for i, d := range same {
			if i != worst {
				also = append(also, d.name)
			}
		}
		about := same[worst].name
		if len(also) > 0 {
			about += " (also " + strings.Join(also, ", ") + ")"
		}
		list = append(list, about+": "+same[worst].message)
	}
	return list
}

// doubted reports whether one of the doubts is about an observable, or about
// the kernel and so about all.
func doubted(list []string, name string) bool {
	for _, d := range list {
		about, _, _ := strings.Cut(d, ": ")
		names := strings.Split(strings.TrimSuffix(strings.Replace(about, " (also ", ", ", 1), ")"), ", ")
		if slices.Contains(names, name) || names[0] == acceptanceName {
			return true
		}
	}
	return false
}
