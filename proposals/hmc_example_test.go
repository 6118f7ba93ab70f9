package proposals_test

import (
	"fmt"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

// Hybrid Monte Carlo of a free field, tuned while it thermalizes. Groups call
// Tune and Freeze themselves (see [mc.Group.Run]).
func ExampleHMC() {
	m := &models.Gaussian{Mass2: 0.5}
	m.Shape = []int{8, 8}
	if err := m.Prepare(); err != nil {
		fmt.Println(err)
		return
	}

	random := mc.NewStream(mc.NewKey(2018, "example"))
	phi := m.NewState(models.Hot, random).(models.Field)
	spec := &proposals.HMC{Integrator: proposals.MinimumNorm, Jitter: 0.2}
	var tally mc.Tally
	k := spec.Bind(m, proposals.Chain{State: phi, Random: random, Tally: &tally}).(mc.Tuner)
	for range 500 {
		k.Step()
		k.Tune()
	}
	k.Freeze()

	const trajectories = 20000
	var square float64
	for range trajectories {
		k.Step()
		for _, v := range phi {
			square += v * v
		}
	}
	square /= trajectories * float64(len(phi))
	fmt.Printf("<phi^2> = %.2f, exactly %.2f\n", square, m.Exact()["phi2"])
	// Output: <phi^2> = 0.16, exactly 0.16
}
