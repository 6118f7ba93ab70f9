package card

import (
	"errors"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals"
)

// bare is a model with none of the abilities.
type bare struct {
	models.Thermal
	Size   int    `card:"size" default:"4" min:"1"`
	Flavor string `card:"flavor" default:"up" oneof:"up down"`
}

func (b *bare) Sites() int                                     { return b.Size }
func (b *bare) Bytes() (chain, tables float64)                 { return float64(b.Size), 0 }
func (b *bare) Prepare() error                                 { return nil }
func (b *bare) NewState(models.Start, *mc.Stream) models.State { return nil }

// turn is a kernel that fits every model, but is not ergodic.
type turn struct {
	Angle float64 `card:"angle" default:"0.5" above:"0" max:"1"`
	Depth *int    `card:"depth" min:"1"`
}

func (t *turn) Check(m models.Model) error {
	if t.Depth != nil && *t.Depth > m.Sites() {
		return &param.Error{Key: "depth", Problem: "is more than there are sites", Expected: "at most the number of sites"}
	}
	return nil
}
func (t *turn) Ergodic(models.Model) error                   { return errors.New("it keeps the energy") }
func (t *turn) Bind(models.Model, proposals.Chain) mc.Kernel { return nil }

func init() {
	models.Register(models.Entry{Name: "bare", New: func() models.Spec { return new(bare) }})
	proposals.Register(proposals.Entry{Name: "turn", New: func() proposals.Spec { return new(turn) }})
}

// laptop is what the cards of the tests have to fit on.
var laptop = Machine{Memory: 8 << 30, Workers: 2}
