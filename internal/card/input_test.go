package card

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

// writeFiles writes files into a directory of the test's own, which it returns.
func writeFiles(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const graphCard = `
[model]
name = "ising"
temperature = 2.0

[run]
sweeps = 100

[[proposal]]
kernel = "heat-bath"

[scan]
"model.couplings" = ["a/bonds.txt", "b/bonds.txt"]
`

// A run directory keeps the files that the card names, under names of their
// own, and the card there is the same card: it has the same random streams and
// may be gone on with.
func TestInputs(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"card.toml":   graphCard,
		"a/bonds.txt": "sites 2\n0 1 1\n",
		"b/bonds.txt": "sites 3\n0 1 1\n1 2 1\n",
	})
	c, err := Load(filepath.Join(dir, "card.toml"), nil, laptop)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"card.toml": string(c.Stored())}
	for name, data := range c.Inputs() {
		files["inputs/"+name] = string(data)
	}
	if len(files) != 3 || !strings.HasPrefix(files["inputs/bonds-2.txt"], "sites 3") {
		t.Fatalf("the run directory has %q", files)
	}
	stored := writeFiles(t, files)
	again, err := Load(filepath.Join(stored, "card.toml"), nil, laptop)
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Stored()) != string(c.Stored()) {
		t.Errorf("the stored card is stored as\n%s", again.Stored())
	}
	if diff := Differences(again, c); diff != nil {
		t.Errorf("differences %q", diff)
	}
	for i := range c.Points {
		if a, b := c.Points[i].ModelIdentity(), again.Points[i].ModelIdentity(); a != b {
			t.Errorf("point %d is %s as stored, and %s before", i, b, a)
		}
		if a, b := c.StoredModelKeys(&c.Points[i]), again.StoredModelKeys(&again.Points[i]); !slices.Equal(a, b) {
			t.Errorf("point %d reports %v as stored, and %v before", i, b, a)
		}
	}

	// Another content is another card.
	if err := os.WriteFile(filepath.Join(stored, "inputs/bonds.txt"), []byte("sites 2\n0 1 -1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	other, err := Load(filepath.Join(stored, "card.toml"), nil, laptop)
	if err != nil {
		t.Fatal(err)
	}
	if diff := Differences(other, c); len(diff) != 1 || !strings.Contains(diff[0], "model.couplings") {
		t.Errorf("differences %q", diff)
	}
	if other.Points[0].ModelIdentity() == c.Points[0].ModelIdentity() {
		t.Error("models with different couplings have one identity")
	}
}

// Tables within tables are resolved to the same card.
func TestResolvedNested(t *testing.T) {
	dir := writeFiles(t, map[string]string{"card.toml": `
[model]
name = "ising"
shape = [4, 4]
temperature = 2.0
[run]
sweeps = 100
save = { every = 10 }
start = { file = "square.npy", index = 0 }
[observables]
record = ["energy"]
[observables.derived]
zeta = "mean(energy^4) / mean(energy^2)^2"
alpha = "energy / 2"
[[proposal]]
kernel = "metropolis"
`})
	array, err := os.ReadFile("testdata/bad/square.npy")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "square.npy"), array, 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := Load(filepath.Join(dir, "card.toml"), []string{"run.save.every=20", "observables.derived.beta2=beta^2 * energy"}, laptop)
	if err != nil {
		t.Fatal(err)
	}
	if c.Points[0].Run.Save != 20 {
		t.Errorf("save is %d", c.Points[0].Run.Save)
	}
	var names []string
	for _, o := range c.Points[0].Observables {
		names = append(names, o.Name)
	}
	if want := []string{"energy", "zeta", "alpha", "beta2"}; !slices.Equal(names, want) {
		t.Errorf("observables %q, want %q", names, want)
	}
	again, err := Parse(filepath.Join(dir, "again.toml"), c.Resolved(), nil, laptop)
	if err != nil {
		t.Fatalf("%v in\n%s", err, c.Resolved())
	}
	if string(again.Resolved()) != string(c.Resolved()) {
		t.Errorf("resolved to\n%sand then to\n%s", c.Resolved(), again.Resolved())
	}

	m, err := c.Points[0].Prepare()
	if err != nil {
		t.Fatal(err)
	}
	s := m.NewState(models.Hot, mc.NewStream(mc.NewKey(1))).(models.Spins)
	if err := c.Points[0].Run.From.Load(m, s, 3, 4); err != nil {
		t.Fatal(err)
	}
	for i, k := range s {
		if want := uint8(1 - (i+i/4)%2); k != want {
			t.Errorf("site %d is in state %d, want %d", i, k, want)
		}
	}
}

