package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mcrun/mc"
)

var update = flag.Bool("update", false, "rewrite the files of testdata")

// A walk is a kernel whose chains are sums of uniform numbers, and its own
// saver and probe.
type walk struct {
	random []*mc.Stream
	sum    []float64
	steps  []uint8
}

func (w *walk) Step() {
	for i, r := range w.random {
		w.sum[i] += r.Float64()
	}
	w.steps[0]++
}

func (w *walk) Save(s *mc.Snapshot, prefix string) {
	mc.Put(s, prefix+".sum", w.sum)
	mc.Put(s, prefix+".steps", w.steps)
}

func (w *walk) Load(s *mc.Snapshot, prefix string) error {
	return errors.Join(mc.Get(s, prefix+".sum", w.sum), mc.Get(s, prefix+".steps", w.steps))
}

func (w *walk) Read(rows []float64) {
	width := len(rows) / len(w.sum)
	for i, v := range w.sum {
		copy(rows[i*width:(i+1)*width], []float64{v, v * v, v * v * v})
	}
}

// export appends the bytes of a sum.
func (w *walk) export(chain int, dst []byte) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(w.sum[chain]))
}

// identity is that of the groups of every test.
const identity = "walk, seed 7"

// What a walk records where its plan saves configurations: a vector too.
var (
	columns = []Column{{"sum", 1, 0}, {"powers", 2, 0}}
	saved   = &Configurations{"|u1", []int{2, 4}}
)

const width = 3 // of a row

// scalars are what a walk records where its plan saves nothing.
var scalars = []Column{{"sum", 1, 0}, {"square", 1, 0}}

// recorded returns what a walk with a plan records.
func recorded(p mc.Plan) ([]Column, *Configurations) {
	if p.Save == 0 {
		return scalars, nil
	}
	return columns, saved
}

func newWalk(chains int, p mc.Plan) *mc.Group {
	g := mc.NewGroup(0, chains, 7, "walk")
	w := &walk{sum: make([]float64, chains), steps: make([]uint8, 1)}
	for i := range chains {
		w.random = append(w.random, g.Stream(i, "step"))
	}
	fields, _ := recorded(p)
	g.Kernel, g.Probe, g.Row, g.Export = w, w, rowWidth(fields), w.export
	return g
}

// plan checkpoints after each block of sweeps, the first of which is one
// sweep.
func plan(sweeps int) mc.Plan { return mc.Plan{Sweeps: sweeps, Every: 1, Save: 1} }

// scalarPlan saves no configurations.
func scalarPlan(sweeps int) mc.Plan { return mc.Plan{Thermalize: 2, Sweeps: sweeps, Every: 1} }

type memory struct {
	rows []float64
	kept [][]byte // of each chain
}

func (m *memory) Append(rows []float64) error { m.rows = append(m.rows, rows...); return nil }

func (m *memory) Keep(chain int, configuration []byte) error {
	m.kept[chain] = append(m.kept[chain], configuration...)
	return nil
}

func (m *memory) Checkpoint(*mc.Snapshot) error { return nil }

// reference returns the series of a run of walk that nothing interrupts, the
// bytes of the configurations of each chain, and the last state.
func reference(t *testing.T, chains int, p mc.Plan) ([]*Series, [][]byte, *mc.Snapshot) {
	t.Helper()
	g := newWalk(chains, p)
	m := &memory{kept: make([][]byte, chains)}
	if err := g.Run(context.Background(), p, m); err != nil {
		t.Fatal(err)
	}
	fields, _ := recorded(p)
	var series []*Series
	for i := range chains {
		s := newSeries(fields, p.Sweeps)
		for row := range p.Sweeps {
			for k := range g.Row {
				s.Columns[k][row] = m.rows[(row*chains+i)*g.Row+k]
			}
		}
		series = append(series, s)
	}
	return series, m.kept, g.Save()
}

func manifest(groups ...int) Manifest {
	chains := 0
	for _, n := range groups {
		chains += n
	}
	return Manifest{
		Program: "0.1.0",
		Seed:    math.MaxUint64,
		Machine: Machine{OS: "linux", Arch: "amd64", Cores: 2, Go: "go1.26"},
		Level:   "go",
		Start:   time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Tasks:   []Task{{Name: "walk", State: Waiting, Groups: groups, Sweeps: make([]int, chains)}},
	}
}

