package mc

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// A Key is the seed of a [Stream].
type Key [32]byte

// NewKey derives the key of a stream from the seed of a run and from what
// the stream is for: model, proposal, chain, purpose. It is the SHA-256 hash
// of seed and parts, each part preceded by its length, so that streams of
// different parts are independent for every purpose but cryptography, and a
// stream depends on nothing but its own parts: adding a point to a scan, or
// a proposal to a card, changes no other stream.
func NewKey(seed uint64, parts ...string) Key {
	h := sha256.New()
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], seed)
	h.Write(word[:])
	for _, p := range parts {
		binary.LittleEndian.PutUint64(word[:], uint64(len(p)))
		h.Write(word[:])
		h.Write([]byte(p))
	}
	return Key(h.Sum(nil))
}

// streamBuffer is how many numbers a Stream generates at once: the generator
// then runs in registers, and Uint64 is a load that the compiler inlines.
const streamBuffer = 256

// A Stream is a sequence of random numbers: xoshiro256++ 1.0 (D. Blackman
// and S. Vigna, ACM Trans. Math. Softw. 47, 36 (2021)), period 2^256 - 1,
// keyed by 256 bits. It implements [math/rand/v2.Source], so that
// rand.New(stream) offers permutations and the rest.
//
// A Stream belongs to one goroutine.
type Stream struct {
	pos    int                  // the next number to hand out
	next   [4]uint64            // state from which the buffer after this one is made
	start  [4]uint64            // state from which this buffer was made
	buf    [streamBuffer]uint64 // numbers made ahead
	oracle Oracle               // decides in place of chance, if not nil
}

// An Oracle decides in place of chance: it lets a test walk through every
// decision that a kernel can meet and so find its exact transition matrix.
type Oracle interface {
	// Below decides whether a uniform number in [0, 2^64) is below threshold.
	Below(threshold uint64) bool
	// IntN decides for a number in [0, n).
	IntN(n int) int
}

// NewOracleStream returns a stream whose decisions are made by an oracle. Its
// methods Below, IntN, Picks and Decide ask the oracle; Bits and Coins return
// none; the others panic, for the numbers that they return could not be listed.
func NewOracleStream(o Oracle) *Stream { return &Stream{pos: streamBuffer, oracle: o} }

// NewStream returns the stream of a key.
func NewStream(key Key) *Stream {
	s := new(Stream)
	for i := range s.next {
		s.next[i] = binary.LittleEndian.Uint64(key[8*i:])
	}
	if s.next == [4]uint64{} {
		s.next[0] = 1 // the one state that xoshiro must not have
	}
	s.refill()
	return s
}

// Uint64 returns 64 random bits.
func (s *Stream) Uint64() uint64 {
	if s.pos >= streamBuffer {
		s.refill()
	}
	v := s.buf[s.pos]
	s.pos++
	return v
}

// Below reports whether the next number is below threshold, which it is with
// probability threshold/2^64: the form of every decision that is made with a
// given probability. See [Threshold].
func (s *Stream) Below(threshold uint64) bool {
	if s.pos >= streamBuffer {
		return s.refillBelow(threshold)
	}
	s.pos++
	return s.buf[s.pos-1] < threshold
}

func (s *Stream) refillBelow(threshold uint64) bool {
	if s.oracle != nil {
		return s.oracle.Below(threshold)
	}
	s.refill()
	return s.Below(threshold)
}

// Picks fills dst with draws of a number in [0, n) and of 32 bits to spend in
// [Stream.Decide], both out of one number of the stream:
//
//	site, half := int(pick>>32), uint32(pick)
//
// The probabilities of the numbers in [0, n) differ by up to 2^-32. It returns
// the part of dst that it filled, which may be shorter, but not empty: an
// oracle gives one draw at a time. It panics if dst is empty, or n is not in
// [1, 2^32).
func (s *Stream) Picks(dst []uint64, n int) []uint64 {
	if len(dst) == 0 || n < 1 || n > math.MaxUint32 {
		panic(badPicks)
	}
	if s.oracle != nil {
		dst[0] = uint64(s.oracle.IntN(n)) << 32
		return dst[:1]
	}
	words := s.Words(len(dst))
	dst = dst[:len(words)]
	for i, w := range words {
		dst[i] = w>>32*uint64(n)&^math.MaxUint32 | w&math.MaxUint32
	}
	return dst
}

// Bits returns 64 random bits to spend in [Stream.Decide]. An oracle's stream
// returns 0, for it needs none.
func (s *Stream) Bits() uint64 {
	if s.oracle != nil {
		return 0
	}
	return s.Uint64()
}

