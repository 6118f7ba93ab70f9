package analysis_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"mcrun/analysis"
)

// peerCase is one entry of testdata/peers.json: a set of chains, and what the
// published rules of other programs give for it. The numbers come from
// testdata/peers.py, an independent implementation of those rules; its head says
// which versions of the programs themselves gave the same.
type peerCase struct {
	Name    string
	Seed    uint64
	Phi     float64
	Records int
	Shift   []float64
	Scale   []float64
	Grid    float64

	Emcee struct {
		Tau    float64
		Window int
	}
	Pyerrors *struct {
		Value, Gamma0, TauInt, DValue, DDValue float64
		Window                                 int
	}
	Stan struct {
		RHat     float64
		ESSBulk  float64 `json:"ess_bulk"`
		ESSTail  float64 `json:"ess_tail"`
		MCSEMean float64 `json:"mcse_mean"`
		Q10      float64 `json:"mcse_q10"`
		Median   float64 `json:"mcse_median"`
	}
}

func peerCases(t *testing.T) []peerCase {
	data, err := os.ReadFile("testdata/peers.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []peerCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("testdata/peers.json holds no cases")
	}
	return cases
}

// chains makes the same series as peers.py, to the bit: AR(1) driven by
// splitmix64. The conversion keeps products from being fused with sums.
func (c peerCase) chains() [][]float64 {
	state := c.Seed
	uniform := func() float64 {
		state += 0x9E3779B97F4A7C15
		z := state
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		return float64(z>>11) * 0x1p-53
	}
	chains := make([][]float64, len(c.Shift))
	for k := range chains {
		x := make([]float64, c.Records)
		v := 0.0
		for t := range x {
			v = float64(c.Phi*v) + (uniform() - 0.5)
			x[t] = c.Shift[k] + float64(c.Scale[k]*v)
			if c.Grid > 0 {
				x[t] = math.Floor(x[t]/c.Grid+0.5) * c.Grid
			}
		}
		chains[k] = x
	}
	return chains
}

// near fails unless got and want agree to a relative 1e-9. The rules are the
// same, so only rounding may differ.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9*math.Abs(want)) {
		t.Errorf("%s = %.15g, want %.15g", what, got, want)
	}
}

func TestSokalIsEmcee(t *testing.T) {
	for _, c := range peerCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			tau, window, err := analysis.Sokal{C: 5}.TauInt(c.chains()...)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "2 tau_int", 2*tau, c.Emcee.Tau)
			if window != c.Emcee.Window {
				t.Errorf("window = %d, want %d", window, c.Emcee.Window)
			}
		})
	}
}

// TestGammaIsPyerrors compares at S = 1.5 on single chains, as pyerrors gives
// each replica its own mean. The two agree in everything but one convention: the
// variance of a record, which the mean of correlated data lowers by 2 tau_int/N,
// pyerrors raises by 1/N only, and lowers tau_int in proportion.
func TestGammaIsPyerrors(t *testing.T) {
	compared := 0
	for _, c := range peerCases(t) {
		if c.Pyerrors == nil {
			continue
		}
		compared++
		t.Run(c.Name, func(t *testing.T) {
			p := c.Pyerrors
			e, err := analysis.Gamma{S: 1.5}.Mean(c.chains()...)
			if err != nil {
				t.Fatal(err)
			}
			variance := p.Gamma0 * (1 + 1/float64(e.N))
			near(t, "Value", e.Value, p.Value)
			near(t, "Error", e.Error, p.DValue)
			near(t, "ErrorError", e.ErrorError, p.DDValue)
			near(t, "TauInt in pyerrors' convention", e.TauInt*e.Variance/variance, p.TauInt)
			if e.Window != p.Window {
				t.Errorf("Window = %d, want %d", e.Window, p.Window)
			}
		})
	}
	if compared == 0 {
		t.Error("no case has numbers of pyerrors")
	}
}

func TestRankedDiagnosticsAreStan(t *testing.T) {
	for _, c := range peerCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			chains := c.chains()
			check := func(what string, f func(...[]float64) (float64, error), want float64) {
				t.Helper()
				got, err := f(chains...)
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				near(t, what, got, want)
			}
			quantile := func(p float64) func(...[]float64) (float64, error) {
				return func(chains ...[]float64) (float64, error) {
					_, mcse, err := analysis.MCSEQuantile(p, chains...)
					return mcse, err
				}
			}
			check("R-hat", analysis.RHat, c.Stan.RHat)
			check("bulk ESS", analysis.BulkESS, c.Stan.ESSBulk)
			check("tail ESS", analysis.TailESS, c.Stan.ESSTail)
			check("MCSE of the mean", analysis.MCSEMean, c.Stan.MCSEMean)
			check("MCSE of the quantile 10 %", quantile(0.1), c.Stan.Q10)
			check("MCSE of the median", quantile(0.5), c.Stan.Median)
		})
	}
}
