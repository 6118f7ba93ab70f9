package cmd

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"mcrun/internal/store"
	"mcrun/models"
	"mcrun/proposals/flow"
	"mcrun/proposals/flow/train"
)

// flowCard moves the dual of spins by a flow that is trained for it.
const flowCard = `
seed = 7
[model]
name = "ising"
shape = [4, 4]
temperature = 3.0
[run]
chains = 2
thermalize = 20
sweeps = 200
checkpoint = "5ms"
[[proposal]]
kernel = "wolff"
[[proposal]]
kernel = "flow"
flow = "rg"
[[proposal]]
kernel = "latent-hmc"
flow = "rg"
[[proposal]]
cycle = [{ kernel = "flow", flow = "rg" }, { kernel = "metropolis" }]
[flow.rg]
couplings = 2
hidden = [4]
symmetry = "z2"
weights = "rg.safetensors"
[flow.rg.train]
steps = 60
batch = 32
learning_rate = 1e-2
check = 20
`

// history returns the columns of a training but for the time.
func history(t *testing.T, path string) [][]float64 {
	t.Helper()
	s, err := store.ReadSeries(path)
	if err != nil {
		t.Fatal(err)
	}
	return s.Columns[:slices.Index(train.Columns, "seconds")]
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sameFlows compares weights and histories of two directories, and what their
// chains recorded.
func sameFlows(t *testing.T, dir, other string) {
	t.Helper()
	if !bytes.Equal(read(t, dir+"/flows/rg.safetensors"), read(t, other+"/flows/rg.safetensors")) {
		t.Errorf("the weights of %s and %s differ", dir, other)
	}
	a, b := history(t, dir+"/flows/rg-train.npy"), history(t, other+"/flows/rg-train.npy")
	if !slices.EqualFunc(a, b, slices.Equal) {
		t.Errorf("the histories of %s and %s differ", dir, other)
	}
	sameSeries(t, dir+"/tasks", other+"/tasks")
}

// A run killed at any moment of its training, and later, ends with the bits of one
// that was not, whatever the number of workers; trained on samples, too.
func TestFlowKill(t *testing.T) {
	sets := [][]string{nil, {"--set", "flow.rg.train.objective=both", "--set", "flow.rg.train.average=0.9"}}
	if testing.Short() {
		sets = sets[1:]
	}
	for _, set := range sets {
		inDir(t, flowCard)
		args := append([]string{"card.toml", "--quiet", "--set", "flow.rg.train.steps=300"}, set...)
		succeed(t, append(args, "-o", "whole.run", "--workers", "1")...)
		if err := os.Remove("rg.safetensors"); err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(3, 4))
		for range 6 {
			c := exec.Command(os.Args[0], append(args, "-o", "killed.run", "--workers", "2")...)
			c.Env = append(os.Environ(), asProgram+"=1")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(20+random.IntN(300)) * time.Millisecond)
			c.Process.Kill()
			c.Wait()
		}
		succeed(t, append(args, "-o", "killed.run")...)
		sameFlows(t, "whole.run", "killed.run")
	}
}

// SIGINT in a training stores a checkpoint, from which it goes on.
func TestTrainInterrupt(t *testing.T) {
	inDir(t, strings.Replace(flowCard, `checkpoint = "5ms"`, "", 1))
	c := exec.Command(os.Args[0], "train", "card.toml", "--set", "flow.rg.train.steps=1000000")
	c.Env = append(os.Environ(), asProgram+"=1")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if _, err := os.Stat("card.run/flows/rg-train.npy"); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	c.Process.Signal(os.Interrupt)
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d after SIGINT, want 130", code)
	}
	if _, err := os.Stat("card.run/flows/rg-train.safetensors"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat("card.run/flows/rg.safetensors"); err == nil {
		t.Error("there are weights of a training that has not ended")
	}
	steps := len(history(t, "card.run/flows/rg-train.npy")[0])
	code, _, stderr := mcrun(t, "table", "card.run")
	if want := fmt.Sprintf("card.run has no records yet: flow rg is at step %d of 1000000 of its training\n", steps); steps == 0 || code != exitFailed || !strings.HasSuffix(stderr, want) {
		t.Errorf("table: exit code %d, %s", code, stderr)
	}

	// Weights that are given meanwhile are used, and the training is left.
	succeed(t, "train", "card.toml", "--quiet", "-o", "other.run")
	weights := read(t, "rg.safetensors")
	succeed(t, "card.toml", "--quiet", "--set", "flow.rg.train.steps=1000000")
	succeed(t, "card.run", "--quiet")
	if !bytes.Equal(read(t, "card.run/flows/rg.safetensors"), weights) {
		t.Error("the weights that were given are not those of the run")
	}
}

