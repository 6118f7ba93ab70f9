package store_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"mcrun/internal/store"
	"mcrun/mc"
)

// A coin is a kernel that tosses a coin, and a probe that records the sides.
type coin struct {
	random *mc.Stream
	side   float64
}

func (c *coin) Step()              { c.side = float64(c.random.Uint64() >> 63) }
func (c *coin) Read(row []float64) { row[0] = c.side }

// Export appends the coin as a configuration of one byte.
func (c *coin) Export(_ int, dst []byte) []byte { return append(dst, byte(c.side)) }

// identity tells all that determines the tosses.
const identity = "coin, seed 1"

// newCoin builds the group in the same way every time.
func newCoin() *mc.Group {
	g := mc.NewGroup(0, 1, 1, "coin")
	c := &coin{random: g.Stream(0, "toss")}
	g.Kernel, g.Probe, g.Row, g.Export = c, c, 1, c.Export
	return g
}

// toss goes on with the run in a directory to a number of sweeps.
func toss(dir string, sweeps int) error {
	run, err := store.Open(dir)
	if err != nil {
		return err
	}
	defer run.Close()
	sink, snapshot, notices, err := run.Group(0, 0, identity,
		[]store.Column{{Name: "side", Width: 1}}, &store.Configurations{Type: "|u1", Shape: []int{1}})
	for _, n := range notices {
		fmt.Println(n)
	}
	if err != nil {
		return err
	}
	defer sink.Close()
	g := newCoin()
	if snapshot != nil {
		if err := g.Load(snapshot); err != nil {
			return err
		}
	}
	if err := g.Run(context.Background(), mc.Plan{Sweeps: sweeps, Every: 1, Save: 50}, sink); err != nil {
		return err
	}
	return run.Update(func(m *store.Manifest) {
		m.Tasks[0].State = store.Done
		m.Tasks[0].Sweeps[0] = g.Sweeps()
	})
}

func Example() {
	parent, err := os.MkdirTemp("", "store")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "coin.run")

	run, err := store.Create(dir, store.Manifest{
		Program: "0.1.0",
		Seed:    1,
		Machine: store.ThisMachine(),
		Level:   "go",
		Tasks:   []store.Task{{Name: "coin", State: store.Waiting, Groups: []int{1}, Sweeps: []int{0}}},
	}, []byte("seed = 1\n"), nil)
	if err != nil {
		log.Fatal(err)
	}
	run.Close()

	for _, sweeps := range []int{100, 200} { // the second call goes on where the first stopped
		if err := toss(dir, sweeps); err != nil {
			log.Fatal(err)
		}
		view, err := store.View(dir)
		if err != nil {
			log.Fatal(err)
		}
		series, _, err := view.Series(0, 0, identity)
		if err != nil {
			log.Fatal(err)
		}
		side := series.Column("side")[0]
		configs, err := store.OpenConfigurations(view.ConfigurationsPath(0, 0))
		if err != nil {
			log.Fatal(err)
		}
		last := make([]float64, 1)
		if err := configs.Values(configs.Count-1, last); err != nil {
			log.Fatal(err)
		}
		configs.Close()
		fmt.Println(view.Manifest().Tasks[0].State, series.Rows(), configs.Count, side[sweeps-1] == last[0])
	}
	// Output:
	// done 100 2 true
	// done 200 4 true
}
