package mc

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// xoshiro is the generator in the form in which its authors state it: one
// number from one state (Blackman and Vigna 2021, fig. 5, with the scrambler
// ++ of section 8).
type xoshiro [4]uint64

func (s *xoshiro) next() uint64 {
	rotl := func(x uint64, k int) uint64 { return x<<k | x>>(64-k) }
	result := rotl(s[0]+s[3], 23) + s[0]
	t := s[1] << 17
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = rotl(s[3], 45)
	return result
}

// keyOf returns the key of a state.
func keyOf(state [4]uint64) Key {
	var k Key
	for i, w := range state {
		binary.LittleEndian.PutUint64(k[8*i:], w)
	}
	return k
}

var _ rand.Source = (*Stream)(nil)

func TestStreamIsXoshiro(t *testing.T) {
	// The first numbers of the authors' C code from state 1, 2, 3, 4.
	first := []uint64{
		41943041, 58720359, 3588806011781223, 3591011842654386,
		9228616714210784205, 9973669472204895162, 14011001112246962877,
		12406186145184390807, 15849039046786891736, 10450023813501588000,
	}
	state := [4]uint64{1, 2, 3, 4}
	s, reference := NewStream(keyOf(state)), xoshiro(state)
	for i := range 3*streamBuffer + 1 {
		want := reference.next()
		if i < len(first) && want != first[i] {
			t.Fatalf("reference number %d is %d, want %d", i, want, first[i])
		}
		if got := s.Uint64(); got != want {
			t.Fatalf("number %d is %d, want %d", i, got, want)
		}
	}
}

// The state 0 would give nothing but 0.
func TestStreamOfZeroKey(t *testing.T) {
	s, reference := NewStream(Key{}), xoshiro{1, 0, 0, 0}
	for i := range 100 {
		if got, want := s.Uint64(), reference.next(); got != want {
			t.Fatalf("number %d is %d, want %d", i, got, want)
		}
	}
}

// All methods take their numbers from one sequence, in order.
func TestStreamMethods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := [4]uint64{rapid.Uint64().Draw(t, "state"), 1, 2, 3}
		s, reference := NewStream(keyOf(state)), xoshiro(state)
		t.Repeat(map[string]func(*rapid.T){
			"Uint64": func(t *rapid.T) {
				if got, want := s.Uint64(), reference.next(); got != want {
					t.Fatalf("Uint64 = %d, want %d", got, want)
				}
			},
			"Below": func(t *rapid.T) {
				threshold := rapid.Uint64().Draw(t, "threshold")
				if got, want := s.Below(threshold), reference.next() < threshold; got != want {
					t.Fatalf("Below(%d) = %t, want %t", threshold, got, want)
				}
			},
			"Float64": func(t *rapid.T) {
				want := math.Ldexp(float64(reference.next()/2048), -53)
				if got := s.Float64(); got != want {
					t.Fatalf("Float64 = %v, want %v", got, want)
				}
			},
			"IntN": func(t *rapid.T) {
				n := rapid.IntRange(1, math.MaxInt).Draw(t, "n")
				want := new(big.Int).SetUint64(reference.next())
				want.Mul(want, big.NewInt(int64(n))).Rsh(want, 64)
				if got := s.IntN(n); int64(got) != want.Int64() {
					t.Fatalf("IntN(%d) = %d, want %d", n, got, want)
				}
			},
			"Words": func(t *rapid.T) {
				most := rapid.IntRange(1, 3*streamBuffer).Draw(t, "most")
				words := s.Words(most)
				if len(words) < 1 || len(words) > most {
					t.Fatalf("Words(%d) has length %d", most, len(words))
				}
				for _, got := range words {
					if want := reference.next(); got != want {
						t.Fatalf("Words: %d, want %d", got, want)
					}
				}
			},
		})
	})
}

