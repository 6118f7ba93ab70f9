package mc

import (
	"math"
	"math/bits"
	"testing"
)

// Two streams of one key: one is tested, the other says which numbers it drew.
func twoStreams() (s, same *Stream) { return NewStream(NewKey(11)), NewStream(NewKey(11)) }

func TestPicks(t *testing.T) {
	s, same := twoStreams()
	for _, n := range []int{1, 2, 3, 10, 4096, 1e9 + 7, math.MaxUint32} {
		for range 10 {
			for _, pick := range s.Picks(make([]uint64, 100), n) {
				w := same.Uint64()
				hi, _ := bits.Mul64(w>>32<<32, uint64(n))
				if pick>>32 != hi || uint32(pick) != uint32(w) {
					t.Fatalf("n = %d: a pick is %#x, made of %#x", n, pick, w)
				}
			}
		}
	}
	for _, f := range []func(){
		func() { s.Picks(nil, 5) },
		func() { s.Picks(make([]uint64, 1), 0) },
		func() { s.Picks(make([]uint64, 1), 1<<32) },
	} {
		if got := panicOf(f); got != badPicks {
			t.Errorf("panic %v, want %q", got, badPicks)
		}
	}
}

// Decide is a comparison of 64 bits, the second half of which is drawn only
// where the first is met.
func TestDecide(t *testing.T) {
	s, same := twoStreams()
	below := 0
	for range 1000 {
		const high, threshold = 0x80000000, 0x80000000_80000000
		if !s.Decide(high-1, 32, threshold) || s.Decide(high+1, 32, threshold) {
			t.Fatal("wrong, with the first half decisive")
		}
		got := s.Decide(high, 32, threshold)
		if got != (same.Uint64()>>32 < 0x80000000) {
			t.Fatal("wrong, with the second half decisive")
		}
		if got {
			below++
		}
	}
	if below == 0 || below == 1000 {
		t.Errorf("%d of 1000 below", below)
	}
}

// The coins are comparisons of numbers that are written upright.
func TestCoins(t *testing.T) {
	s, same := twoStreams()
	for _, threshold := range []uint64{0, 1, 1 << 63, 1<<63 + 1, Threshold(0.5857864376269049), Threshold(1e-3), math.MaxUint64} {
		for range 200 {
			from := *same
			coins := s.Coins(threshold)
			drawn := 0
			for ; *same != *s; drawn++ {
				same.Uint64()
			}
			if coins>>63 != 1 {
				t.Fatalf("%#x does not end in a 1", coins)
			}
			for k := range 63 {
				var number uint64
				words := from
				for b := range drawn {
					number |= words.Uint64() >> k & 1 << (63 - b)
				}
				// The bits not drawn do not matter, or no number is below.
				if got := coins>>k&1 == 1; got != (number < threshold) {
					t.Fatalf("threshold %#x, coin %d: %v for %#x", threshold, k, got, number)
				}
				if rest := ^uint64(0) >> drawn; drawn < 64 && (number < threshold) != (number|rest < threshold) {
					t.Fatalf("threshold %#x, coin %d: %d bits do not decide", threshold, k, drawn)
				}
			}
		}
	}
}

func TestOracleBatches(t *testing.T) {
	o := &script{below: []bool{true}, intN: []int{6}}
	s := NewOracleStream(o)
	if picks := s.Picks(make([]uint64, 9), 10); len(picks) != 1 || picks[0]>>32 != 6 {
		t.Errorf("picks %#x, want one of 6", picks)
	}
	if !s.Decide(0, 32, 77) || o.asked[1] != 77 {
		t.Error("Decide is not the oracle's Below")
	}
	if c := s.Coins(5); c != 1 {
		t.Errorf("coins %#b, want none", c)
	}
}
