package proposals

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

// The series of a card are to be equal to the bit from one version to the next,
// unless the notes of a release say otherwise. Each kernel is held to the spins,
// the tally and the next random number that it leaves behind: of the Ising model
// those of its first version.
func TestRegress(t *testing.T) {
	var all []models.PairCoupled
	for _, p := range []struct {
		beta, j, h float64
		shape      []int
	}{
		{criticalBeta, 1, 0, []int{16, 16}},
		{1 / 1.5, 1, -0.3, []int{16, 24}},
		{0.3, -1, 0.2, []int{7, 9}},
		{criticalBeta, -1, 0, []int{5, 5}},
		{0.2, 1, 0.1, []int{4, 5, 6}},
		{0.7, 1, 0, []int{40}},
	} {
		all = append(all, squareIsing(t, p.beta, p.j, p.h, p.shape...))
	}
	all = append(all,
		pottsOn(3, 1, 1, 16, 16), pottsOn(4, 0.8, -1, 7, 9), pottsOn(5, 0.4, 1, 4, 5, 6),
		spinOneOn(0.6, 1, 0.5, 0.1, 16, 16), glass(0.6, false, 0.5, 16, 16), glass(0.6, true, 0.3, 4, 5, 6),
		clockOn(6, 1.2, 1, 16, 16), clockOn(5, 0.8, -1, 7, 9))
	for n, m := range all {
		for _, spec := range []Spec{
			&Metropolis{Order: Random}, &Metropolis{Order: Sequential}, &Metropolis{Order: Checkerboard},
			&HeatBath{Random}, &HeatBath{Sequential}, &HeatBath{Checkerboard},
			new(Wolff), new(SwendsenWang),
		} {
			if spec.Check(m) != nil {
				continue
			}
			name := fmt.Sprintf("%d %T%v", n, spec, spec)
			if got := fingerprint(m, spec); got != regress[name] {
				t.Errorf("%q: %#016x,", name, got)
			}
		}
	}
}

// fingerprint returns a hash of what 20 sweeps leave behind.
func fingerprint(m models.Model, spec Spec) uint64 {
	random := mc.NewStream(mc.NewKey(2018, "regress"))
	spins := m.NewState(models.Hot, random).(models.Spins)
	var tally mc.Tally
	kernel := spec.Bind(m, Chain{State: spins, Random: random, Tally: &tally})
	for range 20 {
		kernel.Step()
	}
	h := fnv.New64a()
	h.Write(spins)
	for _, v := range []uint64{tally.Proposed, tally.Accepted, random.Uint64()} {
		h.Write(binary.LittleEndian.AppendUint64(nil, v))
	}
	return h.Sum64()
}

