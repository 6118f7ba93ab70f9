package cmd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"mcrun/internal/engine"
	"mcrun/internal/report"
	"mcrun/internal/store"
)

func newTrain() *cobra.Command {
	o := new(options)
	c := &cobra.Command{
		Use:   "train card.toml|DIR",
		Short: "Train the flows of a card only, or go on with that",
		Args:  exactly(1, "one card or run directory"),
		RunE:  o.train,
	}
	o.addRunFlags(c)
	return c
}

// train is `mcrun train`.
func (o *options) train(c *cobra.Command, args []string) error {
	crd, dir, err := o.locate(args[0])
	if err != nil {
		return err
	}
	if len(crd.Trainings()) == 0 {
		return usage("%s has no flow to train: that takes a table as [flow.rg]", args[0])
	}
	dirs, err := o.open(c, crd, dir)
	if err != nil {
		return err
	}
	defer dirs.Close()
	if err := o.advance(c, crd, dirs, (*engine.Run).Train); err != nil {
		return err
	}
	view, err := store.View(dirs.Path())
	if err != nil {
		return err
	}
	summary, _, err := engine.Summarize(crd, view)
	if err != nil {
		return err
	}
	summary.Results = nil
	if err := o.showTrained(c, summary, dirs.Path("flows")); err != nil {
		return err
	}
	if o.strict && slices.ContainsFunc(summary.Flows, func(f report.Flow) bool { return len(f.Doubts) > 0 }) {
		return &exit{exitDoubtful, errors.New("mcrun: a flow is doubtful (--strict)")}
	}
	return nil
}

// showTrained prints what is known of flows, whose weights are in a folder.
func (o *options) showTrained(c *cobra.Command, summary report.Summary, folder string) error {
	format := "text"
	if o.json {
		format = "json"
	} else if o.quiet {
		return nil
	}
	if err := report.Write(c.OutOrStdout(), summary, format); err != nil || o.json {
		return err
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "\nThe weights are in %s.\n", folder)
	return err
}
