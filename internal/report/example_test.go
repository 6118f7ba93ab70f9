package report_test

import (
	"encoding/json"
	"fmt"
	"os"

	"mcrun/internal/report"
)

// A summary holds all that its tables need.
func ExampleWrite() {
	const stored = `{"format": 1, "flows": [], "results": [{
		"task": 0, "point": 0, "scan": {}, "proposal": "wolff", "kernels": ["wolff"], "rung": null,
		"model": {"name": "ising", "shape": [16, 16], "temperature": 2.5, "beta": 0.4},
		"chains": 4, "sweeps": 1000, "seconds": 0.5, "acceptance": null, "doubts": [],
		"observables": {"energy": {
			"x": null, "value": -1.10621, "error": 0.0023, "tau_int": 1.02, "tau_int_error": 0.05, "ess": 1960.8,
			"ess_per_second": 3921.6, "rhat": 1.001, "exact": null, "sigmas": null,
			"reason": "exact, sigmas: no exact value is known"}}}]}`
	var s report.Summary
	if err := json.Unmarshal([]byte(stored), &s); err != nil {
		fmt.Println(err)
		return
	}
	if err := report.Write(os.Stdout, s, "text"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ising, shape = 16x16, temperature = 2.5
	//
	// In parentheses: one standard error, in the last digits shown. tau_int = 1/2 +
	// sum_{t>=1} rho(t), in sweeps. ESS: effective samples of all chains, records/(2
	// tau_int in records). sigma: (value - exact)/error. R-hat: rank-normalised,
	// split.
	//
	// wolff: 4 chains of 1000 sweeps
	// -----------------------------------------------
	// observable        value    tau_int   ESS  R-hat
	// -----------------------------------------------
	// energy      -1.1062(23)  1.020(50)  1961  1.001
	// -----------------------------------------------
	//
	// Kernels: time, summed over chains, and acceptance
	// ---------------------------------------------
	// proposal  seconds  sweeps/s  accepted  doubts
	// ---------------------------------------------
	// wolff         0.5      8000         -       0
	// ---------------------------------------------
	//
	// Kernels by energy
	// --------------------------------
	// proposal    tau_int   ESS  ESS/s
	// --------------------------------
	// wolff     1.020(50)  1961   3920
	// --------------------------------
	//
	// Doubts
	// - none, by acceptance, thermalization, length of series, autocorrelation window,
	//   binning, R-hat, exact values and agreement, as far as these are known.
}
