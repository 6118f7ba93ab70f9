package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
)

// writeCSV writes a row for each observable of each task under one header, of
// a function one for each point. Numbers have all their digits; what is unknown
// is empty, lists are as in JSON. Columns of settings begin with "scan." and
// "model."; a point is in the column x, or in x.0, x.1, ... where some are
// vectors; doubts are separated by " | ". A flow has a row for log_z, without a
// task: under proposal its name, under acceptance what its weights predict.
func writeCSV(w io.Writer, labels []string, runs []Summary) error {
	var scanned, model []string
	dimension := 1 // of points
	for _, s := range runs {
		for _, r := range s.Results {
			scanned, model = union(scanned, r.Scan), union(model, r.Model)
			for _, o := range r.Observables {
				for _, p := range o.X {
					dimension = max(dimension, len(p))
				}
			}
		}
	}
	var head []string
	if len(runs) > 1 {
		head = append(head, "run")
	}
	head = append(head, "task", "point")
	for _, key := range scanned {
		head = append(head, "scan."+key)
	}
	head = append(head, "proposal", "kernels", "rung")
	for _, key := range model {
		head = append(head, "model."+key)
	}
	head = append(head, "chains", "sweeps", "seconds", "acceptance", "observable")
	for k := range dimension {
		if dimension == 1 {
			head = append(head, "x")
		} else {
			head = append(head, "x."+strconv.Itoa(k))
		}
	}
	var empty Estimate
	for _, n := range empty.numbers() {
		head = append(head, n.key)
	}
	head = append(head, "reason", "doubts")

	out := csv.NewWriter(w)
	out.Write(head) // errors are kept for Error
	for i, s := range runs {
		// begin returns the first fields of the rows of a task, or of a flow.
		begin := func(task string, r *Result, chains, sweeps string, seconds *float64) (row []string) {
			if len(runs) > 1 {
				row = append(row, labels[i])
			}
			row = append(row, task, strconv.Itoa(r.Point))
			for _, key := range scanned {
				row = append(row, field(r.Scan.value(key)))
			}
			rung := ""
			if r.Rung != nil {
				rung = strconv.Itoa(*r.Rung)
			}
			row = append(row, r.Proposal, strings.Join(r.Kernels, "+"), rung)
			for _, key := range model {
				row = append(row, field(r.Model.value(key)))
			}
			return slices.Clip(append(row, chains, sweeps, number(seconds), number(r.Acceptance)))
		}
		// end returns the others.
		end := func(x []float64, e Estimate, reason *string, doubts []string) (row []string) {
			for k := range dimension {
				if k < len(x) {
					row = append(row, number(&x[k]))
				} else {
					row = append(row, "")
				}
			}
			for _, n := range e.numbers() {
				row = append(row, number(*n.number))
			}
			text := ""
			if reason != nil {
				text = *reason
			}
			return append(row, text, strings.Join(doubts, " | "))
		}
		for _, r := range s.Results {
			task := begin(strconv.Itoa(r.Task), &r, strconv.Itoa(r.Chains), strconv.Itoa(r.Sweeps), &r.Seconds)
			for _, o := range r.Observables {
				for i, e := range o.Estimates {
					var x []float64
					if i < len(o.X) {
						x = o.X[i]
					}
					out.Write(append(append(task, o.Name), end(x, e, o.Reason, r.Doubts)...))
				}
			}
		}
		for _, f := range s.Flows {
			r := Result{Point: f.Point, Proposal: f.Name, Acceptance: f.Acceptance}
			for _, of := range s.Results {
				if of.Point == f.Point {
					r.Scan = of.Scan
					if of.Rung == nil { // else the model is that of the rung
						r.Model = of.Model
					}
				}
			}
			e := Estimate{Value: f.LogZ, Error: f.LogZError, Exact: f.LogZExact, Sigmas: f.sigmas()}
			out.Write(append(append(begin("", &r, "", "", f.Seconds), "log_z"), end(nil, e, nil, f.Doubts)...))
		}
	}
	out.Flush()
	return out.Error()
}

// union adds the keys of settings that are not yet there.
func union(keys []string, s Settings) []string {
	for _, x := range s {
		if !slices.Contains(keys, x.Key) {
			keys = append(keys, x.Key)
		}
	}
	return keys
}

// field writes the value of a setting.
func field(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return jsonText(v)
}

// number writes a number with as many digits as tell it from others.
func number(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', -1, 64)
}
