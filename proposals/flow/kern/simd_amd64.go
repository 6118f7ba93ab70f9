//go:build amd64 && !purego

package kern

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd asm && go run . -out ../vector_amd64.s -stubs ../vector_amd64.go -pkg kern"

// available returns the levels of this machine, the best last.
func available() []level {
	have := []level{levelGo}
	if x := &cpu.X86; x.HasAVX2 && x.HasFMA {
		have = append(have, levelAVX2)
		if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512VL {
			have = append(have, levelAVX512)
		}
	}
	return have
}

// assembly holds the functions of each level, nil for Go.
var assembly = [...]*simd{
	levelAVX2: {
		dense:        [...]func(y, x, w, b *float32, out, in, n int){denseAVX2, denseELUAVX2, denseTanhAVX2, denseReLUAVX2},
		denseInput:   [...]func(gx, g, w, y *float32, out, in, n int){denseInputAVX2, denseInputELUAVX2, denseInputTanhAVX2, denseInputReLUAVX2},
		denseWeights: denseWeightsAVX2,
		activate:     [...]func(y, x *float32, n int){nil, eluAVX2, tanhAVX2, nil, softplusAVX2, siluAVX2},
		activateGrad: [...]func(g, y *float32, n int){nil, activateGradELUAVX2, activateGradTanhAVX2, activateGradReLUAVX2, activateGradSoftplusAVX2, activateGradSiLUAVX2},
		exp:          expAVX2,
		couple:       coupleAVX2,
		uncouple:     uncoupleAVX2,
		coupleGrad:   coupleGradAVX2,
		uncoupleGrad: uncoupleGradAVX2,
	},
	levelAVX512: {
		dense:        [...]func(y, x, w, b *float32, out, in, n int){denseAVX512, denseELUAVX512, denseTanhAVX512, denseReLUAVX512},
		denseInput:   [...]func(gx, g, w, y *float32, out, in, n int){denseInputAVX512, denseInputELUAVX512, denseInputTanhAVX512, denseInputReLUAVX512},
		denseWeights: denseWeightsAVX512,
		activate:     [...]func(y, x *float32, n int){nil, eluAVX512, tanhAVX512, nil, softplusAVX512, siluAVX512},
		activateGrad: [...]func(g, y *float32, n int){nil, activateGradELUAVX512, activateGradTanhAVX512, activateGradReLUAVX512, activateGradSoftplusAVX512, activateGradSiLUAVX512},
		exp:          expAVX512,
		couple:       coupleAVX512,
		uncouple:     uncoupleAVX512,
		coupleGrad:   coupleGradAVX512,
		uncoupleGrad: uncoupleGradAVX512,
	},
}

// networkAssembly calls the assembly by its name, so that what it is given stays
// on the stack.
func networkAssembly(layers *float32, count int, x *float32, n int) {
	if inUse == levelAVX512 {
		networkELUAVX512(layers, count, x, n)
	} else {
		networkELUAVX2(layers, count, x, n)
	}
}
