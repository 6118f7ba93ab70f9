package cmd

import (
	"os"
	"strings"
	"testing"
)

// A card that was edited in the run directory is refused, with other numbers
// as with other tasks.
func TestEditedCard(t *testing.T) {
	inDir(t, smallCard)
	succeed(t, "card.toml", "--quiet")
	card, err := os.ReadFile("card.run/card.toml")
	if err != nil {
		t.Fatal(err)
	}
	before := series(t, "card.run")
	for _, change := range [][2]string{{"[2.2, 2.4]", "[2.3, 2.4]"}, {"chains     = 2", "chains = 3"}, {"seed = 3", "seed = 4"}} {
		edited := strings.Replace(string(card), change[0], change[1], 1)
		if edited == string(card) {
			t.Fatalf("the resolved card has no %q:\n%s", change[0], card)
		}
		if err := os.WriteFile("card.run/card.toml", []byte(edited), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"table", "card.run"}, {"card.run"}} {
			if code, _, stderr := mcrun(t, args...); code != exitUsage || !strings.Contains(stderr, "card.run") || !strings.Contains(stderr, "--force") {
				t.Errorf("%q with %s: exit code %d, %s", args, change[1], code, stderr)
			}
		}
	}
	for name, sum := range series(t, "card.run") {
		if before[name] != sum {
			t.Errorf("%s was changed", name)
		}
	}
}

// The tables of the tasks that can be trusted are printed, and the others
// named.
func TestTableWithoutUntrusted(t *testing.T) {
	inDir(t, smallCard[:strings.Index(smallCard, "[scan]")])
	succeed(t, "card.toml", "--quiet")
	name := "card.run/tasks/0001-wolff/chain-01.npy"
	if err := os.Truncate(name, 1100); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := mcrun(t, "table", "card.run")
	if code != exitFailed || !strings.Contains(stderr, name) || !strings.Contains(stderr, "left out") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if !strings.Contains(stdout, "metropolis") || strings.Contains(stdout, "wolff") {
		t.Errorf("printed\n%s", stdout)
	}
}

// A run directory cannot be made of a file, but of an empty directory.
func TestOutput(t *testing.T) {
	inDir(t, smallCard[:strings.Index(smallCard, "[scan]")])
	for _, dir := range []string{"card.toml", "card.toml/sub"} {
		code, _, stderr := mcrun(t, "card.toml", "-o", dir)
		if code != exitUsage || !strings.Contains(stderr, dir+": is a file") || !strings.Contains(stderr, "-o") {
			t.Errorf("-o %s: exit code %d, %s", dir, code, stderr)
		}
	}
	if err := os.Mkdir("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	succeed(t, "card.toml", "--quiet", "-o", "empty")
	succeed(t, "table", "empty")

	// A run.json that is lost is no obstacle to starting over.
	if err := os.Remove("empty/run.json"); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := mcrun(t, "card.toml", "-o", "empty"); code != exitUsage || !strings.Contains(stderr, "--force") {
		t.Errorf("without run.json: exit code %d, %s", code, stderr)
	}
	succeed(t, "card.toml", "--quiet", "-o", "empty", "--force")
	sameSeries(t, "empty", "empty.old-1")
}
