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
// vectors; doubts are separated by " | ".
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
		for _, r := range s.Results {
			var task []string
			if len(runs) > 1 {
				task = append(task, labels[i])
			}
			task = append(task, strconv.Itoa(r.Task), strconv.Itoa(r.Point))
			for _, key := range scanned {
				task = append(task, field(r.Scan.value(key)))
			}
			rung := ""
			if r.Rung != nil {
				rung = strconv.Itoa(*r.Rung)
			}
			task = append(task, r.Proposal, strings.Join(r.Kernels, "+"), rung)
			for _, key := range model {
				task = append(task, field(r.Model.value(key)))
			}
			task = append(task, strconv.Itoa(r.Chains), strconv.Itoa(r.Sweeps), number(&r.Seconds), number(r.Acceptance))
			for _, o := range r.Observables {
				reason := ""
				if o.Reason != nil {
					reason = *o.Reason
				}
				for i := range o.Estimates {
					row := append(slices.Clip(task), o.Name)
					for k := range dimension {
						if i < len(o.X) && k < len(o.X[i]) {
							row = append(row, number(&o.X[i][k]))
						} else {
							row = append(row, "")
						}
					}
					for _, n := range o.Estimates[i].numbers() {
						row = append(row, number(*n.number))
					}
					out.Write(append(row, reason, strings.Join(r.Doubts, " | ")))
				}
			}
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
