package engine

import (
	"math"
	"testing"
)

// Improved estimators from x of the dual: unbiased whichever representation moved
// last, with a field too, and less noisy than those of the spins drawn. Kernels that
// have no x have none, and say so. The bounds are passed by chance once in 10^5 runs;
// seeds are fixed.
func TestImprovedByDual(t *testing.T) {
	c := parse(t, `
seed = 7
[model]
name = "ising"
shape = [3, 3]
temperature = 2.6
h = 0.1
[run]
chains = 4
sweeps = 4000
thermalize = 300
[observables]
record = ["energy", "susceptibility", "correlation", "structure_factor", "improved_energy", "improved_susceptibility", "improved_correlation", "improved_structure_factor"]
[[proposal]]
kernel = "hmc"
[[proposal]]
name = "field-first"
cycle = [{ kernel = "hmc" }, { kernel = "metropolis" }]
[[proposal]]
name = "spins-first"
cycle = [{ kernel = "metropolis" }, { kernel = "hmc" }]
[[proposal]]
mixture = [{ kernel = "hmc", weight = 1.0 }, { kernel = "wolff", weight = 1.0 }]
[[proposal]]
kernel = "swendsen-wang"
`)
	s, _, err := Summarize(c, view(t, finished(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	plain := map[string]float64{}
	for _, r := range s.Results {
		for _, o := range r.Observables {
			for k, e := range o.Estimates {
				hasDual := r.Proposal != "swendsen-wang"
				if e.Value == nil {
					if hasDual || o.Reason == nil {
						t.Errorf("%s: no %s[%d]: %v", r.Proposal, o.Name, k, o.Reason)
					}
					continue
				}
				if e.Exact == nil || e.Error != nil && !(math.Abs(*e.Value-*e.Exact) < 4.8**e.Error) {
					t.Errorf("%s: %s[%d] = %v, exact %v, error %v", r.Proposal, o.Name, k, *e.Value, e.Exact, *e.Error)
				}
				if e.Error != nil && k == 0 {
					plain[r.Proposal+" "+o.Name] = *e.Error
				}
			}
		}
		most := 1.0 // where trajectories are slow, their autocorrelation is most of the error
		if r.Proposal == "field-first" {
			most = 0.9
		}
		for _, name := range []string{"energy", "susceptibility", "structure_factor"} {
			improved, spins := plain[r.Proposal+" improved_"+name], plain[r.Proposal+" "+name]
			if r.Proposal != "swendsen-wang" && !(improved < most*spins) {
				t.Errorf("%s: the error of improved_%s is %v, that of %s %v", r.Proposal, name, improved, name, spins)
			}
		}
	}
	if plain["swendsen-wang improved_energy"] != 0 {
		t.Error("swendsen-wang has an improved energy")
	}
	t.Log(plain)
}
