// The C twin of the Ising kernels: what a careful programmer gets from
//
//	gcc -O3 -march=native -o ising ising.c -lm
//
// on the same lattice, at the same temperature and with the same generator
// (xoshiro256++, inlined). No division, no modulo, thresholds computed
// beforehand, no branch on anything random. Both sides of the comparison
// know only what their run needs: the lattice is square and periodic, its
// side is given at run time.
//
//	ising KERNEL L T SECONDS
//
// with KERNEL one of random, sequential, checkerboard (Metropolis), wolff,
// swendsen-wang. Prints nanoseconds per attempted update, per flipped spin
// (wolff) or per site (swendsen-wang), and the mean energy as a check.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct { uint64_t a, b, c, d; } rng;

static inline uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static inline uint64_t next(rng *r) {
	uint64_t v = rotl(r->a + r->d, 23) + r->a, t = r->b << 17;
	r->c ^= r->a;
	r->d ^= r->b;
	r->b ^= r->c;
	r->a ^= r->d;
	r->c ^= t;
	r->d = rotl(r->d, 45);
	return v;
}

static int L, N;
static uint8_t *s;
static uint32_t *nbr;          // 4 a site
static uint64_t accept[2][8];  // [own][neighbours up]
static uint64_t join;
static uint32_t *stack, *label;

static uint64_t threshold(double p) { return p >= 1 ? UINT64_MAX : (uint64_t)(p * 0x1p64); }

static void metropolis_random(rng *g) {
	rng r = *g;
	uint32_t n = N;
	for (int k = 0; k < N; k += 2) {
		uint64_t w = next(&r);
		uint32_t site[2] = {(uint64_t)(uint32_t)w * n >> 32, (w >> 32) * n >> 32};
		for (int h = 0; h < 2; h++) {
			uint32_t i = site[h];
			const uint32_t *v = nbr + 4 * (size_t)i;
			int up = s[v[0]] + s[v[1]] + s[v[2]] + s[v[3]];
			s[i] ^= next(&r) < accept[s[i]][up];
		}
	}
	*g = r;
}

// One row; left to right each site depends on the one before, so both
// outcomes for the left neighbour are looked up before it is known.
static inline rng row(rng r, uint8_t *restrict m, const uint8_t *restrict u, const uint8_t *restrict d, int from, int step) {
	int last = L - 1;
	for (int x = from; x < L; x += step) {
		int left = m[x == 0 ? last : x - 1], right = m[x == last ? 0 : x + 1];
		m[x] ^= next(&r) < accept[m[x]][u[x] + d[x] + left + right];
	}
	return r;
}

static void metropolis_sequential(rng *g) {
	rng r = *g;
	for (int y = 0; y < L; y++) {
		uint8_t *m = s + (size_t)y * L;
		r = row(r, m, s + (size_t)(y == 0 ? L - 1 : y - 1) * L, s + (size_t)(y == L - 1 ? 0 : y + 1) * L, 0, 1);
	}
	*g = r;
}

static void metropolis_checkerboard(rng *g) {
	rng r = *g;
	for (int c = 0; c < 2; c++)
		for (int y = 0; y < L; y++) {
			uint8_t *m = s + (size_t)y * L;
			r = row(r, m, s + (size_t)(y == 0 ? L - 1 : y - 1) * L, s + (size_t)(y == L - 1 ? 0 : y + 1) * L, (y + c) & 1, 2);
		}
	*g = r;
}

static long wolff(rng *g) {
	rng r = *g;
	uint32_t seed = (unsigned __int128)next(&r) * N >> 64;
	long size = 1;
	uint8_t old = s[seed];
	s[seed] ^= 1;
	stack[0] = seed;
	for (long k = 0; k < size; k++) {
		const uint32_t *v = nbr + 4 * (size_t)stack[k];
		for (int h = 0; h < 4; h++) {
			uint32_t j = v[h];
			uint8_t in = (s[j] == old) & (next(&r) < join);
			s[j] ^= in;
			stack[size] = j;
			size += in;
		}
	}
	*g = r;
	return size;
}

