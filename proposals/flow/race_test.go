//go:build race

package flow

// raceEnabled says whether the tests run under the race detector, where each
// costs some ten times as much.
const raceEnabled = true