// Chains take configurations that are far from each other.
func TestSourceConfiguration(t *testing.T) {
	five := 5
	for _, c := range []struct {
		s             Source
		chains, count int
		want          []int
	}{
		{Source{}, 4, 100, []int{24, 49, 74, 99}},
		{Source{}, 4, 1, []int{0, 0, 0, 0}},
		{Source{}, 3, 2, []int{0, 0, 1}},
		{Source{Index: &five}, 2, 100, []int{5, 5}},
	} {
		for chain, want := range c.want {
			if got := c.s.configuration(chain, c.chains, c.count); got != want {
				t.Errorf("chain %d of %d takes configuration %d of %d, want %d", chain, c.chains, got, c.count, want)
			}
		}
	}
}

// Kernels that tune their steps are told of too little thermalization, and of
// which keys are tuned.
func TestAdviceOnTuning(t *testing.T) {
	text := func(model string, thermalize int) string {
		return fmt.Sprintf(`
[model]
%s
shape = [4, 4]
[run]
sweeps = 100
thermalize = %d
[[proposal]]
kernel = "hmc"
[[proposal]]
name = "fixed"
kernel = "hmc"
step = 0.1
length = 1.0
[[proposal]]
name = "step"
kernel = "hmc"
length = 1.0
[[proposal]]
cycle = [{ kernel = "metropolis" }, { kernel = "heat-bath" }]
`, model, thermalize)
	}
	const phi4, ising = "name = \"phi4\"\nmass2 = -4.0\nlambda = 6.0", "name = \"ising\"\ntemperature = 2.0"
	for _, c := range []struct {
		text string
		want []string
	}{
		{text(phi4, 100), nil},
		{text(phi4, 99), []string{
			"proposal.hmc.kernel: hmc tunes its step and length in thermalization, for which 99 sweeps are few; thermalize = 1000 on the card, or give the step and length",
			"proposal.step.kernel: hmc tunes its step in thermalization, for which 99 sweeps are few; thermalize = 1000 on the card, or give the step",
			"metropolis tunes its width in",
		}},
		{text(ising, 0), []string{
			"proposal.hmc.kernel: hmc tunes its step and length in thermalization, so that with thermalize = 0 it begins and stays untuned; thermalize = 1000",
			"proposal.step.kernel: hmc tunes its step in thermalization, so that",
		}},
	} {
		crd, err := Parse("card.toml", []byte(c.text), nil, laptop)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(crd.Advice, c.want, func(e *Error, want string) bool { return strings.Contains(e.Error(), want) }) {
			t.Errorf("advice\n%v\nwant %q", crd.Advice, c.want)
		}
	}
}

// Clusters on a frustrated model are allowed, with a word of advice.
func TestAdvice(t *testing.T) {
	c, err := Parse("card.toml", []byte(`
[model]
name = "spin-glass"
shape = [4, 4]
[run]
sweeps = 100
[[proposal]]
kernel = "wolff"
[[proposal]]
kernel = "heat-bath"
[scan]
"model.temperature" = [1.0, 2.0]
`), nil, laptop)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Advice) != 1 || !strings.HasPrefix(c.Advice[0].Error(), "card.toml:8: proposal.wolff.kernel: ") {
		t.Errorf("advice %v", c.Advice)
	}
}
