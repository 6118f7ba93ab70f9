package engine

import (
	"context"
	"math"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals/flow"
)

// An Evaluation is what is known of weights: a file beside them, from which tables
// are made.
type Evaluation struct {
	SHA256    string   `json:"sha256"`    // of the weights
	Steps     *int     `json:"steps"`     // of training; nil where weights were given
	Seconds   *float64 `json:"seconds"`   // of training; nil where weights were given
	Rollbacks *int     `json:"rollbacks"` // how often the training was set back
	Draws     int      `json:"draws"`     // configurations drawn for what follows
	Loss      float64  `json:"loss"`      // E_q[ln q - ln pi]
	LossError float64  `json:"loss_error"`
	ESS       float64  `json:"ess"` // ESS/N of the importance weights
	LogZ      float64  `json:"log_z"`
	LogZError float64  `json:"log_z_error"`
	LogZExact *float64 `json:"log_z_exact"`
}

// evaluationDraws is how many configurations are drawn to evaluate a flow.
const evaluationDraws = 1 << 17

// evaluate draws from a flow, and writes what its importance weights tell.
func (r *Run) evaluate(ctx context.Context, l *learner, target models.Differentiable, f *flow.Flow[float32], sum string, took *effort) error {
	const batch = 1 << 10
	random := mc.NewStream(mc.NewKey(l.point.Seed, l.point.ModelIdentity(), sum, "evaluation"))
	x, s, logq := make([]float64, batch*f.Dim()), make([]float64, batch), make([]float64, batch)
	logs := make([]float64, 0, evaluationDraws)
	for len(logs) < evaluationDraws {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f.Sample(r.vectors, random, x, logq)
		target.Action(x, s)
		for i := range s {
			logs = append(logs, -s[i]-logq[i])
		}
		l.mu.Lock()
		l.measured = len(logs)
		l.mu.Unlock()
	}
	e := Evaluation{SHA256: sum, Draws: len(logs)}
	if took != nil {
		e.Steps, e.Seconds, e.Rollbacks = &took.steps, &took.seconds, &took.rollbacks
	}
	n := float64(len(logs))
	most := math.Inf(-1)
	for _, v := range logs {
		e.Loss -= v / n
		most = max(most, v)
	}
	var w, w2, square float64
	for _, v := range logs {
		x := math.Exp(v - most)
		w += x
		w2 += x * x
		square += (v + e.Loss) * (v + e.Loss)
	}
	e.LossError = math.Sqrt(square) / n
	e.ESS = w * w / (w2 * n)
	e.LogZ = most + math.Log(w/n)
	e.LogZError = math.Sqrt((1/e.ESS - 1) / n)
	if m, ok := target.(models.Exact); ok {
		if z, ok := m.Exact()["log_z"]; ok {
			e.LogZExact = &z
		}
	}
	return r.dir.WriteJSON(evaluationFile(l.File), e)
}
