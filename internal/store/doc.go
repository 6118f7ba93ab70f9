// Package store keeps a run on disk: the run directory, in which everything
// that a run produces is found, and from which it goes on after it was
// stopped, killed, or the machine lost power. FORMAT.md beside this file
// states every format byte by byte.
//
// # Life of a run
//
// A program that begins a run calls [Create], one that goes on with it
// [Open]; both lock the directory for this process until [Run.Close]. One
// that starts over calls [Retire] first, which renames the old directory.
// The manifest, run.json, lists the tasks of the run, and the groups of
// chains of each; what changes in it goes through [Run.Update] and, for how far
// each chain has come, [Run.Note]:
//
//	r, err := store.Open(dir)
//	...
//	defer r.Close()
//	sink, snapshot, notices, err := r.Group(task, group, identity, columns, saved)
//	... // print the notices, whether there is an error or not
//	defer sink.Close()
//	if snapshot != nil {
//		err = g.Load(snapshot) // g is the mc.Group, built as ever
//	}
//	err = g.Run(ctx, plan, sink)
//
// [Run.Group] returns the sink to which an [mcrun/mc.Group] hands its rows, its
// configurations and its snapshots, and the snapshot to go on from. Groups are independent:
// workers may open and run several at once, each used by one goroutine.
//
// For analysis [View] opens a directory without the lock, also while a run
// writes to it, and [Dir.Series] returns the time series of a chain. When it
// returns a notice or an error for a task that is done, opening the task's
// groups and running them to the end of their plan repairs the files.
// [OpenConfigurations] reads saved configurations, those of NumPy's as well.
//
// # What can be relied on
//
// A checkpoint is one generation: the state of a group with its random
// streams and counters, and the length and checksum of each of its series and
// of its saved configurations. Rows and configurations are durable before the
// header of their file counts them, and counted before a checkpoint refers to
// them; a checkpoint is durable before
// it takes the place of the last one, which is kept as the previous one. A
// program can be killed between any two of these steps, and the machine can
// lose power: what was durable at the last checkpoint is found again, what was
// written later is removed and comes again, the same to the bit.
//
// A cut or a changed bit in a checkpoint, in the rows of a series or in saved
// configurations is detected, and told by a [Notice] that names the file. Then
// the previous generation is used, and if its files are damaged too the group
// starts from the beginning: card and seed determine every number, so that only time is
// lost. Damaged files that would be replaced are kept under a name ending in
// ".damaged".
//
// A checkpoint tells by a hash for which model, proposal, seed and schedule it
// was written. Under others it is refused, so that no series is begun with
// one physics and continued with another.
//
// A directory that cannot be used as asked is refused by a [Refusal], and
// left untouched.
package store
