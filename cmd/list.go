package cmd

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mcrun/internal/card"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
	"mcrun/proposals/flow"
	"mcrun/proposals/flow/train"
)

func newList() *cobra.Command {
	kinds := []string{"models", "kernels", "observables", "flows"}
	return &cobra.Command{
		Use:       "list [models|kernels|observables|flows]",
		Short:     "List what cards can name, with every key and its default",
		ValidArgs: kinds,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = kinds
			}
			w := new(bytes.Buffer)
			for i, what := range args {
				if i > 0 {
					fmt.Fprintln(w)
				}
				switch what {
				case "models":
					listModels(w)
				case "kernels":
					listKernels(w)
				case "observables":
					listObservables(w)
				case "flows":
					listFlows(w)
				default:
					return usage("list knows no %q; expected %s", what, strings.Join(kinds, ", "))
				}
			}
			_, err := w.WriteTo(c.OutOrStdout())
			return err
		},
	}
}

func listModels(w io.Writer) {
	fmt.Fprintln(w, "Models (model.name) and their keys in [model]")
	for _, e := range models.All() {
		fmt.Fprintf(w, "\n  %s\n", e.Name)
		fmt.Fprint(w, wrap(e.Doc, "      "))
		listFields(w, param.Fields(e.New()))
	}
}

func listKernels(w io.Writer) {
	fmt.Fprintln(w, "Kernels ([[proposal]] kernel) and their keys")
	for _, e := range proposals.All() {
		fmt.Fprintf(w, "\n  %s\n", e.Name)
		fmt.Fprint(w, wrap(e.Doc, "      "))
		listFields(w, param.Fields(e.New()))
	}
	name, doc, keys := card.Tempering()
	fmt.Fprintf(w, "\n  %s\n", name)
	fmt.Fprint(w, wrap(doc, "      "))
	listFields(w, keys)
	fmt.Fprint(w, `
Every [[proposal]] also takes
    name      name in tables and files; default: the kernel's
    steps     elementary steps in one sweep; default 1
    refresh   true: a kernel of fields on a model of spins, which moves their
              continuous dual, draws it anew from the spins at every step;
              default false
    cycle     [{ kernel = "...", ... }, ...] instead of kernel: kernels in turn
    mixture   [{ kernel = "...", weight = 1.0, ... }, ...] instead of kernel:
              one drawn at random each sweep
`)
}

func listObservables(w io.Writer) {
	fmt.Fprintln(w, "Observables (observables.record)")
	fmt.Fprintln(w)
	indent := strings.Repeat(" ", 29)
	for _, o := range observables.All() {
		fmt.Fprintf(w, "  %-27s%s", o.Name, strings.TrimPrefix(wrap(o.Doc, indent), indent))
	}
	fmt.Fprint(w, `
Of the card's own, in [observables.derived]: name = "expression" in the means of
observables by name, of what is recorded as mean(...), constants (N, beta, pi
and the model's keys), + - * / ^ and functions. correlation[i] is point i of the
observable, from 0; in mean(...) it is number i of the column, direction by
direction. Columns for mean(...):
`)
	var names []string
	for _, c := range observables.AllColumns() {
		names = append(names, c.Name)
	}
	fmt.Fprint(w, wrap(strings.Join(names, ", "), "  "))
}

func listFlows(w io.Writer) {
	fmt.Fprintln(w, "Flows: the keys of a table [flow.NAME], by which the kernels flow and")
	fmt.Fprint(w, "latent-hmc move with flow = \"NAME\"\n\n")
	listFields(w, param.Fields(flow.Spec{}))
	fmt.Fprint(w, "\nTheir training: the keys of [flow.NAME.train]\n\n")
	listFields(w, param.Fields(train.Spec{}))
}

// listFields lists the keys of a table of the card.
func listFields(w io.Writer, keys []param.Field) {
	for _, f := range keys {
		what := f.Type
		if f.Range != "" {
			what += ", " + f.Range
		}
		switch {
		case f.Required:
			what += "; required"
		case f.Default != "":
			what += "; default " + f.Default
		}
		indent := strings.Repeat(" ", 18)
		fmt.Fprintf(w, "    %-14s%s", f.Name, strings.TrimPrefix(wrap(what, indent), indent))
		fmt.Fprint(w, wrap(f.Doc, indent))
	}
}

// lineWidth is how many columns a line of text has at most.
const lineWidth = 80

// wrap breaks a text into lines of at most lineWidth columns that begin with
// indent.
func wrap(text, indent string) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			b.WriteString(indent)
			column = len(indent)
		case column+1+len(word) > lineWidth:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	if column > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}