static uint32_t root(uint32_t i) {
	while (label[i] != i) {
		label[i] = label[label[i]];
		i = label[i];
	}
	return i;
}

static void swendsen_wang(rng *g) {
	rng r = *g;
	for (int i = 0; i < N; i++) label[i] = i;
	for (int i = 0; i < N; i++)
		for (int h = 0; h < 4; h += 2) {
			uint32_t j = nbr[4 * (size_t)i + h];
			if ((s[i] == s[j]) & (next(&r) < join)) {
				uint32_t a = root(i), b = root(j);
				if (a < b) label[b] = a; else label[a] = b;
			}
		}
	for (int i = 0; i < N; i++) {
		if (label[i] == (uint32_t)i) {
			stack[i] = next(&r) >> 63;
		} else {
			label[i] = label[label[i]];
			stack[i] = stack[label[i]];
		}
		s[i] ^= stack[i];
	}
	*g = r;
}

static double energy(void) {
	long e = 0;
	for (int i = 0; i < N; i++)
		e -= 2 - 2 * ((s[i] ^ s[nbr[4 * (size_t)i]]) + (s[i] ^ s[nbr[4 * (size_t)i + 2]]));
	return (double)e / N;
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int argc, char **argv) {
	if (argc != 5) {
		fprintf(stderr, "usage: ising KERNEL L T SECONDS\n");
		return 2;
	}
	const char *kernel = argv[1];
	L = atoi(argv[2]);
	double beta = 1 / atof(argv[3]), seconds = atof(argv[4]);
	N = L * L;
	s = malloc(N);
	memset(s, 1, N);
	nbr = malloc(4 * sizeof *nbr * N);
	stack = malloc(sizeof *stack * (N + 4));
	label = malloc(sizeof *label * N);
	for (int i = 0; i < N; i++) {
		int x = i % L, y = i / L;
		nbr[4 * i] = y * L + (x == L - 1 ? 0 : x + 1);
		nbr[4 * i + 1] = y * L + (x == 0 ? L - 1 : x - 1);
		nbr[4 * i + 2] = (y == L - 1 ? 0 : y + 1) * L + x;
		nbr[4 * i + 3] = (y == 0 ? L - 1 : y - 1) * L + x;
	}
	for (int own = 0; own < 2; own++)
		for (int up = 0; up <= 4; up++)
			accept[own][up] = threshold(31.0 / 32 * exp(-2 * beta * (2 * own - 1) * (2 * up - 4)) );
	for (int own = 0; own < 2; own++)
		for (int up = 0; up <= 4; up++)
			if ((2 * own - 1) * (2 * up - 4) <= 0) accept[own][up] = threshold(!strcmp(kernel, "random") ? 1 : 31.0 / 32);
			else if (!strcmp(kernel, "random")) accept[own][up] = threshold(exp(-2 * beta * (2 * own - 1) * (2 * up - 4)));
	join = threshold(-expm1(-2 * beta));
	rng r = {1, 2, 3, 4};
	for (int i = 0; i < 100; i++) next(&r);

	double work = 0, e = 0, start = 0, took = 0;
	long sweeps = 0, measured = 0;
	for (int phase = 0; phase < 2; phase++) { // thermalize, then measure
		double limit = phase == 0 ? seconds / 4 : seconds;
		work = 0;
		start = now();
		do {
			for (int k = 0; k < 16; k++) {
				if (!strcmp(kernel, "wolff")) work += wolff(&r);
				else {
					work += N;
					if (!strcmp(kernel, "random")) metropolis_random(&r);
					else if (!strcmp(kernel, "sequential")) metropolis_sequential(&r);
					else if (!strcmp(kernel, "checkerboard")) metropolis_checkerboard(&r);
					else if (!strcmp(kernel, "swendsen-wang")) swendsen_wang(&r);
					else return 2;
				}
				sweeps++;
			}
			took = now() - start;
			if (phase == 1 && (sweeps & 1023) == 0) { e += energy(); measured++; }
		} while (took < limit);
	}
	printf("%.3f ns  e = %.4f\n", 1e9 * took / work, measured ? e / measured : NAN);
	return 0;
}
