package report

import (
	"errors"
	"fmt"
	"strconv"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/observables"
)

// A Ladder is what the tasks of the rungs of one ladder have in common.
type Ladder struct {
	Key    string    // of the model, in which rungs differ
	Values []float64 // of the key, at the rungs
	// Exchange is [chain][rung][record], the acceptance of exchanges of a rung
	// with the next, and Trips [chain][record], round trips of replicas from the
	// first rung to the last and back, since the record before.
	Exchange [][][]float64
	Trips    [][]float64
	Failed   []uint64 // exchanges of each rung with the next, refused for energies that are not finite
	// Moving says that at some rung the kernel does move its replicas. Where it
	// hardly does at another, exchanges do.
	Moving bool
}

// The observables of a ladder itself, of each of its rungs but the last, and of
// all of them.
const (
	exchangeName = "exchange_rate"
	tripName     = "round_trip_time"
)

// ladderName stands for the name of an observable in a doubt about a ladder, which
// is one about all that was measured on it.
const ladderName = "ladder"

// Bounds of what is doubted.
const (
	leastExchange = 0.01 // acceptance of exchanges between neighbours
	leastTrips    = 10   // round trips, of all replicas of all chains
)

// isOfLadder reports whether an observable is one of a ladder itself.
func isOfLadder(name string) bool { return name == exchangeName || name == tripName }

// moves reports whether a kernel that counted so much changes its configurations
// often enough.
func moves(t mc.Tally) bool {
	return float64(t.Accepted) >= leastAcceptance*float64(t.Proposed)
}

// Move notes what the kernel of a rung counted in all chains.
func (l *Ladder) Move(t mc.Tally) { l.Moving = l.Moving || moves(t) }

// exchange returns the observables of the ladder that a rung has, and the doubts
// about the ladder. The round trip time is that of a replica, the number of
// replicas over their round trips in a sweep.
func (t *Task) exchange() (list []Observable, found []doubt) {
	l := t.Ladder
	n := len(l.Values)
	doubtful := func(kind, format string, args ...any) {
		found = append(found, doubt{kind: kind, name: ladderName, message: fmt.Sprintf(format, args...)})
	}
	mean := observables.Estimator{Inputs: []int{0}}
	for r := range n - 1 {
		chains := make([][][]float64, len(l.Exchange))
		for c := range chains {
			chains[c] = l.Exchange[c][r : r+1]
		}
		e := t.newEstimated(mean, chains)
		pair := fmt.Sprintf("rungs %d and %d (%s %s and %s)", r, r+1, l.Key, param.Format(l.Values[r]), param.Format(l.Values[r+1]))
		if e.N > 0 && !(e.Value >= leastExchange) {
			rate := "less than 0.01"
			if e.Value > 1e-4 {
				rate = fmt.Sprintf("%.2g", 100*e.Value)
			}
			doubtful(pair, "%s exchange in %s %% of attempts, so that it falls into two: more rungs between them, or closer values", pair, rate)
		}
		if l.Failed[r] > 0 {
			doubtful(pair+" fail", "%d exchanges of %s were refused, for an energy was not a finite number: see what the model allows there", l.Failed[r], pair)
		}
		if r == t.Rung {
			list = append(list, t.observable(nil, exchangeName, []estimated{e}, nil))
		}
	}

	chains := make([][][]float64, len(l.Trips))
	var trips, records float64
	for c, x := range l.Trips {
		chains[c] = [][]float64{x}
		records += float64(len(x))
		for _, k := range x {
			trips += k
		}
	}
	sweeps := float64(n * t.Every) // of all replicas in a record
	time := t.newEstimated(observables.Estimator{Function: &analysis.Function{
		Terms:    1,
		Term:     func(r, t []float64) { t[0] = r[0] },
		Value:    func(mean []float64) float64 { return sweeps / mean[0] },
		Gradient: func(mean, g []float64) { g[0] = -sweeps / (mean[0] * mean[0]) },
	}}, chains)
	if trips == 0 {
		time.err = errors.New("no replica went from the first rung to the last and back")
		time.rhatErr = time.err
	}
	list = append(list, t.observable(nil, tripName, []estimated{time}, nil))
	switch {
	case records == 0:
	case trips == 0:
		doubtful(tripName, "in %.0f sweeps of all chains no replica went from the first rung to the last and back, so that what is slow at one end has not been helped by the other: run longer, use more rungs or closer values", records*float64(t.Every))
	case trips < leastTrips:
		doubtful(tripName, "its replicas made %.0f round trips in all chains, too few to rely on: run longer, or until there are %d; use more rungs or closer values if they stay rare", trips, leastTrips)
	}
	return list, found
}

// ladders are the tables of the rungs of each ladder, one for each proposal of each
// run at each point of a scan.
func (s *sheet) ladders() []table {
	var tables []table
	type place struct {
		run, task int
		proposal  string
	}
	at := map[place]int{} // where the table is
	for i := range s.series {
		x := &s.series[i]
		for p, r := range x.at {
			if r == nil || r.Rung == nil || r.Observables.find(tripName) == nil {
				continue
			}
			where := place{x.run, r.Task, x.proposal}
			k, ok := at[where]
			if !ok {
				k = len(tables)
				at[where] = k
				tables = append(tables, s.ladder(x, r))
			}
			row := append([]string{strconv.Itoa(*r.Rung)}, s.place(p)...)
			rate := r.Observables.number(exchangeName)
			cell := ""
			if rate != nil {
				cell = withError(rate.Value, rate.Error)
			}
			tables[k].rows = append(tables[k].rows, append(row, fraction(r.Acceptance), cell))
		}
	}
	return tables
}

// ladder is the table of a ladder without its rows; r is the result of a rung.
func (s *sheet) ladder(x *series, r *Result) table {
	t := table{title: "Ladder of " + s.name(x) + ": exchanges with the next rung", columns: append([]column{{"rung", "", true}}, s.axisColumns()...)}
	t.stub = len(t.columns)
	t.columns = append(t.columns, column{"accepted", "", true}, column{"exchanged", "", true})
	note := "No replica made a round trip, from the first rung to the last and back."
	if e := r.Observables.number(tripName); e != nil && e.Value != nil && e.ESS != nil {
		note = fmt.Sprintf("A replica makes a round trip, from the first rung to the last and back, in %s sweeps.", withError(e.Value, e.Error))
	}
	t.notes = []string{note, "Seconds and ESS/s of a rung are those of the whole ladder."}
	return t
}
