package proposals

import (
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

// The reference of pCN solves its equation, for hopping of either sign, and is
// the model itself where that is Gaussian.
func TestHartree(t *testing.T) {
	for _, c := range []models.FieldCouplings{
		{K: 2, A: 0, B: 4.5}, {K: 2, A: 4.5, B: 0.1}, {K: 0.5, A: 0.9, B: 0.02}, {K: -2, A: 1, B: 3}, {K: 0, A: -1, B: 1}, {K: 2, A: 4.1, B: 0}, {K: -1, A: 2.3, B: 0},
	} {
		sides := []int{4, 3}
		f := hartreeField(sides, c)
		n := float64(f.fft.Sites())
		var square float64 // <phi^2>, from the variances
		for i, v := range f.down {
			square += f.fft.Weights()[i] / (v * n) / n
		}
		for i, v := range f.down {
			want := 2 * (c.A + 6*c.B*square - 2*c.K + c.K*f.khat[i]/2)
			if got := v * n; !(got > 0) || math.Abs(got-want) > 1e-9*math.Abs(want) {
				t.Errorf("%+v: 1/C(%g) = %g, want %g", c, f.khat[i], got, want)
			}
		}
	}
	free := &models.Gaussian{Mass2: 0.2}
	free.Shape = []int{4, 4}
	if err := free.Prepare(); err != nil {
		t.Fatal(err)
	}
	random := mc.NewStream(mc.NewKey(31))
	var tally mc.Tally
	k := (&PCN{Width: ptr(1)}).Bind(free, Chain{State: free.NewState(models.Hot, random), Random: random, Tally: &tally})
	for range 1000 {
		k.Step()
	}
	if tally.Accepted < 999 { // but for rounding
		t.Errorf("%+v of a Gaussian model drawn from itself", tally)
	}
}
