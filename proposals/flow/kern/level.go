package kern

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// A level is a set of instructions that the kernels are written in. The zero
// level is none: it is in use when MCRUN_SIMD names what is not there, and the
// first kernel then panics with the error of [Check].
type level int

const (
	levelNone level = iota
	levelGo
	levelAVX2
	levelAVX512
)

var levelNames = [...]string{levelGo: "go", levelAVX2: "avx2", levelAVX512: "avx512"}

// simdVariable is the environment variable that chooses the level.
const simdVariable = "MCRUN_SIMD"

// inUse is the level of all kernels, fixed when the program starts.
var inUse, errLevel = chooseLevel(os.Getenv(simdVariable), available())

// chooseLevel returns the level that is wanted, or the best of those available,
// which are in ascending order, if none is.
func chooseLevel(want string, have []level) (level, error) {
	if want == "" {
		return have[len(have)-1], nil
	}
	l := level(slices.Index(levelNames[:], want))
	if l > 0 && slices.Contains(have, l) {
		return l, nil
	}
	names := make([]string, len(have))
	for i, l := range have {
		names[i] = levelNames[l]
	}
	here := strings.Join(names, ", ")
	if l > 0 {
		return levelNone, fmt.Errorf("%s=%s: this program has no such kernels or this processor lacks the instructions; here there are: %s", simdVariable, want, here)
	}
	return levelNone, fmt.Errorf("%s=%s: no such level; expected one of those here: %s, or nothing for the best", simdVariable, want, here)
}

// Check returns an error if the environment variable MCRUN_SIMD asks for
// instructions that are not there. Programs call it at their start, to report
// the mistake; if they do not, the first kernel panics with the same words.
func Check() error { return errLevel }

// Instructions names the level in use: "avx512", "avx2" or "go". It is part of
// what determines the last bits of a result.
func Instructions() string {
	if errLevel != nil {
		panic("kern: " + errLevel.Error())
	}
	return levelNames[inUse]
}