// Weights are trained where there are none, and used where they are.
func TestWeights(t *testing.T) {
	thorough(t)
	inDir(t, flowCard)
	succeed(t, "train", "card.toml", "--quiet", "--workers", "2")
	weights := read(t, "rg.safetensors")
	if !bytes.Equal(weights, read(t, "card.run/flows/rg.safetensors")) {
		t.Error("the weights of the run directory are others than those beside the card")
	}
	// A directory that goes on by itself writes where the card said.
	if err := os.Remove("rg.safetensors"); err != nil {
		t.Fatal(err)
	}
	if table := succeed(t, "card.run"); !strings.Contains(table, "what their weights predict") {
		t.Errorf("no predictions in\n%s", table)
	}
	if !bytes.Equal(weights, read(t, "rg.safetensors")) {
		t.Error("the weights beside the card are others")
	}
	succeed(t, "card.toml", "--quiet")
	if _, err := os.Stat("card.run/inputs"); err == nil || strings.Contains(string(read(t, "card.run/card.toml")), "weights") {
		t.Error("weights that were trained are a file of the card")
	}
	// Weights that are there are used, and give the same chains.
	succeed(t, "card.toml", "--quiet", "-o", "used.run")
	sameSeries(t, "card.run/tasks", "used.run/tasks")
	if _, err := os.Stat("used.run/flows/rg-train.npy"); err == nil {
		t.Error("trained although the weights were there")
	}
	var summary struct{ Flows []map[string]any }
	if err := json.Unmarshal(read(t, "used.run/summary.json"), &summary); err != nil {
		t.Fatal(err)
	}
	if f := summary.Flows[0]; len(f) != 12 || f["steps"] != nil || f["seconds"] != nil || f["ess"] == nil || f["log_z_exact"] == nil {
		t.Errorf("flows %v", summary.Flows)
	}
	// The directory has its own, which come back when they are lost.
	for _, dir := range []string{"card.run", "used.run"} {
		if err := os.Remove(dir + "/flows/rg.safetensors"); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := mcrun(t, "card.toml", "-o", dir); code != exitDone || !strings.Contains(stderr, "rg.safetensors: is missing; it is made again") {
			t.Errorf("%s: exit code %d\n%s", dir, code, stderr)
		}
		if !bytes.Equal(weights, read(t, dir+"/flows/rg.safetensors")) {
			t.Errorf("%s: weights came back as others", dir)
		}
	}

	// What is known of them comes back too, with how long the training took.
	known := read(t, "card.run/flows/rg.json")
	if err := os.Remove("card.run/flows/rg.json"); err != nil {
		t.Fatal(err)
	}
	succeed(t, "card.toml", "--workers", "2", "--quiet")
	if !bytes.Equal(known, read(t, "card.run/flows/rg.json")) {
		t.Errorf("what is known of the weights came back as\n%s, was\n%s", read(t, "card.run/flows/rg.json"), known)
	}

	// Others than the directory's are refused, with both.
	succeed(t, "train", "card.toml", "--quiet", "-o", "other.run", "--set", `flow.rg.weights="other.safetensors"`, "--set", "seed=8")
	if err := os.Rename("other.safetensors", "rg.safetensors"); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := mcrun(t, "card.toml")
	if want := "flow.rg.weights: SHA-256 " + flow.Hash(weights)[:8] + " in the run directory, "; code != exitUsage || !strings.Contains(stderr, want) {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	// The directory itself stands, and tables need no weights.
	succeed(t, "card.run", "--quiet")
	succeed(t, "table", "card.run")

	for _, c := range []struct {
		sets []string
		file []byte
		want string
	}{
		{[]string{"model.temperature=2.5"}, weights, "is of a model with temperature = 3.0; expected 2.5"},
		{[]string{"flow.rg.couplings=3"}, weights, "is of a flow with couplings = 2; expected 3"},
		{nil, weights[:len(weights)-1], "is no safetensors file"},
		{nil, []byte("no weights"), "is no safetensors file"},
		{nil, spoil(weights), "element 0 is NaN"},
	} {
		if err := os.WriteFile("rg.safetensors", c.file, 0o644); err != nil {
			t.Fatal(err)
		}
		args := []string{"card.toml", "-o", "new.run"}
		for _, s := range c.sets {
			args = append(args, "--set", s)
		}
		code, _, stderr := mcrun(t, args...)
		if code != exitUsage || !strings.Contains(stderr, "flow.rg.weights: rg.safetensors ") || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %s", c.want, code, stderr)
		}
		if _, err := os.Stat("new.run"); err == nil {
			t.Errorf("%s: a directory was made", c.want)
		}
		if !bytes.Equal(read(t, "rg.safetensors"), c.file) {
			t.Errorf("%s: the file was touched", c.want)
		}
	}
}

