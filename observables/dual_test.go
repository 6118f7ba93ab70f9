package observables_test

import (
	"fmt"
	"math"
	"testing"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
)

// gridMeans returns the means of what a probe reads under the density exp(-S(x)) of a
// dual of two or three numbers, by the trapezoidal rule, which for such densities
// converges faster than any power.
func gridMeans(m models.Differentiable, probe *observables.Probe, x models.Field, width int) []float64 {
	const half, step = 30, 0.4
	row, mean := make([]float64, width), make([]float64, width)
	var total float64
	s := make([]float64, 1)
	var visit func(i int)
	visit = func(i int) {
		if i == len(x) {
			m.Action(x, s)
			w := math.Exp(-s[0])
			total += w
			probe.Read(row)
			for k, v := range row {
				mean[k] += w * v
			}
			return
		}
		for n := -half; n <= half; n++ {
			x[i] = step * float64(n)
			visit(i + 1)
		}
	}
	visit(0)
	for k := range mean {
		mean[k] /= total
	}
	return mean
}

// What is expected of spins given x has, over the density of x, the exact means of
// the spins: of the energy with fields, of m^2, S(k) and C(r). The same function of t
// for |m|, or m^2 without its diagonal, has not, which is the twin with a mistake.
func TestDualIsUnbiased(t *testing.T) {
	graph := param.File{Path: "couplings.txt", Data: []byte("3\n0 1 -1\n1 2 0.7\n2 0 0.4\n0 0.3\n2 -0.5\n")}
	for _, keys := range []map[string]any{
		{"shape": []int{2}, "temperature": 2.3, "h": 0.4},
		{"shape": []int{3}, "temperature": 1.7, "J": -1.0, "h": 0.2, "offset": 0.5},
		{"shape": []int{3}, "temperature": 1.9},
		{"couplings": graph, "temperature": 1.2, "h": 0.1, "offset": 0.3},
	} {
		t.Run(fmt.Sprint(keys["shape"], keys["h"]), func(t *testing.T) {
			dual := new(models.DualIsing)
			if errs := param.Decode(keys, dual); errs != nil {
				t.Fatal(errs)
			}
			if err := dual.Prepare(); err != nil {
				t.Fatal(err)
			}
			spins := dual.Spins()
			names := []string{"improved_energy", "improved_susceptibility"}
			if dual.Sides() != nil {
				names = append(names, "improved_structure_factor", "improved_correlation")
			}
			of := find(t, names...)
			columns := observables.Columns(dual, of, observables.FromDual)
			width := 0
			for _, c := range columns {
				width += c.Width
			}
			x := make(models.Field, dual.Sites())
			mean := gridMeans(dual, observables.NewProbe(dual, columns, x), x, width)
			exact, ok := observables.Enumerate(spins, of)
			if !ok {
				t.Fatal("not listed")
			}
			for _, o := range of {
				at := 0
				for _, c := range columns {
					if c.Name == o.Columns(dual)[0] {
						break
					}
					at += c.Width
				}
				estimators := []observables.Estimator{{}}
				if o.Estimators != nil {
					estimators = o.Estimators(dual)
				}
				for k, e := range estimators {
					got := mean[at+k]
					if e.Function != nil {
						terms := make([]float64, e.Function.Terms)
						e.Function.Term(mean[at+k:at+k+1], terms)
						got = e.Function.Value(terms)
					}
					if want := exact[o.Name][k]; math.Abs(got-want) > 1e-9 {
						t.Errorf("%s[%d] has the mean %.12f over x, exact %.12f", o.Name, k, got, want)
					}
				}
			}

			// Twins: |sum t|/N for <|m|>, and (sum t)^2/N^2 for <m^2>.
			twin := &naive{t: make([]float64, len(x)), expect: func(t []float64) { dual.Expect(x, t) }}
			var wrong [2]float64
			var total float64
			twin.grid(dual, x, func(w, abs, square float64) {
				total += w
				wrong[0] += w * abs
				wrong[1] += w * square
			})
			plain, _ := observables.Enumerate(spins, find(t, "abs_magnetization", "susceptibility"))
			want := [2]float64{plain["abs_magnetization"][0], plain["susceptibility"][0] / (float64(len(x)) * spins.Beta())}
			for k := range wrong {
				if math.Abs(wrong[k]/total-want[k]) < 1e-3 {
					t.Errorf("twin %d is not found out: %v, exact %v", k, wrong[k]/total, want[k])
				}
			}
		})
	}
}

// naive takes t for spins in everything.
type naive struct {
	t      []float64
	expect func(t []float64)
}

func (n *naive) grid(m models.Differentiable, x models.Field, add func(w, abs, square float64)) {
	s := make([]float64, 1)
	for i := range 4000 { // a fixed set of points, of low discrepancy
		for k := range x {
			_, f := math.Modf(float64(i+1) * math.Sqrt([]float64{2, 3, 5}[k]))
			x[k] = 12*f - 6
		}
		m.Action(x, s)
		n.expect(n.t)
		var sum float64
		for _, v := range n.t {
			sum += v
		}
		mean := sum / float64(len(x))
		add(math.Exp(-s[0]), math.Abs(mean), mean*mean)
	}
}

// A chain of spins with what is expected of them reads the same, of Ising and of two
// colours, whose energy has a constant beside.
func TestBridged(t *testing.T) {
	beta := 0.6
	ising := &models.Ising{J: 0.5}
	ising.Shape, ising.InverseT = []int{3, 4}, &beta
	potts := &models.Potts{J: 1, Q: 2}
	potts.Shape, potts.InverseT = ising.Shape, &beta
	expected := make([]float64, 12)
	for i := range expected {
		expected[i] = math.Sin(float64(i))
	}
	read := map[string][][]float64{}
	for _, m := range []models.Spec{ising, potts} {
		if err := m.Prepare(); err != nil {
			t.Fatal(err)
		}
		s := observables.Bridged{State: make(models.Spins, 12), Expected: expected}
		for name, width := range map[string]int{"improved_energy": 1, "improved_squared_magnetization": 1, "improved_structure_factor": 5, "improved_correlation": 5, "energy": 1} {
			read[name] = append(read[name], readColumn(t, m, name, width, s))
		}
	}
	read["improved_energy"][1][0] += 1 // = J/2 for each of two bonds a site
	for name, v := range read {
		for i := range v[0] {
			if name != "energy" && math.Abs(v[0][i]-v[1][i]) > 1e-12 {
				t.Errorf("%s[%d] is %v of Ising and %v of Potts", name, i, v[0][i], v[1][i])
			}
		}
	}
	if got := read["energy"][0][0]; got != -1 {
		t.Errorf("the energy is %v, not that of the state", got)
	}
	if got := read["improved_correlation"][0]; got[0] != 1 || got[2] != 1 {
		t.Errorf("C(r) is %v", got)
	}
}

// sourceOf returns a source that an observable can be estimated from.
func sourceOf(m models.Model, o observables.Observable) observables.Source {
	if o.From(m, observables.FromClusters) {
		return observables.FromClusters
	}
	return observables.FromDual
}
