package analysis_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"mcrun/analysis"
)

// BenchmarkAnalysis1e7 analyses a run of 10^7 records in four chains with five
// columns, as a report does: three means, a variance and a Binder cumulant with
// their errors, and the R-hat of each. On two cores or more two quantities are
// in work at a time. The slower the columns, the wider the windows: with tau =
// 5 most windows are found by direct sums and with 50 by Fourier transforms.
// sysMB is all memory that the process holds at the end, 400 MB of data
// included; the runtime gives back little of its peak so soon.
func BenchmarkAnalysis1e7(b *testing.B) {
	for _, bc := range []struct {
		name string
		tau  float64
	}{{"tau=2", 2}, {"tau=50", 50}} {
		b.Run(bc.name, func(b *testing.B) {
			const chains, records = 4, 2_500_000
			data := benchmarkChains(chains, records, bc.tau)
			for b.Loop() {
				analyseAll(b, data)
			}
			perRecord := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / (chains * records)
			b.ReportMetric(perRecord, "ns/record")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys-m.HeapReleased)/1e6, "sysMB")
			runtime.KeepAlive(data)
		})
	}
}

// benchmarkChains makes chains[c][column][t] with columns e, m, |m|, m^2, m^4.
func benchmarkChains(chains, records int, tau float64) [][][]float64 {
	phi := (2*tau - 1) / (2*tau + 1)
	data := make([][][]float64, chains)
	for c := range data {
		random := rand.New(rand.NewPCG(7, uint64(c)))
		e := ar1(random, phi, records)
		m := ar1(random, phi, records)
		abs, m2, m4 := make([]float64, records), make([]float64, records), make([]float64, records)
		for t, v := range m {
			abs[t], m2[t], m4[t] = math.Abs(v), v*v, v*v*v*v
		}
		data[c] = [][]float64{e, m, abs, m2, m4}
	}
	return data
}

// analyseAll makes the five estimates of BenchmarkAnalysis1e7.
func analyseAll(tb testing.TB, data [][][]float64) {
	column := func(k int) [][]float64 {
		x := make([][]float64, len(data))
		for c := range data {
			x[c] = data[c][k]
		}
		return x
	}
	pick := func(columns ...int) [][][]float64 {
		x := make([][][]float64, len(data))
		for c := range data {
			for _, k := range columns {
				x[c] = append(x[c], data[c][k])
			}
		}
		return x
	}
	var g analysis.Gamma
	estimates := []func() error{
		func() error { _, err := g.Mean(column(0)...); return err },
		func() error { _, err := g.Function(variance, pick(0)); return err },
		func() error { _, err := g.Mean(column(2)...); return err },
		func() error { _, err := g.Mean(column(3)...); return err },
		func() error { _, err := g.Function(binder, pick(3, 4)); return err },
	}
	tasks := make(chan func() error, 2*len(estimates))
	for k, f := range estimates {
		tasks <- f
		tasks <- func() error { _, err := analysis.RHat(column(k)...); return err }
	}
	close(tasks)
	var wg sync.WaitGroup
	for range min(2, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for task := range tasks {
				if err := task(); err != nil {
					tb.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
