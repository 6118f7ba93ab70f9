package mc_test

import (
	"slices"
	"strings"
	"testing"

	"mcrun/mc"
)

func TestSnapshot(t *testing.T) {
	var s mc.Snapshot
	u8, u64, i64, f64 := []uint8{1, 2}, []uint64{3}, []int64{-4, 5, 6}, []float64{}
	mc.Put(&s, "b", u8)
	mc.Put(&s, "a", u64)
	mc.Put(&s, "d", i64)
	mc.Put(&s, "c", f64)
	u8[0], u64[0], i64[0] = 9, 9, 9 // the snapshot holds copies

	if got, want := s.Names(), []string{"b", "a", "d", "c"}; !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	s.Names()[0] = "changed"
	if got := s.Names()[0]; got != "b" {
		t.Errorf("the first name was changed to %q", got)
	}
	gotU8, gotU64, gotI64, gotF64 := make([]uint8, 2), make([]uint64, 1), make([]int64, 3), []float64{}
	for _, err := range []error{
		mc.Get(&s, "b", gotU8), mc.Get(&s, "a", gotU64), mc.Get(&s, "d", gotI64), mc.Get(&s, "c", gotF64),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(gotU8, []uint8{1, 2}) || !slices.Equal(gotU64, []uint64{3}) || !slices.Equal(gotI64, []int64{-4, 5, 6}) {
		t.Errorf("got %d, %d, %d", gotU8, gotU64, gotI64)
	}
	gotU8[0] = 7
	if a, ok := s.Array("b").([]uint8); !ok || !slices.Equal(a, []uint8{1, 2}) {
		t.Errorf("Array returns %v", s.Array("b"))
	}
	if a := s.Array("none"); a != nil {
		t.Errorf("Array returns %v for a name that is not there", a)
	}
}

func TestSnapshotErrors(t *testing.T) {
	var s mc.Snapshot
	mc.Put(&s, "spins", []uint8{1, 2, 3})
	for _, c := range []struct {
		err  error
		want string
	}{
		{mc.Get(&s, "fields", make([]float64, 3)), `no array "fields"`},
		{mc.Get(&s, "spins", make([]uint64, 3)), `array "spins" of the snapshot is a []uint8, not a []uint64`},
		{mc.Get(&s, "spins", make([]uint8, 4)), `array "spins" of the snapshot has 3 elements, not 4`},
		{mc.Get(&mc.Snapshot{}, "spins", []uint8{}), `no array "spins"`},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%v; want an error with %q", c.err, c.want)
		}
	}
	defer func() {
		if r, _ := recover().(string); !strings.Contains(r, "spins") {
			t.Errorf("panic %q; want one that names the array", r)
		}
	}()
	mc.Put(&s, "spins", []uint8{1})
}
