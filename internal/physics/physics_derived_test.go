package physics

import (
	"fmt"
	"strings"
	"testing"
)

// Observables that are derived by expressions, against the same ones that are
// built in: value, error and tau_int are equal, but for rounding.
func TestDerived(t *testing.T) {
	thorough(t)
	for _, x := range []struct {
		model, kernels string
		equal          [][3]string // expression, observable, point
	}{
		{
			"name = \"ising\"\nshape = [6, 10]\ntemperature = 2.5",
			"[[proposal]]\nkernel = \"wolff\"\nsteps = 3\n[[proposal]]\nkernel = \"heat-bath\"\n[[proposal]]\nkernel = \"swendsen-wang\"\n",
			[][3]string{
				{"N * beta^2 * (mean(energy^2) - energy^2)", "specific_heat", "0"},
				{"mean((energy - -1.3)^2) * N / T^2 - N / T^2 * (energy + 1.3)^2", "specific_heat", "0"},
				{"mean(abs(magnetization))", "abs_magnetization", "0"},
				{"N * beta * mean(magnetization^2)", "susceptibility", "0"},
				{"N / temperature * (mean(magnetization^2) - mean(abs(magnetization))^2)", "connected_susceptibility", "0"},
				{"susceptibility - N * beta * abs_magnetization^2", "connected_susceptibility", "0"},
				{"1 - mean(magnetization^4) / (3 * mean(magnetization^2)^2)", "binder", "0"},
				{"1 - mean(magnetization^4) * (N * beta)^2 / 3 / susceptibility^2", "binder", "0"},
				{"exp(log(energy^2) / 2) * -1", "energy", "0"},
				{"2 * atanh(tanh(energy / 2))", "energy", "0"},
				{"min(energy, abs(energy), 0)", "energy", "0"},
				{"susceptibility / beta", "structure_factor", "0"},
				{"mean(structure_factor[4])", "structure_factor", "0"}, // S(0) of the other direction
				{"mean(structure_factor[5])", "structure_factor", "4"},
				{"structure_factor[0] * (beta * J)", "susceptibility", "0"},
				{"sqrt(structure_factor[0] / structure_factor[1] - 1) / (2 * sin(pi / 6))", "correlation_length", "0"},
				{"sqrt(structure_factor[0] / structure_factor[4] - 1) / (2 * sin(pi / 10))", "correlation_length", "1"},
				{"sqrt(mean(smallest_modes[0]) / mean(smallest_modes[2]) - 1) / (2 * sin(pi / 10))", "correlation_length", "1"},
				{"-correlation[1] - correlation[4]", "energy", "0"},
			},
		},
		{
			"name = \"ising\"\nshape = [8]\ntemperature = 1.2",
			"[[proposal]]\nkernel = \"metropolis\"\norder = \"random\"\n[[proposal]]\nkernel = \"wolff\"\n",
			[][3]string{
				{"1 + 2 * (correlation[1] + correlation[2] + correlation[3]) + correlation[4]", "structure_factor", "0"},
				{"1 + 2 * (correlation[1] * cos(pi / 4) + correlation[2] * cos(pi / 2) + correlation[3] * cos(3 * pi / 4)) - correlation[4]", "structure_factor", "1"},
				{"-correlation[1]", "energy", "0"},
			},
		},
		{
			"name = \"potts\"\nq = 3\nshape = [4, 4]\ntemperature = 1.1",
			"[[proposal]]\nkernel = \"swendsen-wang\"\n",
			[][3]string{
				{"-2 * (1 + (q - 1) * correlation[1]) / q", "energy", "0"},
				{"beta * structure_factor[0]", "susceptibility", "0"},
				{"beta * improved_structure_factor[0]", "improved_susceptibility", "0"},
				{"(sqrt(mean(smallest_modes[0]) / mean(smallest_modes[1]) - 1) + sqrt(structure_factor[0] / mean(smallest_modes[2]) - 1)) / (4 * sin(pi / 4))", "correlation_length", "0"},
			},
		},
		{
			"name = \"spin-glass\"\nshape = [4, 4]\ndisorder_seed = 5\nbeta = 0.8",
			"[[proposal]]\nkernel = \"heat-bath\"\n",
			[][3]string{
				{"mean(overlap^2)", "squared_overlap", "0"},
				{"mean(abs(overlap))", "abs_overlap", "0"},
				{"1 - mean(overlap^4) / (3 * squared_overlap^2)", "overlap_binder", "0"},
			},
		},
	} {
		t.Run(strings.Split(x.model, `"`)[1], func(t *testing.T) {
			record := map[string]bool{}
			var list, expressions string
			for i, e := range x.equal {
				if !record[e[1]] {
					record[e[1]] = true
					list += fmt.Sprintf("%q, ", e[1])
				}
				expressions += fmt.Sprintf("derived%d = %q\n", i, e[0])
			}
			r := read(t, "derived.toml", fmt.Sprintf(`
[model]
%s
[run]
chains = 4
thermalize = 100
sweeps = 3000
[observables]
record = [%s]
[observables.derived]
%s
%s`, x.model, list, expressions, x.kernels))
			r.each(t, func(t *testing.T, s *sample) {
				for i, e := range x.equal {
					var k int
					fmt.Sscan(e[2], &k)
					got, want := s.pooled(t, fmt.Sprintf("derived%d", i), 0), s.pooled(t, e[1], k)
					if !near(got.Value, want.Value, 1e-10) || !near(got.Error/want.Error, 1, 1e-8) || !near(got.TauInt/want.TauInt, 1, 1e-8) {
						t.Errorf("%s is %.12g(%.12g), tau_int %.12g; %s[%d] is %.12g(%.12g), tau_int %.12g",
							e[0], got.Value, got.Error, got.TauInt, e[1], k, want.Value, want.Error, want.TauInt)
					}
				}
			})
		})
	}
}
