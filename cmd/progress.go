package cmd

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"mcrun/internal/engine"
)

// logEvery is the time between two lines of progress in a log.
const logEvery = 10 * time.Second

// showProgress shows how far a run has come until the returned function is
// called: as a bar on a terminal, elsewhere as plain lines now and then.
func showProgress(w io.Writer, r *engine.Run) (stop func()) {
	quit, gone := make(chan struct{}), make(chan struct{})
	f, ok := w.(*os.File)
	show := logLines
	if ok && term.IsTerminal(int(f.Fd())) {
		show = bar
	}
	go func() {
		defer close(gone)
		show(w, r, quit)
	}()
	return func() {
		close(quit)
		<-gone
	}
}

// logLines writes a line of progress at intervals.
func logLines(w io.Writer, r *engine.Run, quit <-chan struct{}) {
	tick := time.NewTicker(logEvery)
	defer tick.Stop()
	for {
		select {
		case <-quit:
			return
		case <-tick.C:
			p := r.Progress()
			if p.Training {
				fmt.Fprintf(w, "mcrun: training %3.0f %%, %s left; %s\n", 100*p.Fraction, left(p), p.Current)
				continue
			}
			fmt.Fprintf(w, "mcrun: %3.0f %%, %d of %d chains done, %s left; %s\n",
				100*p.Fraction, p.Done, p.Chains, left(p), p.Current)
		}
	}
}

// bar shows a progress bar.
func bar(w io.Writer, r *engine.Run, quit <-chan struct{}) {
	const full = 1000
	progress := mpb.New(mpb.WithOutput(w), mpb.WithWidth(24), mpb.WithAutoRefresh())
	status := func(text func(engine.Progress) string) decor.Decorator {
		return decor.Any(func(decor.Statistics) string { return text(r.Progress()) })
	}
	b := progress.New(full, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.BarRemoveOnComplete(),
		mpb.AppendDecorators(status(func(p engine.Progress) string {
			if p.Training {
				s := fmt.Sprintf(" %3.0f %%, %s left; %s", 100*p.Fraction, left(p), p.Current)
				return s[:min(len(s), 52)]
			}
			s := fmt.Sprintf(" %3.0f %%, %d/%d chains, %s left; %s", 100*p.Fraction, p.Done, p.Chains, left(p), p.Current)
			return s[:min(len(s), 52)] // 80 columns with the bar
		})))
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case <-quit:
			done = true
		case <-tick.C:
			b.SetCurrent(min(full-1, int64(full*r.Progress().Fraction)))
		}
	}
	b.Abort(true)
	progress.Wait()
}

// left writes the time that a run will still take.
func left(p engine.Progress) string {
	if p.Left == 0 {
		return "?"
	}
	return engine.Duration(p.Left)
}
