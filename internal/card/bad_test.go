package card

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Each card in testdata/bad has one mistake, or several, and beside it the
// messages that a user must see.
func TestBad(t *testing.T) {
	cards, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(cards) < 40 {
		t.Fatalf("found %d cards: %v", len(cards), err)
	}
	for _, path := range cards {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".toml"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			golden, err := filepath.Abs(strings.TrimSuffix(path, ".toml") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(filepath.Dir(path)) // where the files are that cards name
			_, err = Parse(filepath.Base(path), text, nil, laptop)
			if err == nil {
				t.Fatal("the card was accepted")
			}
			got := err.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}
