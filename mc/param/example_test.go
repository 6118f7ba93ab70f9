package param_test

import (
	"fmt"
	"time"

	"mcrun/mc/param"
)

// Langevin is a kernel with keys of its own.
type Langevin struct {
	Step     float64       `card:"step" default:"0.1" above:"0" doc:"step size"`
	Scheme   string        `card:"scheme" default:"euler" oneof:"euler heun" doc:"integrator"`
	Burst    int           `card:"burst" min:"1" doc:"steps between refreshments"`
	Target   *float64      `card:"target" above:"0" below:"1" doc:"acceptance to tune to; not tuned without it"`
	Deadline time.Duration `card:"deadline" default:"30s" doc:"time for the tuning"`
}

// Validate checks what the keys say together.
func (l *Langevin) Validate() error {
	if l.Target != nil && l.Scheme == "heun" {
		return &param.Error{Key: "target", Problem: "is for the euler scheme", Expected: "no target"}
	}
	return nil
}

func ExampleDecode() {
	table := map[string]any{"burst": 20, "scheme": "heun"}
	var l Langevin
	if errs := param.Decode(table, &l); errs != nil {
		fmt.Println(errs)
		return
	}
	fmt.Println(l.Burst, l.Scheme, l.Step, l.Target == nil, l.Deadline)
	// Output:
	// 20 heun 0.1 true 30s
}

func ExampleDecode_errors() {
	table := map[string]any{"burst": 20.0, "schme": "heun", "step": "0.2", "target": 1.5}
	for _, err := range param.Decode(table, new(Langevin)) {
		fmt.Println(err)
	}
	// Output:
	// schme: unknown key; expected step, scheme, burst, target or deadline; did you mean scheme?
	// step: is the string "0.2"; expected a number above 0; did you mean 0.2?
	// burst: is 20.0; expected a whole number at least 1; did you mean 20?
	// target: is 1.5; expected a number above 0 and below 1
}

func ExampleFields() {
	for _, f := range param.Fields(Langevin{}) {
		fmt.Printf("%-8s  %-10s  %-18s  %s\n", f.Name, f.Default, f.Range, f.Doc)
	}
	// Output:
	// step      0.1         above 0             step size
	// scheme    "euler"     "euler" or "heun"   integrator
	// burst                 at least 1          steps between refreshments
	// target                above 0 and below 1  acceptance to tune to; not tuned without it
	// deadline  "30s"                           time for the tuning
}

func ExampleEncode() {
	l := Langevin{Step: 1, Scheme: "euler", Burst: 4, Deadline: 90 * time.Second}
	for _, s := range param.Encode(&l) {
		fmt.Println(s.Key, "=", param.Format(s.Value))
	}
	// Output:
	// step = 1.0
	// scheme = "euler"
	// burst = 4
	// deadline = "1m30s"
}

func ExampleNearest() {
	fmt.Println(param.Nearest("temprature", []string{"shape", "temperature", "beta"}))
	fmt.Println(param.Nearest("mass", []string{"shape", "temperature", "beta"}))
	// Output:
	// temperature true
	//  false
}
