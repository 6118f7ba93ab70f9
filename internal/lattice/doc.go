// Package lattice does the arithmetic of arrays of numbers on periodic
// lattices that takes most of the time of field theories: sums over
// neighbours, with what is made of them in the same pass, and Fourier
// transforms.
//
// An array holds the numbers of all sites in row-major order, those of one site
// together; the last coordinate runs fastest. A lattice is given by its sides,
// each 2 or longer; a side of 2 counts the neighbour twice.
//
// Results are the same bits on every machine. Vector instructions do to each
// number what the plain Go code does, fused multiplications and additions
// included, and sums over all sites are taken in the same order.
package lattice
