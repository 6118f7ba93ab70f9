package card

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow"
	"mcrun/proposals/flow/train"
)

// A Flow is a learned map at a point, which kernels call by its name.
type Flow struct {
	Name  string
	Spec  flow.Spec
	Train train.Spec
	// Dual says that the flow is one of the continuous dual of the model's spins.
	Dual bool
	// Training is the number of the training that it comes from, in
	// [Card.Trainings].
	Training int
}

// A Training makes the flow of all points that are equal in model and in the
// keys of the flow.
type Training struct {
	Name  string
	Point int    // the first of these points
	File  string // of the weights in the run directory: "flows/rg.safetensors"
	// Weights is the path of the file that the card gives, "" if it gives none,
	// and Given its content, nil if there is no such file: then the flow is
	// trained, and the file written.
	Weights string
	Given   *param.File

	made bool // by the run that goes on: Given is no file of the card then
}

// Kept returns the file of weights that the run directory keeps in inputs/ under the
// name of its own, nil if there is none.
func (t *Training) Kept() *param.File {
	if t.made {
		return nil
	}
	return t.Given
}

// pointMark stands for the number of a point in a path of weights.
const pointMark = "{point}"

// flowsFolder is where a run directory keeps flows.
const flowsFolder = "flows"

// flowFile returns the path in a run directory of weights of a name.
func flowFile(name string) string { return flowsFolder + "/" + name + ".safetensors" }

// reservedName matches names of flows under which the files of one could be those
// of another.
var reservedName = regexp.MustCompile(`-(train|[0-9]{4,})$`)

// Trainings returns the trainings of the card's flows, in the order of their first
// points and there by name. The list is the card's own.
func (c *Card) Trainings() []Training { return c.trainings }

// GoOn prepares a card for going on with the run of another, from which it has no
// [Differences]. Weights that the run was given it keeps, though the file may be gone;
// what it has made itself, of which made has the [Training.File], it was not given,
// though the file may be there now.
func (c *Card) GoOn(run *Card, made map[string]string) {
	for i := range c.trainings {
		t := &c.trainings[i]
		if given := run.trainings[i].Given; given != nil {
			t.Given = given
		} else {
			_, t.made = made[t.File]
		}
	}
	c.named = nil
}

