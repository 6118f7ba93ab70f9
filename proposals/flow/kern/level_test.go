package kern

import (
	"strings"
	"testing"
)

// eachLevel runs a test once with every level of this machine.
func eachLevel(t *testing.T, f func(t *testing.T)) {
	for _, l := range available() {
		t.Run(levelNames[l], func(t *testing.T) {
			defer func(l level) { inUse = l }(inUse)
			inUse = l
			f(t)
		})
	}
}

func TestChooseLevel(t *testing.T) {
	both := []level{levelGo, levelAVX2}
	for _, c := range []struct {
		want string
		have []level
		got  level
		says string
	}{
		{"", both, levelAVX2, ""},
		{"go", both, levelGo, ""},
		{"avx2", both, levelAVX2, ""},
		{"", both[:1], levelGo, ""},
		{"avx512", both, levelNone, "MCRUN_SIMD=avx512: this program has no such kernels or this processor lacks the instructions; here there are: go, avx2"},
		{"AVX2", both, levelNone, "MCRUN_SIMD=AVX2: no such level"},
	} {
		got, err := chooseLevel(c.want, c.have)
		if got != c.got || (err == nil) != (c.says == "") || err != nil && !strings.HasPrefix(err.Error(), c.says) {
			t.Errorf("chooseLevel(%q, %v) = %v, %v", c.want, c.have, got, err)
		}
	}
}
