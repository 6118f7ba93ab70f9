package observables

import (
	"fmt"
	"strings"

	"mcrun/mc/param"
	"mcrun/models"
)

// Derive returns the observable of a name that is given by an expression of
// others and of means over records, as
//
//	1 - mean(magnetization^4) / (3 * mean(magnetization^2)^2)
//	susceptibility / connected_susceptibility
//	N * beta^2 * (mean(energy^2) - energy^2)
//	correlation[3] - magnetization^2
//
// The name of an observable stands for its estimate, and mean(...) for the
// mean over records of an expression in columns; means are not nested. An
// observable that is a function and a column that is a vector take an index
// from 0: correlation[i] is the i-th point of the observable, but within
// mean(...) the i-th number of the column, which holds every direction in turn
// even where the observable averages over them. Constants are N, the number of sites, beta, temperature or T, which
// is 1/beta, pi, and the numbers among the model's own keys (J, h, q, ...),
// except where a name is that of some observable or column. Numbers are
// written as in TOML. Operators are + - * / ^, of which ^ binds from right to
// left and closer than a minus before it: -x^2 is -(x^2). Functions are sqrt,
// exp, log (natural), abs, sin, cos, tanh, atanh, and min and max of two
// arguments or more.
//
// The error of the observable follows from exact derivatives by the means,
// which are 0 for abs at 0 and those of the first of the least or largest
// arguments for min and max. With a part that is estimated from pairs of
// chains it is Paired, and other parts then take the records of the same
// chains; with one that is estimated from clusters it is Improved.
//
// The error is a *param.Error without a key, which names the character of the
// expression, from 1, and a likely correction. The name must be an identifier
// that no observable or column has, and no constant or function of expressions,
// and the expression must not be constant.
//
// M is a pointer to a struct, as a [models.Spec] is, and need not be prepared.
// The observable's functions may be given other models for which Derive finds
// no error, as those of a scan are, and panic for a model for which it does.
func Derive(name, expression string, m models.Model) (Observable, error) {
	if err := checkName(name, m); err != nil {
		return Observable{}, err
	}
	tree, err := parse(expression)
	if err != nil {
		return Observable{}, err
	}
	if _, err := derive(tree, expression, m); err != nil {
		return Observable{}, err
	}
	of := func(m models.Model) *derivation {
		d, err := derive(tree, expression, m)
		if err != nil {
			panic(panicDerived + err.Error())
		}
		return d
	}
	return Observable{
		Name:    name,
		Doc:     strings.Join(strings.Fields(expression), " "),
		Columns: func(m models.Model) []string { return of(m).columns },
		Estimators: func(m models.Model) []Estimator {
			d := of(m)
			return []Estimator{{Inputs: d.inputs, Function: d.function(), Undefined: d.undefined}}
		},
	}, nil
}

const panicDerived = "observables: a derived observable does not exist for this model: "

// checkName says what is wrong with the name of a derived observable.
func checkName(name string, m models.Model) error {
	identifier := name != "" && !isDigit(name[0])
	for i := range len(name) {
		identifier = identifier && (isLetter(name[i]) || isDigit(name[i]))
	}
	if !identifier {
		return &param.Error{
			Problem:  fmt.Sprintf("%q is no name of an observable", name),
			Expected: "letters, digits and _, not beginning with a digit",
		}
	}
	_, constant := constantsOf(m)[name]
	_, function := functionOf(name)
	var why string
	switch {
	case taken(name):
		why = "taken by what mcrun measures itself"
	case constant:
		why = "a constant of expressions"
	case function || name == "mean":
		why = "a function of expressions"
	default:
		return nil
	}
	return &param.Error{
		Problem:  fmt.Sprintf("the name %q is %s", name, why),
		Expected: "a name of its own",
	}
}

// taken reports whether a name is that of an observable or a column.
func taken(name string) bool {
	_, observable := Find(name)
	_, column := FindColumn(name)
	return observable || column
}