// Weights that were given are files of the card: the run directory keeps them, and
// does what it did without the file beside the card.
func TestGivenWeights(t *testing.T) {
	thorough(t)
	inDir(t, flowCard)
	succeed(t, "train", "card.toml", "--quiet", "--set", "seed=8", "-o", "eight.run")
	weights := read(t, "rg.safetensors")
	succeed(t, "card.toml", "--quiet")
	if names := files(t, "card.run/inputs"); names != "rg.safetensors" {
		t.Errorf("inputs %s", names)
	}
	card := read(t, "card.run/card.toml")
	lose := func(name string) {
		t.Helper()
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}

	// The card of the directory does the same elsewhere.
	lose("rg.safetensors")
	succeed(t, "card.run/card.toml", "--quiet", "-o", "other.run")
	sameSeries(t, "card.run/tasks", "other.run/tasks")
	if names := files(t, "other.run/flows"); names != "rg.json rg.safetensors" || !bytes.Equal(read(t, "other.run/card.toml"), card) {
		t.Errorf("the other run has the flows %s and the card\n%s", names, read(t, "other.run/card.toml"))
	}
	// The directory brings back its weights, and so does the card, also its own.
	for _, arg := range []string{"card.run", "card.toml"} {
		lose("card.run/flows/rg.safetensors")
		if code, _, stderr := mcrun(t, arg, "--quiet"); code != exitDone || !strings.Contains(stderr, "is missing; it is made again") {
			t.Errorf("%s: exit code %d, %s", arg, code, stderr)
		}
		if !bytes.Equal(read(t, "card.run/flows/rg.safetensors"), weights) || !bytes.Equal(read(t, "card.run/card.toml"), card) {
			t.Errorf("%s: the weights are others, or the card", arg)
		}
	}
	if _, err := os.Stat("rg.safetensors"); err == nil {
		t.Error("a run that is finished has written beside its card")
	}

	// Others are refused, even before the directory has made use of its own.
	succeed(t, "train", "card.toml", "--quiet", "--set", "seed=9", "--set", `flow.rg.weights="nine.safetensors"`, "-o", "nine.run")
	if err := os.Rename("nine.safetensors", "rg.safetensors"); err != nil {
		t.Fatal(err)
	}
	dropFromRun(t, "flows")
	if code, _, stderr := mcrun(t, "card.toml"); code != exitUsage || !strings.Contains(stderr, "flow.rg.weights: SHA-256 "+flow.Hash(weights)[:8]+" in the run directory, ") {
		t.Errorf("other weights: exit code %d, %s", code, stderr)
	}
	succeed(t, "card.run", "--quiet")
}

// Run directories of before weights were kept go on as they are.
func TestWeightsNotKept(t *testing.T) {
	thorough(t)
	inDir(t, flowCard)
	succeed(t, "train", "card.toml", "--quiet", "-o", "trained.run")
	succeed(t, "card.toml", "--quiet")
	card := read(t, "trained.run/card.toml") // which names no weights
	dropFromRun(t, "inputs")
	if err := errors.Join(os.WriteFile("card.run/card.toml", card, 0o644), os.RemoveAll("card.run/inputs")); err != nil {
		t.Fatal(err)
	}
	for _, arg := range []string{"card.run", "card.toml"} {
		succeed(t, arg, "--quiet")
		if !bytes.Equal(read(t, "card.run/card.toml"), card) {
			t.Errorf("%s has changed the card to\n%s", arg, read(t, "card.run/card.toml"))
		}
	}
	succeed(t, "table", "card.run")
}

