package report

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Format is the version of the format of summary.json that this package
// writes, and the newest that it reads.
const Format = 1

// A Summary is the content of summary.json.
type Summary struct {
	Format  int      `json:"format"`
	Title   string   `json:"-"`       // of the card, which is beside summary.json; tables begin with it
	Results []Result `json:"results"` // in the order of tasks
	Flows   []Flow   `json:"flows"`
}

// New returns the summary of results. To the doubts of those of one model that
// disagree it adds that they do.
func New(results []Result) Summary {
	s := Summary{Format: Format, Results: results}
	newSheet([]string{""}, []Summary{s}).doubtAgreement()
	return s
}

// A Result is what one task has given.
type Result struct {
	Task        int         `json:"task"`
	Point       int         `json:"point"`    // of the scan, from 0
	Scan        Settings    `json:"scan"`     // what the scan sets at this point
	Proposal    string      `json:"proposal"` // its name
	Kernels     []string    `json:"kernels"`
	Rung        *int        `json:"rung"` // of a ladder of temperatures; nil without one
	Model       Settings    `json:"model"`
	Chains      int         `json:"chains"`
	Sweeps      int         `json:"sweeps"`     // measured in each chain; their mean, rounded down, where chains differ
	Seconds     float64     `json:"seconds"`    // in kernels, for the measured sweeps, summed over chains
	Acceptance  *float64    `json:"acceptance"` // accepted of all proposals; nil if the kernels reject nothing, or nothing is measured yet
	Doubts      []string    `json:"doubts"`
	Observables Observables `json:"observables"`

	Learned []int `json:"-"` // numbers, among those of the summary, of the flows by which kernels move
}

// A Flow is a learned proposal as it came out of its training.
type Flow struct {
	Name      string   `json:"name"`
	Point     int      `json:"point"`
	File      string   `json:"file"`
	SHA256    string   `json:"sha256"`
	Steps     *int     `json:"steps"`   // of training; nil, as the seconds, if the weights were given
	Seconds   *float64 `json:"seconds"` // of training, summed over workers
	Loss      *float64 `json:"loss"`    // E_q[ln q - ln pi]
	ESS       *float64 `json:"ess"`     // ESS/N of the importance weights
	KL        *float64 `json:"kl"`      // KL(q || p)
	LogZ      *float64 `json:"log_z"`
	LogZError *float64 `json:"log_z_error"`
	LogZExact *float64 `json:"log_z_exact"`

	// What the weights predict and bound, which tables tell: the acceptance of the
	// kernel flow, ln Z from above, by samples of the target, and the tail of the
	// weights. From below, -Loss bounds ln Z.
	LossError       *float64 `json:"-"`
	LogZUpper       *float64 `json:"-"`
	LogZUpperError  *float64 `json:"-"`
	Acceptance      *float64 `json:"-"`
	AcceptanceError *float64 `json:"-"`
	ParetoK         *float64 `json:"-"`

	Doubts []string `json:"-"` // which results have where it matters to them
}

// MarshalJSON implements [json.Marshaler]. Lists that are nil are written
// as empty ones.
func (s Summary) MarshalJSON() ([]byte, error) {
	type plain Summary
	if s.Results == nil {
		s.Results = []Result{}
	}
	if s.Flows == nil {
		s.Flows = []Flow{}
	}
	return marshal(plain(s))
}

// MarshalJSON implements [json.Marshaler]. Lists that are nil are written
// as empty ones.
func (r Result) MarshalJSON() ([]byte, error) {
	type plain Result
	if r.Kernels == nil {
		r.Kernels = []string{}
	}
	if r.Doubts == nil {
		r.Doubts = []string{}
	}
	return marshal(plain(r))
}

// marshal is [json.Marshal] without its escapes for web pages.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// UnmarshalJSON implements [json.Unmarshaler]. The error says so if the
// format is not one that this package reads.
func (s *Summary) UnmarshalJSON(b []byte) error {
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &version); err != nil || version.Format < 1 {
		return fmt.Errorf("report: this is not a summary.json: it has no format; run mcrun on the directory to make one")
	}
	if version.Format > Format {
		return fmt.Errorf("report: summary.json has format %d, which is newer than this program's %d; use a newer mcrun", version.Format, Format)
	}
	type plain Summary
	return json.Unmarshal(b, (*plain)(s))
}
