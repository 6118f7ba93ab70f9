package observables

import (
	"math"

	"gonum.org/v1/gonum/dsp/fourier"

	"mcrun/models"
)

func registerStructureFactor() {
	RegisterColumn(Column{
		Name:  "structure_factor",
		Check: hasFieldOnLattice,
		Width: axesWidth,
		Bind:  bindStructureFactor,
	})
	Register(Observable{
		Name:       "structure_factor",
		Doc:        "S(k) = <|sum_x s_x e^(ikx)|^2>/N along the axes, k = 2 pi n/L, n = 0..L/2",
		Columns:    fixed("structure_factor"),
		Points:     axesPoints(waveNumber),
		Estimators: axesEstimators,
	})
}

// waveNumber returns k of mode n along a side.
func waveNumber(n, side int) float64 { return 2 * math.Pi * float64(n) / float64(side) }

func bindStructureFactor(m models.Model, c Chain) func(dst []float64) {
	p := newPlanes(m, c.State)
	spectra := newSpectra(p.sides)
	scale := 1 / float64(m.Sites())
	return func(dst []float64) {
		clear(dst)
		for component := range p.components {
			p.project(component)
			at := dst
			for mu, sums := range p.sums {
				spectra[mu].add(at, sums, scale)
				at = at[len(sums)/2+1:]
			}
		}
	}
}

// A spectrum adds up power spectra of real sequences of one length.
type spectrum struct {
	fft   *fourier.FFT
	modes []complex128
}

// newSpectra returns a spectrum for every side.
func newSpectra(sides []int) []*spectrum {
	spectra := make([]*spectrum, len(sides))
	for mu, side := range sides {
		spectra[mu] = newSpectrum(side)
	}
	return spectra
}

func newSpectrum(side int) *spectrum {
	return &spectrum{fourier.NewFFT(side), make([]complex128, side/2+1)}
}

// add adds scale |sum_x sequence_x e^(ikx)|^2 to dst, k = 2 pi n/L, n = 0..L/2.
// The first number of the sequence is subtracted from all, which changes no mode
// but k = 0, so that those of a constant are 0 and not what the FFT rounds off.
// The sequence is destroyed.
func (s *spectrum) add(dst, sequence []float64, scale float64) {
	var sum float64
	first := sequence[0]
	for x, v := range sequence {
		sum += v
		sequence[x] = v - first
	}
	s.fft.Coefficients(s.modes, sequence)
	s.modes[0] = complex(sum, 0)
	dst = dst[:len(s.modes)]
	for n, c := range s.modes {
		dst[n] += scale * (real(c)*real(c) + imag(c)*imag(c))
	}
}
