package card

import (
	"slices"
	"strings"
	"testing"
)

func TestDifferences(t *testing.T) {
	const two = minimal + "[[proposal]]\nkernel = \"wolff\"\n[scan]\n\"model.h\" = [0.0, 0.5]\n"
	const timed = "[model]\nname = \"ising\"\nshape = [4, 4]\nbeta = 1\n[run]\nseconds = 10\n[[proposal]]\nkernel = \"wolff\"\n"
	for _, c := range []struct {
		name     string
		old, new string
		sets     []string
		want     []string
	}{
		{"none", two, two, nil, nil},
		{"what may change", two, two, []string{"title=new", "run.checkpoint=1s", "run.sweeps=2000"}, nil},
		{"seconds may grow", timed, timed, []string{"run.seconds=20"}, nil},
		{"fewer seconds", timed, timed, []string{"run.seconds=5"}, []string{"run.seconds: 10.0 in the run directory, 5.0 in the card"}},
		{"fewer sweeps", two, two, []string{"run.sweeps=999"}, []string{"run.sweeps at point 0: 1000 in the run directory, 999 in the card"}},
		{"several", minimal, minimal, []string{"run.chains=8", "seed=2", "proposal.metropolis.order=sequential"}, []string{
			"seed: 1 in the run directory, 2 in the card",
			"run.chains: 4 in the run directory, 8 in the card",
			`proposal.metropolis.order: "checkerboard" in the run directory, "sequential" in the card`,
		}},
		{"one point", two, two, []string{"scan.model.h=[0, 0.75]"}, []string{"model.h at point 1: 0.5 in the run directory, 0.75 in the card"}},
		{"a point more", two, two, []string{"scan.model.h=[0, 0.5, 1]", "run.chains=5"}, []string{
			"scan: model.h (2 values) in the run directory, model.h (3 values) in the card",
			"run.chains: 4 in the run directory, 5 in the card",
		}},
		{"a proposal more", minimal, minimal + "[[proposal]]\nkernel = \"wolff\"\n", []string{"model.J=2"}, []string{
			"proposals: metropolis in the run directory, metropolis, wolff in the card",
			"model.J: 1.0 in the run directory, 2.0 in the card",
		}},
		{"sweeps for seconds", minimal, strings.Replace(minimal, "sweeps = 1000", "seconds = 60", 1), nil, []string{
			"run.sweeps: 1000 in the run directory, not set in the card",
			"run.seconds: not set in the run directory, 60.0 in the card",
		}},
		{"beta for temperature", minimal, strings.Replace(minimal, "temperature = 2.5", "beta = 0.4", 1), nil, []string{
			"model.temperature: 2.5 in the run directory, not set in the card",
			"model.beta: not set in the run directory, 0.4 in the card",
		}},
	} {
		if got := Differences(parse(t, c.old), parse(t, c.new, c.sets...)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Identities are what random streams derive from: these must never change.
func TestIdentity(t *testing.T) {
	c := parse(t, minimal+`
[[proposal]]
cycle = [{ kernel = "wolff", steps = 5 }, { kernel = "turn", depth = 3 }]
`)
	p := &c.Points[0]
	if got, want := p.ModelIdentity(), `{"J":1,"h":0,"name":"ising","shape":[16,16],"temperature":2.5}`; got != want {
		t.Errorf("got %s", got)
	}
	for i, want := range []string{
		`{"kernel":[{"kernel":"metropolis","order":"checkerboard","steps":1}],"name":"metropolis"}`,
		`{"cycle":[{"kernel":"wolff","steps":5},{"angle":0.5,"depth":3,"kernel":"turn","steps":1}],"name":"wolff+turn"}`,
	} {
		if got := p.Proposals[i].Identity(); got != want {
			t.Errorf("got %s", got)
		}
	}
}

// Identities depend on nothing but the model, and the proposal with its name.
func TestIdentityDependsOnNothingElse(t *testing.T) {
	want := parse(t, minimal).Points[0]
	got := parse(t, `title = "other"
seed = 7
[[proposal]]
kernel = "wolff"
[[proposal]]
steps = 1
kernel = "metropolis"
order = "checkerboard"
[run]
chains = 7
seconds = 1
start = "cold"
[model]
J = 1
temperature = 25e-1
name = "ising"
h = -0.0
[scan]
"model.shape" = [[8, 8], [16, 16]]
`).Points[1]
	if got.ModelIdentity() != want.ModelIdentity() {
		t.Errorf("got %s, want %s", got.ModelIdentity(), want.ModelIdentity())
	}
	if got, want := got.Proposals[1].Identity(), want.Proposals[0].Identity(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, set := range []string{"model.J=2", "model.shape=[16, 8]", "model.temperature=2.6"} {
		if p := parse(t, minimal, set).Points[0]; p.ModelIdentity() == want.ModelIdentity() {
			t.Errorf("%s does not change %s", set, want.ModelIdentity())
		}
	}
	for _, set := range []string{"proposal.metropolis.steps=2", "proposal.metropolis.order=sequential", "proposal.metropolis.name=m", "proposal.metropolis.kernel=heat-bath"} {
		if p := parse(t, minimal, set).Points[0]; p.Proposals[0].Identity() == want.Proposals[0].Identity() {
			t.Errorf("%s does not change %s", set, want.Proposals[0].Identity())
		}
	}
}
