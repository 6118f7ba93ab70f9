package proposals

import (
	"slices"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

// A tally counts the proposals of a kernel that can reject them, and those
// that were accepted. Rejection-free kernels count nothing.
func TestTally(t *testing.T) {
	const steps = 500
	plain, field := newPoint(criticalBeta, 1, 0, 4, 4).ising, newPoint(criticalBeta, 1, 0.2, 4, 4).ising
	three := struct{ models.Discrete }{spinOneOn(0.5, 1, 0.5, 0, 4, 4)}
	for _, c := range []struct {
		name     string
		model    models.Model
		spec     Spec
		proposed uint64 // in a step
		// accepted returns how many proposals a step has accepted that led from
		// one configuration to the other.
		accepted func(from, to models.Spins) uint64
	}{
		{"metropolis", plain, &Metropolis{Order: Sequential}, 16, changed},
		{"metropolis", field, &Metropolis{Order: Checkerboard}, 16, changed},
		{"metropolis of three states", three, &Metropolis{Order: Sequential}, 16, changed},
		{"wolff in a field", field, new(Wolff), 1, func(from, to models.Spins) uint64 { return min(changed(from, to), 1) }},
		{"wolff", plain, new(Wolff), 0, none},
		{"heat-bath", plain, &HeatBath{Sequential}, 0, none},
		{"heat-bath of three states", three, &HeatBath{Sequential}, 0, none},
		{"swendsen-wang", field, new(SwendsenWang), 0, none},
	} {
		random := mc.NewStream(mc.NewKey(1, c.name))
		spins := make(models.Spins, 16)
		var got, want mc.Tally
		k := c.spec.Bind(c.model, Chain{State: spins, Random: random, Tally: &got})
		for range steps {
			from := slices.Clone(spins)
			k.Step()
			want.Proposed += c.proposed
			want.Accepted += c.accepted(from, spins)
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
		if c.proposed > 0 && (got.Accepted == 0 || got.Accepted == got.Proposed) {
			t.Errorf("%s: %+v, which tests nothing", c.name, got)
		}
	}
}

// changed counts the sites in which two configurations differ.
func changed(a, b models.Spins) (n uint64) {
	for i, v := range a {
		if v != b[i] {
			n++
		}
	}
	return n
}

func none(_, _ models.Spins) uint64 { return 0 }

func TestRegistered(t *testing.T) {
	var names []string
	for _, e := range All() {
		names = append(names, e.Name)
		if found, ok := Find(e.Name); !ok || found.Name != e.Name || e.Doc == "" {
			t.Errorf("%s: found %+v, %t", e.Name, found, ok)
		}
		if e.New() == nil {
			t.Errorf("%s: no Spec", e.Name)
		}
	}
	for _, name := range []string{"metropolis", "heat-bath", "wolff", "swendsen-wang"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not registered", name)
		}
	}
	if _, ok := Find("none"); ok {
		t.Error("there is a kernel of the name none")
	}
}
