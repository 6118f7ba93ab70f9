package observables

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"mcrun/analysis"
	"mcrun/mc/param"
	"mcrun/models"
)

// A derivation is an expression resolved for a model: a function of the values
// of parts, which are means of expressions in columns and other observables.
type derivation struct {
	source    string
	model     models.Model
	constants map[string]float64

	columns []string
	offset  map[string]int // of each column in a record
	width   int            // of a record
	inputs  []int          // numbers of a record that terms depend on

	parts    []part
	terms    int
	named    map[reference]int // part of each observable; the place is left out
	averaged map[int]int       // part of each register of records
	records  compiler          // of the expressions in columns, by inputs
	values   compiler          // of the whole, by parts
	result   int               // register of values

	undefined string // of the first part that says when it is
}

// A part has the terms from one on: those of an observable's function, or one
// that is a register of the program of a record.
type part struct {
	term     int
	function *analysis.Function // nil: the mean of a register
	input    int                // the first of those of the function
	inputs   int
	register int // of the program of a record
}

// derive resolves an expression for a model.
func derive(tree expr, source string, m models.Model) (*derivation, error) {
	d := &derivation{
		source:    source,
		model:     m,
		constants: constantsOf(m),
		offset:    make(map[string]int),
		named:     make(map[reference]int),
		averaged:  make(map[int]int),
	}
	r, err := d.values.compile(tree, d.estimate)
	if err != nil {
		return nil, err
	}
	if len(d.parts) == 0 {
		return nil, &param.Error{
			Problem:  "the expression is a constant",
			Expected: "the name of an observable or mean(...) in it",
		}
	}
	d.result = d.values.register(r)
	return d, nil
}

// constantsOf returns the constants of expressions.
func constantsOf(m models.Model) map[string]float64 {
	c := make(map[string]float64)
	for _, s := range param.Encode(m) {
		switch v := s.Value.(type) {
		case int:
			c[s.Key] = float64(v)
		case int64:
			c[s.Key] = float64(v)
		case uint64:
			c[s.Key] = float64(v)
		case float64:
			c[s.Key] = v
		}
	}
	c["N"], c["beta"], c["pi"] = float64(m.Sites()), m.Beta(), math.Pi
	c["temperature"] = 1 / m.Beta()
	c["T"] = c["temperature"]
	maps.DeleteFunc(c, func(name string, _ float64) bool { return taken(name) })
	return c
}

func (d *derivation) mistake(at int, expected, format string, args ...any) *param.Error {
	return mistake(d.source, at, fmt.Sprintf(format, args...), expected)
}

// estimate resolves a name or a mean where means over records are meant.
func (d *derivation) estimate(e expr) (result, error) {
	if a, ok := e.(average); ok {
		return d.mean(a)
	}
	word := e.(reference)
	if c, ok := d.constants[word.name]; ok {
		return d.constant(word, c)
	}
	o, ok := Find(word.name)
	if !ok {
		if _, ok := FindColumn(word.name); ok {
			return result{}, d.mistake(word.at, "mean("+word.name+") or an observable", "%s is a column, which has a value for each record", word.name)
		}
		return result{}, d.unknown(word, "an observable", observablesOf(d.model))
	}
	if err := o.Check(d.model); err != nil {
		return result{}, d.missing(word, err)
	}
	list := estimators(o, d.model)
	isFunction := o.Points != nil && o.Points(d.model) != nil
	if err := d.checkIndex(word, isFunction, len(list), "observable", "points"); err != nil {
		return result{}, err
	}
	key := reference{name: word.name, index: word.index}
	p, ok := d.named[key]
	if !ok {
		e := list[max(0, word.index)]
		p = d.add(o, e)
		d.named[key] = p
		if d.undefined == "" && e.Undefined != "" {
			d.undefined = fmt.Sprintf("the expression has no finite value or slope, perhaps since %s has none: %s", word.name, e.Undefined)
		}
	}
	return d.values.input(p), nil
}

// add returns the new part that is an estimator of an observable.
func (d *derivation) add(o Observable, e Estimator) int {
	var record []int
	for _, c := range o.Columns(d.model) {
		first, width := d.column(c)
		for i := range width {
			record = append(record, first+i)
		}
	}
	inputs := record
	if e.Inputs != nil {
		inputs = make([]int, len(e.Inputs))
		for i, k := range e.Inputs {
			inputs[i] = record[k]
		}
	}
	at := d.place(inputs)
	if e.Function == nil {
		return d.average(d.records.input(at))
	}
	d.parts = append(d.parts, part{term: d.terms, function: e.Function, input: at, inputs: len(inputs)})
	d.terms += e.Function.Terms
	return len(d.parts) - 1
}