// newRun makes a run directory with one task.
func newRun(t *testing.T, groups ...int) string {
	t.Helper()
	parent := t.TempDir()
	dir := filepath.Join(parent, "walk.run")
	r, err := create(newTestDisk(t, parent), dir, manifest(groups...), []byte("title = \"walk\"\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// advance does what a program does: it opens the directory and its group,
// and runs to the end of a plan.
func advance(d disk, dir string, chains int, p mc.Plan) ([]Notice, error) {
	r, err := open(d, dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	fields, form := recorded(p)
	sink, snapshot, notices, err := r.Group(0, 0, identity, fields, form)
	if err != nil {
		return notices, err
	}
	defer sink.Close()
	g := newWalk(chains, p)
	if snapshot != nil {
		if err := g.Load(snapshot); err != nil {
			return notices, err
		}
	}
	if g.Sweeps() != sink.Rows() {
		return notices, fmt.Errorf("%d sweeps, %d rows", g.Sweeps(), sink.Rows())
	}
	return notices, g.Run(context.Background(), p, sink)
}

// mustAdvance advances without an error and without a notice.
func mustAdvance(t *testing.T, dir string, chains int, p mc.Plan) {
	t.Helper()
	notices, err := advance(newTestDisk(t, dir), dir, chains, p)
	if err != nil || notices != nil {
		t.Fatal(err, notices)
	}
}

// checkComplete fails the test unless the directory holds a run of a plan that
// is to the bit one that nothing interrupted.
func checkComplete(t *testing.T, dir string, chains int, p mc.Plan) {
	t.Helper()
	want, kept, state := reference(t, chains, p)
	d, err := View(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range chains {
		s, notices, err := d.Series(0, i, identity)
		if err != nil || notices != nil {
			t.Fatal(err, notices)
		}
		if !equalSeries(s, want[i]) {
			t.Fatalf("chain %d differs: %v, want %v", i, s, want[i])
		}
		path := filepath.Join(d.TaskPath(0), seriesName(i))
		if s, err = ReadSeries(path); err != nil || !equalSeries(s, want[i]) {
			t.Fatalf("chain %d differs by its header: %v, %v", i, s, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != int64(headerSize+8*len(s.Columns)*p.Sweeps) {
			t.Fatalf("chain %d: %d bytes, %v", i, info.Size(), err)
		}
		path = d.ConfigurationsPath(0, i)
		if p.Save == 0 {
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("chain %d has configurations: %v", i, err)
			}
			continue
		}
		n := p.Sweeps / p.Save
		sum := crc32.ChecksumIEEE(kept[i])
		file := slices.Concat(saved.header(n, sum), kept[i], saved.tail(end(saved, n), n, sum))
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, file) {
			t.Fatalf("the configurations of chain %d differ: %q, want %q, %v", i, got, file, err)
		}
	}
	g, err := readGeneration(filepath.Join(d.TaskPath(0), checkpointName(0)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"group.sweeps", "group.streams", "kernel.sum", "kernel.steps"} {
		if got, want := fmt.Sprint(g.snapshot.Array(name)), fmt.Sprint(state.Array(name)); got != want {
			t.Fatalf("%s is %s, want %s", name, got, want)
		}
	}
}

func equalSeries(a, b *Series) bool {
	return slices.Equal(a.Fields, b.Fields) && slices.EqualFunc(a.Columns, b.Columns, slices.Equal[[]float64])
}

// names reports whether a notice names a file.
func names(notices []Notice, path string) bool {
	return slices.ContainsFunc(notices, func(n Notice) bool { return n.File == path })
}

// isRefusal reports whether an error is a *Refusal that says something.
func isRefusal(err error, about string) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && strings.Contains(r.Error(), about)
}

// tree returns the content of every file below a directory.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	m := make(map[string]string)
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		m[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A program that is killed before any change to a file, or in the middle of
// one, or with the whole machine, leaves a directory in which every series and
// all configurations can be read, nothing is damaged, and the next program
// finishes the run to the bit. Killed between two changes it leaves archives
// that any program can read.
func TestCrashRun(t *testing.T) {
	const chains, first, all = 2, 1, 2
	const more = 30 // configurations of which are longer than a directory
	rest := plan(all)
	rest.Checkpoint = time.Hour // one at its end
	for _, mode := range crashes {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			begun := 0 // crashes after which a checkpoint was there
			dir := newRun(t, chains)
			empty := tree(t, dir)
			for k := 1; ; k++ {
				restore(t, dir, empty)
				os.Remove(filepath.Join(dir, taskDir))
				d := newTestDisk(t, dir)
				d.kill, d.torn = k, mode.torn
				_, err := advance(d, dir, chains, plan(first))
				if err == nil {
					err = addRows(d, dir, chains, more)
				}
				if err == nil {
					_, err = advance(d, dir, chains, rest)
				}
				if err == nil {
					break // the run is over before step k
				}
				if !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
				mode.crash(t, d, dir)

				series, _ := filepath.Glob(filepath.Join(dir, tasksName, "*", "*.npy"))
				for _, path := range series {
					if _, err := ReadSeries(path); err != nil {
						t.Errorf("step %d: %v", k, err)
					}
				}
				archives, _ := filepath.Glob(filepath.Join(dir, tasksName, "*", "*.npz"))
				for _, path := range archives {
					if c, err := OpenConfigurations(path); err != nil {
						t.Errorf("step %d: %v", k, err)
					} else {
						c.Close()
					}
					if err := checkArchive(path); err != nil && mode.name == "killed" {
						t.Errorf("step %d: %v", k, err)
					}
				}
				if matches, _ := filepath.Glob(filepath.Join(dir, tasksName, "*", "group*s")); len(matches) > 0 {
					begun++
				}
				notices, err := advance(newTestDisk(t, dir), dir, chains, rest)
				if err != nil {
					t.Fatalf("step %d: %v", k, err)
				}
				for _, n := range notices {
					switch {
					case strings.Contains(n.Text, "no checkpoint to verify"), strings.HasPrefix(n.Text, "kept as"): // killed in the first one
					case strings.HasPrefix(n.Text, "its end is incomplete") && (mode.torn || mode.last): // killed in a write of configurations
					case !strings.HasPrefix(filepath.Base(n.File), "chain-") && !strings.Contains(n.Text, "checksum") && !strings.Contains(n.Text, "cut"):
					default:
						t.Errorf("step %d: %v", k, n)
					}
				}
				checkComplete(t, dir, chains, rest)
			}
			if begun < 20 {
				t.Errorf("only %d crashes after the first checkpoint", begun)
			}
		})
	}
}

// addRows does what a program does that is killed before the checkpoint of
// its last rows and configurations.
func addRows(d disk, dir string, chains, rows int) error {
	r, err := open(d, dir)
	if err != nil {
		return err
	}
	defer r.Close()
	sink, _, _, err := r.Group(0, 0, identity, columns, saved)
	if err != nil {
		return err
	}
	defer sink.Close()
	err = sink.Append(make([]float64, chains*width*rows))
	for range rows {
		for i := range chains {
			err = errors.Join(err, sink.Keep(i, make([]byte, saved.size())))
		}
	}
	return errors.Join(err, sink.Flush())
}

// What a checkpoint has stored outlives a loss of power.
func TestDurable(t *testing.T) {
	dir := newRun(t, 2)
	d := newTestDisk(t, dir)
	if _, err := advance(d, dir, 2, plan(6)); err != nil {
		t.Fatal(err)
	}
	d.losePower(t, dir, false)
	checkComplete(t, dir, 2, plan(6))
}

// A program that is killed while it makes a run directory leaves one that is
// complete, or none.
func TestCrashCreate(t *testing.T) {
	inputs := map[string][]byte{"couplings.txt": []byte("0 1 1.0\n"), "sub/b": []byte("b")}
	want := map[string]string{"card.toml": "card", "inputs/couplings.txt": "0 1 1.0\n", "inputs/sub/b": "b"}
	for i := range 4 {
		mode := crashes[i%2] // the others keep no account of directories
		t.Run(fmt.Sprint(mode.name, " ", i), func(t *testing.T) {
			t.Parallel()
			for k := 1; ; k++ {
				parent := t.TempDir()
				dir := filepath.Join(parent, "a.run")
				if i >= 2 { // an empty directory is there already
					if err := os.Mkdir(dir, 0o777); err != nil {
						t.Fatal(err)
					}
				}
				d := newTestDisk(t, parent)
				d.kill, d.torn = k, mode.torn
				r, err := create(d, dir, manifest(1), []byte("card"), inputs)
				if err == nil {
					r.Close()
					break
				}
				if !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
				if r, err = Open(dir); errors.Is(err, fs.ErrNotExist) {
					r, err = Create(dir, manifest(1), []byte("card"), inputs)
				}
				if err != nil {
					t.Fatalf("step %d: %v", k, err)
				}
				for path, content := range want {
					if got, err := os.ReadFile(r.Path(path)); err != nil || string(got) != content {
						t.Errorf("step %d: %s is %q, %v", k, path, got, err)
					}
				}
				r.Close()
				if entries, _ := os.ReadDir(parent); len(entries) != 1 {
					t.Errorf("step %d left %v", k, entries)
				}
			}
		})
	}
}
