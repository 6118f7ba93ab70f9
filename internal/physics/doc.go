// Package physics has no code, only tests: it holds the program as a whole to
// exact results of statistical mechanics that its other packages do not compute,
// or compute in another way.
//
// Each test is a run card, of which models, kernels and observables are made as
// in any run. Its chains are advanced by mcrun/mc.Group.Run and estimated by
// package mcrun/analysis. What is compared with is found here, by sums over
// states that share no code with package models; it is only asked for Kaufman's
// solution:
//
//   - Potts models of 3 and 4 colours at T_c on 3 x 3 and 3 x 4 sites, with every
//     kernel;
//   - the Ising model in a field in three dimensions, correlations included;
//   - the Ising model on 16 x 64 sites: correlation lengths, structure factors
//     and correlations along both directions, by a transfer matrix of 2^16
//     states;
//   - rings, of which all correlations are known in closed form;
//   - trees and open squares from files of couplings, with fields;
//   - spin glasses: the distribution of the overlap of two chains;
//   - improved estimators, against plain ones of the same run;
//   - the continuous dual: its normalisation, by thermodynamic integration;
//   - observables derived by expressions, against those that are built in.
//
// # How values are compared
//
// A run has 32 independent chains or pairs of chains. Their common estimate must
// be within 4.5 of its errors from the exact value, which a right program misses
// once in 150 000 times; there are some 1700 comparisons. Each chain by
// itself deviates by some of its own errors, and the sum of squares of these
// numbers must be what it is for right errors, neither larger (errors that are
// too small) nor smaller (too large), at one false alarm in 10^6 for each
// observable. Seeds are fixed, so that tests that pass go on passing until a
// kernel draws its numbers in another order. A comparison that fails then is to
// be looked at with other seeds and more of them, not with a wider bound.
package physics
