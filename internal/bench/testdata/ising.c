// The C twin of the Ising kernels: what a careful programmer gets from
//
//	gcc -O3 -march=native -o ising ising.c -lm
//
// on the same lattice, at the same temperature, with the same generator
// (xoshiro256++, in registers here) and the same ways of saving random numbers:
// one for a site and the decision there; four decisions of 16 bits, and more
// where these do not decide; 64 decisions of one probability at once, for the
// bonds of clusters. No division, thresholds computed beforehand, no branch on
// a decision. It may do what the Go kernels do not: the lattice is square, and
// sites visited in order are reached by rows, without a table of neighbours.
// It works on one site at a time, as they do.
//
//	ising KERNEL L T SECONDS
//
// with KERNEL one of random, sequential, checkerboard (Metropolis), wolff,
// swendsen-wang. Prints nanoseconds per attempted update, per flipped spin
// (wolff) or per site (swendsen-wang), in time of the processor, and the mean
// energy as a check.
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

static int side, N;
static uint8_t *spins;
static uint32_t *neighbours;          // 4 a site
static uint64_t accept[2][8];  // [own][neighbours up]
static uint64_t bond;
static uint32_t *sites, *label;

static uint64_t threshold(double p) { return p >= 1 ? UINT64_MAX : (uint64_t)(p * 0x1p64); }


// below32 decides with probability t/2^64 by 32 random bits, and 32 more where
// those equal the threshold's.
static inline int below32(rng *r, uint32_t u, uint64_t t) {
	uint32_t high = t >> 32;
	if (__builtin_expect(u == high, 0)) return (next(r) >> 32) < (uint32_t)t;
	return u < high;
}

static inline int below16(rng *r, uint16_t u, uint64_t t) {
	uint16_t high = t >> 48;
	if (__builtin_expect(u == high, 0)) return (next(r) >> 16) < (t & 0xffffffffffff);
	return u < high;
}

static void metropolis_random(rng *g) {
	rng r = *g;
	uint8_t *restrict s = spins;
	const uint32_t *restrict nbr = neighbours;
	uint32_t n = N;
	for (int k = 0; k < N; k++) {
		uint64_t w = next(&r);
		uint32_t i = (w >> 32) * n >> 32;
		const uint32_t *v = nbr + 4 * (size_t)i;
		int up = s[v[0]] + s[v[1]] + s[v[2]] + s[v[3]];
		s[i] ^= below32(&r, w, accept[s[i]][up]);
	}
	*g = r;
}

// From left to right each site depends on the one before, so the decisions for
// both states of the left neighbour are made before it is known.
static void metropolis_sequential(rng *g) {
	rng r = *g;
	uint8_t *s = spins;
	const int L = side;
	for (int y = 0; y < L; y++) {
		uint8_t *restrict m = s + (size_t)y * L;
		const uint8_t *restrict u = s + (size_t)(y == 0 ? L - 1 : y - 1) * L, *restrict d = s + (size_t)(y == L - 1 ? 0 : y + 1) * L;
		int left = m[L - 1];
		uint64_t w = 0;
		for (int x = 0; x < L; x++) {
			if ((x & 3) == 0) w = next(&r);
			int up = u[x] + d[x] + m[x == L - 1 ? 0 : x + 1], own = m[x];
			int a = below16(&r, w, accept[own][up]), b = below16(&r, w, accept[own][up + 1]);
			w >>= 16;
			left = own ^ ((a | b << 1) >> left & 1);
			m[x] = left;
		}
	}
	*g = r;
}

static void metropolis_checkerboard(rng *g) {
	rng r = *g;
	uint8_t *s = spins;
	const int L = side;
	for (int c = 0; c < 2; c++)
		for (int y = 0; y < L; y++) {
			uint8_t *restrict m = s + (size_t)y * L;
			const uint8_t *restrict u = s + (size_t)(y == 0 ? L - 1 : y - 1) * L, *restrict d = s + (size_t)(y == L - 1 ? 0 : y + 1) * L;
			uint64_t w = 0;
			int k = 0;
			for (int x = (y + c) & 1; x < L; x += 2) {
				if ((k++ & 3) == 0) w = next(&r);
				int up = u[x] + d[x] + m[x == L - 1 ? 0 : x + 1] + m[x == 0 ? L - 1 : x - 1];
				m[x] ^= below16(&r, w, accept[m[x]][up]);
				w >>= 16;
			}
		}
	*g = r;
}

// coins returns 64 decisions of probability t/2^64.
static inline uint64_t coins(rng *r, uint64_t t) {
	uint64_t yes = 0, open = UINT64_MAX;
	for (; t && open; t <<= 1) {
		uint64_t w = next(r), bit = -(t >> 63);
		yes |= open & ~w & bit;
		open &= ~(w ^ bit);
	}
	return yes | (uint64_t)1 << 63;
}

