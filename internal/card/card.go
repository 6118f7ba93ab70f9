package card

import (
	"time"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// A Card is a run card that has been checked.
type Card struct {
	Title  string
	Points []Point // of the scan, the last key fastest; one if there is no scan
	Advice Errors  // what is allowed, but hardly meant

	axes      []axis
	named     []input // what list returns
	trainings []Training
}

// A Point is what is to be run at one point of the scan: one task for each
// proposal.
type Point struct {
	Index       int
	Scan        []param.Setting // the scanned keys with their values, in the order of the card
	Seed        uint64
	Run         Run
	Model       models.Spec // not prepared
	ModelName   string
	Observables []observables.Observable // those recorded by name, then the derived ones
	Derived     []param.Setting          // names and expressions of the derived ones
	Proposals   []Proposal
	Flows       []Flow // by name
}

// A Run says how many chains there are and how long they run.
type Run struct {
	Chains     int
	Thermalize int
	Sweeps     int // 0: as many as Seconds allows
	Every      int
	Seconds    float64 // where Sweeps is 0
	Save       int     // a configuration is kept after every so many sweeps; 0: never
	Checkpoint time.Duration
	Start      models.Start // where From is nil
	From       *Source
}

// A Proposal is one way to sample the model: one kernel, or several in turn
// or drawn at random.
type Proposal struct {
	Name    string
	Kind    Kind
	Members []Member // exactly one if Kind is Single
	Ladder  *Ladder  // of a tempered proposal, of whose rungs Kind and Members are the kernels; else nil
}

// Kernels returns the names of the proposal's kernels.
func (q *Proposal) Kernels() (names []string) {
	if q.Ladder != nil {
		names = append(names, tempering)
	}
	for _, m := range q.Members {
		names = append(names, m.Kernel)
	}
	return names
}

// Kind is how the kernels of a proposal are put together.
type Kind string

// The kinds, the latter two by their keys on the card.
const (
	Single  Kind = "kernel"
	Cycle   Kind = "cycle"   // a sweep is one pass through the members
	Mixture Kind = "mixture" // a sweep is one draw of a member
)

// A Member is a kernel of a proposal.
type Member struct {
	Kernel string
	Steps  int     // elementary steps each time the member is called
	Weight float64 // of a mixture: draws are in proportion to it
	Spec   proposals.Spec
	// Dual says that the kernel is one of fields, and acts on the continuous
	// dual of the model's spins. With Refresh numbers and spins are drawn from
	// each other before every step.
	Dual, Refresh bool
}

// Batches reports whether the kernel moves all chains of a proposal in one batch.
func (m Member) Batches() bool {
	b, ok := m.Spec.(proposals.Batched)
	return ok && b.Batches()
}

// Tasks returns the number of tasks: every proposal at every point. Task n is
// proposal n mod P of point n / P, P being the number of proposals.
func (c *Card) Tasks() int { return len(c.Points) * len(c.Points[0].Proposals) }
