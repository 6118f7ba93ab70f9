package card

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals/flow"
)

const flowCard = minimal + `
[[proposal]]
kernel = "flow"
flow = "rg.v2"

[[proposal]]
name = "with-wolff"
cycle = [{ kernel = "wolff" }, { kernel = "latent-hmc", flow = "rg.v2" }]

[flow."rg.v2"]
couplings = 4
weights = "w/{point}.safetensors"

[flow."rg.v2".train]
steps = 10

[flow.rg]
symmetry = "z2"
`

// Flows have defaults, are written in the resolved card, and are called by their
// names in settings and scans, which may hold dots.
func TestFlows(t *testing.T) {
	c := parse(t, flowCard, "flow.rg.v2.train.batch=64", "flow.rg.couplings=3", "scan.flow.rg.v2.hidden=[[4], [5, 6]]", "flow.rg.train.steps=7")
	p := c.Points[1]
	if p.Flow("none") != nil || len(p.Flows) != 2 {
		t.Fatalf("flows %v", p.Flows)
	}
	f, g := p.Flow("rg.v2"), p.Flow("rg")
	if f.Spec.Couplings != 4 || !slices.Equal(f.Spec.Hidden, []int{5, 6}) || f.Train.Batch != 64 || f.Train.Steps != 10 || !f.Dual {
		t.Errorf("flow %+v", f)
	}
	if g.Spec.Couplings != 3 || g.Spec.Symmetry != "z2" || g.Train.Steps != 7 || g.Train.Batch != 512 || g.Train.LearningRate != 1e-3 {
		t.Errorf("flow %+v", g)
	}
	// One training of rg serves both points.
	var trainings []string
	for _, x := range c.Trainings() {
		trainings = append(trainings, x.File+" "+x.Weights)
	}
	want := []string{"flows/rg.safetensors ", "flows/rg.v2-0000.safetensors w/0000.safetensors", "flows/rg.v2-0001.safetensors w/0001.safetensors"}
	if !slices.Equal(trainings, want) {
		t.Errorf("trainings %q", trainings)
	}
	if g.Training != 0 || f.Training != 2 || c.Points[0].Flow("rg").Training != 0 {
		t.Errorf("trainings %d and %d", g.Training, f.Training)
	}
	if names := p.Proposals[1].Moved(); !slices.Equal(names, []string{"rg.v2"}) {
		t.Errorf("%s moves by %q", p.Proposals[1].Name, names)
	}
	resolved := string(c.Resolved())
	again := parse(t, resolved)
	if string(again.Resolved()) != resolved || Differences(c, again) != nil {
		t.Errorf("the resolved card\n%s\nresolves to\n%s\n%q", resolved, again.Resolved(), Differences(c, again))
	}
	// That of a run directory has its own weights.
	stored := parse(t, string(c.Stored()))
	if strings.Contains(string(c.Stored()), "weights") || Differences(stored, c) != nil {
		t.Errorf("%q\n%s", Differences(stored, c), c.Stored())
	}
	if len(c.Advice) != 1 || !strings.Contains(c.Advice[0].Error(), "flow.rg: no proposal moves by this flow") {
		t.Errorf("advice %v", c.Advice)
	}
}

// What identifies a training is all that determines it, and nothing else.
func TestFlowIdentity(t *testing.T) {
	of := func(sets ...string) string {
		p := parse(t, flowCard, sets...).Points[0]
		return p.ModelIdentity() + p.FlowIdentity(p.Flow("rg.v2"))
	}
	same := of()
	for _, set := range []string{"run.sweeps=5", `flow.rg.v2.weights="other.safetensors"`, "flow.rg.couplings=3", "proposal.flow.steps=2", "flow.rg.v2.hidden=[10, 10, 10]"} {
		if of(set) != same {
			t.Errorf("%s changes the identity", set)
		}
	}
	for _, set := range []string{"model.temperature=2.0", "flow.rg.v2.couplings=5", "flow.rg.v2.train.steps=11", `flow.rg.v2.train.objective="nll"`} {
		if of(set) == same {
			t.Errorf("%s changes nothing", set)
		}
	}
}

// Differences name the keys of flows.
func TestFlowDifferences(t *testing.T) {
	got := Differences(parse(t, flowCard), parse(t, flowCard, "flow.rg.v2.train.steps=20", "flow.rg.repeat=2", `flow.rg.v2.weights="x"`))
	want := []string{
		"flow.rg.repeat: 1 in the run directory, 2 in the card",
		"flow.rg.v2.train.steps: 10 in the run directory, 20 in the card",
	}
	if !slices.Equal(got, want) {
		t.Errorf("differences %q", got)
	}
}

// keep returns a card as the run directory keeps it, where it has to be the same card,
// with weights at a path and files of these names.
func keep(t *testing.T, c *Card, weights string, names ...string) *Card {
	t.Helper()
	files := map[string]string{"card.toml": string(c.Stored())}
	for name, data := range c.Inputs() {
		files["inputs/"+name] = string(data)
	}
	if got := slices.Sorted(maps.Keys(c.Inputs())); !slices.Equal(got, names) || !strings.Contains(files["card.toml"], "= "+strconv.Quote(weights)+"\n") {
		t.Errorf("kept are %q, and the card\n%s", got, c.Stored())
	}
	again, err := Load(filepath.Join(writeFiles(t, files), "card.toml"), nil, laptop)
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Stored()) != string(c.Stored()) || Differences(again, c) != nil || Differences(c, again) != nil {
		t.Errorf("differences %q\n%s", Differences(again, c), again.Stored())
	}
	for i, x := range c.Trainings() {
		if y := again.Trainings()[i]; (x.Given == nil) != (y.Given == nil) || x.Given != nil && x.Given.Sum() != y.Given.Sum() {
			t.Errorf("training %d is given %v as kept, %v before", i, y.Given, x.Given)
		}
	}
	return again
}