// Decide is Below with n random bits at hand, 0 < n < 64: true with probability
// threshold/2^64. Where the bits do not settle it, once in 2^n times, it draws
// more.
func (s *Stream) Decide(bits uint64, n int, threshold uint64) bool {
	if s.oracle != nil {
		return s.oracle.Below(threshold)
	}
	if high := threshold >> (64 - n); bits != high {
		return bits < high
	}
	return s.Uint64()>>n < threshold<<n>>n
}

// Coins returns 63 independent decisions, each of which is 1 with probability
// threshold/2^64. They are the bits of the result, to be spent from the lowest
// on, below a 1 that marks their end:
//
//	decision := coins & 1
//	coins >>= 1
//
// so that a 1 is no coins, and coins>>n != 0 if there are n. An oracle's stream
// returns no coins, for not all may matter: use Below then.
//
// The 64 numbers that are compared with threshold stand upright: their leading
// bits are those of the first word drawn, and so on down. A comparison ends
// at the first bit that differs, the last of 64 after 7 or 8 words.
func (s *Stream) Coins(threshold uint64) uint64 {
	if s.oracle != nil {
		return 1
	}
	var below uint64
	equal := ^uint64(0) // so far
	for ; threshold != 0 && equal != 0; threshold <<= 1 {
		w := s.Uint64()
		differs := w ^ uint64(int64(threshold)>>63)
		below |= equal & differs &^ w
		equal &^= differs
	}
	return below | 1<<63
}

// Threshold returns the argument with which [Stream.Below] is true with
// probability p: p 2^64 rounded down, and for p >= 1 the largest number,
// which 64 random bits reach once in 2^64 times. It panics if p is negative
// or NaN.
func Threshold(p float64) uint64 {
	switch {
	case p >= 1:
		return math.MaxUint64
	case p >= 0:
		return uint64(p * 0x1p64)
	}
	panic(badThreshold)
}

// Words returns between 1 and most of the stream's next numbers, those at
// hand, to be read before the stream is used again: the form for loops that
// consume a number at every turn. It panics if most < 1.
func (s *Stream) Words(most int) []uint64 {
	if most < 1 {
		panic(badWords)
	}
	if s.pos >= streamBuffer {
		s.refill()
	}
	w := s.buf[s.pos:min(s.pos+most, streamBuffer)]
	s.pos += len(w)
	return w
}

// Float64 returns a uniform number in [0, 1), a multiple of 2^-53.
func (s *Stream) Float64() float64 {
	return float64(s.Uint64()>>11) * 0x1p-53
}

// IntN returns a uniform integer in [0, n), as the upper half of the product
// of n and 64 random bits: no two probabilities differ by more than 2^-64.
// It panics if n <= 0.
func (s *Stream) IntN(n int) int {
	if n <= 0 {
		panic(badIntN)
	}
	if s.oracle != nil {
		return s.oracle.IntN(n)
	}
	hi, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(hi)
}

const (
	badWords = "mc: Words of fewer than one number"
	badIntN  = "mc: IntN of a bound that is not positive"
	badPicks = "mc: no picks, or a bound that is not in [1, 2^32)"

	badThreshold = "mc: a probability is negative or NaN"
	badOracle    = "mc: an oracle's stream has decisions but no numbers"
)

func (s *Stream) refill() {
	if s.oracle != nil {
		panic(badOracle)
	}
	s.start = s.next
	a, b, c, d := s.next[0], s.next[1], s.next[2], s.next[3]
	for i := range s.buf {
		s.buf[i] = bits.RotateLeft64(a+d, 23) + a
		t := b << 17
		c ^= a
		d ^= b
		b ^= c
		a ^= d
		c ^= t
		d = bits.RotateLeft64(d, 45)
	}
	s.next = [4]uint64{a, b, c, d}
	s.pos = 0
}

// errStream is the error of a saved stream that cannot have been one.
var errStream = errors.New("mc: invalid encoding of a random stream")

// streamWords is the length of an encoded stream: the state that made the
// buffer, and the place in it.
const streamWords = 5

func (s *Stream) encode(dst []uint64) {
	copy(dst, s.start[:])
	dst[4] = uint64(s.pos)
}

func (s *Stream) decode(src []uint64) error {
	if [4]uint64(src) == [4]uint64{} || src[4] > streamBuffer {
		return errStream
	}
	s.next = [4]uint64(src)
	s.refill()
	s.pos = int(src[4])
	return nil
}
