package cmd

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mcrun/internal/card"
	"mcrun/internal/store"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals/flow"
)

func newSample() *cobra.Command {
	s := new(sampling)
	c := &cobra.Command{
		Use:   "sample W.safetensors -n N -o out.npz",
		Short: "Draw configurations from a trained flow",
		Long: `mcrun sample draws configurations from a trained flow, each independent of the
others, into an archive that numpy.load reads, with the arrays

  x        [N, shape...]: the configurations
  log_q    [N]: the logarithm of the flow's density, averaged over its symmetries
  log_pi   [N]: that of the target's, without its normalisation

so that exp(log_pi - log_q) are importance weights. The model and the flow are
those that the metadata of the weights tell.`,
		Args: exactly(1, "one file of weights"),
		RunE: s.run,
	}
	c.Flags().IntVarP(&s.n, "number", "n", 0, "configurations to draw")
	c.Flags().StringVarP(&s.output, "output", "o", "", "`file` to write, as out.npz")
	c.Flags().Uint64Var(&s.seed, "seed", 1, "of the random numbers")
	c.Flags().IntVar(&s.workers, "workers", runtime.NumCPU(), "that draw at once; changes no number")
	c.Flags().BoolVar(&s.quiet, "quiet", false, "no progress")
	return c
}

// A sampling is a run of `mcrun sample`.
type sampling struct {
	n, workers int
	output     string
	seed       uint64
	quiet      bool
}

// sampleBatch is how many configurations are drawn at a time.
const sampleBatch = 1 << 10

func (s *sampling) run(c *cobra.Command, args []string) error {
	switch {
	case s.n < 1:
		return usage("-n is %d; expected how many configurations to draw, as -n 10000", s.n)
	case s.workers < 1:
		return usage("--workers is %d; expected 1 or more", s.workers)
	case s.output == "":
		return usage("sample needs a file to write, as -o out.npz")
	case !strings.HasSuffix(s.output, ".npz"):
		return usage("-o is %s; expected a name that ends in .npz", s.output)
	}
	if need, has := 2*8*float64(s.n), card.ThisMachine().Memory; has > 0 && need > has {
		return usage("-n is %d, whose densities do not fit in memory; expected at most %.0f", s.n, has/(2*8))
	}
	path := args[0]
	file, err := os.ReadFile(path)
	if err != nil {
		return usage("%v; expected a file of weights, as flows/rg.safetensors of a run directory", err)
	}
	w, m, err := flow.Decode[float32](file)
	if err != nil {
		return usage("%s %v", path, err)
	}
	if d, ok := m.(*models.DualOf); ok {
		if err := errors.Join(d.Spins().Prepare(), d.Limit()); err != nil {
			return usage("%s: its model: %v", path, err)
		}
	}
	if err := m.Prepare(); err != nil {
		return usage("%s: its model: %v", path, err)
	}
	err = store.WriteNew(s.output, func(out io.Writer) error {
		return s.write(c.Context(), out, c.ErrOrStderr(), w.Flow, m, flow.Hash(file))
	})
	if errors.Is(err, fs.ErrExist) {
		return usage("%s exists; give another name with -o", s.output)
	}
	if i, ok := errors.AsType[*interruption](err); ok {
		return &exit{exitInterrupted + int(i.signal), errors.New("mcrun: interrupted; nothing is written")}
	}
	if err != nil {
		return fmt.Errorf("mcrun: %w", err)
	}
	return nil
}

// write draws from a flow and writes the archive.
func (s *sampling) write(ctx context.Context, out, stderr io.Writer, f *flow.Flow[float32], m models.Differentiable, sum string) error {
	random := mc.NewStream(mc.NewKey(s.seed, "sample", sum))
	workers := flow.NewWorkers[float32](s.workers)
	logq, logpi := make([]float64, s.n), make([]float64, s.n)
	shape := []int{f.Dim()}
	if r, ok := m.(models.Regular); ok && f.Dim() == m.Sites() && r.Sides() != nil {
		shape = r.Sides()
	}
	archive := zip.NewWriter(out)
	entry, err := newArray(archive, "x", append([]int{s.n}, shape...))
	if err != nil {
		return err
	}
	x := make([]float64, sampleBatch*f.Dim())
	var buffer []byte
	told := time.Now()
	for first := 0; first < s.n; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n := min(sampleBatch, s.n-first)
		f.Sample(workers, random, x[:n*f.Dim()], logq[first:first+n])
		pi := logpi[first : first+n]
		m.Action(x[:n*f.Dim()], pi)
		for i := range pi {
			pi[i] = -pi[i]
		}
		if buffer, err = binary.Append(buffer[:0], binary.LittleEndian, x[:n*f.Dim()]); err != nil {
			return err
		}
		if _, err := entry.Write(buffer); err != nil {
			return err
		}
		first += n
		if !s.quiet && time.Since(told) > logEvery {
			told = time.Now()
			fmt.Fprintf(stderr, "mcrun: %3.0f %%, %d of %d configurations\n", 100*float64(first)/float64(s.n), first, s.n)
		}
	}
	for _, a := range []struct {
		name   string
		values []float64
	}{{"log_q", logq}, {"log_pi", logpi}} {
		entry, err := newArray(archive, a.name, []int{s.n})
		if err == nil {
			err = binary.Write(entry, binary.LittleEndian, a.values)
		}
		if err != nil {
			return err
		}
	}
	return archive.Close()
}

// newArray begins an array of float64 in an archive as numpy.load reads it: the
// elements are to follow, in row-major order.
func newArray(archive *zip.Writer, name string, shape []int) (io.Writer, error) {
	entry, err := archive.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
	if err != nil {
		return nil, err
	}
	var sides strings.Builder
	for _, side := range shape {
		sides.WriteString(strconv.Itoa(side) + ", ")
	}
	dict := "{'descr': '<f8', 'fortran_order': False, 'shape': (" + sides.String() + "), }"
	const before = 10 // bytes, before the dictionary
	dict += strings.Repeat(" ", 63-(before+len(dict))%64) + "\n"
	header := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(header[8:], uint16(len(dict)))
	_, err = entry.Write(append(header, dict...))
	return entry, err
}
