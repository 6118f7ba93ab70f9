package report

import (
	"slices"
	"testing"

	"mcrun/mc/param"
)

func TestPointLabels(t *testing.T) {
	for _, c := range []struct {
		points [][]float64
		want   []string
	}{
		{[][]float64{{0}, {1}, {2.5}}, []string{"0", "1", "2.5"}},
		{[][]float64{{0.39269908169872414}, {0.7853981633974483}}, []string{"0.392699", "0.785398"}},
		{[][]float64{{1.0000001}, {1.0000002}}, []string{"1.0000001", "1.0000002"}},
		{[][]float64{{0, 1}, {0, 0}, {0, 1}}, []string{"(0,1)", "(0,0)", "(0,1)"}}, // twice the same is not ambiguous
		{[][]float64{}, []string{}},
	} {
		if got := pointLabels(c.points); !slices.Equal(got, c.want) {
			t.Errorf("%v: %q, want %q", c.points, got, c.want)
		}
	}
}

func TestNamePoints(t *testing.T) {
	all := []string{"0", "1", "2", "3", "4"}
	for n, want := range map[int]string{1: "0", 3: "0, 1, 2", 4: "0, 1, 2 and 1 more", 5: "0, 1, 2 and 2 more"} {
		if got := namePoints(all[:n]); got != want {
			t.Errorf("%d points: %q, want %q", n, got, want)
		}
	}
}

// A hash is told by its first digits, also where these make a number.
func TestHashCoordinates(t *testing.T) {
	values := []param.Setting{{Key: "couplings_sha256", Value: "12345678ab"}, {Key: "couplings_sha256", Value: "1e123456cd"}}
	if got := coordinates(values); !slices.Equal(got, []string{"12345678", "1e123456"}) {
		t.Errorf("%q", got)
	}
}