static long wolff(rng *g) {
	rng r = *g;
	uint8_t *restrict s = spins;
	const uint32_t *restrict nbr = neighbours;
	uint32_t *restrict stack = sites;
	const uint64_t join = bond;
	uint32_t seed = (unsigned __int128)next(&r) * N >> 64;
	long size = 1;
	uint8_t old = s[seed];
	s[seed] ^= 1;
	stack[0] = seed;
	uint64_t c = 1;
	for (long k = 0; k < size; k++) {
		const uint32_t *v = nbr + 4 * (size_t)stack[k];
		if (c < 16) c = coins(&r, join);
		for (int h = 0; h < 4; h++) {
			uint32_t j = v[h];
			uint8_t satisfied = s[j] == old, in = satisfied & c;
			c >>= satisfied;
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

// Every bond is handled at the site of its ends that has the higher number:
// the other one has a label then, and the site none.
static inline void merge(uint32_t i, uint32_t j) {
	uint32_t a = label[i], b = label[j];
	if (a == b) return;
	a = root(a), b = root(b);
	if (a < b) label[b] = a; else label[a] = b;
}

static void swendsen_wang(rng *g) {
	rng r = *g;
	uint8_t *restrict s = spins;
	const uint64_t join = bond;
	const int L = side, N = L * L;
	uint64_t c = 0, f = 0;
	for (int y = 0, i = 0; y < L; y++)
		for (int x = 0; x < L; x++, i++) {
			if ((i & 31) == 0) c = coins(&r, join);
			int left = x > 0 ? i - 1 : i, above = y > 0 ? i - L : i;
			int l = (x > 0) & (s[left] == s[i]) & c, a = (y > 0) & (s[above] == s[i]) & c >> 1;
			c >>= 2;
			uint32_t from[4] = {i, label[above], label[left], label[left]};
			uint32_t n = from[a + 2 * l];
			label[i] = n;
			if (l & a & (from[1] != n)) merge(i, above);
		}
	for (int i = 0; i < L; i++) {
		if ((i & 31) == 0) c = coins(&r, join);
		int j = N - L + i;
		if ((s[i] == s[j]) & c) merge(i, j);
		c >>= 1;
		j = i * L;
		if ((s[j] == s[j + L - 1]) & c) merge(j, j + L - 1);
		c >>= 1;
	}
	uint8_t *restrict flip = (uint8_t *)sites;
	for (int i = 0; i < N; i++) {
		if ((i & 63) == 0) f = next(&r);
		flip[i] = f & 1;
		uint8_t b = flip[label[i]];
		f >>= 1;
		flip[i] = b;
		s[i] ^= b;
	}
	*g = r;
}

static double energy(void) {
	long e = 0;
	for (int i = 0; i < N; i++)
		e -= 2 - 2 * ((spins[i] ^ spins[neighbours[4 * (size_t)i]]) + (spins[i] ^ spins[neighbours[4 * (size_t)i + 2]]));
	return (double)e / N;
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int argc, char **argv) {
	if (argc != 5) {
		fprintf(stderr, "usage: ising KERNEL L T SECONDS\n");
		return 2;
	}
	const char *kernel = argv[1];
	const int L = side = atoi(argv[2]);
	double beta = 1 / atof(argv[3]), seconds = atof(argv[4]);
	N = L * L;
	spins = malloc(N);
	memset(spins, 1, N);
	neighbours = malloc(4 * sizeof *neighbours * N);
	sites = malloc(sizeof *sites * (N + 4));
	label = malloc(sizeof *label * N);
	for (int i = 0; i < N; i++) {
		int x = i % L, y = i / L;
		neighbours[4 * i] = y * L + (x == L - 1 ? 0 : x + 1);
		neighbours[4 * i + 1] = y * L + (x == 0 ? L - 1 : x - 1);
		neighbours[4 * i + 2] = (y == L - 1 ? 0 : y + 1) * L + x;
		neighbours[4 * i + 3] = (y == 0 ? L - 1 : y - 1) * L + x;
	}
	// Sites visited in order are updated with 31/32 of the acceptance, as in Go.
	double most = strcmp(kernel, "random") ? 31.0 / 32 : 1;
	for (int own = 0; own < 2; own++)
		for (int up = 0; up <= 4; up++)
			accept[own][up] = threshold(most * exp(-2 * beta * fmax((2 * own - 1) * (2 * up - 4), 0)));
	bond = threshold(-expm1(-2 * beta));
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
			if (phase == 1 && (sweeps & 255) == 0) { e += energy(); measured++; }
		} while (took < limit);
	}
	printf("%.3f ns  e = %.4f\n", 1e9 * took / work, measured ? e / measured : NAN);
	return 0;
}