// Files that training begins with are inputs, and weights are used where they are.
func TestFlowFiles(t *testing.T) {
	dir := writeFiles(t, map[string]string{"card.toml": strings.Replace(flowCard, "[16, 16]", "[4, 4]", 1)})
	card := filepath.Join(dir, "card.toml")
	c, err := Load(card, nil, laptop)
	if err != nil {
		t.Fatal(err)
	}
	p := &c.Points[0]
	f := p.Flow("rg.v2")
	dual, _ := models.NewDualOf(p.Model)
	made, err := flow.New[float32](f.Spec, dual, mc.NewStream(mc.NewKey(1)))
	if err != nil {
		t.Fatal(err)
	}
	file, err := (&flow.Weights[float32]{Flow: made, Model: p.ModelKeys()}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "w"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "w/0000.safetensors"), file, 0o644); err != nil {
		t.Fatal(err)
	}
	// Used, and at another temperature a start.
	if c, err = Load(card, nil, laptop); err != nil {
		t.Fatal(err)
	}
	if x := c.Trainings()[1]; x.Given == nil || x.Given.Sum() != flow.Hash(file) {
		t.Errorf("given %v", x.Given)
	}
	// The run directory keeps it, and goes on with it when the file is gone.
	stored := keep(t, c, "inputs/rg.v2.safetensors", "rg.v2.safetensors")
	gone, err := Load(card, []string{`flow.rg.v2.weights="new"`}, laptop)
	if err != nil {
		t.Fatal(err)
	}
	if len(gone.Inputs()) != 0 || strings.Contains(string(gone.Stored()), "weights") {
		t.Errorf("without weights stored as\n%s", gone.Stored())
	}
	own := string(gone.Stored())
	gone.GoOn(stored, nil)
	if string(gone.Stored()) != string(c.Stored()) || len(gone.Inputs()) != 1 {
		t.Errorf("without the file goes on as\n%s", gone.Stored())
	}
	// What a run has trained is no file of its card.
	ran, err := Load(card, []string{`flow.rg.v2.weights="new"`}, laptop)
	if err != nil {
		t.Fatal(err)
	}
	c.GoOn(ran, map[string]string{"flows/rg.v2.safetensors": "sum"})
	if string(c.Stored()) != own || len(c.Inputs()) != 0 {
		t.Errorf("with weights of its own goes on as\n%s", c.Stored())
	}
	// Of one training of two, beside another file of its name in the run directory.
	if err := os.WriteFile(filepath.Join(dir, "rg.v2-0000.safetensors"), file, 0o644); err != nil {
		t.Fatal(err)
	}
	if c, err = Load(card, []string{"scan.model.temperature=[2.5, 3.0]", `flow.rg.v2.train.start="rg.v2-0000.safetensors"`}, laptop); err != nil {
		t.Fatal(err)
	}
	keep(t, c, "inputs/rg.v2-{point}.safetensors", "rg.v2-0000-2.safetensors", "rg.v2-0000.safetensors")
	if c, err = Load(card, []string{`flow.rg.v2.weights="new"`, "model.temperature=2.0", `flow.rg.v2.train.start="w/0000.safetensors"`}, laptop); err != nil {
		t.Fatal(err)
	}
	if in := c.Inputs(); string(in["0000.safetensors"]) != string(file) || !strings.Contains(string(c.Stored()), `start         = "inputs/0000.safetensors"`) {
		t.Errorf("inputs %d\n%s", len(in), c.Stored())
	}
	_, err = Load(card, []string{"flow.rg.v2.couplings=5", `flow.rg.v2.train.start="w/0000.safetensors"`, `flow.rg.v2.weights="new"`}, laptop)
	if err == nil || !strings.Contains(err.Error(), "w/0000.safetensors is of a flow with couplings = 4; expected 5") {
		t.Errorf("another flow to start from: %v", err)
	}
}

// Kernels name flows that there are, and not at the rungs of a ladder.
func TestLearnedErrors(t *testing.T) {
	for _, c := range []struct {
		text, want string
	}{
		{strings.Replace(flowCard, `flow = "rg.v2"`, `flow = "rgv2"`, 1), `proposal.flow.flow: unknown flow "rgv2"; expected rg or rg.v2; did you mean "rg.v2"?`},
		{minimal + "\n[[proposal]]\nkernel = \"flow\"\nflow = \"rg\"\n", `proposal.flow.flow: names the flow "rg", and the card has none; expected a table [flow.rg]`},
		{minimal + "\n[[proposal]]\nkernel = \"flow\"\n[flow.rg]\n", "proposal.flow.flow: missing; expected a string in quotes"},
		{minimal + "\n[[proposal]]\nkernel = \"flow\"\nflow = \"rg\"\nrenew = \"scale\"\n[flow.rg]\narchitecture = \"tebd\"\n", "proposal.flow.renew: is scale, of which a flow of the architecture tebd has but one"},
		{minimal + "\n[[proposal]]\nkernel = \"tempering\"\nvalues = [2.0, 2.5]\ninner = { kernel = \"flow\", flow = \"rg\" }\n[flow.rg]\n", "proposal.tempering.inner.kernel: flow moves by the flow rg, which is trained for one model"},
	} {
		if got := refuse(t, c.text); len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("got  %s\nwant %s", strings.Join(got, "\n"), c.want)
		}
	}
}