// Flow returns the flow of a name, nil if there is none.
func (p *Point) Flow(name string) *Flow {
	i := slices.IndexFunc(p.Flows, func(f Flow) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Flows[i]
}

// Moved returns the names of the flows that the proposal's kernels move by, each
// once.
func (q *Proposal) Moved() (names []string) {
	for _, m := range q.Members {
		if l, ok := m.Spec.(flow.Learned); ok && !slices.Contains(names, l.FlowName()) {
			names = append(names, l.FlowName())
		}
	}
	return names
}

// FlowIdentity returns a text that is equal for equal flows of one name, trained
// in the same way: name and keys after defaults, as JSON, with files by their
// contents, but for the path of weights. Together with that of the model it is
// what random streams of a training derive from.
func (p *Point) FlowIdentity(f *Flow) string {
	return identity([]param.Setting{
		{Key: "name", Value: f.Name},
		{Key: "flow", Value: table(f.shape())},
		{Key: "train", Value: table(param.Encode(f.Train))},
	})
}

// shape returns the keys of the flow but for the path of weights.
func (f *Flow) shape() []param.Setting {
	return slices.DeleteFunc(param.Encode(f.Spec), func(k param.Setting) bool { return k.Key == "weights" })
}

// Target returns what a flow of a model lives on, not prepared: the model, or the
// dual of its spins.
func (f *Flow) Target(m models.Model) models.Model {
	if f.Dual {
		dual, _ := models.NewDualOf(m)
		return dual
	}
	return m
}

// Samplers returns the kernels whose chains of a model give samples to the
// training of a flow: those of the card, or of those that fit one that reaches
// every configuration, and for fields a cluster kernel beside it.
func (f *Flow) Samplers(m models.Model) (specs []proposals.Spec, err error) {
	fit := func(name string) (proposals.Spec, error) {
		entry, ok := proposals.Find(name)
		if !ok {
			return nil, fmt.Errorf("names the unknown kernel %s", param.Format(name))
		}
		spec := entry.New()
		if errs := param.Decode(nil, spec); errs != nil {
			return nil, fmt.Errorf("names %s, which needs its key %s", name, errs[0].Key)
		}
		if err := spec.Check(m); err != nil {
			return nil, fmt.Errorf("names %s, which does not fit: %w", name, err)
		}
		return spec, nil
	}
	if names := f.Train.Sampler; len(names) > 0 {
		stuck := ""
		for _, name := range names {
			spec, err := fit(name)
			if err != nil {
				return nil, err
			}
			specs = append(specs, spec)
			if err := spec.Ergodic(m); err != nil {
				stuck += "; " + name + ": " + err.Error()
			}
		}
		if strings.Count(stuck, ";") == len(names) {
			return nil, fmt.Errorf("does not reach every configuration%s", stuck)
		}
		return specs, nil
	}
	first := []string{"heat-bath", "metropolis", "hmc"}
	if _, field := m.(models.Differentiable); !field {
		first = []string{"swendsen-wang", "heat-bath", "metropolis"}
	}
	for _, name := range first {
		spec, err := fit(name)
		if err != nil || spec.Ergodic(m) != nil {
			continue
		}
		specs = append(specs, spec)
		if wolff, err := fit("wolff"); err == nil && name != "swendsen-wang" {
			specs = append(specs, wolff)
		}
		return specs, nil
	}
	return nil, errors.New("is missing, and none of the usual kernels reaches every configuration of the model")
}

// trainKey is the key of the table of a flow that is a table itself, which is
// decoded apart.
type trainKey struct {
	Train *string `card:"train"`
}

const flowTable = "a table for each flow, as [flow.rg]"

// checkFlows checks that the flows of a card are tables with names, and reports
// whether they can be decoded.
func (c *checker) checkFlows(tree map[string]any) bool {
	given, ok := tree["flow"]
	if !ok {
		return true
	}
	all, ok := given.(map[string]any)
	if !ok {
		c.report(path{"flow"}, param.Error{Problem: "is " + describe(given), Expected: flowTable})
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		at := path{"flow", name}
		_, isTable := all[name].(map[string]any)
		switch {
		case !isTable:
			c.report(at, param.Error{Problem: "is " + describe(all[name]) + ", and not the table of a flow", Expected: flowTable})
		case !validName.MatchString(name) || len(name) > maxName:
			c.report(at, param.Error{Problem: "is no name of a flow", Expected: fmt.Sprintf("at most %d letters, digits and . _ + -, the first a letter or digit", maxName), Suggestion: strings.Trim(repair(name), `"`)})
		case reservedName.MatchString(name):
			c.report(at, param.Error{Problem: "is a name that files of other flows may have", Expected: "one that does not end in -train or -0000"})
		}
	}
	return true
}

// flows decodes the tables [flow.NAME] of a point.
func (c *checker) flows(tree map[string]any, card *Card, p *Point) {
	all, _ := tree["flow"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t, ok := all[name].(map[string]any)
		if !ok {
			continue // which checkFlows has said
		}
		at, f := path{"flow", name}, Flow{Name: name, Training: -1}
		t = maps.Clone(t)
		lessons, given := t["train"]
		delete(t, "train")
		sound := c.decode(at, t, &f.Spec, new(trainKey))
		keys, isTable := lessons.(map[string]any)
		if given && !isTable {
			c.report(at.with("train"), param.Error{Problem: "is " + describe(lessons), Expected: "a table, [flow." + name + ".train]"})
			sound = false
		} else {
			sound = c.decode(at.with("train"), keys, &f.Train) && sound
		}
		if w := f.Spec.Weights; w != nil && *w == "" {
			c.report(at.with("weights"), param.Error{Problem: "is empty", Expected: `a path, as weights = "` + name + `.safetensors", or no such key`})
			sound = false
		}
		if sound && p.Model != nil && c.flow(at, &f, p) {
			c.train(at, card, &f, p)
		}
		p.Flows = append(p.Flows, f)
	}
}

// flow checks a flow beside the model, and reports whether it fits.
func (c *checker) flow(at path, f *Flow, p *Point) bool {
	_, f.Dual = models.NewDualOf(p.Model)
	target := f.Target(p.Model)
	var err error
	if dual, ok := target.(*models.DualOf); ok {
		err = dual.Limit()
	}
	if err == nil {
		err = f.Spec.Check(target)
	}
	if err == nil {
		need := f.Spec.Bytes(target, c.machine.Workers)
		if has := c.machine.Memory; has > 0 && need > has {
			c.report(at.with("hidden"), param.Error{
				Problem:  "makes networks whose training needs " + memorySize(need) + " of memory",
				Expected: "at most the " + memorySize(has) + " of this machine: narrower or fewer layers, or fewer couplings",
			})
			return false
		}
		return c.lessons(at.with("train"), f, p, target)
	}
	if e := ofKey(err); e != nil {
		c.reportIn(at, []*param.Error{e})
	} else {
		c.report(at, param.Error{Problem: "does not fit " + p.ModelName + ": " + err.Error(), Expected: "another model"})
	}
	return false
}

// lessons checks how a flow is to be trained, in the table at a path, and reports
// whether it can be.
func (c *checker) lessons(at path, f *Flow, p *Point, target models.Model) bool {
	errs := len(c.errs)
	if key := f.Train.Key; key != nil {
		c.annealed(at, f, p)
	}
	if f.Train.Objective != train.ReverseKL {
		if f.Train.Data != nil {
			source := Source{File: *f.Train.Data}
			m, err := p.Prepare()
			if err == nil {
				_, err = source.States(m)
			}
			if err != nil {
				c.report(at.with("data"), param.Error{Problem: err.Error(), Expected: "configurations of this model, as run.save keeps them in chain-00.configs.npz"})
			}
		} else {
			var m models.Model = p.Model
			if _, ok := m.(models.Dualised); ok { // whose spins are known only then
				if prepared, err := p.Prepare(); err == nil {
					m = prepared.(models.Dualised).Spins()
				}
			}
			if _, err := f.Samplers(m); err != nil {
				c.report(at.with("sampler"), param.Error{Problem: err.Error(), Expected: eitherOrNone(fitting(m, func(s proposals.Spec) bool { return s.Check(m) == nil && s.Ergodic(m) == nil }))})
			}
		}
	}
	if start := f.Train.Start; start != nil {
		w, err := c.weights(start.Data)
		if err == nil {
			err = w.Difference(w.Model, &f.Spec)
		}
		if err == nil {
			if unfit := w.Flow.Fits(target); unfit != nil {
				err = fmt.Errorf("does not fit: %w", unfit)
			}
		}
		if err != nil {
			c.report(at.with("start"), param.Error{Problem: start.Path + " " + err.Error(), Expected: "weights of this flow, which may be of another point"})
		}
	}
	return len(c.errs) == errs
}

// annealed checks the key of the model that moves while a flow is trained.
func (c *checker) annealed(at path, f *Flow, p *Point) {
	key, numeric := *f.Train.Key, []string(nil)
	for _, k := range param.Encode(p.Model) {
		if _, ok := k.Value.(float64); ok {
			numeric = append(numeric, k.Key)
		}
	}
	if !slices.Contains(numeric, key) {
		e := param.Error{Problem: "is " + param.Format(key) + ", which is no key of [model] that is a number", Expected: either(numeric)}
		if near, ok := param.Nearest(key, numeric); ok {
			e.Suggestion = param.Format(near)
		}
		if numeric == nil {
			e.Expected = "no anneal: " + p.ModelName + " has no such key"
		}
		c.report(at.with("anneal"), e)
		return
	}
	m, e := p.with(key, *f.Train.From)
	if e == nil {
		if dual, ok := f.Target(m).(*models.DualOf); ok && dual.Limit() != nil {
			e = &param.Error{Problem: "is " + param.Format(*f.Train.From) + ", at which " + dual.Limit().Error(), Expected: "a value between that and the model's own"}
		}
	}
	if e != nil {
		c.report(at.with("anneal_from"), param.Error{Problem: e.Problem, Expected: e.Expected})
	}
}

// Value returns the value of a key of the point's model that is a number.
func (p *Point) Value(key string) float64 {
	for _, k := range param.Encode(p.Model) {
		if v, ok := k.Value.(float64); ok && k.Key == key {
			return v
		}
	}
	panic("card: a key of a model that it has not")
}

// PrepareWith returns the model as [Point.Prepare] does, with another value of one
// of its keys.
func (p *Point) PrepareWith(key string, value float64) (models.Model, error) {
	m, e := p.with(key, value)
	if e != nil {
		return nil, fmt.Errorf("%s = %v: %w", key, value, e)
	}
	return m, m.Prepare()
}

// train finds the training of a flow or, at the first point that needs it, adds
// it.
func (c *checker) train(at path, card *Card, f *Flow, p *Point) {
	id := identity([]param.Setting{{Key: "model", Value: p.ModelIdentity()}, {Key: "flow", Value: p.FlowIdentity(f)}})
	if c.trained == nil {
		c.trained = map[string]int{}
	}
	if n, ok := c.trained[id]; ok {
		f.Training = n
		return
	}
	f.Training = len(card.trainings)
	c.trained[id] = f.Training
	t := Training{Name: f.Name, Point: p.Index}
	if f.Spec.Weights != nil {
		given := strings.ReplaceAll(*f.Spec.Weights, pointMark, fmt.Sprintf("%04d", p.Index))
		t.Weights = c.besideCard(given)
		data, err := c.readFile(given)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			c.report(at.with("weights"), param.Error{Problem: "cannot be read: " + err.Error(), Expected: "a file of weights"})
		default:
			file := param.NewFile(given, data)
			t.Given = &file
			w, err := c.weights(data)
			if err == nil {
				err = w.Difference(p.ModelKeys(), &f.Spec)
			}
			if err != nil {
				c.report(at.with("weights"), param.Error{Problem: given + " " + err.Error() + "; a path where no file is would be written after training"})
			}
		}
	}
	card.trainings = append(card.trainings, t)
}

