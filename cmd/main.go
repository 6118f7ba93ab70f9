// Package cmd is the command line of mcrun. A program with models, kernels or
// observables of its own registers them and calls [Main]; it then is mcrun
// with those besides:
//
//	package main
//
//	import (
//		"mcrun/cmd"
//		_ "example.org/mymodel" // registers itself in init
//	)
//
//	func main() { cmd.Main() }
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"mcrun/internal/card"
	"mcrun/internal/store"
	"mcrun/proposals/flow/kern"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1 // the run failed
	exitUsage       = 2 // bad card, usage, or a directory that does not fit
	exitDoubtful    = 3 // finished, but a convergence check failed (--strict)
	exitInterrupted = 128
)

// Main runs the command line and exits with its code.
func Main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// An exit is an error that determines the exit code.
type exit struct {
	code int
	err  error // nil: said already
}

func (e *exit) Error() string { return e.err.Error() }

// run runs the command line and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	if err := kern.Check(); err != nil {
		fmt.Fprintln(stderr, "mcrun: "+err.Error())
		return exitUsage
	}
	ctx, stop := interruptible(stderr)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var signalled *interruption
	var coded *exit
	var errs card.Errors
	var refusal *store.Refusal
	code := exitFailed
	switch {
	case errors.As(err, &signalled):
		code = exitInterrupted + int(signalled.signal)
	case errors.As(err, &coded):
		code, err = coded.code, coded.err
	case errors.As(err, &errs), errors.As(err, &refusal):
		code = exitUsage
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
	}
	return code
}

// usage makes an error one of usage.
func usage(format string, args ...any) error {
	return &exit{exitUsage, fmt.Errorf("mcrun: "+format, args...)}
}

// An interruption is the cause of a context that a signal has cancelled.
type interruption struct {
	signal syscall.Signal
}

func (i *interruption) Error() string {
	return "interrupted; the same command goes on from here"
}

// interruptible returns a context that SIGINT and SIGTERM cancel. A second
// signal ends the program at once.
func interruptible(stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		s, ok := <-signals
		if !ok {
			return
		}
		signal.Stop(signals)
		fmt.Fprintf(stderr, "\n%v: stopping in good order; once more ends at once\n", s)
		cancel(&interruption{s.(syscall.Signal)})
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}

// newRoot returns the command tree.
func newRoot() *cobra.Command {
	o := new(options)
	root := &cobra.Command{
		Use:   "mcrun card.toml",
		Short: "Monte Carlo for lattice models, from one run card to a table with honest errors",
		Long: `mcrun runs the simulation that a run card describes and prints a table of
observables with errors, autocorrelation times and effective samples per
second for every proposal kernel.

  mcrun init                 writes a card to start from
  mcrun card.toml            runs it into card.run, or goes on where it stopped
  mcrun card.run             goes on, or prints the tables of a finished run
  mcrun train card.toml      trains its flows only
  mcrun check card.toml      says what is wrong with it, or what it would take
  mcrun table card.run --format latex`,
		Args:          cobra.ArbitraryArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return o.run(c, args)
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("%v; see %s --help", err, c.CommandPath())
	})
	o.addRunFlags(root)
	root.AddCommand(newRun(), newTrain(), newSample(), newCheck(), newInit(), newTable(), newList(), newVersion())
	return root
}

// exactly returns a check of the number of arguments.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s takes %s, not %d arguments; see %s --help", c.Name(), what, len(args), c.CommandPath())
		}
		return nil
	}
}
