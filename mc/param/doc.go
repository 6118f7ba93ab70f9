// Package param fills Go structs from tables of a run card, strictly.
//
// A run card is a TOML file; each of its tables, decoded into a
// map[string]any, sets the keys of a model, of a kernel or of the run.
// Whoever writes a model or kernel declares its keys once, as tagged fields
// of a struct, and gets from them the decoding, the defaults, the checks, the
// error messages and the entries of `mcrun list`:
//
//	type Gaussian struct {
//		Shape []int    `card:"shape" min:"2" doc:"sides of the lattice"`
//		Mass2 float64  `card:"mass2" above:"0" doc:"squared mass"`
//		Kappa *float64 `card:"kappa" doc:"hopping, where the card gives one"`
//		Start string   `card:"start" default:"hot" oneof:"hot cold" doc:"first configuration"`
//	}
//
// # Tags
//
//	card:"name"     the field is the key name; fields without this tag are left alone
//	default:"1"     the value where the card has none; elements of lists are separated by spaces
//	min:"0"         smallest value, of a list smallest element
//	above:"0"       the same, exclusive
//	max:"1"         largest value
//	below:"1"       the same, exclusive
//	oneof:"hot cold"  the values that a string, or each string of a list, may have
//	doc:"..."       what the key means, one line
//	optional:"true" of an embedded struct: see below
//
// A field without a default is required, unless it is a pointer: then it
// stays nil where the card has no such key. Structs embedded by value
// contribute their fields as if they were the outer struct's own; embedded
// pointers do not. An embedded struct with the tag optional:"true" may be left
// out as a whole: its lists stay nil then, and it is not validated.
//
// # Types
//
// A field is a bool, int, int64, uint64, float64, string or a type whose
// underlying type is string, a [time.Duration], a [File], a pointer to one of
// these, or a []int, []float64 or []string. Whole numbers of the card are
// accepted where a float64 is asked for; a number with a decimal point never is
// where a whole number is, nor is text for a number. NaN and the infinities are
// always refused, and -0 is read as 0. Durations are strings on the card, in
// the syntax of [time.ParseDuration], and files are paths, which [Decoder]
// reads.
//
// # Strictness
//
// Keys match case exactly, and an unknown key is an error. [Decode] returns
// everything that is wrong at once, each error with what was expected and, if
// a word looks misspelt, with what was probably meant. What single keys cannot
// say, as that one of two has to be given, a Validate method says.
//
// Package param knows nothing of TOML's syntax: whoever has read the card adds
// the line numbers. It uses the standard library alone.
package param