// dropFromRun takes a key out of card.run/run.json.
func dropFromRun(t *testing.T, key string) {
	t.Helper()
	var run map[string]any
	err := json.Unmarshal(read(t, "card.run/run.json"), &run)
	delete(run, key)
	b, marshal := json.Marshal(run)
	if err = errors.Join(err, marshal); err == nil {
		err = os.WriteFile("card.run/run.json", b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// spoil returns weights of which the first number of the last array is NaN.
func spoil(weights []byte) []byte {
	b := slices.Clone(weights)
	header := binary.LittleEndian.Uint64(b)
	var arrays map[string]struct {
		Offsets [2]int `json:"data_offsets"`
	}
	json.Unmarshal(b[8:8+header], &arrays)
	binary.LittleEndian.PutUint32(b[8+int(header)+arrays["layer.0.coupling.0.s.0.weight"].Offsets[0]:], math.Float32bits(float32(math.NaN())))
	return b
}

// A scan has a training for each model and flow, which serves all points that are
// equal in them.
func TestFlowScan(t *testing.T) {
	thorough(t)
	inDir(t, flowCard)
	args := []string{"--quiet", "--set", "flow.rg.train.steps=10", "--set", "run.sweeps=20"}
	succeed(t, append(args, "card.toml", "-o", "one.run", "--set", "scan.proposal.flow.steps=[1, 2]")...)
	if names := files(t, "one.run/flows"); names != "rg-train.npy rg-train.safetensors rg.json rg.safetensors" {
		t.Errorf("one training: %s", names)
	}
	if err := os.Remove("rg.safetensors"); err != nil {
		t.Fatal(err)
	}
	several := append(args, "card.toml", "-o", "two.run", "--set", "scan.model.temperature=[3.0, 4.0]", "--set", "scan.proposal.flow.steps=[1, 2]")
	if code, _, stderr := mcrun(t, several...); code != exitUsage || !strings.Contains(stderr, "{point}") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	succeed(t, append(several, "--set", `flow.rg.weights="w-{point}.safetensors"`)...)
	want := ""
	for _, point := range []string{"0000", "0002"} {
		want += " rg-" + point + "-train.npy rg-" + point + "-train.safetensors rg-" + point + ".json rg-" + point + ".safetensors"
		if !bytes.Equal(read(t, "w-"+point+".safetensors"), read(t, "two.run/flows/rg-"+point+".safetensors")) {
			t.Errorf("weights of point %s", point)
		}
	}
	if names := files(t, "two.run/flows"); " "+names != want {
		t.Errorf("two trainings: %s", names)
	}
	// Of weights that were given for one point, the card in the directory gives those
	// again, and adds nothing to them.
	if err := os.Remove("w-0002.safetensors"); err != nil {
		t.Fatal(err)
	}
	succeed(t, append(several, "--set", `flow.rg.weights="w-{point}.safetensors"`, "-o", "mixed.run")...)
	succeed(t, "mixed.run/card.toml", "--quiet", "-o", "again.run")
	for _, dir := range []string{"mixed.run", "again.run"} {
		want := "rg-0000.json rg-0000.safetensors rg-0002-train.npy rg-0002-train.safetensors rg-0002.json rg-0002.safetensors"
		if names := files(t, dir+"/flows"); names != want {
			t.Errorf("flows of %s: %s", dir, names)
		}
		if names := files(t, dir+"/inputs"); names != "rg-0000.safetensors" {
			t.Errorf("inputs of %s: %s", dir, names)
		}
	}
	sameSeries(t, "mixed.run/tasks", "again.run/tasks")
	// A point of its own has the same flow.
	if !bytes.Equal(read(t, "one.run/flows/rg.safetensors"), read(t, "two.run/flows/rg-0000.safetensors")) {
		t.Error("the flow of a point depends on the scan")
	}
}

// files lists the names in a directory, without previous checkpoints.
func files(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".prev") {
			names = append(names, e.Name())
		}
	}
	return strings.Join(names, " ")
}

// What is drawn from a file of weights has the densities that flow and model give,
// and does not depend on the workers.
func TestSample(t *testing.T) {
	inDir(t, flowCard)
	succeed(t, "train", "card.toml", "--quiet")
	succeed(t, "sample", "rg.safetensors", "-n", "1500", "-o", "a.npz", "--seed", "5", "--workers", "1")
	succeed(t, "sample", "card.run/flows/rg.safetensors", "-n", "1500", "-o", "b.npz", "--seed", "5", "--workers", "2")
	if !bytes.Equal(read(t, "a.npz"), read(t, "b.npz")) {
		t.Error("the archive depends on the workers")
	}
	x, shape := array(t, "a.npz", "x")
	logq, _ := array(t, "a.npz", "log_q")
	logpi, _ := array(t, "a.npz", "log_pi")
	if shape != "(1500, 4, 4, )" || len(logq) != 1500 || len(logpi) != 1500 {
		t.Fatalf("x has the shape %s, the densities %d and %d", shape, len(logq), len(logpi))
	}
	w, m, err := flow.Decode[float32](read(t, "rg.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.(*models.DualOf).Spins().Prepare(); err != nil {
		t.Fatal(err)
	}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	q, s := make([]float64, len(logq)), make([]float64, len(logq))
	w.Flow.LogQ(flow.NewWorkers[float32](1), x, q)
	m.Action(x, s)
	for i := range q {
		if math.Abs(q[i]-logq[i]) > 1e-3 || math.Abs(s[i]+logpi[i]) > 1e-12 {
			t.Fatalf("configuration %d: ln q = %v and %v, ln pi = %v and %v", i, logq[i], q[i], logpi[i], -s[i])
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"rg.safetensors", "-n", "5", "-o", "a.npz"}, "a.npz exists"},
		{[]string{"rg.safetensors", "-o", "c.npz"}, "-n is 0"},
		{[]string{"rg.safetensors", "-n", "1000000000000000", "-o", "c.npz"}, "do not fit in memory"},
		{[]string{"rg.safetensors", "-n", "5", "-o", "c.npz", "--workers", "0"}, "--workers is 0"},
		{[]string{"rg.safetensors", "-n", "5"}, "-o out.npz"},
		{[]string{"none.safetensors", "-n", "5", "-o", "c.npz"}, "no such file"},
		{[]string{"card.toml", "-n", "5", "-o", "c.npz"}, "is no safetensors file"},
		{[]string{"card.run/flows/rg-train.safetensors", "-n", "5", "-o", "c.npz"}, "holds no flow"},
	} {
		if code, _, stderr := mcrun(t, append([]string{"sample"}, c.args...)...); code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
	}
	if err := os.WriteFile("nan.safetensors", spoil(read(t, "rg.safetensors")), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := mcrun(t, "sample", "nan.safetensors", "-n", "5", "-o", "c.npz"); code != exitUsage || !strings.Contains(stderr, "NaN") {
		t.Errorf("weights with NaN: exit code %d, %s", code, stderr)
	}
}

// array reads an array of float64 from an archive, and its shape.
func array(t *testing.T, path, name string) (values []float64, shape string) {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name + ".npy")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	start := 10 + int(binary.LittleEndian.Uint16(b[8:]))
	if start%64 != 0 {
		t.Errorf("the header of %s has %d bytes", name, start)
	}
	_, shape, _ = strings.Cut(string(b[:start]), "'shape': ")
	shape, _, _ = strings.Cut(shape, "),")
	values = make([]float64, (len(b)-start)/8)
	if _, err := binary.Decode(b[start:], binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	return values, shape + ")"
}

// A training that fails is told, with the remedy, and leaves the tasks that need
// its flow to wait while the others run.
func TestTrainingFails(t *testing.T) {
	thorough(t)
	inDir(t, flowCard)
	code, _, stderr := mcrun(t, "card.toml", "--set", "flow.rg.train.learning_rate=10.0", "--set", "flow.rg.train.steps=100000",
		"--set", "flow.rg.train.check=1", "--set", "flow.rg.train.beta1=0.0", "--set", "flow.rg.train.beta2=0.0")
	if code != exitFailed || !strings.Contains(stderr, "the training diverges") || !strings.Contains(stderr, "lower learning_rate") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	view, err := store.View("card.run")
	if err != nil {
		t.Fatal(err)
	}
	for i, state := range []store.State{store.Done, store.Waiting, store.Waiting, store.Waiting} {
		if got := view.Manifest().Tasks[i].State; got != state {
			t.Errorf("task %d is %s, expected %s", i, got, state)
		}
	}
}

// With --strict doubts about what was trained have an exit code, also of what is not
// printed.
func TestTrainStrict(t *testing.T) {
	inDir(t, flowCard)
	succeed(t, "train", "card.toml", "--strict", "-o", "sound.run", "--set", `flow.rg.whiten="free"`, "--set", "model.temperature=6.0")
	if err := os.Remove("rg.safetensors"); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--json", "--quiet"} { // the second finds it trained
		code, _, stderr := mcrun(t, "train", "card.toml", "--strict", flag, "--set", "model.temperature=1.5", "--set", "flow.rg.train.steps=1")
		if code != exitDoubtful || !strings.Contains(stderr, "a flow is doubtful (--strict)") {
			t.Errorf("%s: exit code %d, %s", flag, code, stderr)
		}
	}
}
