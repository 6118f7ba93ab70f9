package bench

import (
	"testing"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// temperature is the critical one, where the clusters are of all sizes.
const temperature = 2.269185314213022

// BenchmarkRecord times a row of energy, magnetization and abs_magnetization,
// read and appended, and the Metropolis sweep that goes before it.
func BenchmarkRecord(b *testing.B) {
	t := temperature
	m := &models.Ising{Periodic: models.Periodic{Shape: []int{64, 64}}, Thermal: models.Thermal{Temperature: &t}, J: 1}
	if err := m.Prepare(); err != nil {
		b.Fatal(err)
	}
	random := mc.NewStream(mc.NewKey(1))
	s := m.NewState(models.Cold, random)
	kernel := new(proposals.Metropolis).Bind(m, proposals.Chain{State: s, Random: random, Tally: new(mc.Tally)})
	columns := []observables.Field{{Name: "energy", Width: 1}, {Name: "magnetization", Width: 1}, {Name: "abs_magnetization", Width: 1}}
	probe := observables.NewProbe(m, columns, s)
	row := make([]float64, 3)
	b.Run("sweep", func(b *testing.B) {
		for b.Loop() {
			kernel.Step()
		}
	})
	b.Run("record", func(b *testing.B) {
		rows := make([]float64, 0, 3*1024)
		for b.Loop() {
			if len(rows) == cap(rows) {
				rows = rows[:0]
			}
			probe.Read(row)
			rows = append(rows, row...)
		}
	})
}
