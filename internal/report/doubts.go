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
	"mcrun/mc"
)

// chanceOfDoubt is the probability that a task without fault has a value so
// far from the exact one that it is doubted: that of 4 sigma of one Gaussian
// number, on both sides.
const chanceOfDoubt = 6.334e-5

// mostSigmas is the deviation from an exact value that neither a skewed nor an
// uncertain error excuses.
const mostSigmas = 6

// unseen is how many of the independent records would have had to differ from
// what all of them say, if a doubt is to rest on it: of as many on average not
// one is seen with a probability of exp(-unseen) = 2e-9. As a record is off by
// less than the largest number, those that differ are at least
// showing = (effective samples)/(largest number) times the distance from the
// exact value.
const unseen = 20

// leastAcceptance is the acceptance below which a kernel is doubted: its
// records are mostly repetitions.
const leastAcceptance = 1e-3

// mostCut is the share of trajectories that end by the bound on their length,
// from which on they are doubted.
const mostCut = 0.5

// mistuned is the part of the acceptance aimed at below which a kernel is not
// tuned to where it is; tooSafe is an acceptance at which steps can be larger.
const (
	mistuned = 1. / 3
	tooSafe  = 0.99
)

// Names that stand for an observable's in a doubt about the kernel. The first two
// are about all observables, the others about the time that they take.
const (
	acceptanceName   = "acceptance"
	divergencesName  = "divergences"
	trajectoriesName = "trajectories"
	stepsName        = "steps"
)

// A doubt is one reason not to trust an observable.
type doubt struct {
	kind     string // doubts of one kind are one, told of the most severe
	name     string
	point    string // of a function
	message  string
	severity float64
}

// doubts returns what was found about an estimate, or the one doubt that there
// is none. What has no error by itself is not doubted, nor what the kernels do
// not offer.
func (e *estimated) doubts() []doubt {
	list := e.found
	switch e.err {
	case nil:
	case errZero, errSame:
		return nil
	default:
		if _, excused := errors.AsType[notOffered](e.err); excused {
			return nil
		}
		kind := e.err.Error()
		for _, err := range []error{analysis.ErrConstant, analysis.ErrShort, analysis.ErrNotFinite} {
			if errors.Is(e.err, err) {
				kind = err.Error()
			}
		}
		message := explain(e.err)
		if errors.Is(e.err, analysis.ErrNotFinite) && strings.Contains(message, ", record ") {
			message += ": mend what records it, or the model; observables that do not need it stand"
		}
		list = []doubt{{kind: kind, message: message}}
	}
	for i := range list {
		list[i].name, list[i].point = e.name, e.point
	}
	return list
}

// find returns the doubts of package analysis about an estimate that was made
// from chains.
func (t *Task) find(e *estimated, chains [][]float64) []doubt {
	recorded := slices.DeleteFunc(slices.Clone(chains), func(x []float64) bool { return len(x) == 0 })
	var list []doubt
	for _, d := range analysis.Doubts(e.Estimate, e.rhat, recorded...) {
		x := doubt{kind: string(d.Kind), message: d.Message}
		switch d.Kind {
		case analysis.FewRecords:
			x.severity = e.TauInt / float64(e.N)
		case analysis.ChainsDiffer:
			x.severity = e.rhat
		case analysis.ChainFrozen:
			x.kind = d.Message // which names the chains, here such as have just begun
		case analysis.NotThermalized:
			x.severity = float64(d.Cut)
			if drift, err := analysis.Thermalization(chains...); err == nil {
				x.message = t.discardMore(drift)
			}
		}
		list = append(list, x)
	}
	return list
}

// discardMore says what to do about a drift.
func (t *Task) discardMore(d analysis.Drift) string {
	chains := "each chain"
	if d.Chain >= 0 {
		chains = fmt.Sprintf("chain %d", d.Chain)
	}
	more, least := d.Cut, ""
	switch {
	case d.Cut == 0: // so short a beginning that no cut pays
		more, least = d.Records, ", at the least"
	case 20*d.Cut >= 9*d.Length: // close to half of the run, which is the most that is tried
		more, least = d.Length, ", at the least"
	}
	return fmt.Sprintf("the first %d measured sweeps of %s differ from the last half by %.1f sigma, so that too few were discarded: thermalize = %d on the card%s",
		d.Records*t.Every, chains, math.Abs(d.Sigmas), roundUp(t.Thermalize+more*t.Every), least)
}

// roundUp returns the next number of two significant digits.
func roundUp(n int) int {
	unit := 1
	for n > 99*unit {
		unit *= 10
	}
	return (n + unit - 1) / unit * unit
}

