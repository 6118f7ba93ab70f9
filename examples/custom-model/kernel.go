package main

import (
	"errors"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

// LineFlip flips all spins of a random row or column, which costs nothing in
// the plaquette model. By itself it never changes the energy.
type LineFlip struct {
	Lines string `card:"lines" default:"both" oneof:"both rows columns" doc:"which lines are flipped"`
}

func init() {
	proposals.Register(proposals.Entry{
		Name: "line-flip",
		Doc:  "flips a row or column of the plaquette model; one step is one line",
		New:  func() proposals.Spec { return new(LineFlip) },
	})
}

// Check refuses models that lines of spins are not a symmetry of.
func (*LineFlip) Check(m models.Model) error {
	if _, ok := m.(*Plaquette); !ok {
		return errors.New("the model is not plaquette")
	}
	return nil
}

// Ergodic says that the kernel needs help.
func (*LineFlip) Ergodic(models.Model) error {
	return errors.New("it never changes the energy")
}

// Bind returns the kernel of one chain.
func (k *LineFlip) Bind(m models.Model, c proposals.Chain) mc.Kernel {
	shape := m.(*Plaquette).Shape
	f := &lineFlip{spins: c.State.(models.Spins), rows: shape[0], cols: shape[1], random: c.Random}
	f.first, f.lines = 0, f.rows+f.cols
	switch k.Lines {
	case "rows":
		f.lines = f.rows
	case "columns":
		f.first, f.lines = f.rows, f.cols
	}
	return f
}

type lineFlip struct {
	spins        models.Spins
	rows, cols   int
	first, lines int // numbers of the lines to choose from, rows before columns
	random       *mc.Stream
}

func (f *lineFlip) Step() {
	line := f.first + f.random.IntN(f.lines)
	at, step, n := line*f.cols, 1, f.cols // a row
	if line >= f.rows {
		at, step, n = line-f.rows, f.cols, f.rows // a column
	}
	for range n {
		f.spins[at] ^= 1
		at += step
	}
}
