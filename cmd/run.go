package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mcrun/internal/card"
	"mcrun/internal/engine"
	"mcrun/internal/report"
	"mcrun/internal/store"
)

// options are the flags of a run.
type options struct {
	dir     string
	sets    []string
	workers int
	quiet   bool
	json    bool
	force   bool
	strict  bool
}

func (o *options) addCardFlags(c *cobra.Command) {
	c.Flags().StringArrayVar(&o.sets, "set", nil, "`key=value` that counts as the card, as run.sweeps=1000; may be repeated")
	c.Flags().IntVar(&o.workers, "workers", runtime.NumCPU(), "chains that run at once; changes no number")
}

func (o *options) addRunFlags(c *cobra.Command) {
	o.addCardFlags(c)
	c.Flags().StringVarP(&o.dir, "output", "o", "", "run `directory` (default: the card's name with .run)")
	c.Flags().BoolVar(&o.quiet, "quiet", false, "no progress and no tables")
	c.Flags().BoolVar(&o.json, "json", false, "print summary.json instead of tables")
	c.Flags().BoolVar(&o.force, "force", false, "start over; an old run directory is renamed")
	c.Flags().BoolVar(&o.strict, "strict", false, "exit with code 3 if a result, or of train a flow, is doubtful")
}

func newRun() *cobra.Command {
	o := new(options)
	c := &cobra.Command{
		Use:   "run card.toml|DIR",
		Short: "Run a card, or go on with an unfinished run",
		RunE:  o.run,
	}
	o.addRunFlags(c)
	return c
}

// run is `mcrun card.toml` and `mcrun DIR`.
func (o *options) run(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		for _, sub := range c.Commands() {
			if len(args) > 0 && strings.HasPrefix(sub.Name(), args[0][:min(2, len(args[0]))]) {
				return usage("no command %q; did you mean %q?", args[0], sub.Name())
			}
		}
		if len(args) > 1 {
			if _, err := os.Stat(args[0]); errors.Is(err, fs.ErrNotExist) {
				return usage("no command, card or directory %q; see mcrun --help", args[0])
			}
		}
		return usage("takes one card or run directory, not %d arguments; see mcrun --help", len(args))
	}
	crd, dir, err := o.locate(args[0])
	if err != nil {
		return err
	}
	return o.runCard(c, crd, dir)
}

// locate reads a card, or that of a run directory, and returns it with its
// directory.
func (o *options) locate(path string) (*card.Card, string, error) {
	if err := o.checkWorkers(); err != nil {
		return nil, "", err
	}
	dir := o.dir
	var weights map[string]string // the paths in the card are relative to where it was
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if dir != "" {
			return nil, "", usage("-o is for cards; %s is a run directory itself", path)
		}
		if o.force {
			return nil, "", usage("--force is for cards; give the card, or copy it out of %s first", path)
		}
		dir = path
		path = filepath.Join(dir, "card.toml")
		view, err := store.View(dir)
		if err == nil {
			err = view.CheckInputs() // else the card would be blamed
		}
		if err != nil {
			return nil, "", err
		}
		weights = view.Manifest().Weights
	} else if dir == "" {
		base := filepath.Base(path)
		dir = strings.TrimSuffix(base, filepath.Ext(base)) + ".run"
	}
	crd, err := card.Load(path, o.sets, o.machine())
	if err != nil {
		return nil, "", err
	}
	_, err = os.Stat(filepath.Join(filepath.Dir(path), "run.json"))
	inRun := err == nil // whose inputs/ are no place for other weights
	for i := range crd.Trainings() {
		t := &crd.Trainings()[i]
		if to, ok := weights[t.File]; ok {
			t.Weights = filepath.Join(dir, to)
		} else if inRun && t.Given == nil && filepath.Dir(t.Weights) == filepath.Join(filepath.Dir(path), "inputs") {
			t.Weights = ""
		}
	}
	return crd, dir, nil
}

