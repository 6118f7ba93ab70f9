package kern

// Dense is a layer of a network,
//
//	y[o] = act(b[o] + sum_i w[o*in+i] x[i])
//
// on rows of n columns: x has in rows, y has out.
func Dense[T Float](y, x, w, b []T, out, in, n int, act Activation) {
	check(n, out, in)
	if len(y) < out*n || len(x) < in*n || len(w) < out*in || len(b) < out {
		panic(badLength)
	}
	if act >= activations {
		panic(badActivation)
	}
	v := vector[T]()
	switch {
	case v == nil:
		denseGo(y[:out*n], x[:in*n], w[:out*in], b[:out], out, in, n, act)
	case int(act) < len(v.dense):
		v.dense[act](first(y), first(x), first(w), first(b), out, in, n)
	default:
		v.dense[Identity](first(y), first(x), first(w), first(b), out, in, n)
		v.activate[act](first(y), first(y), out*n)
	}
}

// DenseInput is the adjoint of [Dense] to its input: given g, the gradient to
// the sums that a layer forms, it returns the gradient to the sums of the layer
// below,
//
//	gx[i] = act'(y[i]) sum_o w[o*in+i] g[o],
//
// where act is the activation of the layer below and y, of in rows, what
// [ActivateGrad] needs of it: the layer's input, or for SiLU the sums that the
// input came from. With Identity, for the input itself, y is not read.
func DenseInput[T Float](gx, g, w, y []T, out, in, n int, act Activation) {
	check(n, out, in)
	if len(gx) < in*n || len(g) < out*n || len(w) < out*in || act != Identity && len(y) < in*n {
		panic(badLength)
	}
	if act >= activations {
		panic(badActivation)
	}
	if act != Identity {
		y = y[:in*n]
	}
	v := vector[T]()
	switch {
	case v == nil:
		denseInputGo(gx[:in*n], g[:out*n], w[:out*in], y, out, in, n, act)
	case int(act) < len(v.denseInput):
		v.denseInput[act](first(gx), first(g), first(w), first(y), out, in, n)
	default:
		v.denseInput[Identity](first(gx), first(g), first(w), nil, out, in, n)
		v.activateGrad[act](first(gx), first(y), in*n)
	}
}

// DenseWeights is the adjoint of [Dense] to its weights, summed over columns:
//
//	gw[o*in+i] += sum_c g[o,c] x[i,c],   gb[o] += sum_c g[o,c].
//
// The sum of a call is formed first and then added.
func DenseWeights[T Float](gw, gb, g, x []T, out, in, n int) {
	check(n, out, in)
	if len(gw) < out*in || len(gb) < out || len(g) < out*n || len(x) < in*n {
		panic(badLength)
	}
	if v := vector[T](); v != nil {
		v.denseWeights(first(gw), first(gb), first(g), first(x), out, in, n)
		return
	}
	denseWeightsGo(gw[:out*in], gb[:out], g[:out*n], x[:in*n], out, in, n)
}

func denseGo[T Float](y, x, w, b []T, out, in, n int, act Activation) {
	for o := range out {
		row := y[o*n:][:n]
		for c := range row {
			row[c] = b[o]
		}
		addRows(row, x, w[o*in:], 1, in, n)
	}
	activateGo(y, y, act)
}

func denseInputGo[T Float](gx, g, w, y []T, out, in, n int, act Activation) {
	for i := range in {
		row := gx[i*n:][:n]
		clear(row)
		addRows(row, g, w[i:], in, out, n)
	}
	if act != Identity {
		activateGradGo(gx, y, act)
	}
}

// addRows adds w[k*stride] times row k of x to y, for all rows k.
func addRows[T Float](y, x, w []T, stride, rows, n int) {
	k := 0
	for ; k+4 <= rows; k += 4 { // four at a time spare loads and stores of y
		w0, w1, w2, w3 := w[k*stride], w[(k+1)*stride], w[(k+2)*stride], w[(k+3)*stride]
		x0, x1 := x[k*n:][:len(y)], x[(k+1)*n:][:len(y)]
		x2, x3 := x[(k+2)*n:][:len(y)], x[(k+3)*n:][:len(y)]
		for c := range y {
			y[c] += w0*x0[c] + w1*x1[c] + (w2*x2[c] + w3*x3[c])
		}
	}
	for ; k < rows; k++ {
		v := w[k*stride]
		row := x[k*n:][:len(y)]
		for c := range y {
			y[c] += v * row[c]
		}
	}
}

func denseWeightsGo[T Float](gw, gb, g, x []T, out, in, n int) {
	for o := range out {
		row := g[o*n:][:n]
		var sum T
		for _, v := range row {
			sum += v
		}
		gb[o] += sum
		w := gw[o*in:][:in]
		i := 0
		for ; i+4 <= in; i += 4 { // four sums do not wait for each other
			x0, x1 := x[i*n:][:len(row)], x[(i+1)*n:][:len(row)]
			x2, x3 := x[(i+2)*n:][:len(row)], x[(i+3)*n:][:len(row)]
			var s0, s1, s2, s3 T
			for c, v := range row {
				s0 += v * x0[c]
				s1 += v * x1[c]
				s2 += v * x2[c]
				s3 += v * x3[c]
			}
			w[i] += s0
			w[i+1] += s1
			w[i+2] += s2
			w[i+3] += s3
		}
		for ; i < in; i++ {
			xi := x[i*n:][:len(row)]
			var s T
			for c, v := range row {
				s += v * xi[c]
			}
			w[i] += s
		}
	}
}