// deviation returns the doubt that a value is too far from the exact one,
// being one of several that are compared. The error is known as well as nu
// independent squares tell it, so that the deviation follows Student's t once
// it is rid of its skewness: where rare excursions of the chain make the
// average, a run that has seen few of them has a small error too. That excuses
// no more than mostSigmas: beyond, the error is of no use.
func (e *estimated) deviation(exact float64, compared int) []doubt {
	if e.err == errSame && math.Abs(e.Value-exact)*e.showing > unseen {
		return []doubt{{
			kind:     "exact",
			name:     e.name,
			point:    e.point,
			message:  fmt.Sprintf("it is %.8g in every record, but %.8g exactly: kernel and model, or the observable, disagree", e.Value, exact),
			severity: math.Inf(1),
		}}
	}
	if e.err != nil {
		return nil
	}
	sigmas := (e.Value - exact) / e.Error
	nu := math.Max(1, squares(e.Estimate))
	bound := distuv.StudentsT{Sigma: 1, Nu: nu}.Quantile(1 - chanceOfDoubt/float64(2*compared))
	size, cause := math.Abs(sigmas), ""
	switch {
	case math.Abs(symmetric(sigmas, e.skewness)) > bound:
		cause = fmt.Sprintf("where chance explains %.1f: thermalize longer or use a kernel that mixes faster; if it stays, kernel and model disagree", bound)
	case size > mostSigmas:
		cause = fmt.Sprintf("which only an error that is too small explains, as of a run that has seen few of its rare excursions: run longer, until it is below %d", mostSigmas)
	default:
		return nil
	}
	return []doubt{{
		kind:     "exact",
		name:     e.name,
		point:    e.point,
		message:  fmt.Sprintf("%s is %.1f sigma from the exact value %.8g, %s", FormatValue(e.Value, e.Error), size, exact, cause),
		severity: size,
	}}
}

// skewness estimates the skewness of the estimate, as that of the means of m
// blocks of consecutive records, each 10 tau_int long, over sqrt(m).
func skewness(tau float64, chains [][]float64) float64 {
	size := int(math.Ceil(10 * tau))
	var blocks []float64
	for _, x := range chains {
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

// kernelDoubts returns the doubts about the kernels, from what they counted, the
// share of proposals to which they were tuned, and whether effective records are
// few.
func kernelDoubts(t mc.Tally, accept float64, few bool) []doubt {
	var list []doubt
	about := func(name, format string, args ...any) {
		list = append(list, doubt{kind: name, name: name, message: fmt.Sprintf(format, args...)})
	}
	if !moves(t) {
		about(acceptanceName, "only %d of %d proposals went through, so that records hardly change: make smaller steps where the kernel has a step size, use another kernel where it has none, or put it in a cycle with another",
			t.Accepted, t.Proposed)
	} else if float64(t.Accepted) < mistuned*accept*float64(t.Proposed) {
		about(stepsName, "%s of proposals went through, where the kernel was tuned to %.2g %%: it was tuned too briefly, or where forces are weaker: thermalize longer, or start where the chains stay",
			percent(t.Accepted, t.Proposed), 100*accept)
	} else if t.Proposed > 0 && few && float64(t.Accepted) >= tooSafe*float64(t.Proposed) {
		about(stepsName, "%s of proposals went through, and yet effective records are few: make larger steps where the kernel has a step size (step, length, width), or leave it out to have it tuned",
			percent(t.Accepted, t.Proposed))
	}
	if t.Diverged > 0 {
		about(divergencesName, "%d of %d trajectories (%s) diverged after thermalization, so that regions where the action is steep may be left out: make the step smaller (step, or accept closer to 1), thermalize longer, or use another kernel",
			t.Diverged, t.Trajectories, percent(t.Diverged, t.Trajectories))
	}
	if t.Cut > 0 && float64(t.Cut) >= mostCut*float64(t.Trajectories) {
		about(trajectoriesName, "%d of %d (%s) were ended by the bound on their length before they turned, so that they are shorter than is best: allow longer ones (max_depth), or larger steps (step, or a lower accept)",
			t.Cut, t.Trajectories, percent(t.Cut, t.Trajectories))
	}
	return list
}

// percent writes a share, of which neither 0 nor 100 % is said but where it is.
func percent(part, whole uint64) string {
	switch share := 100 * float64(part) / float64(whole); {
	case part == 0 || part == whole:
		return fmt.Sprintf("%.0f %%", share)
	case share < 0.01:
		return "less than 0.01 %"
	case share > 99:
		return "more than 99 %"
	default:
		return fmt.Sprintf("%.2g %%", share)
	}
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

// list writes each kind once, with the message about the most severe: of a
// function, about its worst point.
func (l doubts) list() []string {
	list := []string{}
	for _, same := range l {
		worst := same[0]
		for _, d := range same {
			if d.severity > worst.severity {
				worst = d
			}
		}
		points := 0
		var also []string
		for _, d := range same {
			switch {
			case d.name == worst.name:
				points++
			case !slices.Contains(also, d.name):
				also = append(also, d.name)
			}
		}
		about := worst.name
		if worst.point != "" {
			about += atPoint + worst.point
			if points > 1 {
				about += fmt.Sprintf(" and %d more", points-1)
			}
		}
		if len(also) > 0 {
			about += alsoAbout + strings.Join(also, ", ") + ")"
		}
		list = append(list, about+": "+worst.message)
	}
	return list
}

// What follows the name of an observable in a doubt.
const (
	atPoint   = " at x = "
	alsoAbout = " (also "
)

// doubted reports whether one of the doubts is about an observable, or about
// the kernel, its flow or the ladder and so about all.
func doubted(list []string, name string) bool {
	for _, d := range list {
		about, _, _ := strings.Cut(d, ": ")
		about, also, _ := strings.Cut(about, alsoAbout)
		about, _, _ = strings.Cut(about, atPoint)
		if about == name || about == acceptanceName || about == divergencesName || about == ladderName || strings.HasPrefix(about, flowName) || also != "" && slices.Contains(strings.Split(strings.TrimSuffix(also, ")"), ", "), name) {
			return true
		}
	}
	return false
}
