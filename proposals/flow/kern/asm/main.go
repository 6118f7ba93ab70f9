// Command asm writes the assembly of package kern with avo: for AVX-512 and for
// AVX2 with FMA, out of one text. Run go generate in the package's directory.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// An isa is a set of vector instructions. A vector is a zmm register of 16
// lanes or a ymm register of 8.
type isa struct {
	name  string
	bytes int   // of a vector
	cols  []int // vectors of columns that a dense layer takes at once, the first as long as it can
	rows  int   // rows that a dense layer forms at once
	outer int   // rows of outputs that the adjoint to weights takes at once
	turns int   // vectors whose exponentials are computed in turns
	pairs int   // the same in the adjoints of couplings
	vec   func() reg.VecVirtual
}

var isas = []isa{
	{name: "AVX512", bytes: 64, cols: []int{4, 1}, rows: 5, outer: 5, turns: 4, pairs: 2, vec: ZMM},
	{name: "AVX2", bytes: 32, cols: []int{2}, rows: 5, outer: 2, turns: 2, pairs: 1, vec: YMM},
}

func main() {
	ConstraintExpr("amd64,!purego")
	for _, v := range isas {
		for _, act := range []string{"", "ELU", "Tanh", "ReLU"} {
			v.dense(act)
			v.denseInput(act)
		}
		v.network("ELU")
		v.denseWeights()
		v.elementwise()
		v.coupling()
	}
	writeNumbers()
	Generate()
}