// weights reads a file of weights, each once.
func (c *checker) weights(data []byte) (*flow.Weights[float32], error) {
	sum := flow.Hash(data)
	if w, ok := c.read[sum]; ok {
		return w.weights, w.err
	}
	w, _, err := flow.Decode[float32](data)
	if c.read == nil {
		c.read = map[string]readWeights{}
	}
	c.read[sum] = readWeights{w, err}
	return w, err
}

type readWeights struct {
	weights *flow.Weights[float32]
	err     error
}

// besideCard returns a path that is relative to the card as the program has to
// take it.
func (c *checker) besideCard(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.file), path)
}

// learned checks the flow of a kernel in the table at p.
func (c *checker) learned(p path, l flow.Learned, point *Point) bool {
	name := l.FlowName()
	if f := point.Flow(name); f != nil {
		e := (*param.Error)(nil)
		if f.Training >= 0 && errors.As(l.Suits(&f.Spec), &e) { // else the flow is wrong itself
			c.reportIn(p, []*param.Error{e})
		}
		return e == nil
	}
	var names []string
	for _, f := range point.Flows {
		names = append(names, f.Name)
	}
	if names == nil {
		c.report(p.with("flow"), param.Error{Problem: "names the flow " + param.Format(name) + ", and the card has none", Expected: "a table [flow." + name + "]"})
		return false
	}
	c.unknownWord(p.with("flow"), name, "unknown flow", names)
	return false
}

