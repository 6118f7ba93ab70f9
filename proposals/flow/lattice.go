package flow

// blocksAt returns the blocks of 2^d sites of scale n of a periodic lattice,
// in row-major order, those of the scale's origin or shifted by one site of the
// scale, 2^n, along every direction. The sites of a block stand in row-major
// order too: in two dimensions (y + dy 2^n, x + dx 2^n) has index 2 dy + dx.
func blocksAt(sides []int, n int, shifted bool) [][]int {
	step := 1 << n
	origin := 0
	if shifted {
		origin = step
	}
	count := make([]int, len(sides)) // of blocks along each direction
	for mu, side := range sides {
		count[mu] = side / (2 * step)
	}
	var blocks [][]int
	each(count, func(at []int) {
		var block []int
		corner := make([]int, len(sides))
		for mu := range sides {
			corner[mu] = origin + at[mu]*2*step
		}
		two := make([]int, len(sides))
		for mu := range two {
			two[mu] = 2
		}
		each(two, func(d []int) {
			site := 0
			for mu, side := range sides {
				site = site*side + (corner[mu]+d[mu]*step)%side
			}
			block = append(block, site)
		})
		blocks = append(blocks, block)
	})
	return blocks
}

// each calls visit with all points of a box in row-major order. What it is
// called with changes after the call.
func each(sides []int, visit func(at []int)) {
	at := make([]int, len(sides))
	for {
		visit(at)
		mu := len(sides) - 1
		for ; mu >= 0; mu-- {
			if at[mu]++; at[mu] < sides[mu] {
				break
			}
			at[mu] = 0
		}
		if mu < 0 {
			return
		}
	}
}

// scales returns how many scales of blocks of 2^d sites a lattice has: n+1 of
// them if all sides are divisible by 2^(n+1).
func scales(sides []int) int {
	for n := 0; ; n++ {
		for _, side := range sides {
			if side>>n%2 != 0 || side>>n == 0 {
				return n
			}
		}
	}
}
