package kern

import "unsafe"

// A Layer is one layer of a [Network]: weights [Out, In], biases [Out], and
// room for its Out rows.
type Layer[T Float] struct {
	W, B, Y []T
	Out, In int
}

// Network computes layers in turn, each as [Dense] does from the rows of the one
// before, the first from x; act follows each but the last. It is faster than one
// layer after the other, for a few columns go through all layers while their
// rows are at hand. It panics if a layer has not as many inputs as the one before
// has outputs.
func Network[T Float](layers []Layer[T], x []T, n int, act Activation) {
	if act == ELU && len(layers) <= maxLayers && vector[T]() != nil {
		networkELU(layers, x, n)
		return
	}
	for k := range layers {
		l, a := &layers[k], act
		if k == len(layers)-1 {
			a = Identity
		}
		if k > 0 && l.In != layers[k-1].Out {
			panic(badChain)
		}
		Dense(l.Y, x, l.W, l.B, l.Out, l.In, n, a)
		x = l.Y
	}
}

const badChain = "kern: a layer has not as many inputs as the one before has outputs"

// maxLayers is the number of layers that fit on the stack of networkELU.
const maxLayers = 8

// layerPointers is what the assembly is given of a layer.
type layerPointers struct {
	w, b, y *float32
	out, in int
}

func networkELU[T Float](layers []Layer[T], x []T, n int) {
	var p [maxLayers]layerPointers
	rows := x
	for k := range layers {
		l := &layers[k]
		check(n, l.Out, l.In)
		if len(l.Y) < l.Out*n || len(rows) < l.In*n || len(l.W) < l.Out*l.In || len(l.B) < l.Out {
			panic(badLength)
		}
		if k > 0 && l.In != layers[k-1].Out {
			panic(badChain)
		}
		p[k] = layerPointers{first(l.W), first(l.B), first(l.Y), l.Out, l.In}
		rows = l.Y
	}
	if len(layers) > 0 {
		networkAssembly((*float32)(unsafe.Pointer(&p)), len(layers), first(x), n)
	}
}