// trainings gives the trainings of a card their files, and checks what they have
// together.
func (c *checker) trainings(card *Card) {
	count := map[string]int{}
	for _, t := range card.trainings {
		count[t.Name]++
	}
	owners := map[string]string{} // the flows of files that are to be written
	for i := range card.trainings {
		t := &card.trainings[i]
		name := t.Name
		if t.Weights != "" && t.Given == nil {
			owner, taken := owners[t.Weights]
			if taken && owner != t.Name {
				c.report(path{"flow", t.Name, "weights"}, param.Error{
					Problem:  "is the file of the flow " + owner + " too",
					Expected: "one of its own, as " + param.Format(t.Name+".safetensors"),
				})
			}
			owners[t.Weights] = t.Name
		}
		if count[name] > 1 {
			name = fmt.Sprintf("%s-%04d", name, t.Point)
		}
		t.File = flowFile(name)
		w := card.Points[t.Point].Flow(t.Name).Spec.Weights
		if w != nil && count[t.Name] > 1 && !strings.Contains(*w, pointMark) {
			c.report(path{"flow", t.Name, "weights"}, param.Error{
				Problem:  fmt.Sprintf("is one file for %d trainings, as the scan changes model or flow", count[t.Name]),
				Expected: "{point} in its name, as " + param.Format(t.Name+"-"+pointMark+".safetensors"),
			})
		}
	}
	for i := range card.Points {
		for _, f := range card.Points[i].Flows {
			used := func(q Proposal) bool { return slices.Contains(q.Moved(), f.Name) }
			if i == 0 && !slices.ContainsFunc(card.Points, func(p Point) bool { return slices.ContainsFunc(p.Proposals, used) }) {
				c.advise(path{"flow", f.Name}, "no proposal moves by this flow, which is trained all the same; kernel = \"flow\" and flow = "+param.Format(f.Name)+" in a [[proposal]] does")
			}
		}
	}
}

// trainingBytes returns the memory that the training of a flow takes on one worker
// beside the model's: its networks, a batch and its gradient, and the chains that
// give samples.
func (f *Flow) trainingBytes(m models.Model) float64 {
	target, ok := f.Target(m).(models.Differentiable)
	if !ok {
		return 0
	}
	return f.Spec.Bytes(target, 1) + 4*8*float64(f.Train.Batch)*float64(target.Dim())
}
