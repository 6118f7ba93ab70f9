package card

import (
	"slices"
	"strings"
	"testing"

	"mcrun/models"
)

func TestSet(t *testing.T) {
	text := minimal + `
[[proposal]]
name = "v1"
kernel = "wolff"
[[proposal]]
name = "v1.2"
kernel = "wolff"
[[proposal]]
name = "twice"
cycle = [{ kernel = "wolff" }, { kernel = "metropolis" }, { kernel = "wolff" }]
`
	c := parse(t, text,
		"title=a plain title",
		"seed = 5",
		"model.shape=[8, 8, 8]",
		"model.J=2",
		"run.checkpoint=30s",
		"run.start=cold",
		"observables.record=[\"energy\"]",
		"proposal.v1.steps=3",
		"proposal.v1.2.steps=4",
		"proposal.twice.metropolis.order=sequential",
		"proposal.twice.cycle[3].steps=7",
		"run.chains=3", "run.chains=2", // the last one counts
		"scan.model.temperature=[2.0, 2.5]",
	)
	p := c.Points[1]
	m := p.Model.(*models.Ising)
	if c.Title != "a plain title" || p.Seed != 5 || m.Sites() != 512 || m.J != 2 || m.Beta() != 0.4 || len(c.Points) != 2 {
		t.Errorf("got %+v", p)
	}
	if p.Run.Chains != 2 || p.Run.Start != models.Cold || p.Run.Checkpoint.Seconds() != 30 || !slices.Equal(p.recorded(), []string{"energy"}) {
		t.Errorf("got %+v", p)
	}
	q := p.Proposals
	if q[1].Members[0].Steps != 3 || q[2].Members[0].Steps != 4 || q[3].Members[2].Steps != 7 || q[3].Members[0].Steps != 1 {
		t.Errorf("got %+v", q)
	}
}

// A table that the card lacks is made, a cycle as a whole is replaced.
func TestSetTables(t *testing.T) {
	c := parse(t, "[model]\nname = \"ising\"\nshape = [4, 4]\nbeta = 1\n[[proposal]]\nname = \"a\"\ncycle = [{ kernel = \"wolff\" }]\n",
		"run.sweeps=10", "proposal.a.cycle=[{ kernel = \"metropolis\" }, { kernel = \"wolff\", steps = 2 }]", "proposal.a.wolff.steps=3")
	if q := c.Points[0].Proposals[0]; len(q.Members) != 2 || q.Members[1].Steps != 3 {
		t.Errorf("got %+v", q)
	}
}

// What is not TOML is text, though it begins with a number.
func TestSetText(t *testing.T) {
	for _, want := range []string{"a b", "2024-13-45", "1e999 sweeps", "it's"} {
		if c := parse(t, minimal, "title="+want); c.Title != want {
			t.Errorf("got %q, want %q", c.Title, want)
		}
	}
}

func TestSetErrors(t *testing.T) {
	deep := strings.Repeat("[", 101)
	const scanned = minimal + "[scan]\n\"model.h\" = [0.0, 1.0]\n"
	for _, c := range []struct{ text, set, want string }{
		{minimal, "chains", `--set chains: chains: is not a setting; expected key=value, as model.temperature=2.5`},
		{minimal, "=2", `--set =2: is not a setting; expected key=value, as model.temperature=2.5`},
		{minimal, "run.chains=", `--set run.chains=: run.chains: is not a setting; expected key=value, as model.temperature=2.5`},
		{minimal, "run.chains=two", `--set run.chains=two: run.chains: is the string "two"; expected a whole number at least 1`},
		{minimal, "model.shape=[8, 8", `--set model.shape=[8, 8: model.shape: [8, 8 is broken; expected a value as on a card, as 2.5, [16, 16] or "hot"`},
		{minimal, "model.J=1\nseed=2", `--set model.J=1 seed=2: model.J: has more than one line; expected a value as on a card, as 2.5, [16, 16] or "hot"`},
		{minimal, "model.temprature=2", `--set model.temprature=2: model.temprature: unknown key; expected name, shape, couplings, temperature, beta, J or h; did you mean model.temperature?`},
		{minimal, "model.beta=2", `--set model.beta=2: model.beta: given beside temperature; expected one of the two`},
		{minimal, "chains=2", `--set chains=2: chains: unknown key; expected the path of a key, as model.temperature or proposal.wolff.steps; did you mean run.chains?`},
		{minimal, "proposal.wolff.steps=2", `--set proposal.wolff.steps=2: proposal.wolff.steps: no proposal has this name; expected proposal.NAME.KEY; the names are metropolis`},
		{minimal, `"model.h"=2`, `--set "model.h"=2: "model.h": is in quotes; expected the path of a key, as model.temperature or proposal.wolff.steps; did you mean model.h?`},
		{minimal, "proposal[1].steps=3", `--set proposal[1].steps=3: proposal[1].steps: calls a proposal by its number; expected its name, as proposal.wolff.steps; did you mean proposal.metropolis.steps?`},
		{minimal, "proposal[2].steps=3", `--set proposal[2].steps=3: proposal[2].steps: calls a proposal by its number; expected its name, as proposal.wolff.steps`},
		{minimal, "proposal.metropolis.kernel=flows", `--set proposal.metropolis.kernel=flows: proposal.metropolis.kernel: unknown kernel "flows"; expected heat-bath, hmc, mala, metropolis, nuts, over-relaxation, pcn, swendsen-wang, wolff, flow, latent-hmc, turn or tempering; did you mean "flow"?`},
		{minimal, "model.h=1e309", `--set model.h=1e309: model.h: 1e309 is too large; expected numbers of at most 1.8e308`},
		{minimal, "seed=9223372036854775808", `--set seed=9223372036854775808: seed: 9223372036854775808 is too large; expected whole numbers of at most 2^63-1 = 9223372036854775807`},
		{minimal, "model.shape=" + deep, `--set model.shape=` + deep + `: model.shape: nests more than 100 levels deep; expected a value as on a card, as 2.5, [16, 16] or "hot"`},
		{minimal, "model=ising", `--set model=ising: model: is a whole table; expected one of its keys, as model.temperature`},
		{scanned, "model.h=2", `--set model.h=2: model.h: is varied by the card's scan; expected another key, or the scan's values, as scan.model.h=[...]`},
		{scanned, "scan.model.h=[]", `--set scan.model.h=[]: model.h: is an empty list; expected a list of values, as [2.0, 2.5], or { from = 2.0, to = 2.6, points = 13 }`},
		{"model = 3\nrun = { sweeps = 3 }\nproposal = [{ kernel = \"wolff\" }]\n", "model.J=2", `--set model.J=2: model.J: the card has no table to put this in; expected the path of a key, as model.temperature`},
	} {
		got := refuse(t, c.text, c.set)
		if got[len(got)-1] != c.want {
			t.Errorf("got  %s\nwant %s", got[len(got)-1], c.want)
		}
	}
}
