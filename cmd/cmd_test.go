package cmd

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mcrun/internal/store"
	"mcrun/models"
)

// With this variable set the test binary is mcrun.
const asProgram = "MCRUN_TEST_AS_PROGRAM"

// thorough leaves a test out with -short, which the race detector gets: it runs
// the program many times, in ways that others run it too.
func thorough(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("many runs of the program")
	}
}

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		Main()
	}
	os.Exit(m.Run())
}

// mcrun runs the command line in this process.
func mcrun(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

// succeed runs the command line and fails the test unless it exits with 0.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := mcrun(t, args...)
	if code != exitDone {
		t.Fatalf("mcrun %s: exit code %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

const smallCard = `
seed = 3
[model]
name = "ising"
shape = [6, 6]
temperature = 2.4
[run]
chains = 2
thermalize = 100
sweeps = 2000
every = 2
[[proposal]]
kernel = "metropolis"
order = "sequential"
[[proposal]]
kernel = "wolff"
steps = 2
[[proposal]]
mixture = [{ kernel = "heat-bath", weight = 1.0 }, { kernel = "swendsen-wang", weight = 0.5 }]
[scan]
"model.temperature" = [2.2, 2.4]
"model.h" = [0.0, 0.1]
`

// richCard records vectors, pairs of chains and averages over clusters from one
// record to the next, and keeps configurations.
const richCard = `
[model]
name = "potts"
shape = [6, 4]
q = 3
temperature = 1.0
[run]
chains = 2
thermalize = 100
sweeps = 2000
every = 3
save = { every = 7 }
[observables]
record = ["energy", "susceptibility", "correlation", "correlation_length", "overlap", "improved_structure_factor"]
[observables.derived]
half = "mean(energy^2) / 2"
[[proposal]]
kernel = "heat-bath"
[[proposal]]
cycle = [{ kernel = "wolff", steps = 2 }, { kernel = "metropolis" }, { kernel = "swendsen-wang" }]
`

// dualCard samples spins by kernels of fields, which act on the continuous dual.
const dualCard = `
[model]
name = "ising"
shape = [4, 4]
temperature = 2.5
h = 0.1
[run]
chains = 2
thermalize = 300
sweeps = 2000
every = 3
save = { every = 5 }
[observables]
record = ["energy", "magnetization", "susceptibility", "overlap"]
[[proposal]]
kernel = "hmc"
[[proposal]]
cycle = [{ kernel = "hmc", refresh = true }, { kernel = "wolff", steps = 2 }]
[[proposal]]
mixture = [{ kernel = "mala", weight = 1.0 }, { kernel = "heat-bath", weight = 1.0 }]
`

// fieldCard samples a field by kernels that tune themselves.
const fieldCard = `
[model]
name = "phi4"
shape = [4, 4]
mass2 = -4.0
lambda = 6.0
[run]
chains = 2
thermalize = 300
sweeps = 2000
[[proposal]]
kernel = "hmc"
mass = "fourier"
[[proposal]]
kernel = "nuts"
[[proposal]]
cycle = [{ kernel = "metropolis" }, { kernel = "over-relaxation" }, { kernel = "wolff" }]
`

// inDir makes a temporary directory the working directory and writes a card
// there.
func inDir(t *testing.T, card string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("card.toml", []byte(card), 0o644); err != nil {
		t.Fatal(err)
	}
}

// series returns the hash of every series and of all configurations in a run
// directory.
func series(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	sums := make(map[string][32]byte)
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".npy" && ext != ".npz" {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		sums[rel] = sha256.Sum256(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

func sameSeries(t *testing.T, dir, other string) {
	t.Helper()
	a, b := series(t, dir), series(t, other)
	if len(a) == 0 || len(a) != len(b) {
		t.Fatalf("%s has %d series, %s has %d", dir, len(a), other, len(b))
	}
	for name := range a {
		if a[name] != b[name] {
			t.Errorf("%s differs between %s and %s", name, dir, other)
		}
	}
}

func TestWorkersChangeNothing(t *testing.T) {
	for _, card := range []string{smallCard, richCard, dualCard, fieldCard} {
		inDir(t, card)
		succeed(t, "card.toml", "--workers", "1", "-o", "one.run")
		succeed(t, "run", "card.toml", "--workers", "2", "-o", "two.run", "--quiet")
		sameSeries(t, "one.run", "two.run")
	}
}

// A point of a scan has the same numbers in a card of its own.
func TestScanChangesNothing(t *testing.T) {
	inDir(t, smallCard)
	succeed(t, "card.toml", "-o", "scan.run")
	alone := smallCard[:strings.Index(smallCard, "[scan]")]
	if err := os.WriteFile("alone.toml", []byte(alone), 0o644); err != nil {
		t.Fatal(err)
	}
	succeed(t, "alone.toml")
	succeed(t, "alone.toml", "-o", "other.run", "--set", "seed=4")
	// Points in order: T = 2.2 with h = 0, 0.1, T = 2.4 with h = 0, 0.1.
	scan, own, other := series(t, "scan.run"), series(t, "alone.run"), series(t, "other.run")
	for i, name := range []string{"metropolis", "wolff", "heat-bath+swendsen-wang"} {
		for chain := range 2 {
			file := fmt.Sprintf("chain-%02d.npy", chain)
			at := filepath.Join("tasks", fmt.Sprintf("%04d-%s", 6+i, name), file)
			alone := filepath.Join("tasks", fmt.Sprintf("%04d-%s", i, name), file)
			if scan[at] != own[alone] {
				t.Errorf("%s of the scan is not %s of the point by itself", at, alone)
			}
			if own[alone] == other[alone] {
				t.Errorf("%s does not depend on the seed", alone)
			}
		}
	}
}

// A run killed at several moments ends with the bits of one that was not.
func TestKill(t *testing.T) {
	for name, card := range map[string]string{
		"small": strings.Replace(smallCard, "sweeps = 2000", "sweeps = 15000\ncheckpoint = \"5ms\"", 1),
		"dual":  strings.Replace(dualCard, "sweeps = 2000", "sweeps = 5000\ncheckpoint = \"5ms\"", 1),
		"field": strings.Replace(fieldCard, "sweeps = 2000", "sweeps = 4000\ncheckpoint = \"5ms\"", 1),
		"rich":  strings.Replace(richCard, "sweeps = 2000", "sweeps = 5000\ncheckpoint = \"5ms\"", 1),
	} {
		if testing.Short() && name != "small" {
			continue
		}
		t.Run(name, func(t *testing.T) { testKill(t, card) })
	}
}

func testKill(t *testing.T, card string) {
	inDir(t, card)
	succeed(t, "card.toml", "-o", "whole.run")
	random := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for kills < 7 {
		c := exec.Command(os.Args[0], "card.toml", "-o", "killed.run", "--quiet", "--workers", "2")
		c.Env = append(os.Environ(), asProgram+"=1")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			// It was done before its time; begin another.
			if err := os.Rename("killed.run", fmt.Sprintf("killed-%d.run", kills)); err != nil {
				t.Fatal(err)
			}
			sameSeries(t, "whole.run", fmt.Sprintf("killed-%d.run", kills))
		case <-time.After(time.Duration(5+random.IntN(60)) * time.Millisecond):
			c.Process.Kill()
			<-ended
			kills++
		}
	}
	succeed(t, "card.toml", "-o", "killed.run", "--quiet")
	sameSeries(t, "whole.run", "killed.run")
}

// SIGINT stores a checkpoint and exits with 130.
func TestInterrupt(t *testing.T) {
	inDir(t, strings.Replace(smallCard, "sweeps = 2000", "sweeps = 500000", 1))
	c := exec.Command(os.Args[0], "card.toml", "--workers", "1")
	c.Env = append(os.Environ(), asProgram+"=1")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for range 1000 { // until the first checkpoint can hold something
		if _, err := os.Stat("card.run/tasks/0000-metropolis/chain-00.npy"); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	c.Process.Signal(os.Interrupt)
	<-ended
	if code := c.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d after SIGINT, want 130", code)
	}
	if _, err := os.Stat("card.run/tasks/0000-metropolis/group-00.safetensors"); err != nil {
		t.Error(err)
	}
}

// Spins that are drawn from their dual have the exact expectation values of the
// model, also where kernels of spins and of fields take turns. Of 12 comparisons
// one is beyond 5 sigma by chance in 150 000 runs.
func TestDual(t *testing.T) {
	thorough(t)
	inDir(t, dualCard)
	var s struct {
		Results []struct {
			Proposal    string
			Observables map[string]struct{ Sigmas *float64 }
		}
	}
	out := succeed(t, "card.toml", "--json", "--set", "run.sweeps=12000", "--set", "run.chains=4")
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, r := range s.Results {
		for name, o := range r.Observables {
			if o.Sigmas == nil {
				continue
			}
			compared++
			if math.Abs(*o.Sigmas) > 5 {
				t.Errorf("%s: %s is %.1f sigma off", r.Proposal, name, *o.Sigmas)
			}
		}
	}
	if compared < 9 {
		t.Errorf("only %d exact values", compared)
	}
}

// Chains can begin with the configurations that others have kept, and what a
// run begins with is a part of it: it goes on when the file is gone.
func TestStartFromFile(t *testing.T) {
	inDir(t, richCard)
	succeed(t, "card.toml", "-o", "first.run")
	start := `run.start={ file = "first.run/tasks/0001-wolff+metropolis+swendsen-wang/chain-01.configs.npz" }`
	succeed(t, "card.toml", "-o", "second.run", "--set", start, "--set", "run.thermalize=0")
	succeed(t, "card.toml", "-o", "again.run", "--set", start, "--set", "run.thermalize=0")
	sameSeries(t, "second.run", "again.run")
	succeed(t, "card.toml", "-o", "indexed.run", "--set", "run.thermalize=0",
		"--set", strings.Replace(start, " }", ", index = 0 }", 1))
	if a, b := series(t, "second.run"), series(t, "indexed.run"); a["tasks/0000-heat-bath/chain-00.npy"] == b["tasks/0000-heat-bath/chain-00.npy"] {
		t.Error("the chain does not depend on the configuration that it begins with")
	}
	if err := os.RemoveAll("first.run"); err != nil {
		t.Fatal(err)
	}
	succeed(t, "second.run", "--set", "run.sweeps=3000")
	whole := series(t, "again.run/tasks")
	for name, sum := range series(t, "second.run/tasks") {
		if whole[name] == sum {
			t.Errorf("%s is not longer than before", name)
		}
	}
}

func TestResume(t *testing.T) {
	inDir(t, smallCard)
	first := succeed(t, "card.toml")
	before := series(t, "card.run")
	if again := succeed(t, "card.toml"); again != first {
		t.Errorf("a finished run prints\n%s\nthe first time and\n%s\nthe second", first, again)
	}
	if again := succeed(t, "card.run"); again != first {
		t.Errorf("the card prints\n%s\nand its directory\n%s", first, again)
	}
	for name, sum := range series(t, "card.run") {
		if before[name] != sum {
			t.Errorf("%s changed when a finished run was shown", name)
		}
	}

	// Another card is refused, and nothing is touched.
	code, _, stderr := mcrun(t, "card.toml", "--set", "run.chains=3")
	if code != exitUsage || !strings.Contains(stderr, "run.chains") || !strings.Contains(stderr, "2 in the run directory, 3 in the card") {
		t.Errorf("other chains: exit code %d, %s", code, stderr)
	}
	code, _, stderr = mcrun(t, "card.toml", "--set", "run.sweeps=1000")
	if code != exitUsage || !strings.Contains(stderr, "run.sweeps") {
		t.Errorf("fewer sweeps: exit code %d, %s", code, stderr)
	}
	for name, sum := range series(t, "card.run") {
		if before[name] != sum {
			t.Errorf("%s changed when another card was refused", name)
		}
	}

	// So is a run.json that does not belong to the card.
	manifest, err := os.ReadFile("card.run/run.json")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(manifest), `"seed": 3`, `"seed": 4`, 1)
	if err := os.WriteFile("card.run/run.json", []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr = mcrun(t, "card.toml"); code != exitUsage || !strings.Contains(stderr, "run.json") {
		t.Errorf("other seed in run.json: exit code %d, %s", code, stderr)
	}
	if err := os.WriteFile("card.run/run.json", manifest, 0o644); err != nil {
		t.Fatal(err)
	}

	// More sweeps go on, to the bits of a run that had them from the start.
	succeed(t, "card.toml", "--set", "run.sweeps=3001", "--set", `title="longer"`)
	succeed(t, "card.toml", "--set", "run.sweeps=3001", "-o", "long.run", "--force") // with nothing to keep
	sameSeries(t, "card.run", "long.run")

	// --force keeps the old directory.
	old := series(t, "card.run")
	succeed(t, "card.toml", "--force", "--set", "seed=9")
	for name, sum := range series(t, "card.run.old-1") {
		if old[name] != sum {
			t.Errorf("--force changed %s", name)
		}
	}
}

// A run directory has the files of its card, under the names that they have
// now, and needs no others: also as it goes on, and when it is moved.
func TestInputs(t *testing.T) {
	inDir(t, `
[model]
name = "ising"
temperature = 2.0
[run]
chains = 2
sweeps = 500
[[proposal]]
kernel = "heat-bath"
[scan]
"model.couplings" = ["a/bonds.txt", "b/bonds.txt"]
`)
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a/bonds.txt", "sites 2\n0 1 1\n")
	write("b/bonds.txt", "sites 3\n0 1 1\n1 2 1\n")
	succeed(t, "card.toml", "--set", "run.sweeps=100")
	write("c/pair.txt", "sites 2\n0 1 1\n")
	first := succeed(t, "card.toml", "--json", "--set", `scan.model.couplings=["c/pair.txt", "b/bonds.txt"]`)
	for _, dir := range []string{"a", "b", "c"} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename("card.run", "moved.run"); err != nil {
		t.Fatal(err)
	}
	if again := succeed(t, "moved.run", "--json"); again != first {
		t.Errorf("moved, the run has\n%s\nand had\n%s", again, first)
	}
	if want := `"model.couplings": "inputs/pair.txt"`; !strings.Contains(first, want) {
		t.Errorf("%s is not in\n%s", want, first)
	}
}

// A file that was edited in the run directory is named, and not the card, by
// all that read it. Without its sum, as in old runs, the chains refuse.
func TestEditedInput(t *testing.T) {
	inDir(t, `
[model]
name = "ising"
temperature = 2.0
couplings = "bonds.txt"
[run]
chains = 2
sweeps = 500
[[proposal]]
kernel = "heat-bath"
`)
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("bonds.txt", "sites 3\n0 1 1\n1 2 1\n2 0.5\n")
	if out := succeed(t, "check", "card.toml"); !strings.HasSuffix(out, "; couplings: 3 sites, 2 bonds, 1 field\n") {
		t.Errorf("check prints\n%s", out)
	}
	first := succeed(t, "card.toml", "--json")
	commands := [][]string{{"card.toml"}, {"card.run"}, {"table", "card.run"}}
	for _, text := range []string{"sites 3\n0 1 1\n1 2 -1\n2 0.5\n", "broken"} {
		write("card.run/inputs/bonds.txt", text)
		for _, args := range commands {
			if code, _, stderr := mcrun(t, args...); code != exitUsage || !strings.Contains(stderr, "card.run/inputs/bonds.txt: was changed after the run began; restore it") {
				t.Errorf("%q: exit code %d, %s", args, code, stderr)
			}
		}
	}
	write("card.run/inputs/bonds.txt", "sites 3\n0 1 1\n1 2 1\n2 0.5\n")
	if again := succeed(t, "card.run", "--json"); again != first {
		t.Errorf("restored, the run has\n%s\nand had\n%s", again, first)
	}
	// Another card in its place brings its files' sums.
	if err := os.Rename("bonds.txt", "chain.txt"); err != nil {
		t.Fatal(err)
	}
	succeed(t, "card.toml", "--quiet", "--set", "model.couplings=chain.txt", "--set", "run.sweeps=600")
	write("card.run/inputs/chain.txt", "sites 3\n0 1 1\n1 2 -1\n2 0.5\n")
	if code, _, stderr := mcrun(t, "card.run"); code != exitUsage || !strings.Contains(stderr, "inputs/chain.txt: was changed") {
		t.Errorf("renamed: exit code %d, %s", code, stderr)
	}
	manifest, err := os.ReadFile("card.run/run.json")
	if err != nil {
		t.Fatal(err)
	}
	write("card.run/run.json", strings.Replace(string(manifest), `"inputs"`, `"none"`, 1))
	if code, _, stderr := mcrun(t, "card.run"); code != exitUsage || !strings.Contains(stderr, "belongs to another model") {
		t.Errorf("without sums: exit code %d, %s", code, stderr)
	}
}

// Runs with files of one name and other contents are runs of other models.
func TestTableOfInputs(t *testing.T) {
	inDir(t, `
[model]
name = "ising"
temperature = 2.0
couplings = "bonds.txt"
[run]
chains = 2
sweeps = 500
[[proposal]]
kernel = "heat-bath"
`)
	for dir, text := range map[string]string{"a.run": "sites 3\n0 1 1\n1 2 1\n", "b.run": "sites 3\n0 1 1\n1 2 -1\n"} {
		if err := os.WriteFile("bonds.txt", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		succeed(t, "card.toml", "-o", dir)
	}
	if out := succeed(t, "table", "a.run", "b.run"); strings.Contains(out, "Pooled") || !strings.Contains(out, "couplings_sha256") {
		t.Errorf("models with other couplings are pooled:\n%s", out)
	}
}

// A run by time records what it reached.
func TestSeconds(t *testing.T) {
	inDir(t, strings.Replace(smallCard[:strings.Index(smallCard, "[scan]")], "sweeps = 2000", "seconds = 0.05", 1))
	succeed(t, "card.toml")
	text, err := os.ReadFile("card.run/run.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Tasks []struct {
			Name   string
			Sweeps []int
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	for i, task := range manifest.Tasks {
		for chain, sweeps := range task.Sweeps {
			name := fmt.Sprintf("card.run/tasks/%04d-%s/chain-%02d.npy", i, task.Name, chain)
			s, err := store.ReadSeries(name)
			if err != nil {
				t.Fatal(err)
			}
			if sweeps < 1 || s.Rows() != sweeps/2 {
				t.Errorf("%s has %d rows after %d sweeps, one every 2", name, s.Rows(), sweeps)
			}
		}
	}
}

func TestJSON(t *testing.T) {
	inDir(t, smallCard)
	out := succeed(t, "card.toml", "--json")
	file, err := os.ReadFile("card.run/summary.json")
	if err != nil || out != string(file) {
		t.Errorf("--json does not print summary.json: %v", err)
	}
	var summary struct {
		Format  int
		Results []map[string]any
		Flows   []any
	}
	if err := json.Unmarshal(file, &summary); err != nil {
		t.Fatal(err)
	}
	if summary.Format != 1 || len(summary.Results) != 12 || summary.Flows == nil {
		t.Errorf("summary of format %d with %d results", summary.Format, len(summary.Results))
	}
}

func TestBadCards(t *testing.T) {
	inDir(t, strings.Replace(smallCard, "temperature = 2.4", "temprature = 2.4", 1))
	code, stdout, stderr := mcrun(t, "card.toml")
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, `card.toml:6: model.temprature`) {
		t.Errorf("exit code %d, stdout %q, stderr:\n%s", code, stdout, stderr)
	}
	if _, err := os.Stat("card.run"); err == nil {
		t.Error("a bad card has made a run directory")
	}
	code, stdout, _ = mcrun(t, "check", "card.toml", "--json")
	var errs []map[string]any
	if err := json.Unmarshal([]byte(stdout), &errs); code != exitUsage || err != nil || len(errs) == 0 {
		t.Errorf("check --json: exit code %d, %v, %s", code, err, stdout)
	}
	for _, args := range [][]string{
		{"missing.toml"}, {"card.toml", "more.toml"}, {"card.toml", "--nonsense"}, {"chekc", "card.toml"},
		{"table"}, {"table", "missing.run"}, {"list", "kernel"}, {"init", "isnig"}, {"version", "3"}, {"."}, {"remove", "card.run"},
		{"card.toml", "--workers", "0"}, {"check"}, {"check", "card.toml", "--workers", "-3"}, {"init", "ising", "more"},
	} {
		if code, _, stderr := mcrun(t, args...); code != exitUsage || stderr == "" {
			t.Errorf("mcrun %q: exit code %d, %q", args, code, stderr)
		}
	}
}

func TestCheckInitListVersion(t *testing.T) {
	t.Chdir(t.TempDir())
	succeed(t, "init")
	if code, _, _ := mcrun(t, "init", "ising"); code != exitUsage {
		t.Errorf("init over a file: exit code %d", code)
	}
	resolved := succeed(t, "check", "ising.toml")
	if !strings.Contains(resolved, "checkpoint") || !strings.Contains(resolved, "memory") {
		t.Errorf("check prints\n%s", resolved)
	}
	if out := succeed(t, "check", "ising.toml", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("check --json of a good card prints %s", out)
	}
	if err := os.WriteFile("resolved.toml", []byte(resolved), 0o644); err != nil {
		t.Fatal(err)
	}
	succeed(t, "check", "resolved.toml")
	succeed(t, "ising.toml", "--set", "run.sweeps=200", "--quiet")
	for _, what := range []string{"wolff", "susceptibility", "ising", "temperature", "order"} {
		if out := succeed(t, "list"); !strings.Contains(out, what) {
			t.Errorf("list does not name %s", what)
		}
	}
	for i, line := range strings.Split(succeed(t, "list"), "\n") {
		if len(line) > 80 {
			t.Errorf("list, line %d has %d columns: %s", i+1, len(line), line)
		}
	}
	if out := succeed(t, "version"); !strings.HasPrefix(out, "mcrun ") {
		t.Errorf("version prints %s", out)
	}
}

// The card that init writes for a model is sound, reads well, and every key on
// it has a value.
func TestInit(t *testing.T) {
	t.Chdir(t.TempDir())
	empty := regexp.MustCompile(`^# \w+ = *(#|$)`)
	for _, entry := range models.All() {
		succeed(t, "init", entry.Name)
		succeed(t, "check", entry.Name+".toml", "--json", "--set", "run.sweeps=10")
		card, err := os.ReadFile(entry.Name + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(card), "\n") {
			if len(line) > 80 {
				t.Errorf("%s, line %d has %d columns: %s", entry.Name, i+1, len(line), line)
			}
			if empty.MatchString(line) {
				t.Errorf("%s, line %d has no value: %s", entry.Name, i+1, line)
			}
		}
	}
}

func TestTable(t *testing.T) {
	inDir(t, smallCard)
	succeed(t, "card.toml", "--quiet")
	for _, format := range []string{"text", "markdown", "latex", "csv", "json"} {
		if out := succeed(t, "table", "card.run", "--format", format); !strings.Contains(out, "wolff") {
			t.Errorf("table --format %s prints\n%s", format, out)
		}
	}
	if code, _, stderr := mcrun(t, "table", "card.run", "--format", "html"); code != exitUsage || !strings.Contains(stderr, "markdown") {
		t.Errorf("unknown format: exit code %d, %s", code, stderr)
	}
}

// A flipped byte anywhere in the series of a finished run is reported by
// name, and the same command mends it.
func TestDamage(t *testing.T) {
	inDir(t, smallCard)
	succeed(t, "card.toml", "--quiet")
	whole := series(t, "card.run")
	name := filepath.Join("card.run", "tasks", "0001-wolff", "chain-01.npy")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-5] ^= 0x10
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, stderr := mcrun(t, "table", "card.run"); !strings.Contains(stderr, name) {
		t.Errorf("table does not name the damaged file: %s", stderr)
	}
	code, _, stderr := mcrun(t, "card.toml")
	if code != exitDone || !strings.Contains(stderr, name) {
		t.Errorf("exit code %d, stderr:\n%s", code, stderr)
	}
	for name, sum := range series(t, "card.run") {
		if whole[name] != sum {
			t.Errorf("%s has not come back", name)
		}
	}
}
