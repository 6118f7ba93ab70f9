package report

import (
	"encoding/json"
	"fmt"
	"slices"
)

// An Observable is what is known of one observable of a result: of one number,
// or of a function at each of its points.
type Observable struct {
	Name      string
	X         [][]float64 // arguments of a function, numbers being vectors of one; nil if the observable is one number
	Estimates []Estimate  // one, or one for each of X
	Reason    *string     // which of their numbers are unknown, and why; nil if none is
}

// An Estimate is a value with everything known about its error. What is
// unknown is nil.
type Estimate struct {
	Value        *float64
	Error        *float64 // one standard error
	TauInt       *float64 // 1/2 + sum rho, in sweeps
	TauIntError  *float64 // its standard error, in sweeps
	ESS          *float64 // effective samples of all chains
	ESSPerSecond *float64 // by the seconds of the result
	RHat         *float64 // rank-normalised, split; of derived quantities the largest of their terms
	Exact        *float64 // the exact value
	Sigmas       *float64 // (value - exact)/error
}

// A keyed number is one of an estimate, with its key in summary.json.
type keyed struct {
	key    string
	number **float64
}

// numbers returns the numbers of an estimate in the order of summary.json.
func (e *Estimate) numbers() []keyed {
	return []keyed{
		{"value", &e.Value}, {"error", &e.Error}, {"tau_int", &e.TauInt}, {"tau_int_error", &e.TauIntError}, {"ess", &e.ESS},
		{"ess_per_second", &e.ESSPerSecond}, {"rhat", &e.RHat}, {"exact", &e.Exact}, {"sigmas", &e.Sigmas},
	}
}

// Observables are the estimates of a result in the order of the card. In JSON
// they are an object, whose keys keep that order.
type Observables []Observable

// find returns the observable of a name, nil if there is none.
func (o Observables) find(name string) *Observable {
	i := slices.IndexFunc(o, func(x Observable) bool { return x.Name == name })
	if i < 0 {
		return nil
	}
	return &o[i]
}

// number returns the estimate of an observable that is one number, nil if
// there is none.
func (o Observables) number(name string) *Estimate {
	if x := o.find(name); x != nil && x.X == nil && len(x.Estimates) == 1 {
		return &x.Estimates[0]
	}
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (o Observables) MarshalJSON() ([]byte, error) {
	return marshalObject(len(o), func(i int) (string, any) { return o[i].Name, o[i] })
}

// UnmarshalJSON implements [json.Unmarshaler].
func (o *Observables) UnmarshalJSON(b []byte) error {
	*o = Observables{}
	return unmarshalObject(b, func(name string, d *json.Decoder) error {
		x := Observable{Name: name}
		err := d.Decode(&x)
		*o = append(*o, x)
		return err
	})
}

const panicEstimates = "report: an observable needs one estimate for each point"

// MarshalJSON implements [json.Marshaler]. The numbers of a function are lists
// as long as x, which is null for an observable that is one number. It panics
// if there are more or fewer estimates than points; a single number that has
// none is unknown.
func (o Observable) MarshalJSON() ([]byte, error) {
	estimates := o.Estimates
	if o.X == nil && estimates == nil {
		estimates = []Estimate{{}}
	}
	if o.X == nil && len(estimates) != 1 || o.X != nil && len(estimates) != len(o.X) {
		panic(panicEstimates)
	}
	var empty Estimate
	keys := empty.numbers()
	return marshalObject(len(keys)+2, func(i int) (string, any) {
		switch i {
		case 0:
			return "x", flat(o.X)
		case len(keys) + 1:
			return "reason", o.Reason
		}
		list := make([]*float64, len(estimates))
		for k := range estimates {
			list[k] = *estimates[k].numbers()[i-1].number
		}
		if o.X == nil {
			return keys[i-1].key, list[0]
		}
		return keys[i-1].key, list
	})
}

// flat returns points as a list of numbers if all are, and else as they are.
func flat(x [][]float64) any {
	if x == nil || slices.ContainsFunc(x, func(p []float64) bool { return len(p) != 1 }) {
		return x
	}
	list := make([]float64, len(x))
	for i, p := range x {
		list[i] = p[0]
	}
	return list
}

// UnmarshalJSON implements [json.Unmarshaler]. Without x, as in summaries of
// before there were functions, the observable is one number.
func (o *Observable) UnmarshalJSON(b []byte) error {
	all := make(map[string]json.RawMessage)
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	if err := o.unmarshalX(all["x"]); err != nil {
		return err
	}
	o.Estimates = make([]Estimate, max(1, len(o.X)))
	if o.X != nil {
		o.Estimates = o.Estimates[:len(o.X)]
	}
	var empty Estimate
	for i, n := range empty.numbers() {
		text, ok := all[n.key]
		if !ok {
			continue
		}
		list := make([]*float64, 1)
		var err error
		if o.X == nil {
			err = json.Unmarshal(text, &list[0])
		} else {
			err = json.Unmarshal(text, &list)
		}
		if err == nil && len(list) != len(o.Estimates) {
			err = fmt.Errorf("a list of %d for %d points of x; let mcrun write summary.json anew", len(list), len(o.X))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", n.key, err)
		}
		for k, x := range list {
			*o.Estimates[k].numbers()[i].number = x
		}
	}
	if text, ok := all["reason"]; ok {
		if err := json.Unmarshal(text, &o.Reason); err != nil {
			return fmt.Errorf("reason: %w", err)
		}
	}
	return nil
}

// unmarshalX reads points as flat writes them.
func (o *Observable) unmarshalX(text json.RawMessage) error {
	o.X = nil
	if text == nil {
		return nil
	}
	var numbers []float64
	if json.Unmarshal(text, &numbers) != nil {
		if err := json.Unmarshal(text, &o.X); err != nil {
			return fmt.Errorf("x: %w", err)
		}
		return nil
	}
	if numbers != nil {
		o.X = make([][]float64, len(numbers))
	}
	for i, x := range numbers {
		o.X[i] = []float64{x}
	}
	return nil
}
