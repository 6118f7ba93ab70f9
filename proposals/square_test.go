package proposals

import (
	"slices"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

// On square lattices the kernels take a shorter way, checkerboards where rows are
// whole words. It must lead to the same
// spins, with the same random numbers, as the way for every lattice, which is
// the one of which the transition matrices are known.
func TestSquare(t *testing.T) {
	type bound struct {
		kernel mc.Kernel
		spins  models.Spins
		random *mc.Stream
		tally  mc.Tally
	}
	for _, spec := range []Spec{
		&Metropolis{Order: Random}, &Metropolis{Order: Sequential}, &Metropolis{Order: Checkerboard},
		&HeatBath{Random}, &HeatBath{Sequential}, &HeatBath{Checkerboard},
		new(Wolff),
	} {
		for _, shape := range [][]int{{2, 2}, {2, 3}, {3, 2}, {2, 8}, {3, 8}, {5, 7}, {16, 16}, {9, 40}, {17, 31}} {
			for _, c := range []struct{ beta, j, h float64 }{
				{criticalBeta, 1, 0}, {criticalBeta, -1, 0}, {1 / 1.5, 1, -0.3}, {0.1, 1, 0.3},
			} {
				m := squareIsing(t, c.beta, c.j, c.h, shape...)
				bind := func(square bool) *bound {
					b := &bound{random: mc.NewStream(mc.NewKey(3))}
					b.spins = m.NewState(models.Hot, b.random).(models.Spins)
					b.kernel = spec.Bind(m, Chain{State: b.spins, Random: b.random, Tally: &b.tally})
					switch k := b.kernel.(type) {
					case *local:
						k.square = k.square && square
					case *checkerboard:
						k.rows = k.rows && square
					case *isingWolff:
						k.square = k.square && square
					}
					return b
				}
				short, long := bind(true), bind(false)
				// Enough for decisions that 15 bits leave open.
				for range 300 {
					short.kernel.Step()
					long.kernel.Step()
				}
				if !slices.Equal(short.spins, long.spins) || short.tally != long.tally || short.random.Uint64() != long.random.Uint64() {
					t.Errorf("%T%v on %v, %+v: the two ways differ", spec, spec, shape, c)
				}
			}
		}
	}
}

// Where 32 bits do not decide, more are drawn. That is once in 2^32 times, so
// the thresholds are put where it happens.
func TestSquareUndecided(t *testing.T) {
	l := (&Metropolis{Order: Random}).Bind(squareIsing(t, criticalBeta, 1, 0, 4, 4), Chain{
		State:  make(models.Spins, 16),
		Random: mc.NewStream(mc.NewKey(5)),
	}).(*local)
	picks := []uint64{3 << 32, 7<<32 | 1<<31, 9 << 32}
	for i := range l.high {
		l.high[i] = 1 << 31
	}
	if done, flipped := l.attemptSquare(picks); done != 1 || flipped != 1 || l.spins[3] != 1 || l.spins[7] != 0 {
		t.Errorf("%d attempts and %d flips before the undecided one; want 1 and 1", done, flipped)
	}
}

func squareIsing(t *testing.T, beta, j, h float64, shape ...int) *models.Ising {
	t.Helper()
	m := &models.Ising{
		Periodic: models.Periodic{Shape: shape},
		Thermal:  models.Thermal{InverseT: &beta},
		J:        j,
		H:        h,
	}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}
