package proposals

import (
	"encoding/binary"

	"mcrun/models"
)

// checkerboard is the local kernel in order Checkerboard: it visits the sites
// of even parity, then those of odd parity, in the order of their numbers. On a
// lattice of even sides a site has no neighbour of its own parity, so all of
// them could be updated at once, and four of a row are.
type checkerboard struct {
	*local
	visits []uint32 // the sites in the order of their visits
	rows   bool     // whether stepRows serves
	pair   [256]uint32
}

// short is how many random bits decide at first: a word holds them for four
// sites, each below a free bit for the comparison.
const (
	short   = 15
	lane    = 16
	perWord = 4
)

func newCheckerboard(l *local) *checkerboard {
	c := &checkerboard{local: l, visits: byParity(l.lattice)}
	// Whole words to a row. Then four sites that are visited one after the
	// other lie in one word, and are no neighbours.
	shape := l.lattice.Shape()
	if c.rows = len(shape) == 2 && shape[1]%8 == 0 && shape[1] < 8<<lane; c.rows {
		for i, t := range l.flip {
			for j, u := range l.flip {
				c.pair[j<<4|i] = uint32(u>>(64-short))<<lane | uint32(t>>(64-short))
			}
		}
	}
	return c
}

// byParity returns the sites in the order Checkerboard.
func byParity(lattice *models.Lattice) []uint32 {
	visits := make([]uint32, 0, lattice.Sites())
	for parity := range 2 {
		for i := range lattice.Sites() {
			if lattice.Parity(i) == parity {
				visits = append(visits, uint32(i))
			}
		}
	}
	return visits
}

// Step makes N attempts.
func (c *checkerboard) Step() {
	flips := 0
	if c.rows {
		flips = c.stepRows()
	} else {
		flips = c.stepSites()
	}
	if c.tally != nil {
		c.tally.Add(len(c.spins), flips)
	}
}

// stepSites visits site after site, four for each random word, and returns how
// many flips it made.
func (c *checkerboard) stepSites() (flips int) {
	for at := 0; at < len(c.visits); at += perWord {
		word := c.random.Bits()
		for h, i := range c.visits[at:min(at+perWord, len(c.visits))] {
			flips += c.visit(int(i), word>>(lane*h))
		}
	}
	return flips
}

// visit makes an attempt at site i with the lowest random bits of word, and
// returns 1 if it flips the spin, else 0.
func (c *checkerboard) visit(i int, word uint64) int {
	up := 0
	for _, j := range c.lattice.Neighbours(i) {
		up += int(c.spins[j])
	}
	s := c.spins[i]
	flip := bit(c.random.Decide(word&(1<<short-1), short, c.flip[2*up+int(s)]))
	c.spins[i] = s ^ flip
	return int(flip)
}

// stepRows is stepSites where rows are whole words. Each word of eight spins
// holds four of the parity in question, every other byte, and their numbers of
// neighbours, thresholds and decisions are computed in the four lanes of a
// word at once. Decisions that the short bits leave open are made site by site.
func (c *checkerboard) stepRows() (flips int) {
	const (
		low  = 0x00ff00ff00ff00ff // the lower byte of each lane: a spin
		ones = 0x7fff7fff7fff7fff // the short bits of each lane
		top  = 0x8000800080008000 // the bit above them
	)
	height, width := c.lattice.Shape()[0], c.lattice.Shape()[1]
	random, pair := c.random, &c.pair
	for parity := range 2 {
		above, here := c.spins[len(c.spins)-width:], c.spins[:width]
		for y := range height {
			below := c.spins[:width]
			if y+1 < height {
				below = c.spins[(y+1)*width:]
			}
			above, here, below = above[:width], here[:width], below[:width]
			odd := (y + parity) & 1 // the bytes visited: even or odd ones
			shift := uint(8*odd) & 63
			first, left := here[0], here[width-1]
			var sum uint64 // of the flips, by lane
			for x := 0; x <= width-8; x += 8 {
				// Beside the bytes visited are the others of the word and
				// one of the word to the left or to the right.
				own := binary.LittleEndian.Uint64(here[x : x+8])
				var beside uint64
				if odd == 0 {
					beside = own>>8&low + (own<<8|uint64(left))&low
					left = here[x+7]
				} else {
					right := first
					if x+8 < width {
						right = here[x+8]
					}
					beside = own&low + (own>>16|uint64(right)<<48)&low
				}
				up := binary.LittleEndian.Uint64(above[x:x+8])>>shift&low +
					binary.LittleEndian.Uint64(below[x:x+8])>>shift&low + beside
				at := up<<1 + own>>shift&low // indices into flip, below 16
				at |= at >> 12               // two in a byte
				threshold := uint64(pair[uint8(at)]) | uint64(pair[uint8(at>>32)])<<32

				word := random.Uint64()
				draw := word & ones
				flip := ((threshold | top) - draw) & top >> short // 1 where draw is below
				if (top-(draw^threshold))&top != 0 {              // or equal, in a lane
					flip = c.undecided(up<<1+own>>shift&low, word)
				}
				binary.LittleEndian.PutUint64(here[x:x+8], own^flip<<shift)
				sum += flip
			}
			flips += addLanes(sum)
			above, here = here, below
		}
	}
	return flips
}

// addLanes returns the sum of the lanes of a word.
func addLanes(w uint64) int {
	const low = 0x0000ffff0000ffff
	w = w&low + w>>lane&low
	return int(uint32(w) + uint32(w>>32))
}

// undecided makes the decisions of the four sites of a word, the indices of
// which into flip are the lanes of at.
func (c *checkerboard) undecided(at, word uint64) (flip uint64) {
	for h := range perWord {
		i, draw := at>>(lane*h)&15, word>>(lane*h)&(1<<short-1)
		flip |= uint64(bit(c.random.Decide(draw, short, c.flip[i]))) << (lane * h)
	}
	return flip
}