var regress = map[string]uint64{
	"0 *proposals.Metropolis&{random <nil>}":        0x6ce06fa354949ad1,
	"0 *proposals.Metropolis&{sequential <nil>}":    0x5b1fe81448c6efc0,
	"0 *proposals.Metropolis&{checkerboard <nil>}":  0x75b2721b44b5ea37,
	"0 *proposals.HeatBath&{random}":                0x0af96b0da20d30e2,
	"0 *proposals.HeatBath&{sequential}":            0x91daae80f8526ee1,
	"0 *proposals.HeatBath&{checkerboard}":          0x4a01a2de32cfdf3a,
	"0 *proposals.Wolff&{}":                         0x2e777278bb41218e,
	"0 *proposals.SwendsenWang&{}":                  0x27829b08ce5a7a77,
	"1 *proposals.Metropolis&{random <nil>}":        0x81968960d6d332eb,
	"1 *proposals.Metropolis&{sequential <nil>}":    0xfc909c366b4a021d,
	"1 *proposals.Metropolis&{checkerboard <nil>}":  0x93515785a69458d3,
	"1 *proposals.HeatBath&{random}":                0x7b6a83d307e5af0a,
	"1 *proposals.HeatBath&{sequential}":            0x4bbf1d5fa3ea1501,
	"1 *proposals.HeatBath&{checkerboard}":          0x39c2b2b7cf5a0eb3,
	"1 *proposals.Wolff&{}":                         0x6da5bf531a5b3ca5,
	"1 *proposals.SwendsenWang&{}":                  0x39a2e1cd4f905184,
	"2 *proposals.Metropolis&{random <nil>}":        0x7c508d3920ec9b7c,
	"2 *proposals.Metropolis&{sequential <nil>}":    0x681d86848a39d836,
	"2 *proposals.Metropolis&{checkerboard <nil>}":  0x211ec8fd196b9670,
	"2 *proposals.HeatBath&{random}":                0x0a76219c4b6e57b4,
	"2 *proposals.HeatBath&{sequential}":            0x1f94fae51c1d5859,
	"2 *proposals.HeatBath&{checkerboard}":          0xdbbea80ab0b75a1b,
	"2 *proposals.Wolff&{}":                         0x247f7bf451a6f2fd,
	"2 *proposals.SwendsenWang&{}":                  0x0c9a79626aa46c7d,
	"3 *proposals.Metropolis&{random <nil>}":        0xfc42c7b6660901b6,
	"3 *proposals.Metropolis&{sequential <nil>}":    0x4d7eda25a803bf0c,
	"3 *proposals.Metropolis&{checkerboard <nil>}":  0x913bb294fcb43f97,
	"3 *proposals.HeatBath&{random}":                0x477f1162e36e6ea8,
	"3 *proposals.HeatBath&{sequential}":            0x504d48381ece7f6b,
	"3 *proposals.HeatBath&{checkerboard}":          0xb4b5eb34dd5ee15f,
	"3 *proposals.Wolff&{}":                         0xe36477f3bdf4520e,
	"3 *proposals.SwendsenWang&{}":                  0xa5c2f23d0aa0da58,
	"4 *proposals.Metropolis&{random <nil>}":        0x869155974332a36e,
	"4 *proposals.Metropolis&{sequential <nil>}":    0xbfa59427e23af174,
	"4 *proposals.Metropolis&{checkerboard <nil>}":  0x55db2e9158f6e831,
	"4 *proposals.HeatBath&{random}":                0x8d7deb7d8f8f4d86,
	"4 *proposals.HeatBath&{sequential}":            0x38623c1202fe5708,
	"4 *proposals.HeatBath&{checkerboard}":          0xe778740ce83d3e1c,
	"4 *proposals.Wolff&{}":                         0x94b2bcaa74f36beb,
	"4 *proposals.SwendsenWang&{}":                  0x85570a99880e92c5,
	"5 *proposals.Metropolis&{random <nil>}":        0xa27a64ab770625e7,
	"5 *proposals.Metropolis&{sequential <nil>}":    0x89bf65ab4d6bc4a9,
	"5 *proposals.Metropolis&{checkerboard <nil>}":  0x90a31e71fe17e9c1,
	"5 *proposals.HeatBath&{random}":                0xd8e7d0e2920a6049,
	"5 *proposals.HeatBath&{sequential}":            0x915aafb79d67d549,
	"5 *proposals.HeatBath&{checkerboard}":          0x934dc34206591379,
	"5 *proposals.Wolff&{}":                         0xffb03cc2abd15865,
	"5 *proposals.SwendsenWang&{}":                  0x52f383133c3d0ff1,
	"6 *proposals.Metropolis&{random <nil>}":        0xb19dcc4c5cce5bf1,
	"6 *proposals.Metropolis&{sequential <nil>}":    0xdda92dda8c1a3cf1,
	"6 *proposals.Metropolis&{checkerboard <nil>}":  0xa52e14dd4c62fb32,
	"6 *proposals.HeatBath&{random}":                0x402a6d3d44b8bee8,
	"6 *proposals.HeatBath&{sequential}":            0xe32b03f473cae11a,
	"6 *proposals.HeatBath&{checkerboard}":          0x43a61d38d84b280d,
	"6 *proposals.Wolff&{}":                         0x8074d56b06e7c78b,
	"6 *proposals.SwendsenWang&{}":                  0x9f6ecf74dbef67b8,
	"7 *proposals.Metropolis&{random <nil>}":        0x46a73f9794f43ed9,
	"7 *proposals.Metropolis&{sequential <nil>}":    0x943eff0ad2a94495,
	"7 *proposals.Metropolis&{checkerboard <nil>}":  0x1eef8744b86db604,
	"7 *proposals.HeatBath&{random}":                0xd9d7d5910c24c8ff,
	"7 *proposals.HeatBath&{sequential}":            0xe4b3c702869dffab,
	"7 *proposals.HeatBath&{checkerboard}":          0x4240289c8d813d9b,
	"8 *proposals.Metropolis&{random <nil>}":        0xb711896d2f9e4149,
	"8 *proposals.Metropolis&{sequential <nil>}":    0x910c203299eeb4ae,
	"8 *proposals.Metropolis&{checkerboard <nil>}":  0x7a904b34ea202ec6,
	"8 *proposals.HeatBath&{random}":                0x47648fcd0b235278,
	"8 *proposals.HeatBath&{sequential}":            0xd4a311c1bd7807ea,
	"8 *proposals.HeatBath&{checkerboard}":          0xe721b9a45decd618,
	"8 *proposals.Wolff&{}":                         0x46e4c2ef6e190fda,
	"8 *proposals.SwendsenWang&{}":                  0x530f506589f45e78,
	"9 *proposals.Metropolis&{random <nil>}":        0x73bf8e3cad91ced7,
	"9 *proposals.Metropolis&{sequential <nil>}":    0x53abb985e02e4ba9,
	"9 *proposals.Metropolis&{checkerboard <nil>}":  0x2ac0c31618648e7e,
	"9 *proposals.HeatBath&{random}":                0x9449616bf45b371b,
	"9 *proposals.HeatBath&{sequential}":            0xa72138ecb90d272f,
	"9 *proposals.HeatBath&{checkerboard}":          0x6a67e7f12a6b8d74,
	"9 *proposals.Wolff&{}":                         0x27102a41636641de,
	"9 *proposals.SwendsenWang&{}":                  0x044a40874f83bccd,
	"10 *proposals.Metropolis&{random <nil>}":       0x8619640492283337,
	"10 *proposals.Metropolis&{sequential <nil>}":   0x31f813243ff848d8,
	"10 *proposals.Metropolis&{checkerboard <nil>}": 0x04d85dd3c4884558,
	"10 *proposals.HeatBath&{random}":               0xe56ad3cd1cce2c20,
	"10 *proposals.HeatBath&{sequential}":           0xe1cc35ceee293eac,
	"10 *proposals.HeatBath&{checkerboard}":         0x46dc75ab40be07bd,
	"10 *proposals.Wolff&{}":                        0x5236564a7305fe9a,
	"10 *proposals.SwendsenWang&{}":                 0x26d5fc59b01817e0,
	"11 *proposals.Metropolis&{random <nil>}":       0x1bc611a3f3649a21,
	"11 *proposals.Metropolis&{sequential <nil>}":   0xcad958467d85fbc9,
	"11 *proposals.Metropolis&{checkerboard <nil>}": 0x9a86be95b64ca08d,
	"11 *proposals.HeatBath&{random}":               0xfd184e6777b05a73,
	"11 *proposals.HeatBath&{sequential}":           0x71fa78ee82803074,
	"11 *proposals.HeatBath&{checkerboard}":         0x5d080dae912eee95,
	"11 *proposals.Wolff&{}":                        0x89e42e44b6f02856,
	"11 *proposals.SwendsenWang&{}":                 0x5458e33c59960639,
	"12 *proposals.Metropolis&{random <nil>}":       0xbaf396821a2b4c61,
	"12 *proposals.Metropolis&{sequential <nil>}":   0x310ef606d3b4386b,
	"12 *proposals.Metropolis&{checkerboard <nil>}": 0x1f92d03db578d404,
	"12 *proposals.HeatBath&{random}":               0x0bb1f5d78a70f4bc,
	"12 *proposals.HeatBath&{sequential}":           0x2583d8cf6a0d3068,
	"12 *proposals.HeatBath&{checkerboard}":         0x660d991c231c789b,
	"12 *proposals.Wolff&{}":                        0x18f881c46f5a4cf5,
	"12 *proposals.SwendsenWang&{}":                 0x5585694c0ee209bd,
	"13 *proposals.Metropolis&{random <nil>}":       0xf011988e90978a00,
	"13 *proposals.Metropolis&{sequential <nil>}":   0x6b747c4dc3648204,
	"13 *proposals.Metropolis&{checkerboard <nil>}": 0x13ea9ced2df5ce8c,
	"13 *proposals.HeatBath&{random}":               0x4645a5587bbdeed2,
	"13 *proposals.HeatBath&{sequential}":           0x7d7bbf6a05a0d456,
	"13 *proposals.HeatBath&{checkerboard}":         0xfcd4b2f785c99313,
	"13 *proposals.Wolff&{}":                        0x6ba840914d3a7232,
	"13 *proposals.SwendsenWang&{}":                 0x5310918d0206d9b4,
}
