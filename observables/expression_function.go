package observables

import (
	"slices"

	"mcrun/analysis"
)

// function returns the function of the parts. It has a Gradient if all parts
// have theirs.
func (d *derivation) function() *analysis.Function {
	f := &analysis.Function{Terms: d.terms, Term: d.term(), Value: d.value}
	unknown := func(p part) bool { return p.function != nil && p.function.Gradient == nil }
	if !slices.ContainsFunc(d.parts, unknown) {
		f.Gradient = d.gradient
	}
	return f
}

// registersOnStack is the number of registers that a record's program may have
// without memory being taken for each record.
const registersOnStack = 32

// term returns what writes the terms of a record. It is called for every
// record of a series, at the same time for several if need be.
func (d *derivation) term() func(record, terms []float64) {
	var others, averages []part
	for _, p := range d.parts {
		if p.function != nil {
			others = append(others, p)
		} else {
			averages = append(averages, p)
		}
	}
	code := d.records.code
	return func(record, terms []float64) {
		for i := range others {
			p := &others[i]
			p.function.Term(p.record(record), p.termsOf(terms))
		}
		if len(averages) == 0 {
			return
		}
		var stack [registersOnStack]float64
		registers := stack[:]
		if len(code) > len(stack) {
			registers = make([]float64, len(code))
		}
		code.run(record, registers)
		for i := range averages {
			terms[averages[i].term] = registers[averages[i].register]
		}
	}
}

// record returns the part's record.
func (p *part) record(inputs []float64) []float64 { return inputs[p.input : p.input+p.inputs] }

// termsOf returns the part's among all terms.
func (p *part) termsOf(terms []float64) []float64 {
	if p.function == nil {
		return terms[p.term : p.term+1]
	}
	return terms[p.term : p.term+p.function.Terms]
}

// evaluate returns the registers of the whole.
func (d *derivation) evaluate(means []float64) []float64 {
	values := make([]float64, len(d.parts))
	for i := range d.parts {
		p := &d.parts[i]
		if values[i] = means[p.term]; p.function != nil {
			values[i] = p.function.Value(p.termsOf(means))
		}
	}
	registers := make([]float64, len(d.values.code))
	d.values.code.run(values, registers)
	return registers
}

func (d *derivation) value(means []float64) float64 { return d.evaluate(means)[d.result] }

func (d *derivation) gradient(means, grad []float64) {
	slopes := d.values.code.gradient(d.evaluate(means), d.result, len(d.parts))
	for i := range d.parts {
		p, s := &d.parts[i], slopes[i]
		own := p.termsOf(grad)
		if p.function == nil {
			own[0] = s
			continue
		}
		if s == 0 {
			clear(own) // even if the part's derivatives are not finite
			continue
		}
		p.function.Gradient(p.termsOf(means), own)
		for k := range own {
			own[k] *= s
		}
	}
}
