package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mcrun/internal/card"
	"mcrun/internal/engine"
	"mcrun/models"
)

// graphs says how large the graphs are that a card takes from files, each once.
func graphs(crd *card.Card) string {
	var all []string
	for i := range crd.Points {
		m, ok := crd.Points[i].Model.(models.PairCoupled)
		if !ok {
			continue
		}
		g := m.Couplings().Graph
		if g == nil { // models make their own only in Prepare
			continue
		}
		bonds, fields := 0, 0
		for s := range g.Sites() {
			bonds += len(g.Neighbours(s))
			if g.Field(s) != 0 {
				fields++
			}
		}
		text := "; couplings: " + number(g.Sites(), "site") + ", " + number(bonds/2, "bond") + ", " + number(fields, "field")
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, "")
}

// number writes a number of things.
func number(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

func newCheck() *cobra.Command {
	o := new(options)
	c := &cobra.Command{
		Use:   "check card.toml",
		Short: "Check a card; print it with every default, and what it would take",
		Args:  exactly(1, "one card"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.checkWorkers(); err != nil {
				return err
			}
			crd, err := card.Load(args[0], o.sets, o.machine())
			var errs card.Errors
			if err != nil && !errors.As(err, &errs) {
				return err
			}
			if o.json {
				if errs == nil {
					errs = card.Errors{}
				}
				out, err := json.MarshalIndent(errs, "", "  ")
				if err != nil {
					return err
				}
				fmt.Fprintln(c.OutOrStdout(), string(out))
				if len(errs) > 0 {
					return &exit{exitUsage, nil}
				}
				return nil
			}
			if errs != nil {
				return errs
			}
			out := c.OutOrStdout()
			if _, err := out.Write(crd.Resolved()); err != nil {
				return err
			}
			for _, a := range crd.Advice {
				fmt.Fprintln(c.ErrOrStderr(), a)
			}
			e, err := engine.EstimateCost(c.Context(), crd, o.workers)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(out, "\n# tasks: %d, each of %d independent chains; %s%s\n", crd.Tasks(), crd.Points[0].Run.Chains, e, graphs(crd))
			return err
		},
	}
	o.addCardFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print only an array of errors")
	return c
}