// Pins: changing any of these numbers changes every run that a seed has made.
func TestStreamRegress(t *testing.T) {
	key := NewKey(2018, "model", "proposal", "0", "kernel")
	if got, want := hex.EncodeToString(key[:]), "2849b100e5a92309ee7c410c3624b58358e5494d2ea5f1bfbf57275267ff2c43"; got != want {
		t.Errorf("key %s, want %s", got, want)
	}
	s := NewStream(key)
	for i, want := range []uint64{0xaf4d16357457717c, 0x2d87937b819ef4ce, 0x679a738e66e12a0b, 0x42e61c103572c4f6} {
		if got := s.Uint64(); got != want {
			t.Errorf("Uint64 number %d: %#x, want %#x", i, got, want)
		}
	}
	for i, want := range []float64{0.422994888722636, 0.5738908513520351, 0.05068085491907348, 0.9432537760581831} {
		if got := s.Float64(); got != want {
			t.Errorf("Float64 number %d: %v, want %v", i, got, want)
		}
	}
	for i, want := range []int{291, 183, 602, 830, 68, 353, 22, 739} {
		if got := s.IntN(1000); got != want {
			t.Errorf("IntN(1000) number %d: %d, want %d", i, got, want)
		}
	}
	var below strings.Builder
	for range 32 {
		below.WriteByte("01"[bit(s.Below(Threshold(0.25)))])
	}
	if got, want := below.String(), "11110000000010000100100101000000"; got != want {
		t.Errorf("Below(1/4): %s, want %s", got, want)
	}
	words := s.Words(1000)
	if got, want := len(words), 208; got != want {
		t.Errorf("Words(1000) returns %d numbers, want %d", got, want)
	}
	if got, want := words[len(words)-1], uint64(0xbe5b5f975ccf165f); got != want {
		t.Errorf("the last of them is %#x, want %#x", got, want)
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The key is the hash that NewKey's comment says.
func TestNewKey(t *testing.T) {
	data := []byte{
		0xe2, 0x07, 0, 0, 0, 0, 0, 0, // 2018
		2, 0, 0, 0, 0, 0, 0, 0, 'a', 'b',
		0, 0, 0, 0, 0, 0, 0, 0,
		1, 0, 0, 0, 0, 0, 0, 0, 'c',
	}
	if got, want := NewKey(2018, "ab", "", "c"), Key(sha256.Sum256(data)); got != want {
		t.Errorf("key %x, want %x", got, want)
	}
	different := make(map[Key]int)
	for i, k := range []Key{
		NewKey(1), NewKey(2), NewKey(1, ""), NewKey(1, "", ""),
		NewKey(1, "ab"), NewKey(1, "a", "b"), NewKey(1, "b", "a"), NewKey(1, "ab", ""),
	} {
		if j, taken := different[k]; taken {
			t.Errorf("keys %d and %d are equal", i, j)
		}
		different[k] = i
	}
}

// A stream goes on from every position as if it had not been saved.
func TestStreamResumes(t *testing.T) {
	key := NewKey(1, "resume")
	s := NewStream(key)
	for position := range 2*streamBuffer + 2 {
		var saved [streamWords]uint64
		s.encode(saved[:])
		restored := NewStream(NewKey(2, "another"))
		restored.Words(77)
		if err := restored.decode(saved[:]); err != nil {
			t.Fatal(err)
		}
		var again [streamWords]uint64
		restored.encode(again[:])
		if saved != again {
			t.Fatalf("position %d: saved %x, after that %x", position, saved, again)
		}
		reference := NewStream(key)
		for range position {
			reference.Uint64()
		}
		for i := range streamBuffer + 1 {
			if got, want := restored.Uint64(), reference.Uint64(); got != want {
				t.Fatalf("position %d: number %d after it is %d, want %d", position, i, got, want)
			}
		}
		s.Uint64()
	}
}

func TestStreamDecodeErrors(t *testing.T) {
	for _, words := range [][]uint64{
		{0, 0, 0, 0, 5},                        // xoshiro never has this state
		{1, 2, 3, 4, streamBuffer + 1},         // beyond the buffer
		{1, 2, 3, 4, 1 << 63},                  // negative, as an int
		{math.MaxUint64, 0, 0, 0, 1<<32 + 256}, // a position of more than 32 bits
	} {
		if err := new(Stream).decode(words); err != errStream {
			t.Errorf("%x: %v, want %v", words, err, errStream)
		}
	}
}

func TestThreshold(t *testing.T) {
	for _, c := range []struct {
		p    float64
		want uint64
	}{
		{0, 0},
		{math.Copysign(0, -1), 0},
		{0x1p-65, 0},
		{0x1p-64, 1},
		{0x1p-53, 1 << 11},
		{0.25, 1 << 62},
		{0.5, 1 << 63},
		{1 - 0x1p-53, math.MaxUint64 - 1<<11 + 1},
		{1, math.MaxUint64},
		{math.Nextafter(1, 2), math.MaxUint64},
		{math.Inf(1), math.MaxUint64},
	} {
		if got := Threshold(c.p); got != c.want {
			t.Errorf("Threshold(%v) = %#x, want %#x", c.p, got, c.want)
		}
	}
	for _, p := range []float64{-0x1p-1074, -1, math.Inf(-1), math.NaN()} {
		if got := panicOf(func() { Threshold(p) }); got != badThreshold {
			t.Errorf("Threshold(%v): panic %v, want %q", p, got, badThreshold)
		}
	}
	// It is p 2^64, rounded down.
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Float64Range(0, 1).Draw(t, "p")
		if p == 1 {
			return
		}
		exact, _ := new(big.Float).SetMantExp(big.NewFloat(p), 64).Int(nil)
		if got := Threshold(p); new(big.Int).SetUint64(got).Cmp(exact) != 0 {
			t.Fatalf("Threshold(%v) = %d, want %d", p, got, exact)
		}
	})
}

