package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

func newInit() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "init [model]",
		Short: "Write a commented card to start from",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("init takes one model, not %d arguments; see mcrun init --help", len(args))
			}
			name := "ising"
			if len(args) == 1 {
				name = args[0]
			}
			entry, ok := models.Find(name)
			if !ok {
				return unknownModel(name)
			}
			if path == "" {
				path = name + ".toml"
			}
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return usage("%s exists; give another name with -o", path)
			}
			if err != nil {
				return err
			}
			_, err = f.Write(starter(entry))
			if err = errors.Join(err, f.Close()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "wrote %s; run it with: mcrun %s\n", path, path)
			return err
		},
	}
	c.Flags().StringVarP(&path, "output", "o", "", "`file` to write (default: the model's name with .toml)")
	return c
}

func unknownModel(name string) error {
	var names []string
	for _, e := range models.All() {
		names = append(names, e.Name)
	}
	hint := ""
	if near, ok := param.Nearest(name, names); ok {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return usage("no model %q; expected %s%s", name, strings.Join(names, ", "), hint)
}

// starter returns a commented card for a model: its keys, the kernels that
// are valid, ergodic and useful for it, and its observables.
func starter(entry models.Entry) []byte {
	var b bytes.Buffer
	comment := func(indent, text string) { b.WriteString(wrap(text, indent+"# ")) }

	// key writes a setting and what it is, in one line if that is short.
	key := func(setting, doc string) {
		line := setting
		if doc != "" {
			line += "  # " + doc
		}
		if len(line) > lineWidth {
			comment("", doc)
			line = setting
		}
		b.WriteString(line + "\n")
	}

	fmt.Fprintf(&b, "title = %s\nseed  = 1\n\n[model]\n", param.Format("A first run of "+entry.Name))
	fmt.Fprintf(&b, "name = %s\n", param.Format(entry.Name))
	comment("", entry.Doc)
	m := entry.New()
	example := make(map[string]any)
	for _, s := range entry.Example {
		example[s.Key] = s.Value
	}
	for _, f := range param.Fields(m) {
		if value, given := example[f.Name]; given {
			key(fmt.Sprintf("%s = %s", f.Name, param.Format(value)), f.Doc)
		} else {
			key(absent(f), f.Doc)
		}
	}
	b.WriteString(`
[run]
chains     = 4       # independent chains for each proposal
thermalize = 1000    # sweeps discarded
sweeps     = 20000   # sweeps measured in each chain
every      = 1       # one record per so many sweeps
# seconds  = 60      # instead of sweeps: equal wall clock for every proposal
# checkpoint = "60s" # at most this much work is lost when the program is killed
# start = "hot"      # or "cold", or { file = "chain-00.configs.npz" }
# save  = { every = 100 } # keep configurations too
`)
	if errs := param.Decode(example, m); errs != nil {
		panic("cmd: the example of model " + entry.Name + " is wrong: " + errs[0].Error())
	}
	var names []string
	for _, o := range observables.Standard(m) {
		names = append(names, param.Format(o.Name))
	}
	record := wrap(strings.Join(names, ", "), "          ")
	b.WriteString("\n[observables]\nrecord = [" + strings.TrimSpace(record) + "]\n")
	for _, k := range proposals.All() {
		spec := k.New()
		if errs := param.Decode(map[string]any{}, spec); errs != nil || spec.Check(m) != nil || spec.Ergodic(m) != nil {
			continue
		}
		if a, ok := spec.(proposals.Adviser); ok && a.Advise(m) != "" {
			continue
		}
		fmt.Fprintf(&b, "\n[[proposal]]\nkernel = %s\n", param.Format(k.Name))
		comment("", k.Doc)
		b.WriteString("# steps = 1  # steps in one sweep\n")
		for _, f := range param.Fields(spec) {
			key(absent(f), f.Doc)
		}
	}
	if _, ok := example["temperature"]; ok {
		b.WriteString(`
# [scan]  # the Cartesian product of any keys
# "model.temperature" = { from = 2.0, to = 2.6, points = 13 }
`)
	}
	return b.Bytes()
}

// absent writes a key that is left out, with its default if there is one.
func absent(f param.Field) string {
	if f.Default == "" {
		return "# " + f.Name + " = ..."
	}
	return "# " + f.Name + " = " + f.Default
}
