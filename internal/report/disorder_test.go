package report

import (
	"slices"
	"strings"
	"testing"

	"mcrun/analysis"
	"mcrun/mc/param"
)

// sample returns a result of one realisation of the disorder.
func sample(proposal string, temperature float64, seed int, energy *float64, scan ...string) Result {
	r := Result{Proposal: proposal, Model: append(model(temperature, 4, 4), param.Setting{Key: "disorder_seed", Value: seed})}
	for _, key := range scan {
		name := strings.TrimPrefix(key, "model.")
		r.Scan = append(r.Scan, param.Setting{Key: key, Value: r.Model.value(name)})
	}
	r.Observables = Observables{{Name: "energy", Estimates: []Estimate{{Value: energy}}}}
	return r
}

func TestDisorder(t *testing.T) {
	const seed, temperature = "model.disorder_seed", "model.temperature"
	mean, err := analysis.Average(1, 2, 4)
	if err != nil {
		t.Fatal(err)
	}
	average := FormatValue(mean.Value, mean.Error)
	for _, c := range []struct {
		name    string
		results []Result
		want    []string // the rows
	}{
		{"one group", []Result{
			sample("a", 2, 1, ptr(1.0), seed), sample("a", 2, 2, ptr(2.0), seed), sample("a", 2, 3, ptr(4.0), seed),
		}, []string{"a 3 " + average}},
		{"temperatures and proposals", []Result{
			sample("a", 2, 1, ptr(1.0), temperature, seed), sample("b", 2, 1, ptr(4.0), temperature, seed),
			sample("a", 2, 2, ptr(2.0), temperature, seed), sample("b", 2, 2, ptr(4.0), temperature, seed),
			sample("a", 2, 3, ptr(4.0), temperature, seed), sample("b", 2, 3, ptr(4.0), temperature, seed),
			sample("a", 3, 1, ptr(3.0), temperature, seed), sample("a", 3, 2, nil, temperature, seed),
		}, []string{"2 a 3 " + average, "3 a 2 -", "2 b 3 4"}},
		{"not scanned", []Result{sample("a", 2, 1, ptr(1.0), temperature), sample("a", 3, 1, ptr(1.0), temperature)}, nil},
		{"one sample", []Result{sample("a", 2, 1, ptr(1.0), temperature, seed), sample("a", 3, 1, ptr(1.0), temperature, seed)}, nil},
	} {
		var rows []string
		for _, table := range newSheet([]string{""}, []Summary{New(c.results)}).disorder() {
			for _, row := range table.rows {
				rows = append(rows, strings.Join(row, " "))
			}
		}
		if !slices.Equal(rows, c.want) {
			t.Errorf("%s: %q, want %q", c.name, rows, c.want)
		}
	}
}

// The samples of each run are averaged by themselves.
func TestDisorderOfRuns(t *testing.T) {
	const seed = "model.disorder_seed"
	one := New([]Result{sample("a", 2, 1, ptr(1.0), seed), sample("a", 2, 2, ptr(1.0), seed)})
	other := New([]Result{sample("a", 2, 2, ptr(3.0), seed), sample("a", 2, 3, ptr(3.0), seed), sample("a", 2, 4, ptr(3.0), seed)})
	tables := newSheet([]string{"x", "y"}, []Summary{one, other}).disorder()
	if len(tables) != 1 || len(tables[0].rows) != 2 || strings.Join(tables[0].rows[0], " ") != "x a 2 1" || strings.Join(tables[0].rows[1], " ") != "y a 3 3" {
		t.Errorf("%+v", tables)
	}
}
