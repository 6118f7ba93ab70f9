package models_test

import (
	"fmt"

	"mcrun/mc"
	"mcrun/models"
)

// A field theory by hand: the action of a configuration and the force on it.
func ExampleDifferentiable() {
	m := &models.Gaussian{Mass2: 0.25}
	m.Shape = []int{8, 8}
	if err := m.Prepare(); err != nil {
		fmt.Println(err)
		return
	}
	x := m.NewState(models.Cold, nil).(models.Field)
	x[0] = 1 // all others are 0

	action, gradient := make([]float64, 1), make([]float64, m.Dim())
	m.Gradient(x, action, gradient)
	fmt.Println("S =", action[0], "dS/dphi_0 =", gradient[0], "dS/dphi_1 =", gradient[1])
	fmt.Printf("<phi^2> = %.6f, xi = %.6f\n", m.Exact()["phi2"], m.Exact()["correlation_length"])
	// Output:
	// S = 4.25 dS/dphi_0 = 8.5 dS/dphi_1 = -2
	// <phi^2> = 0.192751, xi = 2.000000
}

// A ring of Heisenberg spins is solved by its transfer operator.
func ExampleNVector() {
	T := 0.5
	m := &models.NVector{N: 3, J: 1, Thermal: models.Thermal{Temperature: &T}}
	m.Shape = []int{16}
	if err := m.Prepare(); err != nil {
		fmt.Println(err)
		return
	}
	spins := m.NewState(models.Hot, mc.NewStream(mc.NewKey(1))).(models.Field)
	fmt.Println(len(spins), "components of", m.Sites(), "unit vectors")
	fmt.Printf("e = %.6f, C = %.6f\n", m.Exact()["energy"], m.Exact()["specific_heat"])
	// Output:
	// 48 components of 16 unit vectors
	// e = -0.537362, C = 0.696724
}
