package analysis_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"mcrun/analysis"
)

// A series with memory: the energy of four chains, say.
func ExampleGamma_Mean() {
	random := rand.New(rand.NewPCG(2018, 0))
	chains := make([][]float64, 4)
	for c := range chains {
		x := 0.0
		for range 20000 {
			x = 0.8*x + random.NormFloat64()
			chains[c] = append(chains[c], x-1.45)
		}
	}
	e, err := analysis.Gamma{}.Mean(chains...)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f +- %.3f (+- %.4f)\n", e.Value, e.Error, e.ErrorError)
	fmt.Printf("tau_int = %.1f +- %.1f records, exact 4.5\n", e.TauInt, e.TauIntError)
	fmt.Printf("%d records are worth %.0f\n", e.N, e.ESS)
	// Output:
	// -1.425 +- 0.018 (+- 0.0004)
	// tau_int = 4.6 +- 0.2 records, exact 4.5
	// 80000 records are worth 8730
}

// The Binder cumulant of a series of magnetizations.
func ExampleGamma_Function() {
	binder := analysis.Function{
		Terms: 2,
		Term: func(record, terms []float64) {
			m2 := record[0] * record[0]
			terms[0], terms[1] = m2, m2*m2
		},
		Value: func(means []float64) float64 {
			return 1 - means[1]/(3*means[0]*means[0])
		},
	}
	random := rand.New(rand.NewPCG(2018, 0))
	var m []float64
	x := 0.0
	for range 50000 {
		x = 0.5*x + random.NormFloat64()
		m = append(m, math.Tanh(x))
	}
	chains := [][][]float64{{m}} // one chain with one column
	e, err := analysis.Gamma{}.Function(binder, chains)
	if err != nil {
		fmt.Println(err)
		return
	}
	j, err := analysis.Jackknife{Blocks: 100}.Function(binder, chains)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("Gamma:     %.4f +- %.4f\n", e.Value, e.Error)
	fmt.Printf("jackknife: %.4f +- %.4f\n", j.Value, j.Error)
	// Output:
	// Gamma:     0.4862 +- 0.0013
	// jackknife: 0.4862 +- 0.0013
}

// A constant series has no error, but a value.
func ExampleEstimate_constant() {
	e, err := analysis.Gamma{}.Mean([]float64{1, 1, 1, 1})
	if errors.Is(err, analysis.ErrConstant) {
		fmt.Println(e.Value, err)
	}
	// Output:
	// 1 analysis: constant series: all 4 records give 1, so no error can be said; run longer, or with a kernel that moves it
}

// Two chains, caught in different wells.
func ExampleDoubts() {
	random := rand.New(rand.NewPCG(2018, 0))
	chains := make([][]float64, 2)
	for range 5000 {
		chains[0] = append(chains[0], -1+0.1*random.NormFloat64())
		chains[1] = append(chains[1], 1+0.1*random.NormFloat64())
	}
	e, err := analysis.Gamma{}.Mean(chains...)
	if err != nil {
		fmt.Println(err)
		return
	}
	rhat, err := analysis.RHat(chains...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range analysis.Doubts(e, rhat, chains...) {
		fmt.Printf("%s: %s\n", d.Kind, d.Message)
	}
	// Output:
	// few records: only 10000 records for tau_int = 1.17e+03 records, so tau_int and the error are themselves uncertain: run at least 5.9 times as long
	// chains differ: R-hat = 1.827 is above 1.01: the chains, or the halves of one, have not seen the same distribution: thermalize longer, or use a kernel that mixes faster
	// error grows: the binning error still grows, from 0.0803 to 0.164 between bins of 64 and 256 records, so records far apart are correlated: run at least 4 times as long
}

// The error of a series with tau_int = 1.5 grows until bins are far longer.
func ExampleLogBinning() {
	random := rand.New(rand.NewPCG(2018, 0))
	var x []float64
	v := 0.0
	for range 1 << 15 {
		v = 0.5*v + random.NormFloat64()
		x = append(x, v)
	}
	b, err := analysis.LogBinning(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range b.Levels[:6] {
		fmt.Printf("%5d bins of %2d: %.4f +- %.4f\n", l.Bins, l.Size, l.Error, l.ErrorError)
	}
	fmt.Println(b.Convergence)
	// Output:
	// 32768 bins of  1: 0.0064 +- 0.0000
	// 16384 bins of  2: 0.0079 +- 0.0000
	//  8192 bins of  4: 0.0092 +- 0.0001
	//  4096 bins of  8: 0.0102 +- 0.0001
	//  2048 bins of 16: 0.0108 +- 0.0002
	//  1024 bins of 32: 0.0109 +- 0.0002
	// converged
}

// A skewed quantity: the interval of the bootstrap is not symmetric.
func ExampleBootstrap_Function() {
	growth := analysis.Function{
		Terms: 1,
		Term:  func(record, terms []float64) { terms[0] = record[0] },
		Value: func(means []float64) float64 { return math.Exp(5 * means[0]) },
	}
	random := rand.New(rand.NewPCG(2018, 0))
	var x []float64
	v := 0.0
	for range 1000 {
		v = 0.5*v + random.NormFloat64()
		x = append(x, v)
	}
	b := analysis.Bootstrap{Resamples: 1000, Random: rand.NewPCG(2018, 1)}
	e, err := b.Function(growth, [][][]float64{{x}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f, 68 %% in %.2f, blocks of %.0f records on average\n", e.Value, e.Interval68, e.Block)
	// Output:
	// 0.94, 68 % in [0.70 1.27], blocks of 12 records on average
}

// A run that began far from equilibrium.
func ExampleThermalization() {
	random := rand.New(rand.NewPCG(2018, 0))
	chains := make([][]float64, 4)
	for c := range chains {
		x := 0.0
		for t := range 5000 {
			x = 0.8*x + random.NormFloat64()
			chains[c] = append(chains[c], x+10*math.Exp(-float64(t)/100))
		}
	}
	d, err := analysis.Thermalization(chains...)
	if err != nil {
		fmt.Println(err)
		return
	}
	if d.P < analysis.MinChance {
		fmt.Printf("the beginning deviates; discard %d of %d records\n", d.Cut, d.Length)
	}
	// Output:
	// the beginning deviates; discard 288 of 5000 records
}

// Three runs, of which one is wrong.
func ExamplePool() {
	p, err := analysis.Pool([]analysis.Estimate{
		{Value: -1.4531, Error: 0.0004},
		{Value: -1.4527, Error: 0.0008},
		{Value: -1.4601, Error: 0.0009},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f +- %.4f\n", p.Value, p.Error)
	for _, d := range p.Doubts() {
		fmt.Println(d.Message)
	}
	// Output:
	// -1.4540 +- 0.0003
	// chi^2 = 53.6 for 2 degrees of freedom is explained by chance with p = 2.3e-12 only: the runs have not measured one quantity, or their errors are too small; look for the reason first in run 2, 7.3 sigma from the others, before the error is enlarged 5.2 times to cover them
}

// Energies of five realisations of a spin glass.
func ExampleAverage() {
	e, err := analysis.Average(-1.31, -1.27, -1.35, -1.30, -1.29)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f +- %.3f\n", e.Value, e.Error)
	// Output:
	// -1.304 +- 0.013
}