// weights returns where a card wants the weights that it trains to be, relative to
// its run directory, by their paths in that.
func weights(crd *card.Card, dir string) (map[string]string, error) {
	from, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for _, t := range crd.Trainings() {
		if t.Weights == "" || t.Given != nil {
			continue
		}
		to, err := filepath.Abs(t.Weights)
		if err != nil {
			return nil, err
		}
		if paths[t.File], err = filepath.Rel(from, to); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

func (o *options) checkWorkers() error {
	if o.workers < 1 {
		return usage("--workers is %d; expected 1 or more", o.workers)
	}
	return nil
}

// machine returns what cards have to fit on.
func (o *options) machine() card.Machine {
	m := card.ThisMachine()
	m.Workers = o.workers
	return m
}

// runCard runs a checked card in a directory, new or not.
func (o *options) runCard(c *cobra.Command, crd *card.Card, dir string) error {
	dirs, err := o.open(c, crd, dir)
	if err != nil {
		return err
	}
	defer dirs.Close()
	if err := o.advance(c, crd, dirs, (*engine.Run).Do); err != nil {
		return err
	}
	return o.finish(c, crd, dirs)
}

// advance does something with the run of a card, and shows how far it is.
func (o *options) advance(c *cobra.Command, crd *card.Card, dirs *store.Run, do func(*engine.Run, context.Context) error) error {
	stderr := c.ErrOrStderr()
	if !o.quiet {
		for _, a := range crd.Advice {
			fmt.Fprintln(stderr, a)
		}
	}
	r := engine.New(crd, dirs, o.workers, func(n store.Notice) {
		fmt.Fprintln(stderr, "mcrun: "+n.String())
	})
	stop := func() {}
	if !o.quiet {
		stop = showProgress(stderr, r)
	}
	err := do(r, c.Context())
	stop()
	if i := (*interruption)(nil); err != nil && !errors.As(err, &i) {
		err = fmt.Errorf("mcrun: %w", err)
	}
	return err
}

// open creates the run directory of a card, or opens it if it fits.
func (o *options) open(c *cobra.Command, crd *card.Card, dir string) (*store.Run, error) {
	if _, err := os.Lstat(dir); err == nil && o.force {
		old, err := store.Retire(dir)
		switch {
		case err == nil:
			fmt.Fprintf(c.ErrOrStderr(), "mcrun: the old %s is now %s\n", dir, old)
		case !errors.Is(err, fs.ErrNotExist): // which an empty directory gives: there is nothing to keep
			return nil, err
		}
	}
	view, err := store.View(dir)
	if errors.Is(err, fs.ErrNotExist) {
		paths, err := weights(crd, dir)
		if err != nil {
			return nil, err
		}
		return store.Create(dir, store.Manifest{
			Program: version(),
			Seed:    crd.Points[0].Seed,
			Machine: store.ThisMachine(),
			Level:   engine.Level(crd),
			Start:   time.Now().UTC(),
			Tasks:   engine.Manifest(crd),
			Weights: paths,
		}, crd.Stored(), crd.Inputs())
	}
	if err == nil {
		err = view.CheckInputs()
	}
	if err != nil {
		return nil, err
	}
	before, err := card.Load(view.Path("card.toml"), nil, card.Machine{})
	if err != nil {
		return nil, fmt.Errorf("%w\nmcrun: the card in %s cannot be read; start over with --force", err, dir)
	}
	diff := card.Differences(before, crd)
	sums := map[string]string{} // of weights, by their paths in the run directory
	for _, t := range before.Trainings() {
		if t.Given != nil {
			sums[t.File] = t.Given.Sum()
		}
	}
	maps.Copy(sums, view.Manifest().Flows)
	for _, t := range crd.Trainings() {
		if was := sums[t.File]; was != "" && t.Given != nil && t.Given.Sum() != was {
			diff = append(diff, fmt.Sprintf("flow.%s.weights: SHA-256 %.8s in the run directory, %.8s in %s", t.Name, was, t.Given.Sum(), t.Given.Path))
		}
	}
	if len(diff) > 0 {
		return nil, &store.Refusal{Path: dir, Reason: "holds the run of another card; give -o for a new directory, or --force to start over:\n  " + strings.Join(diff, "\n  ")}
	}
	if m := view.Manifest(); m.Seed != crd.Points[0].Seed || !engine.Fits(m.Tasks, crd) {
		return nil, &store.Refusal{Path: dir, Reason: "its run.json is not that of its card.toml, so one of them was changed; start over with --force, which keeps the old directory"}
	}
	crd.GoOn(before, view.Manifest().Flows)
	r, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(crd.Stored(), before.Stored()) {
		err = replaceCard(r, crd, before)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// replaceCard stores a card in place of the one before. Until all is stored
// run.json has no sums of its files, so that a program killed meanwhile leaves
// none that does not fit.
func replaceCard(r *store.Run, crd, before *card.Card) error {
	if err := r.Update(func(m *store.Manifest) { m.Inputs = nil }); err != nil {
		return err
	}
	// Files first, which may have another name than before.
	if err := addInputs(r, crd, before); err != nil {
		return err
	}
	err := r.WriteFile("card.toml", func(w io.Writer) error {
		_, err := w.Write(crd.Stored())
		return err
	})
	if err != nil {
		return err
	}
	return r.Update(func(m *store.Manifest) { m.Inputs, m.Stop = store.Sums(crd.Inputs()), nil })
}

// addInputs stores the files of a card that are not in its run directory, which
// holds those of the card before.
func addInputs(r *store.Run, crd, before *card.Card) error {
	has := before.Inputs()
	for name, data := range crd.Inputs() {
		if old, ok := has[name]; ok && bytes.Equal(old, data) {
			continue
		}
		err := r.WriteFile(filepath.Join("inputs", name), func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// finish analyses a run that is complete, stores and prints its tables.
func (o *options) finish(c *cobra.Command, crd *card.Card, dir *store.Run) error {
	view, err := store.View(dir.Path())
	if err != nil {
		return err
	}
	summary, notices, err := engine.Summarize(crd, view)
	for _, n := range notices {
		fmt.Fprintln(c.ErrOrStderr(), "mcrun: "+n.String())
	}
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := report.Write(&text, summary, "text"); err != nil {
		return err
	}
	err = errors.Join(
		dir.WriteJSON("summary.json", summary),
		dir.WriteFile("tables/summary.txt", func(w io.Writer) error {
			_, err := w.Write(text.Bytes())
			return err
		}),
		dir.Update(func(m *store.Manifest) {
			if m.Stop == nil {
				now := time.Now().UTC()
				m.Stop = &now
			}
		}),
	)
	if err != nil {
		return err
	}
	switch {
	case o.json:
		encoded, err := os.ReadFile(dir.Path("summary.json"))
		if err == nil {
			_, err = c.OutOrStdout().Write(encoded)
		}
		if err != nil {
			return err
		}
	case !o.quiet:
		if _, err := text.WriteTo(c.OutOrStdout()); err != nil {
			return err
		}
	}
	if o.strict {
		for _, r := range summary.Results {
			if len(r.Doubts) > 0 {
				return &exit{exitDoubtful, errors.New("mcrun: a result is doubtful (--strict)")}
			}
		}
	}
	return nil
}
