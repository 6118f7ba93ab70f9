package cmd

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mcrun/internal/card"
	"mcrun/internal/engine"
)

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
			_, err = fmt.Fprintf(out, "\n# tasks: %d, each of %d independent chains; %s\n", crd.Tasks(), crd.Points[0].Run.Chains, e)
			return err
		},
	}
	o.addCardFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print only an array of errors")
	return c
}
