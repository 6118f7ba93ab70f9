package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mcrun/internal/card"
	"mcrun/internal/engine"
	"mcrun/internal/report"
	"mcrun/internal/store"
)

func newTable() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "table DIR...",
		Short: "Print the tables of runs, also while they go on",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("table takes run directories; see mcrun table --help")
			}
			if !slices.Contains(report.Formats, format) {
				return usage("--format is %q; expected %s", format, strings.Join(report.Formats, ", "))
			}
			var summaries []report.Summary
			var untrusted error
			for _, dir := range args {
				s, err := summary(c, dir)
				if len(s.Results) == 0 && len(s.Flows) == 0 && err != nil {
					return err
				}
				untrusted = errors.Join(untrusted, err)
				summaries = append(summaries, s)
			}
			return errors.Join(report.WriteAll(c.OutOrStdout(), args, summaries, format), untrusted)
		},
	}
	c.Flags().StringVar(&format, "format", "text", strings.Join(report.Formats, ", "))
	return c
}

// summary returns the summary of a run: that of its series as they are now,
// or the stored one if only that is there. Beside an error it holds the tasks
// that can be trusted.
func summary(c *cobra.Command, dir string) (report.Summary, error) {
	var s report.Summary
	view, err := store.View(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return s, usage("no run directory %s", dir)
	}
	if err != nil {
		return s, err
	}
	if _, err := os.Stat(view.Path("tasks")); errors.Is(err, fs.ErrNotExist) {
		text, err := os.ReadFile(filepath.Join(dir, "summary.json"))
		if err != nil {
			return s, err
		}
		return s, json.Unmarshal(text, &s)
	}
	if err := view.CheckInputs(); err != nil {
		return s, err
	}
	crd, err := card.Load(view.Path("card.toml"), nil, card.Machine{})
	if err != nil {
		return s, err
	}
	s, notices, err := engine.Summarize(crd, view)
	for _, n := range notices {
		fmt.Fprintln(c.ErrOrStderr(), "mcrun: "+n.String())
	}
	if err == nil && len(s.Results) == 0 && len(s.Flows) == 0 {
		err = fmt.Errorf("mcrun: %s has no records yet%s", dir, trained(crd, view))
	}
	return s, err
}

// trained says how far the trainings of a run are that have begun, as the end of a
// sentence.
func trained(crd *card.Card, dir *store.Dir) string {
	var list []string
	for _, t := range crd.Trainings() {
		name := strings.TrimSuffix(path.Base(t.File), ".safetensors")
		_, file := dir.TrainingPaths(name)
		history, err := store.ReadSeries(file)
		if err != nil {
			continue // not begun, or damaged, which going on with it tells
		}
		steps := crd.Points[t.Point].Flow(t.Name).Train.Steps
		list = append(list, fmt.Sprintf("flow %s is at step %d of %d of its training", name, history.Rows(), steps))
	}
	if list == nil {
		return ""
	}
	return ": " + strings.Join(list, "; ")
}
