package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	taskDir     = "tasks/0000-walk"
	currentFile = taskDir + "/group-00.safetensors"
	prevFile    = currentFile + previous
	chain0      = taskDir + "/chain-00.npy"
	chain1      = taskDir + "/chain-01.npy"
	configs0    = taskDir + "/chain-00.configs.npz"
	configs1    = taskDir + "/chain-01.configs.npz"
)

// restore puts the files of a tree back and removes all others.
func restore(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for path := range tree(t, root) {
		if _, ok := files[path]; !ok {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	for path, content := range files {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// damages calls f for a file cut at lengths, and with bits flipped, all over
// it; TestEveryBit leaves out none.
func damages(content string, f func(damaged string)) {
	const stride = 11
	for n := 0; n < len(content); n += stride {
		f(content[:n])
	}
	for i := 0; i < len(content); i += stride {
		b := []byte(content)
		b[i] ^= 1 << (i % 8)
		f(string(b))
	}
}

// Whatever happens to a checkpoint, the run goes on from the previous one,
// says so, and ends as if nothing had happened. The damaged file is kept.
func TestDamagedCheckpoint(t *testing.T) {
	if testing.Short() {
		t.Skip("every byte of a file")
	}
	const sweeps, more = 6, 8
	dir := newRun(t, 1)
	mustAdvance(t, dir, 1, plan(sweeps))
	path := filepath.Join(dir, currentFile)
	files := tree(t, dir)
	damages(files[path], func(damaged string) {
		restore(t, dir, files)
		os.WriteFile(path, []byte(damaged), 0o666)
		d, err := View(dir)
		if err != nil {
			t.Fatal(err)
		}
		s, notices, err := d.Series(0, 0, identity)
		if err != nil || !names(notices, path) || s.Rows() == 0 || s.Rows() >= sweeps {
			t.Fatalf("viewed: %v, %v, %v", s, notices, err)
		}
		notices, err = advance(newTestDisk(t, dir), dir, 1, plan(more))
		if err != nil || !names(notices, path) || !names(notices, path+previous) {
			t.Fatalf("resumed: %v, %v", notices, err)
		}
		if kept, _ := os.ReadFile(path + ".damaged"); string(kept) != damaged {
			t.Fatal("the damaged checkpoint was not kept")
		}
		checkComplete(t, dir, 1, plan(more))
	})
}

// Damage to the rows of a series, or to configurations, is named and redone,
// from the previous checkpoint if the records before it are intact; damage to
// the header, and to the end of an archive, is repaired.
func TestDamagedRecords(t *testing.T) {
	if testing.Short() {
		t.Skip("every byte of a file")
	}
	const chains, sweeps, more = 2, 6, 8
	dir := newRun(t, chains)
	mustAdvance(t, dir, chains, plan(sweeps))
	files := tree(t, dir)
	prev, err := readGeneration(filepath.Join(dir, prevFile))
	if err != nil {
		t.Fatal(err)
	}
	want, kept, _ := reference(t, chains, plan(sweeps))
	for _, l := range layouts(columns, saved) {
		path := filepath.Join(dir, taskDir, l.name(1))
		_, isSeries := l.(rowLayout)
		before := int(end(l, l.count(prev)))
		records := int(end(l, sweeps))
		var repaired, stepped, restarted int
		damages(files[path], func(damaged string) {
			restore(t, dir, files)
			os.WriteFile(path, []byte(damaged), 0o666)
			at := len(damaged) // the first byte that is damaged
			for i := range damaged {
				if damaged[i] != files[path][i] {
					at = i
					break
				}
			}

			d, err := View(dir)
			if err != nil {
				t.Fatal(err)
			}
			s, viewed, viewErr := d.Series(0, 1, identity)
			c, openErr := OpenConfigurations(d.ConfigurationsPath(0, 1))
			if openErr == nil {
				if got := contents(t, c); got != string(kept[1]) {
					t.Fatalf("byte %d: configurations %q, want %q", at, got, kept[1])
				}
				c.Close()
			}
			notices, err := advance(newTestDisk(t, dir), dir, chains, plan(more))
			if err != nil {
				t.Fatal(err)
			}
			if !names(notices, path) || isSeries && !names(viewed, path) {
				t.Fatalf("byte %d: resumed: %v, viewed: %v", at, notices, viewed)
			}
			_, err = os.Stat(path + ".damaged")
			aside := err == nil
			whole := len(damaged) == len(files[path])
			switch {
			case whole && at < l.start(), at >= records:
				repaired++
				if viewErr != nil || !equalSeries(s, want[1]) || aside || at >= records && openErr != nil {
					t.Fatalf("byte %d of the header or the end: %v, %v, kept aside: %v", at, viewErr, openErr, aside)
				}
			case at >= before:
				stepped++
				if aside || isSeries && (viewErr != nil || s.Rows() != prev.rows) || !isSeries && openErr == nil {
					t.Fatalf("byte %d after the previous checkpoint: %v, %v, kept aside: %v", at, viewErr, openErr, aside)
				}
			default:
				restarted++
				if !aside || isSeries && (viewErr == nil || !strings.Contains(viewErr.Error(), path)) ||
					!isSeries && (openErr == nil || !strings.Contains(openErr.Error(), path)) {
					t.Fatalf("byte %d before the previous checkpoint: %v, %v, kept aside: %v", at, viewErr, openErr, aside)
				}
			}
			checkComplete(t, dir, chains, plan(more))
		})
		if repaired == 0 || stepped == 0 || restarted == 0 {
			t.Errorf("%s: %d headers repaired, %d steps back, %d starts from the beginning", path, repaired, stepped, restarted)
		}
	}
}

// contents returns the bytes of all configurations.
func contents(t *testing.T, c *Configs) string {
	t.Helper()
	var b []byte
	dst := make([]float64, c.numbers())
	for k := range c.Count {
		if err := c.Values(k, dst); err != nil {
			t.Fatal(err)
		}
		for _, v := range dst {
			b = append(b, byte(v))
		}
	}
	return string(b)
}

// Every single flipped bit is detected, and every cut. In the header of a
// series a flip leaves the rows usable.
func TestEveryBit(t *testing.T) {
	if testing.Short() {
		t.Skip("every byte of a file")
	}
	dir := newRun(t, 1)
	mustAdvance(t, dir, 1, plan(6))
	content, err := os.ReadFile(filepath.Join(dir, currentFile))
	if err != nil {
		t.Fatal(err)
	}
	g, err := decodeGeneration(currentFile, content)
	if err != nil {
		t.Fatal(err)
	}
	for n := range content {
		if _, err := decodeGeneration(currentFile, content[:n]); !isDamage(err) {
			t.Fatalf("checkpoint cut at byte %d: %v", n, err)
		}
	}
	for i := range 8 * len(content) {
		content[i/8] ^= 1 << (i % 8)
		if _, err := decodeGeneration(currentFile, content); !isDamage(err) {
			t.Fatalf("bit %d of the checkpoint flipped: %v", i, err)
		}
		content[i/8] ^= 1 << (i % 8)
	}
	path := filepath.Join(dir, chain0)
	series, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range 8 * len(series) {
		f.WriteAt([]byte{series[i/8] ^ 1<<(i%8)}, int64(i/8))
		if _, notices, err := g.series(path); (i/8 >= headerSize) != isDamage(err) || (i/8 < headerSize) != names(notices, path) {
			t.Fatalf("bit %d of the series flipped: %v, %v", i, notices, err)
		}
		f.WriteAt(series[i/8:i/8+1], int64(i/8))
	}
	for n := len(series) - 1; n >= 0; n-- {
		f.Truncate(int64(n))
		if _, _, err := g.series(path); !isDamage(err) {
			t.Fatalf("series cut at byte %d: %v", n, err)
		}
	}

	// Configurations are either seen to be damaged or read as they were.
	path = filepath.Join(dir, configs0)
	_, kept, _ := reference(t, 1, plan(6))
	archive, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	configs, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer configs.Close()
	p := part{saved, path}
	check := func(what string, at int) {
		t.Helper()
		inRecords := at >= saved.start() && at < int(end(saved, 6))
		if err := p.verify(6, crc32.ChecksumIEEE(kept[0])); inRecords != isDamage(err) {
			t.Fatalf("%s: %v", what, err)
		}
		f, err := openRecords(path, saved.start())
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if fault, err := f.fault(saved, 6, crc32.ChecksumIEEE(kept[0])); err != nil || !inRecords && fault == "" {
			t.Fatalf("%s: no fault, %v", what, err)
		}
		c, err := OpenConfigurations(path)
		if err != nil {
			return
		}
		defer c.Close()
		if inRecords || contents(t, c) != string(kept[0]) {
			t.Fatalf("%s: read with no error", what)
		}
	}
	for i := range 8 * len(archive) {
		configs.WriteAt([]byte{archive[i/8] ^ 1<<(i%8)}, int64(i/8))
		check(fmt.Sprintf("bit %d of the configurations flipped", i), i/8)
		configs.WriteAt(archive[i/8:i/8+1], int64(i/8))
	}
	for n := len(archive) - 1; n >= saved.start(); n-- {
		configs.Truncate(int64(n))
		check(fmt.Sprintf("configurations cut at byte %d", n), n)
	}
}

func isDamage(err error) bool {
	_, ok := errors.AsType[*damage](err)
	return ok
}

func TestLostFiles(t *testing.T) {
	const chains, sweeps, more = 2, 6, 8
	for _, test := range []struct {
		name  string
		lost  []string
		named []string // files that notices name
		kept  []string // files kept aside
		text  string   // in a notice
	}{
		{"checkpoint", []string{currentFile}, []string{currentFile, prevFile}, nil, "is missing"},
		{"previous checkpoint", []string{prevFile}, nil, nil, ""},
		{"both checkpoints", []string{currentFile, prevFile}, []string{chain0, chain1, configs0, configs1}, []string{chain0, chain1, configs0, configs1}, "no checkpoint"},
		{"a series", []string{chain0}, []string{chain0, currentFile, prevFile}, []string{currentFile, prevFile}, "is missing"},
		{"all series", []string{chain0, chain1}, []string{chain0, chain1}, []string{currentFile, prevFile}, "beginning"},
		{"configurations", []string{configs1}, []string{configs1, currentFile, prevFile}, []string{currentFile, prevFile}, "is missing"},
		{"configurations and checkpoints", []string{configs0, configs1, currentFile, prevFile}, []string{chain0, chain1}, []string{chain0, chain1}, "no checkpoint"},
		{"everything", []string{chain0, chain1, configs0, configs1, currentFile, prevFile}, nil, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := newRun(t, chains)
			mustAdvance(t, dir, chains, plan(sweeps))
			for _, name := range test.lost {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			notices, err := advance(newTestDisk(t, dir), dir, chains, plan(more))
			if err != nil {
				t.Fatal(err)
			}
			if len(test.named) == 0 && len(notices) > 0 {
				t.Errorf("notices: %v", notices)
			}
			found := test.text == ""
			for _, n := range notices {
				found = found || strings.Contains(n.String(), test.text)
			}
			if !found {
				t.Errorf("no notice says %q: %v", test.text, notices)
			}
			for _, name := range test.named {
				if !names(notices, filepath.Join(dir, name)) {
					t.Errorf("no notice names %s: %v", name, notices)
				}
			}
			for _, name := range test.kept {
				if _, err := os.Stat(filepath.Join(dir, name+".damaged")); err != nil {
					t.Error(err)
				}
			}
			checkComplete(t, dir, chains, plan(more))
		})
	}
}

// Files kept aside never replace older ones.
func TestKeptAside(t *testing.T) {
	dir := newRun(t, 1)
	path := filepath.Join(dir, chain0)
	for _, mark := range []byte{'a', 'b', 'c'} {
		mustAdvance(t, dir, 1, plan(6))
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteAt([]byte{mark}, headerSize+7) // the exponent of the first value
		f.Close()
		if notices, err := advance(newTestDisk(t, dir), dir, 1, plan(6)); err != nil || len(notices) == 0 {
			t.Fatal(notices, err)
		}
	}
	for name, mark := range map[string]byte{".damaged": 'a', ".damaged-2": 'b', ".damaged-3": 'c'} {
		b, err := os.ReadFile(path + name)
		if err != nil || b[headerSize+7] != mark {
			t.Errorf("%s: %v", name, err)
		}
	}
	checkComplete(t, dir, 1, plan(6))
}

// A program killed during a recovery leaves what the next one recovers.
func TestCrashRecovery(t *testing.T) {
	const chains, sweeps, more = 2, 3, 4
	onlyLast := plan(more) // TestCrashRun has more checkpoints
	onlyLast.Checkpoint = time.Hour
	flip := func(t *testing.T, dir, name string, at int64) {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		b := make([]byte, 1)
		f.ReadAt(b, at)
		b[0] ^= 1
		f.WriteAt(b, at)
	}
	for _, test := range []struct {
		name   string
		damage func(t *testing.T, dir string)
	}{
		{"checkpoint", func(t *testing.T, dir string) { flip(t, dir, currentFile, 300) }},
		{"both checkpoints", func(t *testing.T, dir string) { flip(t, dir, currentFile, 300); flip(t, dir, prevFile, 300) }},
		{"last row", func(t *testing.T, dir string) { flip(t, dir, chain0, headerSize+8*width*(sweeps-1)) }},
		{"last configuration", func(t *testing.T, dir string) { flip(t, dir, configs1, end(saved, sweeps)-1) }},
		{"headers and directory", func(t *testing.T, dir string) {
			flip(t, dir, chain0, 3)
			flip(t, dir, configs0, 80)
			flip(t, dir, configs1, end(saved, sweeps)+20)
		}},
		{"first records and headers", func(t *testing.T, dir string) {
			flip(t, dir, chain0, 3)
			flip(t, dir, chain1, headerSize)
			flip(t, dir, configs0, end(saved, 0))
			flip(t, dir, configs1, 80)
		}},
		{"lost series", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, chain0)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := newRun(t, chains)
			mustAdvance(t, dir, chains, plan(sweeps))
			test.damage(t, dir)
			files := tree(t, dir)
			for _, mode := range []crashMode{crashes[1], crashes[3]} {
				for k := 1; ; k++ {
					restore(t, dir, files)
					d := newTestDisk(t, dir)
					d.kill, d.torn = k, mode.torn
					_, err := advance(d, dir, chains, onlyLast)
					if err == nil {
						break
					}
					if !errors.Is(err, errKilled) {
						t.Fatal(err)
					}
					mode.crash(t, d, dir)
					if _, err := advance(newTestDisk(t, dir), dir, chains, onlyLast); err != nil {
						t.Fatalf("%s at step %d: %v", mode.name, k, err)
					}
					checkComplete(t, dir, chains, plan(more))
				}
			}
		})
	}
}

// The files of another card are refused and not touched.
func TestOtherGroup(t *testing.T) {
	dir := newRun(t, 2)
	mustAdvance(t, dir, 2, plan(6))
	before := tree(t, filepath.Join(dir, tasksName))
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, _, _, err := r.Group(0, 0, identity, []Column{{"sum", 1, 0}, {"cubes", 2, 0}}, saved); !isRefusal(err, "cubes:2") {
		t.Errorf("other columns: %v", err)
	}
	if _, _, _, err := r.Group(0, 0, identity, []Column{{"sum", 1, 0}, {"powers", 3, 0}}, saved); !isRefusal(err, "powers:2") {
		t.Errorf("another width: %v", err)
	}
	if _, _, _, err := r.Group(0, 0, identity, columns, nil); !isRefusal(err, "|u1") {
		t.Errorf("no configurations: %v", err)
	}
	if _, _, _, err := r.Group(0, 0, identity, columns, &Configurations{"|u1", []int{4, 2}}); !isRefusal(err, "[4 2]") {
		t.Errorf("other configurations: %v", err)
	}
	if _, _, _, err := r.Group(0, 0, identity+"8", columns, saved); !isRefusal(err, "belongs to another model") {
		t.Errorf("other identity: %v", err)
	}
	if _, _, err := r.Series(0, 0, identity+"8"); !isRefusal(err, "belongs to another model") {
		t.Errorf("other identity for reading: %v", err)
	}
	r.manifest.Tasks[0].Groups[0] = 3
	if _, _, _, err := r.Group(0, 0, identity, columns, saved); !isRefusal(err, "2 chains") {
		t.Errorf("other chains: %v", err)
	}
	after := tree(t, filepath.Join(dir, tasksName))
	if len(after) != len(before) {
		t.Errorf("%d files, not %d", len(after), len(before))
	}
	for path, content := range before {
		if after[path] != content {
			t.Errorf("%s was changed", path)
		}
	}
}

// A directory of the name of a file is set aside like a damaged file.
func TestDirectoryForFile(t *testing.T) {
	for _, names := range [][]string{{currentFile}, {chain0}, {currentFile, prevFile, chain0}} {
		dir := newRun(t, 2)
		mustAdvance(t, dir, 2, plan(6))
		for _, name := range names {
			path := filepath.Join(dir, name)
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o777)); err != nil {
				t.Fatal(err)
			}
		}
		d, err := View(dir)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, names[0])
		if _, notices, _ := d.Series(0, 0, identity); !tells(notices, path, "is a directory") {
			t.Errorf("%s viewed: %v", names, notices)
		}
		notices, err := advance(system{}, dir, 2, plan(6))
		if err != nil || !tells(notices, path, "is a directory") {
			t.Errorf("%s resumed: %v, %v", names, notices, err)
		}
		checkComplete(t, dir, 2, plan(6))
	}
}

// tells reports whether a notice says something of a file.
func tells(notices []Notice, path, about string) bool {
	return slices.ContainsFunc(notices, func(n Notice) bool { return n.File == path && strings.Contains(n.Text, about) })
}
