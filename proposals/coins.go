package proposals

import (
	"math"

	"mcrun/mc"
)

// half is the threshold of probability 1/2.
const half = math.MaxUint64/2 + 1

// toss returns coins: one, if an oracle has to be asked for it.
func toss(random *mc.Stream, threshold uint64) uint64 {
	coins := random.Coins(threshold)
	if coins == 1 {
		coins = 0b10 | uint64(bit(random.Below(threshold)))
	}
	return coins
}

// bit returns 1 for true.
func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
