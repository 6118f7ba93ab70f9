//go:build race

package proof

// raceEnabled says whether the tests run under the race detector, where each
// costs some ten times as much.
const raceEnabled = true
