package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"

	"mcrun/internal/card"
	"mcrun/internal/report"
	"mcrun/internal/store"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals/flow"
	"mcrun/proposals/flow/train"
)

// An Evaluation is what is known of weights: a file beside them, from which tables
// are made. What is unknown is nil.
type Evaluation struct {
	SHA256          string   `json:"sha256"`    // of the weights
	Steps           *int     `json:"steps"`     // of training; nil where weights were given
	Seconds         *float64 `json:"seconds"`   // of training, summed over workers; nil where weights were given
	Rollbacks       *int     `json:"rollbacks"` // how often the training was set back
	Draws           int      `json:"draws"`     // configurations of the flow for what follows
	Loss            *float64 `json:"loss"`      // E_q[ln q - ln pi]
	LossError       *float64 `json:"loss_error"`
	ESS             *float64 `json:"ess"` // ESS/N of the importance weights
	ESSError        *float64 `json:"ess_error"`
	ParetoK         *float64 `json:"pareto_k"`
	LogZ            *float64 `json:"log_z"`
	LogZError       *float64 `json:"log_z_error"`
	LogZExact       *float64 `json:"log_z_exact"`
	Acceptance      *float64 `json:"acceptance"` // that the weights predict
	AcceptanceError *float64 `json:"acceptance_error"`
	Samples         int      `json:"samples"`     // of the target; 0: none
	LogZUpper       *float64 `json:"log_z_upper"` // bound of ln Z by samples of the target
	LogZUpperError  *float64 `json:"log_z_upper_error"`
	Doubts          []string `json:"doubts"`
}

// evaluationSamples is how many samples of the target a flow is held to.
const evaluationSamples = 1 << 13

// KL returns KL(q || p): with ln Z where that is known exactly, else as the weights
// estimate it, unless these are worth too few draws to tell.
func (e *Evaluation) KL() *float64 {
	z := e.LogZExact
	if z == nil && e.ESS != nil && *e.ESS*float64(e.Draws) >= flow.FewEffective {
		z = e.LogZ
	}
	if z == nil || e.Loss == nil {
		return nil
	}
	kl := *e.Loss + *z
	return &kl
}

// known returns a number, and nil if it is not finite.
func known(v float64) *float64 {
	if !finite(v) {
		return nil
	}
	return &v
}

// evaluate draws from a flow, and writes what its importance weights tell.
func (r *Run) evaluate(ctx context.Context, l *learner, near models.Differentiable, m models.Model, f *flow.Flow[float32], sum string, took *effort) error {
	g := mc.NewGroup(0, 1, l.point.Seed, l.point.ModelIdentity(), "evaluation of "+sum)
	trial := flow.Trial{Random: g.Stream(0, "draws"), Progress: func(done, all int) {
		l.mu.Lock()
		l.drawn = float64(done) / float64(all)
		l.mu.Unlock()
	}}
	if source := l.judge(g, near, m); source != nil {
		trial.Target, trial.Samples = source, evaluationSamples
	}
	found, err := flow.Evaluate(ctx, f, near, trial, r.vectors)
	if err != nil {
		return err
	}
	e := Evaluation{
		SHA256: sum, Draws: found.Draws,
		Loss: known(found.Loss), LossError: known(found.LossError), ESS: known(found.ESS), ESSError: known(found.ESSError),
		ParetoK: known(found.ParetoK), LogZ: known(found.LogZ), LogZError: known(found.LogZError),
		Acceptance: known(found.Acceptance), AcceptanceError: known(found.AcceptanceError),
		Samples: found.Samples, Doubts: append([]string{}, found.Doubts()...),
	}
	if e.Samples > 0 {
		e.LogZUpper, e.LogZUpperError = known(found.Upper), known(found.UpperError)
	}
	if took != nil {
		e.Steps, e.Seconds, e.Rollbacks = &took.steps, &took.seconds, &took.rollbacks
		if took.rollbacks > 0 {
			e.Doubts = append(e.Doubts, fmt.Sprintf("the training was set back %d times to its best weights, each time with half the learning rate, for a loss far above the best or not finite: lower learning_rate, or set clip = 1", took.rollbacks))
		}
	}
	e.LogZExact = exactLogZ(near)
	return r.dir.WriteJSON(evaluationFile(l.File), e)
}

// exactLogZ returns ln Z of a prepared model, nil if it is not known.
func exactLogZ(m models.Model) *float64 {
	if m, ok := m.(models.Exact); ok {
		if z, ok := m.Exact()["log_z"]; ok {
			return known(z)
		}
	}
	return nil
}

// judge returns a source of samples of the target to which a flow is held: the
// data or the kernels that the card gives, else the usual kernels, unless the model
// is frustrated, of which chains may miss more than the flow does. It is nil if
// there is none.
func (l *learner) judge(g *mc.Group, near models.Differentiable, m models.Model) train.Source {
	if m, ok := m.(models.Frustrated); ok && m.Frustrated() && l.spec.Train.Objective == train.ReverseKL {
		return nil
	}
	source, err := l.source(g, near, m)
	if err != nil {
		return nil // no kernel fits
	}
	return source
}

// readEvaluation reads what is known of the weights at a path in a run directory.
func readEvaluation(dir, weights string) (Evaluation, error) {
	var e Evaluation
	b, err := os.ReadFile(path.Join(dir, evaluationFile(weights)))
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal(b, &e)
}

// summarizeFlows returns the flows of a card that are ready, with their sums, and a
// function that returns those by which the kernels of a proposal move.
func summarizeFlows(c *card.Card, dir *store.Dir, sums map[string]string) ([]report.Flow, func(*card.Point, *card.Proposal) []report.Learned) {
	var flows []report.Flow
	evaluations := map[int]Evaluation{} // by training
	numbers := map[int]int{}            // of flows, by training
	for i, t := range c.Trainings() {
		sum, ready := sums[t.File]
		if !ready {
			continue
		}
		f := report.Flow{Name: t.Name, Point: t.Point, File: t.File, SHA256: sum}
		if e, err := readEvaluation(dir.Path(), t.File); err == nil && e.SHA256 == sum {
			evaluations[i] = e
			f.Steps, f.Seconds, f.Loss, f.ESS, f.KL = e.Steps, e.Seconds, e.Loss, e.ESS, e.KL()
			f.LogZ, f.LogZError, f.LogZExact, f.Doubts = e.LogZ, e.LogZError, e.LogZExact, e.Doubts
			f.LossError, f.LogZUpper, f.LogZUpperError = e.LossError, e.LogZUpper, e.LogZUpperError
			f.Acceptance, f.AcceptanceError, f.ParetoK = e.Acceptance, e.AcceptanceError, e.ParetoK
		}
		numbers[i] = len(flows)
		flows = append(flows, f)
	}
	return flows, func(p *card.Point, prop *card.Proposal) []report.Learned {
		var list []report.Learned
		for _, name := range prop.Moved() {
			training := p.Flow(name).Training
			e, known := evaluations[training]
			k, independent := prop.Members[0].Spec.(*flow.Independent)
			l := report.Learned{Flow: numbers[training], Name: name, Doubts: e.Doubts}
			l.Alone = independent && len(prop.Members) == 1
			l.Disagrees = func(acceptance, err float64) string {
				if !known || e.Acceptance == nil || e.AcceptanceError == nil || k.Batches() {
					return ""
				}
				return (&flow.Evaluation{Acceptance: *e.Acceptance, AcceptanceError: *e.AcceptanceError}).Disagrees(acceptance, err)
			}
			list = append(list, l)
		}
		return list
	}
}
