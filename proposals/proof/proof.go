package proof

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals"
)

// Kernel runs every check that suits the model, which must be prepared: its
// Check, [Transitions], or [Start] where a matrix would be too large, [Improved]
// and [Resume]. It fails if neither a matrix nor exact starts are possible. Of
// continuous variables it runs [Start], [Mechanics], [Memory] and [Resume]. Not among
// them is [Estimates], which needs a model that is sampled well.
func Kernel(t testing.TB, m models.Model, spec proposals.Spec) {
	t.Helper()
	report(t, "Check", m, spec, spec.Check(m))
	if d, ok := m.(models.Differentiable); ok {
		e, err := newEnsemble(d)
		if err != nil {
			t.Errorf("%s: %v", name(m), err)
			return
		}
		fieldKernel(t, e, spec)
		return
	}
	err := transitions(m, spec)
	if errors.Is(err, errTooLarge) {
		Start(t, m, spec)
	} else {
		report(t, "Transitions", m, spec, err)
	}
	if err := improved(m, spec); !errors.Is(err, errTooLarge) {
		report(t, "Improved", m, spec, err)
	}
	Resume(t, m, spec)
}

// report fails with an error that names who failed in what.
func report(t testing.TB, check string, m models.Model, spec proposals.Spec, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s of %s on %s:\n%v", check, name(spec), name(m), err)
	}
}

// Variants returns a registered kernel with every combination of the values of
// those of its keys that take one of a few, and the other keys at their
// defaults. There are none of a kernel that needs a key without default, as the
// name of a flow.
func Variants(e proposals.Entry) []proposals.Spec {
	tables := []map[string]any{{}}
	for _, f := range param.Fields(e.New()) {
		var more []map[string]any
		for _, value := range choices(f) {
			for _, t := range tables {
				t = maps.Clone(t)
				t[f.Name] = value
				more = append(more, t)
			}
		}
		if more != nil {
			tables = more
		} else if f.Required {
			return nil
		}
	}
	var specs []proposals.Spec
	for _, t := range tables {
		spec := e.New()
		if errs := param.Decode(t, spec); errs != nil {
			panic(fmt.Sprintf("proof: kernel %s: %v", e.Name, errs))
		}
		specs = append(specs, spec)
	}
	return specs
}

// choices returns the values of a key that takes one of a few strings: the
// quoted words of its range.
func choices(f param.Field) []string {
	if !strings.HasPrefix(f.Range, `"`) {
		return nil
	}
	var values []string
	for i, word := range strings.Split(f.Range, `"`) {
		if i%2 == 1 && !slices.Contains(values, word) {
			values = append(values, word)
		}
	}
	return values
}