// panicOf returns the value that f panics with, nil if it does not.
func panicOf(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

func TestStreamPanics(t *testing.T) {
	s := NewStream(NewKey(1))
	for _, c := range []struct {
		f    func()
		want string
	}{
		{func() { s.IntN(0) }, badIntN},
		{func() { s.IntN(-1) }, badIntN},
		{func() { s.Words(0) }, badWords},
		{func() { s.Words(-1) }, badWords},
	} {
		if got := panicOf(c.f); got != c.want {
			t.Errorf("panic %v, want %q", got, c.want)
		}
	}
}

// A script is an oracle that has its decisions in a list and keeps what it was
// asked.
type script struct {
	below []bool
	intN  []int
	asked []uint64
}

func (s *script) Below(threshold uint64) bool {
	s.asked = append(s.asked, threshold)
	v := s.below[0]
	s.below = s.below[1:]
	return v
}

func (s *script) IntN(n int) int {
	s.asked = append(s.asked, uint64(n))
	v := s.intN[0]
	s.intN = s.intN[1:]
	return v
}

func TestOracleStream(t *testing.T) {
	o := &script{below: []bool{true, false}, intN: []int{3, 0}}
	s := NewOracleStream(o)
	if !s.Below(5) || s.IntN(10) != 3 || s.Below(0) || s.IntN(1) != 0 {
		t.Error("the decisions are not the oracle's")
	}
	if want := []uint64{5, 10, 0, 1}; !slices.Equal(o.asked, want) {
		t.Errorf("the oracle was asked %d, want %d", o.asked, want)
	}
	for name, f := range map[string]func(){
		"Uint64":  func() { s.Uint64() },
		"Float64": func() { s.Float64() },
		"Words":   func() { s.Words(1) },
	} {
		if got := panicOf(f); got != badOracle {
			t.Errorf("%s: panic %v, want %q", name, got, badOracle)
		}
	}
	if got := panicOf(func() { s.IntN(0) }); got != badIntN {
		t.Errorf("IntN(0): panic %v, want %q", got, badIntN)
	}
}

func BenchmarkStreamUint64(b *testing.B) {
	s := NewStream(NewKey(1))
	for b.Loop() {
		s.Uint64()
	}
}
