package param

import "testing"

func TestRegistry(t *testing.T) {
	r := Registry[int]{Kind: "number"}
	r.Add("two", 2)
	r.Add("one", 1)
	if e, ok := r.Find("one"); e != 1 || !ok {
		t.Errorf("one is %d, %v", e, ok)
	}
	if _, ok := r.Find("three"); ok {
		t.Error("three is found")
	}
	all := r.All()
	if len(all) != 2 || all[0] != 2 || all[1] != 1 {
		t.Errorf("all are %v, not in the order of adding", all)
	}
	all[0] = 7
	if e, _ := r.Find("two"); e != 2 {
		t.Error("All shares its result with the registry")
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic at the second entry of a name")
		}
	}()
	r.Add("one", 3)
}
