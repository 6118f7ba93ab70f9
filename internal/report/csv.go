package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
)

// writeCSV writes a row for each observable of each task under one header.
// Numbers have all their digits; what is unknown is empty, lists are as in
// JSON. Columns of settings begin with "scan." and "model."; doubts are
// separated by " | ".
func writeCSV(w io.Writer, labels []string, runs []Summary) error {
	var scanned, model []string
	for _, s := range runs {
		for _, r := range s.Results {
			scanned, model = union(scanned, r.Scan), union(model, r.Model)
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
	head = append(head, "chains", "sweeps", "seconds", "acceptance", "observable", "value", "error",
		"tau_int", "tau_int_error", "ess", "ess_per_second", "rhat", "exact", "sigmas", "reason", "doubts")

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
				out.Write(append(slices.Clip(task), o.Name, number(o.Value), number(o.Error), number(o.TauInt), number(o.TauIntError),
					number(o.ESS), number(o.ESSPerSecond), number(o.RHat), number(o.Exact), number(o.Sigmas), reason, strings.Join(r.Doubts, " | ")))
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
