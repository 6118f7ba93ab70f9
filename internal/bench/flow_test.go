//go:build linux

package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals/flow"
	"mcrun/proposals/flow/kern"
	"mcrun/proposals/flow/train"
)

// BenchmarkFlow times a step of training and a batch of 512 draws with their
// ln q, of the flow of the NeuralRG paper at L = 16, and the same work of the
// original if NEURALRG names a checkout of it. It is done in turn, ours on as many
// processors as there are, the original with NEURALRG_THREADS threads (1 if not
// given). It reports the least times, in milliseconds of the clock and of the
// processor, and the medians of the ratios of neighbouring runs.
func BenchmarkFlow(b *testing.B) {
	l := newLesson(b, 1)
	var original *original
	if checkout := os.Getenv("NEURALRG"); checkout != "" {
		original = startOriginal(b, checkout)
	}
	random := mc.NewStream(mc.NewKey(2))
	x, logq := make([]float64, batch*l.flow.Dim()), make([]float64, batch)
	for _, work := range []struct {
		name string
		do   func()
	}{
		{"train", l.Step},
		{"sample", func() { l.flow.Sample(l.workers, random, x, logq) }},
	} {
		b.Run(work.name+"/"+kern.Instructions(), func(b *testing.B) {
			work.do() // room is made
			var wall, cpus, theirWall, theirCPU, ratio, cpuRatio []float64
			for b.Loop() {
				var w, c []float64
				for range 5 {
					start, used := time.Now(), cpu()
					work.do()
					w = append(w, time.Since(start).Seconds())
					c = append(c, (cpu() - used).Seconds())
				}
				wall, cpus = append(wall, slices.Min(w)), append(cpus, slices.Min(c))
				if original != nil {
					tw, tc := original.time(b, work.name)
					theirWall, theirCPU = append(theirWall, tw), append(theirCPU, tc)
					ratio, cpuRatio = append(ratio, tw/median(w)), append(cpuRatio, tc/median(c))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(1e3*slices.Min(wall), "ms")
			b.ReportMetric(1e3*slices.Min(cpus), "cpu-ms")
			if original != nil {
				b.ReportMetric(1e3*slices.Min(theirWall), "PyTorch-ms")
				b.ReportMetric(1e3*slices.Min(theirCPU), "PyTorch-cpu-ms")
				b.ReportMetric(median(ratio), "ratio")
				b.ReportMetric(median(cpuRatio), "cpu-ratio")
			}
		})
	}
}

// batch is the number of configurations in a step.
const batch = 512

// A lesson is a training of the original's flow by the original's method.
type lesson struct {
	*train.Trainer[float32]
	group   *mc.Group
	flow    *flow.Flow[float32]
	workers *flow.Workers[float32]
}

func newLesson(b testing.TB, seed uint64) *lesson {
	t := temperature
	m := &models.DualIsing{Periodic: models.Periodic{Shape: []int{16, 16}}, Thermal: models.Thermal{Temperature: &t}, J: 1, Offset: 0.1}
	if err := m.Prepare(); err != nil {
		b.Fatal(err)
	}
	var shape flow.Spec
	var spec train.Spec
	for _, errs := range [][]*param.Error{
		param.Decode(map[string]any{"symmetry": "z2"}, &shape),
		param.Decode(map[string]any{"batch": int64(batch), "steps": int64(1 << 20), "check": int64(1 << 20), "weight_decay": 1e-3, "decay": "coupled"}, &spec),
	} {
		if errs != nil {
			b.Fatal(errs[0])
		}
	}
	l := &lesson{group: mc.NewGroup(0, 1, seed, "original"), workers: flow.NewWorkers[float32](0)}
	var err error
	if l.flow, err = flow.New[float32](shape, m, l.group.Stream(0, "weights")); err != nil {
		b.Fatal(err)
	}
	l.Trainer = train.New(spec, l.flow, train.Target{Model: m}, l.group, l.workers)
	return l
}

// An original is a process of testdata/original.py.
type original struct {
	ask    io.Writer
	answer *bufio.Reader
}

func startOriginal(b *testing.B, checkout string) *original {
	python, threads := "python3", "1"
	for name, dst := range map[string]*string{"NEURALRG_PYTHON": &python, "NEURALRG_THREADS": &threads} {
		if v := os.Getenv(name); v != "" {
			*dst = v
		}
	}
	c := exec.Command(python, filepath.Join("testdata", "original.py"), checkout, threads)
	c.Env = append(os.Environ(), "OMP_NUM_THREADS="+threads, "OPENBLAS_NUM_THREADS="+threads)
	c.Stderr = os.Stderr
	ask, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	answer, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ask.Close(); c.Wait() })
	o := &original{ask, bufio.NewReader(answer)}
	if _, err := o.answer.ReadString('\n'); err != nil { // its version, when it is ready
		b.Fatal(err)
	}
	return o
}

// time returns the seconds that a piece of work took, of the clock and of the
// processor.
func (o *original) time(b *testing.B, work string) (wall, cpu float64) {
	if _, err := fmt.Fprintln(o.ask, work); err != nil {
		b.Fatal(err)
	}
	line, err := o.answer.ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, &wall, &cpu)
	}
	if err != nil {
		b.Fatal(err)
	}
	return wall, cpu
}

// BenchmarkCurve trains as the original does, from several seeds, and reports the mean
// loss of the 21 steps around some. It writes the weights that each begins with to
// the folder that CURVE_WEIGHTS names, for testdata/original.py to begin with too.
func BenchmarkCurve(b *testing.B) {
	for seed := range uint64(11) {
		b.Run(fmt.Sprintf("seed=%d", seed+1), func(b *testing.B) {
			for b.Loop() {
				l := newLesson(b, seed+1)
				if dir := os.Getenv("CURVE_WEIGHTS"); dir != "" {
					file, err := (&flow.Weights[float32]{Flow: l.flow}).Encode()
					if err == nil {
						err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.safetensors", seed+1)), file, 0o666)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				row, losses := make([]float64, len(train.Columns)), []float64(nil)
				for range 711 {
					l.Step()
					l.Read(row)
					losses = append(losses, row[0])
				}
				for _, at := range []int{20, 50, 100, 300, 500, 700} {
					b.ReportMetric(stat.Mean(losses[at-10:at+11], nil), fmt.Sprintf("step-%d", at))
				}
			}
		})
	}
}
