package mc

import "flag"

// Property tests draw the same cases each time.
func init() {
	if err := flag.Set("rapid.seed", "1"); err != nil {
		panic(err)
	}
}
