package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mcrun/mc"
)

// sample returns a generation with arrays of every type, one of them empty.
func sample() *generation {
	s := new(mc.Snapshot)
	mc.Put(s, "group.sweeps", []int64{2, -3})
	mc.Put(s, "state.0.spins", []uint8{1, 0, 255})
	mc.Put(s, "group.streams", []uint64{1, math.MaxUint64})
	mc.Put(s, "state.1.empty", []float64{})
	mc.Put(s, "kernel.<width>", []float64{0.5, math.Copysign(0, -1), math.Inf(1), math.Float64frombits(0x7ff8000000000001)})
	return &generation{
		identity: identityHash(identity),
		columns:  []Column{{"energy", 1, 0}, {"magnetization", 1, 0}},
		rows:     3,
		sums:     map[string]uint32{"chain-02.npy": 0xe3069283, "chain-03.npy": 1},
		snapshot: s,
	}
}

func (g *generation) bytes(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := g.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCheckpointRoundTrip(t *testing.T) {
	want := sample()
	encoded := want.bytes(t)
	got, err := decodeGeneration("a", encoded)
	if err != nil {
		t.Fatal(err)
	}
	if again := got.bytes(t); !bytes.Equal(again, encoded) {
		t.Errorf("read and written again:\n%q\n%q", again, encoded)
	}
	if got.rows != want.rows || fmt.Sprint(got.columns, got.saved, got.kept, got.sums) != fmt.Sprint(want.columns, want.saved, want.kept, want.sums) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, name := range want.snapshot.Names() {
		a, b := got.snapshot.Array(name), want.snapshot.Array(name)
		if fmt.Sprintf("%T%v", a, a) != fmt.Sprintf("%T%v", b, b) {
			t.Errorf("%s: %v, want %v", name, a, b)
		}
	}
}

// Columns of vectors and configurations make version 2, which older programs
// refuse; all else is version 1.
func TestCheckpointVersion(t *testing.T) {
	for _, vectors := range []bool{false, true} {
		for _, saves := range []bool{false, true} {
			want := sample()
			metadata := []string{`"checkpoint":"1"`}
			if vectors || saves {
				metadata[0] = `"checkpoint":"2"`
			}
			if vectors {
				want.columns[1] = Column{"correlation", 9, 0}
				metadata = append(metadata, `"columns":"energy,correlation:9"`)
			}
			if saves {
				want.saved, want.kept = &Configurations{"|i1", []int{16, 8}}, 5
				want.sums["chain-02.configs.npz"] = 0xdeadbeef
				metadata = append(metadata, `"configurations":"5"`, `"configurations.type":"|i1"`, `"configurations.shape":"16,8"`,
					`"chain-02.configs.npz":"deadbeef"`)
			}
			encoded := want.bytes(t)
			for _, m := range metadata {
				if !bytes.Contains(encoded, []byte(m)) {
					t.Errorf("vectors %v, configurations %v: no %s in %q", vectors, saves, m, encoded)
				}
			}
			got, err := decodeGeneration("a", encoded)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got.columns, got.saved, got.kept, got.sums) != fmt.Sprint(want.columns, want.saved, want.kept, want.sums) {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
	}
}

// Columns of matrices make version 3.
func TestCheckpointMatrix(t *testing.T) {
	want := sample()
	want.columns[1] = Column{"correlation", 36, 4}
	encoded := want.bytes(t)
	for _, m := range []string{`"checkpoint":"3"`, `"columns":"energy,correlation:4x9"`} {
		if !bytes.Contains(encoded, []byte(m)) {
			t.Errorf("no %s in %q", m, encoded)
		}
	}
	if got, err := decodeGeneration("a", encoded); err != nil || fmt.Sprint(got.columns) != fmt.Sprint(want.columns) {
		t.Errorf("%+v, %v", got, err)
	}
}

// The first version's checkpoint, byte by byte: FORMAT.md describes it.
func TestCheckpointBytes(t *testing.T) {
	path := filepath.Join("testdata", "group-00.safetensors")
	encoded := sample().bytes(t)
	if *update {
		if err := os.WriteFile(path, encoded, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encoded, want) {
		t.Errorf("written:\n%q\nwant:\n%q", encoded, want)
	}
}

// seal makes a checkpoint of a header and data, with a hash that fits.
func seal(header, data string) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(append(b, header...), data...)
	hash := sha256.Sum256(b)
	return append(b, hash[:]...)
}

// A file whose hash fits but that is no checkpoint is an error too, never a
// panic, and allocates little whatever lengths it claims.
func TestHostileCheckpoints(t *testing.T) {
	metadata := `"__metadata__":{"checkpoint":"1","identity":"` + identityHash(identity) + `","columns":"a","rows":"0"}`
	array := func(entry, data string) []byte {
		return seal(fmt.Sprintf(`{%s,"x":%s,"sha256":{"dtype":"U8","shape":[32],"data_offsets":[%d,%d]}}`,
			metadata, entry, len(data), len(data)+sha256.Size), data)
	}
	if _, err := decodeGeneration("a", array(`{"dtype":"F64","shape":[1],"data_offsets":[0,8]}`, "12345678")); err != nil {
		t.Fatal(err)
	}
	edit := func(old, new string) []byte { // all is well but what is new
		return seal(strings.Replace("{"+metadata+`,"sha256":{"dtype":"U8","shape":[32],"data_offsets":[0,32]}}`, old, new, 1), "")
	}
	saving := func(keys string) []byte { return edit(`"rows":"0"`, `"rows":"0",`+keys) }
	for _, good := range [][]byte{
		edit(`"columns":"a"`, `"columns":"a:2"`),
		saving(`"configurations":"0","configurations.type":"|i1","configurations.shape":"2"`),
	} {
		if _, err := decodeGeneration("a", good); err != nil {
			t.Fatal(err)
		}
	}
	huge := seal("{}", "")
	binary.LittleEndian.PutUint64(huge, math.MaxUint64)
	hash := sha256.Sum256(huge[:len(huge)-sha256.Size])
	copy(huge[len(huge)-sha256.Size:], hash[:])
	tests := map[string][]byte{
		"empty":                 nil,
		"only a hash":           seal("", "")[8:],
		"huge header":           huge,
		"no JSON":               seal("hello", ""),
		"no object":             seal("[]", ""),
		"null":                  seal("null", ""),
		"no metadata":           seal("{}", ""),
		"metadata not strings":  seal(`{"__metadata__":{"checkpoint":1}}`, ""),
		"no format":             seal(`{"__metadata__":{}}`, ""),
		"format 0":              seal(`{"__metadata__":{"checkpoint":"0"}}`, ""),
		"no identity":           seal(`{"__metadata__":{"checkpoint":"1","columns":"a","rows":"0"}}`, ""),
		"no columns":            seal(`{"__metadata__":{"checkpoint":"1","rows":"1"}}`, ""),
		"bad columns":           seal(`{"__metadata__":{"checkpoint":"1","columns":"a,a","rows":"1"}}`, ""),
		"width 0":               edit(`"columns":"a"`, `"columns":"a:0"`),
		"width 1":               edit(`"columns":"a"`, `"columns":"a:1"`),
		"huge width":            edit(`"columns":"a"`, `"columns":"a:9223372036854775807"`),
		"no width":              edit(`"columns":"a"`, `"columns":"a:"`),
		"no type":               saving(`"configurations":"0","configurations.shape":"2"`),
		"no shape":              saving(`"configurations":"0","configurations.type":"|i1"`),
		"bad shape":             saving(`"configurations":"0","configurations.type":"|i1","configurations.shape":"2,-1"`),
		"huge shape":            saving(`"configurations":"0","configurations.type":"|i1","configurations.shape":"4294967296,4294967296"`),
		"negative count":        saving(`"configurations":"-1","configurations.type":"|i1","configurations.shape":"2"`),
		"huge count":            saving(`"configurations":"9223372036854775807","configurations.type":"|i1","configurations.shape":"2"`),
		"negative rows":         seal(`{"__metadata__":{"checkpoint":"1","columns":"a","rows":"-1"}}`, ""),
		"huge rows":             seal(`{"__metadata__":{"checkpoint":"1","columns":"a","rows":"9223372036854775807"}}`, ""),
		"bad checksum":          seal(`{"__metadata__":{"checkpoint":"1","columns":"a","rows":"1","chain-00.npy":"xyz"}}`, ""),
		"huge array":            array(`{"dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,9223372036854775807]}`, "12345678"),
		"array of other length": array(`{"dtype":"F64","shape":[2],"data_offsets":[0,8]}`, "12345678"),
		"odd array":             array(`{"dtype":"F64","shape":[0],"data_offsets":[0,7]}`, "1234567"),
		"matrix":                array(`{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]}`, "12345678"),
		"negative shape":        array(`{"dtype":"F64","shape":[-1],"data_offsets":[0,8]}`, "12345678"),
		"negative offset":       array(`{"dtype":"F64","shape":[1],"data_offsets":[-8,0]}`, "12345678"),
		"reversed offsets":      array(`{"dtype":"F64","shape":[1],"data_offsets":[8,0]}`, "12345678"),
		"hole":                  array(`{"dtype":"U8","shape":[4],"data_offsets":[4,8]}`, "12345678"),
		"hole at the end":       array(`{"dtype":"U8","shape":[4],"data_offsets":[0,4]}`, "12345678"),
		"unknown type":          array(`{"dtype":"BF16","shape":[1],"data_offsets":[0,8]}`, "12345678"),
		"no array":              array(`7`, ""),
		"trailing bytes":        seal("{"+metadata+"}", "12345678"),
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, file := range tests {
		if g, err := decodeGeneration("a", file); !isDamage(err) {
			t.Errorf("%s: %v, %v", name, g, err)
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

func TestNewerCheckpoint(t *testing.T) {
	file := seal(`{"__metadata__":{"checkpoint":"4","wonder":"x"}}`, "")
	if _, err := decodeGeneration("group-00.safetensors", file); !isRefusal(err, "format 4") {
		t.Errorf("error %v", err)
	}
	dir := newRun(t, 1)
	mustAdvance(t, dir, 1, plan(3))
	path := filepath.Join(dir, currentFile)
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	if _, err := advance(system{}, dir, 1, plan(3)); !isRefusal(err, path) {
		t.Errorf("error %v", err)
	}
	for name, content := range tree(t, dir) {
		if before[name] != content && !strings.HasSuffix(name, lockName) {
			t.Errorf("%s was changed", name)
		}
	}
}

// Random changes, under a hash that fits them, do not panic.
func TestMutatedCheckpoints(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	valid := sample().bytes(t)
	valid = valid[:len(valid)-sha256.Size]
	read := 0
	for range 20000 {
		b := bytes.Clone(valid)
		for range 1 + random.IntN(4) {
			i := random.IntN(len(b))
			switch random.IntN(4) {
			case 0:
				b[i] ^= 1 << random.IntN(8)
			case 1:
				b[i] = "0123456789-[]{}:,\"e."[random.IntN(20)]
			case 2: // within the first bytes, where lengths are
				b[random.IntN(8)] = byte(random.Uint32())
			case 3:
				j := random.IntN(len(b))
				copy(b[i:], b[j:min(len(b), j+random.IntN(16))])
			}
		}
		hash := sha256.Sum256(b)
		if _, err := decodeGeneration("a", append(b, hash[:]...)); err == nil {
			read++
		}
	}
	if read == 0 || read == 20000 {
		t.Errorf("%d of 20000 were read", read)
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(sample().bytes(f))
	f.Add(seal("{}", ""))
	f.Fuzz(func(t *testing.T, file []byte) {
		decodeGeneration("a", file)
		if n := len(file) - sha256.Size; n >= 0 {
			hash := sha256.Sum256(file[:n])
			if g, err := decodeGeneration("a", append(bytes.Clone(file[:n]), hash[:]...)); err == nil {
				g.bytes(t)
			}
		}
	})
}
