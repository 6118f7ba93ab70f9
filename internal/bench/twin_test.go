//go:build linux

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

var kernels = []struct {
	name string // as the twin calls it
	unit string // what is timed
	spec proposals.Spec
}{
	{"random", "update", &proposals.Metropolis{Order: proposals.Random}},
	{"sequential", "update", &proposals.Metropolis{Order: proposals.Sequential}},
	{"checkerboard", "update", &proposals.Metropolis{Order: proposals.Checkerboard}},
	{"wolff", "flip", new(proposals.Wolff)},
	{"swendsen-wang", "site", new(proposals.SwendsenWang)},
}

// BenchmarkTwin times the kernels of the Ising model and their C twin in turn,
// and reports the medians and the median of the ratios of neighbouring runs.
// Times are of the processor, not of the clock on the wall.
func BenchmarkTwin(b *testing.B) {
	twin := compile(b, "ising")
	for _, k := range kernels {
		for _, l := range []int{16, 64, 256} {
			b.Run(fmt.Sprintf("%s/L=%d", k.name, l), func(b *testing.B) {
				chain := newChain(b, k.spec, l)
				compare(b, k.unit,
					func() float64 { return chain.time(k.name == "wolff") },
					func() float64 { return runTwin(b, twin, k.name, strconv.Itoa(l), fmt.Sprint(temperature)) })
			})
		}
	}
}

// compile returns the path of a C twin.
func compile(b *testing.B, name string) string {
	cc, err := exec.LookPath("gcc")
	if err != nil {
		b.Skip("gcc is needed to compile the twin")
	}
	twin := filepath.Join(b.TempDir(), name)
	out, err := exec.Command(cc, "-O3", "-march=native", "-mprefer-vector-width=512", "-fopenmp-simd",
		"-o", twin, filepath.Join("testdata", name+".c"), "-lm").CombinedOutput()
	if err != nil {
		b.Fatalf("gcc: %v\n%s", err, out)
	}
	return twin
}

// compare times ours and the twin in turn, and reports the medians and the
// median of the ratios of neighbouring runs.
func compare(b *testing.B, unit string, ours, twin func() float64) {
	var inGo, inC, ratio []float64
	for b.Loop() {
		c, g := twin(), ours()
		inGo, inC, ratio = append(inGo, g), append(inC, c), append(ratio, g/c)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(inGo), "ns/"+unit)
	b.ReportMetric(median(inC), "C-ns/"+unit)
	b.ReportMetric(median(ratio), "Go/C")
}

// slice is how long one run takes.
const slice = 60 * time.Millisecond

// runTwin runs a twin for a slice, and returns the nanoseconds that it prints.
func runTwin(b *testing.B, twin string, args ...string) float64 {
	out, err := exec.Command(twin, append(args, fmt.Sprint(slice.Seconds()))...).Output()
	if err != nil {
		b.Fatal(err)
	}
	ns, err := strconv.ParseFloat(strings.Fields(string(out))[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return ns
}

type chain struct {
	kernel mc.Kernel
	spins  models.Spins
	random *mc.Stream
	steps  int // that take about a slice
}

func newChain(b *testing.B, spec proposals.Spec, l int) *chain {
	t := temperature
	m := &models.Ising{Periodic: models.Periodic{Shape: []int{l, l}}, Thermal: models.Thermal{Temperature: &t}, J: 1}
	if err := m.Prepare(); err != nil {
		b.Fatal(err)
	}
	c := &chain{random: mc.NewStream(mc.NewKey(1))}
	c.spins = m.NewState(models.Cold, c.random).(models.Spins)
	c.kernel = spec.Bind(m, proposals.Chain{State: c.spins, Random: c.random, Tally: new(mc.Tally)})
	for start := cpu(); cpu()-start < slice; c.steps++ {
		c.kernel.Step()
	}
	return c
}

// time returns the nanoseconds that an update, or the flip of a spin, takes.
func (c *chain) time(flips bool) float64 {
	work := c.steps * len(c.spins)
	if flips {
		// A cluster's size is the change of the magnetization. It is counted
		// in a rehearsal, which starts as the timed run will.
		work = 0
		spins, random := slices.Clone(c.spins), *c.random
		up := count(c.spins)
		for range c.steps {
			before := up
			c.kernel.Step()
			up = count(c.spins)
			work += max(up-before, before-up)
		}
		copy(c.spins, spins)
		*c.random = random
	}
	start := cpu()
	for range c.steps {
		c.kernel.Step()
	}
	return float64(cpu()-start) / float64(work)
}

func count(s models.Spins) int {
	n := 0
	for _, v := range s {
		n += int(v)
	}
	return n
}

// cpu returns the time that the process has run on processors.
func cpu() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(os.NewSyscallError("clock_gettime", err))
	}
	return time.Duration(t.Nano())
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
