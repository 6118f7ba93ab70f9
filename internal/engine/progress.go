package engine

import (
	"fmt"
	"strings"
	"time"

	"mcrun/mc/param"
)

// Progress is how far a run has come.
type Progress struct {
	Done, Chains int           // chains done, and all chains of all tasks
	Fraction     float64       // of the sweeps, or of the time, weighted by cost
	Left         time.Duration // estimate; 0 while there is none
	Current      string        // what is being worked on
	Training     bool          // flows are trained, and all this but the chains is about them
}

// Progress returns how far the run has come. It may be called while Do runs.
func (r *Run) Progress() Progress {
	if p, ok := r.trainingProgress(); ok {
		return p
	}
	// What a sweep costs is known for the proposals that have run; others are
	// taken to cost as much, by site, as those do on average.
	type cost struct{ seconds, work float64 }
	costs := make(map[string]cost)
	var all cost
	type state struct{ done, left float64 } // work: sweeps times sites, or seconds
	states := make([]state, len(r.jobs))
	var p Progress
	running := 0 // jobs that are not done
	for i, j := range r.jobs {
		j.mu.Lock()
		sweeps, took := j.has, j.took
		if j.chain != nil {
			sweeps, took = j.chain.Thermalized()+j.chain.Sweeps(), time.Since(j.began)
			p.Current = fmt.Sprintf("%s, chain %d", r.label(j), j.first)
		}
		if j.spaces {
			p.Current = r.label(j) + ", spacing the ladder"
		}
		run, sites := j.point.Run, float64(j.point.Model.Sites())
		done := float64(sweeps) * sites
		left := float64(run.Thermalize+run.Sweeps-sweeps) * sites
		if run.Sweeps == 0 {
			// By time: work in units of the whole run.
			limit := plan(run, j.chains).Seconds
			done, left = 0, limit
			if j.chain != nil {
				done = j.chain.Elapsed().Seconds()
				left = max(0, limit-done)
			}
		}
		p.Chains += j.chains
		if j.done {
			p.Done += j.chains
			done, left = done+left, 0
		} else if !j.ended {
			running++
		}
		if j.ended {
			left = 0
		}
		states[i] = state{done, max(0, left)}
		if run.Sweeps > 0 {
			c := costs[j.proposal.Name]
			work := float64(sweeps-j.had) * sites
			c.seconds += took.Seconds()
			c.work += work
			costs[j.proposal.Name] = c
			all.seconds += took.Seconds()
			all.work += work
		}
		j.mu.Unlock()
	}
	var done, left float64 // seconds
	for i, j := range r.jobs {
		c := costs[j.proposal.Name]
		if c.work == 0 {
			c = all
		}
		unit := 1.0
		if j.point.Run.Sweeps > 0 && c.work > 0 {
			unit = c.seconds / c.work
		}
		done += states[i].done * unit
		left += states[i].left * unit
	}
	if done > 0 {
		p.Fraction = done / (done + left)
		if workers := min(r.workers, running); workers > 0 {
			p.Left = time.Duration(left / float64(workers) * float64(time.Second))
		}
	}
	return p
}

// trainingProgress returns how far the training of flows has come, and false if
// none is to be trained any more.
func (r *Run) trainingProgress() (p Progress, ok bool) {
	p.Training = true
	var done, all, pace float64 // steps, and seconds a step
	for _, j := range r.jobs {
		p.Chains += j.chains
	}
	for _, l := range r.learners {
		l.mu.Lock()
		steps := float64(l.spec.Train.Steps)
		if l.Given != nil {
			steps = 0
		}
		all += steps
		switch {
		case l.done:
			done += steps
		case l.drawn > 0:
			ok = true
			done += steps
			p.Current = fmt.Sprintf("%s: drawing to judge it, %.0f %%", l.base(), 100*l.drawn)
		case l.group != nil:
			ok = true
			n := l.group.Sweeps()
			done += float64(n)
			if made := n - l.had; made > 0 {
				pace = time.Since(l.began).Seconds() / float64(made)
			}
			p.Current = fmt.Sprintf("%s: step %d of %d", l.base(), n, l.spec.Train.Steps)
			if l.row != nil {
				p.Current = fmt.Sprintf("%s: loss %.3f", l.base(), l.row[column("test")])
				if l.bound != nil {
					p.Current += fmt.Sprintf(", bound %.3f", *l.bound)
				}
			}
		default:
			ok = ok || l.started
		}
		l.mu.Unlock()
	}
	if all > 0 {
		p.Fraction = done / all
	}
	p.Left = time.Duration(pace * (all - done) * float64(time.Second))
	return p, ok
}

// label names a job's task for a person.
func (r *Run) label(j *job) string {
	s := j.proposal.Name
	for _, k := range j.point.Scan {
		s += fmt.Sprintf(" %s=%s", strings.TrimPrefix(k.Key, "model."), param.Format(k.Value))
	}
	return s
}
