package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"mcrun/models"
)

// sound returns what is wrong with a configuration of a model: a coordinate or
// an energy that is not finite.
func sound(m models.Model, s models.State) error {
	x, ok := s.(models.Field)
	if i := slices.IndexFunc(x, func(v float64) bool { return !finite(v) }); i >= 0 {
		return fmt.Errorf("coordinate %d of %d is %g: the kernel, or the model's action or gradient, is at fault; a smaller step or width of the kernel may help", i, len(x), x[i])
	}
	switch m := m.(type) {
	case models.Differentiable:
		var action [1]float64
		if m.Action(x, action[:]); ok && !finite(action[0]) {
			return unsound("action", action[0])
		}
	case models.Energetic:
		if e := m.Energy(s); !finite(e) {
			return unsound("energy", e)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// unsound is the error of a configuration without a finite energy.
func unsound(what string, v float64) error {
	return fmt.Errorf("the %s of the configuration is %g: the model's parameters are too large for it, its start is where nothing has a probability (start = \"cold\"), or its code is at fault", what, v)
}

// A fault is what stopped the chains of one job, and no others: a configuration
// that is not sound, or a panic of a model or kernel.
type fault struct {
	task  int
	place string // task, chain and sweep
	why   string
	stack []byte // of a panic
}

// Error implements error.
func (f *fault) Error() string { return f.place + ": " + f.why }

// faults is the error of a run in which chains had to stop while the others went
// on.
type faults []*fault

// mostPlaces is how many of the chains that stopped are named.
const mostPlaces = 8

// Error tells the first in full, and of the others what differs.
func (list faults) Error() string {
	var b strings.Builder
	b.WriteString(list[0].Error())
	if stack := list[0].stack; stack != nil {
		fmt.Fprintf(&b, "\n%s", strings.TrimSpace(string(stack)))
	}
	if more := list[1:]; len(more) > 0 {
		b.WriteString("\nStopped too:")
		for _, f := range more[:min(len(more), mostPlaces)] {
			b.WriteString("\n  " + f.place)
			if f.why != list[0].why {
				b.WriteString(": " + f.why)
			}
		}
		if n := len(more) - mostPlaces; n > 0 {
			fmt.Fprintf(&b, "\n  and %d more chains", n)
		}
	}
	b.WriteString("\nNothing recorded before is lost: mend the cause, and the same command goes on from the last checkpoint")
	return b.String()
}
