package analysis

import (
	"math"
	"testing"
)

// TestRHatByChance compares with 24.322, the quantile 99.9 % of chi^2(7) in
// printed tables, and with how often agreeing chains exceed the limit.
func TestRHatByChance(t *testing.T) {
	limit := rhatByChance(400, 4)
	if want := math.Sqrt(1 + 8./400*24.322/7); !(math.Abs(limit-want) < 1e-5) {
		t.Errorf("limit for 400 records in 4 chains = %g, want %g", limit, want)
	}
	// The larger of two R-hat exceeds it twice in 1000 sets or less; ten times or
	// more with probability 5e-5.
	above := 0
	for seed := range 1000 {
		r, err := RHat(noise(uint64(seed), 100, 100, 100, 100)...)
		if err != nil {
			t.Fatal(err)
		}
		if r > limit {
			above++
		}
	}
	if above >= 10 {
		t.Errorf("chance exceeds the limit %d times in 1000", above)
	}
	if r := rhatByChance(0, 4); r != 0 {
		t.Errorf("limit without an ESS = %g, want 0", r)
	}
}
