package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mcrun/mc"
)

// holdVariable names a directory that the test binary, started again, holds
// open until it is killed.
const holdVariable = "MCRUN_STORE_TEST_HOLD"

func TestMain(m *testing.M) {
	dir := os.Getenv(holdVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	if _, err := Open(dir); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("open")
	io.Copy(io.Discard, os.Stdin)
}

// A directory in use by another process is refused, with the number of that
// process, until it ends: also when it is killed.
func TestLock(t *testing.T) {
	dir := newRun(t, 1)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command(program)
	other.Env = append(os.Environ(), holdVariable+"="+dir)
	stdin, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "open\n" {
		t.Fatal(line, err)
	}
	inUse := fmt.Sprintf("in use by process %d", other.Process.Pid)
	if _, err := Open(dir); !isRefusal(err, inUse) || !strings.HasPrefix(err.Error(), dir) {
		t.Errorf("Open: %v", err)
	}
	if _, err := Retire(dir); !isRefusal(err, inUse) {
		t.Errorf("Retire: %v", err)
	}
	if _, err := View(dir); err != nil {
		t.Errorf("View: %v", err)
	}
	other.Process.Kill()
	other.Wait()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !isRefusal(err, "in use") {
		t.Errorf("Open twice: %v", err)
	}
	r.Close()
	if r, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	r.Close()
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "above", "a.run")
	inputs := map[string][]byte{"weights/rg.safetensors": {1, 2}}
	want := manifest(2, 1)
	r, err := Create(dir+"/", want, []byte("card"), inputs)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want.Format, want.Inputs = Format, Sums(inputs)
	if r.Path() != dir {
		t.Errorf("path %s", r.Path())
	}
	d, err := View(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Manifest(); !reflect.DeepEqual(got, want) {
		t.Errorf("manifest %+v, want %+v", got, want)
	}
	for name, content := range map[string]string{"card.toml": "card", "inputs/weights/rg.safetensors": "\x01\x02"} {
		if got, err := os.ReadFile(d.Path(name)); err != nil || string(got) != content {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := Open(dir); !isRefusal(err, "in use") {
		t.Errorf("a new directory is not locked: %v", err)
	}
	if _, _, err := d.Series(0, 1, identity); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a series that has not begun: %v", err)
	}

	if _, err := Create(dir, want, nil, nil); !isRefusal(err, "exists") {
		t.Errorf("Create of what is there: %v", err)
	}
	bad := dir + "2"
	if _, err := Create(bad, want, nil, map[string][]byte{"../x": nil}); err == nil || !strings.Contains(err.Error(), "../x") {
		t.Errorf("an input outside: %v", err)
	}
	for about, change := range map[string]func(*Manifest){
		"no task":      func(m *Manifest) { m.Tasks = nil },
		`name "a/b"`:   func(m *Manifest) { m.Tasks[0].Name = "a/b" },
		`state "idle"`: func(m *Manifest) { m.Tasks[0].State = "idle" },
		"no chain":     func(m *Manifest) { m.Tasks[0].Groups = nil },
		"of 0 chains":  func(m *Manifest) { m.Tasks[0].Groups = []int{3, 0} },
		"sweeps of 2":  func(m *Manifest) { m.Tasks[0].Sweeps = []int{0, 0} },
	} {
		m := manifest(2, 1)
		change(&m)
		if _, err := Create(bad, m, nil, nil); err == nil || !strings.Contains(err.Error(), about) {
			t.Errorf("%v, want %q", err, about)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(dir)); len(entries) != 1 {
		t.Errorf("failures left %v", entries)
	}
}

// Chains are numbered through the groups of a task.
func TestGroups(t *testing.T) {
	dir := newRun(t, 2, 1)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	value := 0.
	for i, chains := range []int{2, 1} {
		g, _, _, err := r.Group(0, i, identity, []Column{{"a", 1, 0}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range chains {
			value++
			g.Append(slices.Repeat([]float64{value}, chains))
		}
		if err := g.Flush(); err != nil {
			t.Fatal(err)
		}
		g.Close()
	}
	for chain, want := range []string{"[1 2]", "[1 2]", "[3]"} {
		s, notices, err := r.Series(0, chain, identity)
		if err != nil || fmt.Sprint(s.Column("a")[0]) != want {
			t.Errorf("chain %d: %v, %v", chain, s, err)
		}
		if len(notices) != 1 || !strings.Contains(notices[0].Text, "no checkpoint") {
			t.Errorf("chain %d: notices %v", chain, notices)
		}
	}
}

func TestRefused(t *testing.T) {
	parent := t.TempDir()
	for name, content := range map[string]string{
		"newer":     `{"format": 2, "program": "9", "tasks": "other"}`,
		"damaged":   `{"format": 1, "tas`,
		"other":     `{"name": "npm"}`,
		"senseless": `{"format": 1, "tasks": []}`,
	} {
		dir := filepath.Join(parent, name)
		os.Mkdir(dir, 0o777)
		os.WriteFile(filepath.Join(dir, "run.json"), []byte(content), 0o666)
	}
	notes := filepath.Join(parent, "notes")
	os.Mkdir(notes, 0o777)
	os.WriteFile(filepath.Join(notes, ".draft.tmp"), []byte("mine"), 0o666)
	before := tree(t, parent)
	for name, about := range map[string]string{
		"newer": "format 2", "damaged": "damaged", "other": "not of a run", "senseless": "no task", "notes": "no run.json",
	} {
		dir := filepath.Join(parent, name)
		if _, err := Open(dir); !isRefusal(err, about) {
			t.Errorf("Open %s: %v", name, err)
		}
		if _, err := View(dir); !isRefusal(err, about) {
			t.Errorf("View %s: %v", name, err)
		}
		if _, err := Create(dir, manifest(1), nil, nil); !isRefusal(err, "exists") {
			t.Errorf("Create %s: %v", name, err)
		}
		if _, err := Retire(dir); !isRefusal(err, "not a run directory") { // no card
			t.Errorf("Retire %s: %v", name, err)
		}
	}
	if after := tree(t, parent); !reflect.DeepEqual(before, after) {
		t.Errorf("changed from %v to %v", before, after)
	}
	if _, err := Open(filepath.Join(parent, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of nothing: %v", err)
	}
}

func TestRetire(t *testing.T) {
	dir := newRun(t, 1)
	for n := 1; n < 4; n++ {
		if n == 2 { // a name that is taken is passed over
			os.WriteFile(dir+".old-2", nil, 0o666)
			continue
		}
		before := tree(t, dir)
		old, err := Retire(dir)
		if err != nil || old != fmt.Sprintf("%s.old-%d", dir, n) {
			t.Fatal(old, err)
		}
		for path, content := range before {
			if strings.HasSuffix(path, lockName) {
				continue
			}
			if got, err := os.ReadFile(old + path[len(dir):]); err != nil || string(got) != content {
				t.Errorf("%s: %v", path, err)
			}
		}
		r, err := Create(dir, manifest(1), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
}

func TestUpdate(t *testing.T) {
	dir := newRun(t, 1, 1)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	const times = 25
	var all sync.WaitGroup
	for chain := range 2 {
		all.Go(func() {
			for range times {
				if err := r.Update(func(m *Manifest) { m.Tasks[0].Sweeps[chain]++ }); err != nil {
					t.Error(err)
				}
				r.TaskPath(0)
			}
		})
	}
	all.Wait()
	if err := r.Update(func(m *Manifest) { m.Tasks[0].State = Done; stop := m.Start; m.Stop = &stop }); err != nil {
		t.Fatal(err)
	}
	if err := r.Update(func(m *Manifest) { m.Tasks[0].State = "idle" }); err == nil {
		t.Error("no error for an unknown state")
	}
	r.Manifest().Tasks[0].State = Waiting // a copy
	d, err := View(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Manifest{d.Manifest(), r.Manifest()} {
		if m.Tasks[0].State != Done || !slices.Equal(m.Tasks[0].Sweeps, []int{times, times}) || !m.Stop.Equal(m.Start) {
			t.Errorf("manifest %+v", m)
		}
	}
	defer func() {
		if p := recover(); p != badUpdate {
			t.Errorf("panic %v", p)
		}
	}()
	r.Update(func(m *Manifest) { m.Tasks[0].Name = "other" })
}

// Notes are in the manifest at once, and in run.json after a while or when
// they are flushed.
func TestNote(t *testing.T) {
	dir := newRun(t, 1, 1)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	sweeps := func() []int {
		t.Helper()
		d, err := View(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d.Manifest().Tasks[0].Sweeps
	}
	note := func(chain, n int) {
		t.Helper()
		if err := r.Note(0, chain, n, Running); err != nil {
			t.Fatal(err)
		}
	}
	note(0, 3) // the first is written
	if got := sweeps(); !slices.Equal(got, []int{3, 0}) {
		t.Errorf("run.json has the sweeps %d after the first note", got)
	}
	r.written = time.Now().Add(time.Hour)
	note(1, 4)
	if got := sweeps(); !slices.Equal(got, []int{3, 0}) {
		t.Errorf("run.json was written at once: %d", got)
	}
	if got := r.Manifest().Tasks[0].Sweeps; !slices.Equal(got, []int{3, 4}) {
		t.Errorf("the manifest has the sweeps %d", got)
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := sweeps(); !slices.Equal(got, []int{3, 4}) {
		t.Errorf("flushed: %d", got)
	}
	r.written = time.Now().Add(time.Hour)
	note(0, 5)
	if err := r.Update(func(m *Manifest) { m.Tasks[0].Sweeps[1] = 6 }); err != nil {
		t.Fatal(err)
	}
	if got := sweeps(); !slices.Equal(got, []int{5, 6}) {
		t.Errorf("updated: %d", got)
	}
	r.written = time.Now().Add(10*time.Millisecond - notePeriod)
	note(0, 8)
	for range 6000 { // it is written by itself
		if sweeps()[0] == 8 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := sweeps(); !slices.Equal(got, []int{8, 6}) {
		t.Errorf("a minute later: %d", got)
	}
	r.mu.Lock()
	r.written = time.Now().Add(time.Hour)
	r.mu.Unlock()
	note(0, 7)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := sweeps(); !slices.Equal(got, []int{7, 6}) {
		t.Errorf("closed: %d", got)
	}
}

// An empty directory is as good as none, and keeps its permissions.
func TestEmptyDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "empty")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, viewErr := View(dir)
	_, retireErr := Retire(dir)
	for _, err := range []error{viewErr, retireErr} {
		if !errors.Is(err, fs.ErrNotExist) || !isRefusal(err, "is an empty directory") {
			t.Errorf("before it is filled: %v", err)
		}
	}
	r, err := Create(dir, manifest(1), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := View(dir); err != nil {
		t.Error(err)
	}
	t.Chdir(t.TempDir())
	if _, err := Create(".", manifest(1), nil, nil); !isRefusal(err, "exists") {
		t.Errorf("the working directory: %v", err)
	}
}

// A file where a directory is expected is refused, and not touched.
func TestFileForDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "sub"), filepath.Join(file, "a", "b")} {
		_, viewErr := View(dir)
		_, openErr := Open(dir)
		_, retireErr := Retire(dir)
		for _, err := range []error{viewErr, openErr, retireErr} {
			if !isRefusal(err, dir) || !isRefusal(err, "is a file or lies in one") {
				t.Errorf("%s: %v", dir, err)
			}
		}
		if _, err := Create(dir, manifest(1), nil, nil); !isRefusal(err, dir) {
			t.Errorf("Create %s: %v", dir, err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "mine" {
		t.Errorf("the file holds %q, %v", b, err)
	}
}

// Indices beyond run.json are an error of the directory.
func TestNoSuchSeries(t *testing.T) {
	d, err := View(newRun(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range [][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 2}} {
		if _, _, err := d.Series(at[0], at[1], identity); err == nil || !strings.Contains(err.Error(), manifestName) {
			t.Errorf("task %d, chain %d: %v", at[0], at[1], err)
		}
	}
}

// Without its run.json a run directory can still be retired.
func TestRetireWithoutManifest(t *testing.T) {
	dir := newRun(t, 1)
	if err := os.Remove(filepath.Join(dir, manifestName)); err != nil {
		t.Fatal(err)
	}
	if _, err := View(dir); !isRefusal(err, "--force") {
		t.Errorf("View: %v", err)
	}
	old, err := Retire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(old, cardName)); err != nil {
		t.Error(err)
	}
	if _, err := Retire(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Retire of nothing: %v", err)
	}
}

func TestRunFiles(t *testing.T) {
	dir := newRun(t, 1)
	leftover := filepath.Join(dir, tasksName, ".chain-00.npy.tmp")
	os.WriteFile(leftover, nil, 0o666)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := os.Stat(leftover); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a leftover is still there: %v", err)
	}
	if err := r.WriteFile("tables/energy.csv", writeBytes([]byte("T,e\n"))); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(r.Path("tables", "energy.csv")); err != nil || string(b) != "T,e\n" {
		t.Errorf("%q, %v", b, err)
	}
	if err := r.WriteJSON("summary.json", map[string]any{"a<b": []float64{0.1}}); err != nil {
		t.Fatal(err)
	}
	err = r.WriteJSON("summary.json", math.NaN())
	if _, ok := errors.AsType[*json.UnsupportedValueError](err); !ok || !strings.Contains(err.Error(), "summary.json") {
		t.Errorf("NaN: %v", err)
	}
	if b, err := os.ReadFile(r.Path("summary.json")); err != nil || string(b) != "{\n  \"a<b\": [\n    0.1\n  ]\n}\n" {
		t.Errorf("%q, %v", b, err)
	}
	defer func() {
		if p := recover(); p != badName {
			t.Errorf("panic %v", p)
		}
	}()
	r.WriteFile("../a", nil)
}

// The directories in testdata open, and what they hold is what is written
// today: format 1, and format 1 with vectors and configurations.
func TestFormat1(t *testing.T) {
	for name, plan := range map[string]func(int) mc.Plan{"format-1": scalarPlan, "format-1-configs": plan} {
		t.Run(name, func(t *testing.T) {
			const sweeps, more = 5, 9
			golden := filepath.Join("testdata", name)
			dir := filepath.Join(t.TempDir(), "walk.run")
			if *update {
				os.RemoveAll(golden)
				made := newRun(t, 2)
				mustAdvance(t, made, 2, plan(sweeps))
				os.Remove(filepath.Join(made, lockName))
				if err := os.CopyFS(golden, os.DirFS(made)); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.CopyFS(dir, os.DirFS(golden)); err != nil {
				t.Fatal(err)
			}
			d, err := View(dir)
			if err != nil {
				t.Fatal(err)
			}
			want := manifest(2)
			want.Format = 1
			if got := d.Manifest(); !reflect.DeepEqual(got, want) {
				t.Errorf("manifest %+v, want %+v", got, want)
			}
			checkComplete(t, dir, 2, plan(sweeps))

			today := newRun(t, 2)
			mustAdvance(t, today, 2, plan(sweeps))
			names := []string{manifestName, chain0, chain1}
			if plan(sweeps).Save > 0 {
				names = append(names, configs0, configs1)
			}
			for _, name := range names {
				a, errA := os.ReadFile(filepath.Join(golden, name))
				b, errB := os.ReadFile(filepath.Join(today, name))
				if errA != nil || errB != nil || string(a) != string(b) {
					t.Errorf("%s differs: %v, %v", name, errA, errB)
				}
			}
			mustAdvance(t, dir, 2, plan(more))
			checkComplete(t, dir, 2, plan(more))
		})
	}
}

// A file outside of run directories, of which there are no checkpoints, is written
// whole or not at all, and never over another.
func TestWriteNew(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new")
	if err := WriteNew(path, writeBytes([]byte("first"))); err != nil {
		t.Fatal(err)
	}
	if err := WriteNew(path, writeBytes([]byte("second"))); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another: %v", err)
	}
	if got, err := os.ReadFile(path); string(got) != "first" {
		t.Errorf("%q, %v", got, err)
	}
	stopped := errors.New("stopped")
	for _, c := range []struct {
		path  string
		write func(io.Writer) error
		want  error
	}{
		{filepath.Join(path, "file"), writeBytes(nil), syscall.ENOTDIR}, // in no folder
		{filepath.Join(dir, "half"), func(io.Writer) error { return stopped }, stopped},
	} {
		if err := WriteNew(c.path, c.write); !errors.Is(err, c.want) || strings.Contains(err.Error(), "checkpoint") {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	if left, err := os.ReadDir(dir); len(left) != 1 || err != nil {
		t.Errorf("left %v, %v", left, err)
	}
}