// mean resolves a mean of an expression in columns.
func (d *derivation) mean(a average) (result, error) {
	columns := 0
	r, err := d.records.compile(a.of, func(e expr) (result, error) {
		if inner, ok := e.(average); ok {
			return result{}, d.mistake(inner.at, "columns within mean(...)", "a mean within a mean")
		}
		word := e.(reference)
		if c, ok := d.constants[word.name]; ok {
			return d.constant(word, c)
		}
		columns++
		return d.recorded(word)
	})
	if err != nil {
		return result{}, err
	}
	if columns == 0 {
		return result{}, d.mistake(a.at, "a column within mean(...)", "a mean of a constant")
	}
	return d.values.input(d.average(r)), nil
}

// average returns the part that is the mean of a result of a record.
func (d *derivation) average(r result) int {
	register := d.records.register(r)
	p, ok := d.averaged[register]
	if !ok {
		p = len(d.parts)
		d.parts = append(d.parts, part{term: d.terms, register: register})
		d.terms++
		d.averaged[register] = p
	}
	return p
}

// recorded resolves the name of a column.
func (d *derivation) recorded(word reference) (result, error) {
	c, ok := FindColumn(word.name)
	if !ok {
		if _, ok := Find(word.name); ok {
			return result{}, d.mistake(word.at, "columns within mean(...)", "%s is an observable, which has no value for each record", word.name)
		}
		return result{}, d.unknown(word, "a column", columnsOf(d.model))
	}
	if err := c.Check(d.model); err != nil {
		return result{}, d.missing(word, err)
	}
	if err := d.checkIndex(word, c.Width != nil, c.width(d.model), "column", "numbers a record"); err != nil {
		return result{}, err
	}
	first, _ := d.column(word.name)
	return d.records.input(d.place([]int{first + max(0, word.index)})), nil
}

// column returns where a column, which is then one of the record's, begins and
// how many numbers it has.
func (d *derivation) column(name string) (first, width int) {
	width = mustFindColumn(name).width(d.model)
	first, ok := d.offset[name]
	if !ok {
		first = d.width
		d.offset[name] = first
		d.columns = append(d.columns, name)
		d.width += width
	}
	return first, width
}

// place returns where numbers of a record are found, one after the other,
// among the inputs of the terms. So every part is given its record in place.
func (d *derivation) place(numbers []int) int {
	for at := range len(d.inputs) - len(numbers) + 1 {
		if slices.Equal(d.inputs[at:at+len(numbers)], numbers) {
			return at
		}
	}
	d.inputs = append(d.inputs, numbers...)
	return len(d.inputs) - len(numbers)
}

func (d *derivation) constant(word reference, value float64) (result, error) {
	if word.index >= 0 {
		return result{}, d.mistake(word.at, word.name+" without an index", "%s is one number", word.name)
	}
	return result{constant: true, value: value}, nil
}

// checkIndex checks the index of the name of a kind that has so many parts.
func (d *derivation) checkIndex(word reference, many bool, width int, kind, parts string) error {
	switch {
	case !many && word.index >= 0:
		return d.mistake(word.at, word.name+" without an index", "the %s %s is one number", kind, word.name)
	case many && word.index < 0:
		return d.mistake(word.at, fmt.Sprintf("an index from 0 to %d, as %s[0]", width-1, word.name), "the %s %s has %d %s", kind, word.name, width, parts)
	case many && word.index >= width:
		return d.mistake(word.at, fmt.Sprintf("an index from 0 to %d", width-1), "%s[%d] does not exist: the %s has %d %s", word.name, word.index, kind, width, parts)
	}
	return nil
}

func (d *derivation) missing(word reference, why error) error {
	return d.mistake(word.at, "", "%s does not exist here: %v", word.name, why)
}

// unknown returns the error of a name that is neither one of those of a kind
// nor that of a constant.
func (d *derivation) unknown(word reference, kind string, names []string) error {
	valid := append(names, slices.Sorted(maps.Keys(d.constants))...)
	e := d.mistake(word.at, kind+" of the model or a constant", "unknown name %q", word.name)
	e.Suggestion, _ = param.Nearest(word.name, valid)
	return e
}

// observablesOf returns the names of the observables that exist for a model.
func observablesOf(m models.Model) []string {
	var names []string
	for _, o := range All() {
		if o.Check(m) == nil {
			names = append(names, o.Name)
		}
	}
	return names
}

// columnsOf returns the names of the columns that exist for a model.
func columnsOf(m models.Model) []string {
	var names []string
	for _, c := range columns.All() {
		if c.Check(m) == nil {
			names = append(names, c.Name)
		}
	}
	return names
}

// estimators returns the Estimators of an observable, where none are given
// those of the means of the numbers of its columns.
func estimators(o Observable, m models.Model) []Estimator {
	if o.Estimators != nil {
		return o.Estimators(m)
	}
	var list []Estimator
	for _, c := range o.Columns(m) {
		for range mustFindColumn(c).width(m) {
			list = append(list, Estimator{Inputs: []int{len(list)}})
		}
	}
	return list
}
