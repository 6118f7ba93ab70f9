package param

import "testing"

func TestNearest(t *testing.T) {
	valid := []string{"metropolis", "heat-bath", "wolff", "swendsen-wang", "temperature", "beta", "J", "h", "magnetization", "abs_magnetization"}
	for _, c := range []struct{ word, want string }{
		{"temprature", "temperature"},   // left out
		{"temperatture", "temperature"}, // added
		{"temperatuer", "temperature"},  // exchanged
		{"Temperature", "temperature"},  // case
		{"TEMPERATURE", "temperature"},
		{"wolf", "wolff"},
		{"heat_bath", "heat-bath"},
		{"heatbath", "heat-bath"},
		{"swendsen wang", "swendsen-wang"},
		{"bta", "beta"},
		{"j", "J"},
		{"H", "h"},
		{"metro", "metropolis"}, // the beginning
		{"temp", "temperature"},
		{"mag", "magnetization"},
		{"magnetisation", "magnetization"},
		{"abs_mag", "abs_magnetization"},
		{"k", ""}, // any letter is one edit from any other
		{"kT", ""},
		{"chi", ""},
		{"te", ""},
		{"", ""},
		{"hamiltonian", ""},
	} {
		got, ok := Nearest(c.word, valid)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%q: got %q, want %q", c.word, got, c.want)
		}
	}
	// The beginning of two words stands for neither.
	if got, ok := Nearest("magnet", []string{"magnetization_x", "magnetization_y"}); ok {
		t.Errorf("got %q", got)
	}
	// Of equally near words the first.
	if got, _ := Nearest("phi3", []string{"phi2", "phi4"}); got != "phi2" {
		t.Errorf("got %q", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3 * fullEdit},
		{"abc", "abc", 0},
		{"abc", "acb", fullEdit},
		{"abc", "aBc", halfEdit},
		{"a-c", "a_c", halfEdit},
		{"kitten", "sitting", 3 * fullEdit}, // the textbook's pair
		{"ca", "abc", 3 * fullEdit},         // 2 if edits between exchanged letters were allowed
	} {
		if d := distance([]rune(c.a), []rune(c.b)); d != c.want {
			t.Errorf("%q to %q: got %d, want %d", c.a, c.b, d, c.want)
		}
		if d, e := distance([]rune(c.a), []rune(c.b)), distance([]rune(c.b), []rune(c.a)); d != e {
			t.Errorf("%q to %q: %d there, %d back", c.a, c.b, d, e)
		}
	}
}
