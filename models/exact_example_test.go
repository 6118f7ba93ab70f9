package models_test

import (
	"fmt"

	"mcrun/mc/param"
	"mcrun/models"
)

func ExampleKaufman() {
	const beta = 1 / 2.269185314213022 // T_c
	for _, side := range []int{8, 64, 512} {
		exact := models.Kaufman(side, side, beta, 1)
		fmt.Printf("L = %3d  e = %.6f  C = %.6f\n", side, exact.Energy, exact.SpecificHeat)
	}
	// Output:
	// L =   8  e = -1.491589  C = 1.145559
	// L =  64  e = -1.423938  C = 2.192211
	// L = 512  e = -1.415429  C = 3.222908
}

func ExampleTransferMatrix() {
	// A field of 0.01 on the 8 x 8 lattice at T = 2.4.
	exact, ok := models.TransferMatrix([]int{8, 8}, 1/2.4, 1, 0.01)
	if !ok {
		fmt.Println("too expensive")
		return
	}
	fmt.Printf("<m> = %.6f, <|m|> = %.6f\n", exact.Mag, exact.AbsMag)
	fmt.Printf("Binder's U = %.6f\n", 1-exact.Mag4/(3*exact.Mag2*exact.Mag2))
	// Output:
	// <m> = 0.138051, <|m|> = 0.682534
	// Binder's U = 0.570272
}

func ExampleCountStates() {
	// One enumeration of the 4 x 4 lattice serves all temperatures.
	states, ok := models.CountStates([]int{4, 4})
	if !ok {
		fmt.Println("too many sites")
		return
	}
	for _, temperature := range []float64{1, 2, 4} {
		exact := states.Moments(1/temperature, 1, 0)
		fmt.Printf("T = %v  e = %.6f  <m^2> = %.6f\n", temperature, exact.Energy, exact.Mag2)
	}
	// Output:
	// T = 1  e = -1.997158  <m^2> = 0.998649
	// T = 2  e = -1.755380  <m^2> = 0.868922
	// T = 4  e = -0.625486  <m^2> = 0.248216
}

func ExampleEliminate() {
	// The three-state Potts model at the T_c of the square lattice, on a strip.
	temperature := 0.994972861071817
	m := &models.Potts{Q: 3, J: 1}
	m.Shape, m.Temperature = []int{4, 50}, &temperature
	if err := m.Prepare(); err != nil {
		fmt.Println(err)
		return
	}
	exact, ok := models.Eliminate(m)
	if !ok {
		fmt.Println("too expensive")
		return
	}
	fmt.Printf("e = %.6f, C = %.6f, <m^2> = %.6f\n", exact.Energy, exact.SpecificHeat, exact.Mag2)
	// Output:
	// e = -1.577359, C = 1.751138, <m^2> = 0.138187
}

func ExampleSumStates() {
	// A triangle of antiferromagnetic bonds with a tail, from a file of couplings.
	keys := map[string]any{
		"couplings": param.File{Path: "triangle.txt", Data: []byte("sites 4\n0 1 -1\n1 2 -1\n2 0 -1\n2 3 0.5\n3 0.25\n")},
		"beta":      1.0,
	}
	m := new(models.Ising)
	if errs := param.Decode(keys, m); errs != nil {
		fmt.Println(errs)
		return
	}
	if err := m.Prepare(); err != nil {
		fmt.Println(err)
		return
	}
	exact, _ := models.SumStates(m)
	fmt.Printf("frustrated: %t, ln Z = %.6f, <m> = %.6f\n", m.Frustrated(), exact.LogZ, exact.Mag)
	// Output:
	// frustrated: true, ln Z = 3.642038, <m> = 0.071119
}
