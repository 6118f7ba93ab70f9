package models

import (
	"encoding/binary"
	"fmt"
	"math"
)

// fieldBytes is the memory a coordinate of a chain takes: the number, three
// copies of it at a checkpoint, and the momentum, the gradient, the proposal
// and the proposal's gradient that gradient-based kernels keep.
const fieldBytes = 64

// exportField appends the numbers of a configuration as little-endian float64.
func exportField(s State, dst []byte) []byte {
	for _, v := range s.(Field) {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst
}

// importField sets s to the numbers that exportField wrote.
func importField(s State, src []byte) error {
	x := s.(Field)
	if len(src) != 8*len(x) {
		return fmt.Errorf("models: a configuration of %d bytes; expected %d, the float64 of %d coordinates", len(src), 8*len(x), len(x))
	}
	for i := range x {
		v := math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))
		if v-v != 0 {
			return fmt.Errorf("models: coordinate %d is %v; expected a finite number", i, v)
		}
		x[i] = v
	}
	return nil
}

// mean returns the mean of the numbers of a field.
func mean(x Field) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
