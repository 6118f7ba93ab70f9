// The C twin of the kernels of fields: what a careful programmer gets from
//
//	gcc -O3 -march=native -fopenmp-simd -o field field.c -lm
//
// for the same algorithms as in Go on the square lattice, with the same
// generator (xoshiro256++, in registers here). It may do what the Go kernels do
// not: the lattice is square and reached by rows without a table of neighbours,
// no index is checked, and products and sums are fused. A trajectory of hybrid
// Monte Carlo makes one pass over the lattice a step: a row drifts, then the one
// above it, all of whose neighbours have drifted, is kicked. The compiler makes
// vectors of the loops along rows.
//
//	field MODEL KERNEL L SECONDS
//
// with MODEL phi4 (mass2 = -4, lambda = 4.572) or xy (T = 0.9) and KERNEL one of
// leapfrog, minimum-norm (trajectories of time 1, in steps of 0.05 and 0.1: twenty
// gradients), metropolis, heat-bath, over-relaxation, all in checkerboard order.
// Prints nanoseconds per site and gradient, or per site, in time of the
// processor, the mean action per site as a check, and the acceptance.
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

static inline double uniform(rng *r) { return (next(r) >> 11) * 0x1p-53; }

// Normal variates by the ziggurat of G. Marsaglia and W. W. Tsang, J. Stat.
// Softw. 5, 8 (2000), with 256 layers and 52 bits.
enum { LAYERS = 256 };
static double edge[LAYERS + 1], height[LAYERS + 1];
static const double tail = 3.6541528853610088, area = 0.004928673233974655;

static void make_ziggurat(void) {
	edge[0] = area / exp(-tail * tail / 2);
	edge[1] = tail;
	for (int i = 2; i < LAYERS; i++)
		edge[i] = sqrt(-2 * log(area / edge[i - 1] + exp(-edge[i - 1] * edge[i - 1] / 2)));
	edge[LAYERS] = 0;
	for (int i = 0; i <= LAYERS; i++) height[i] = exp(-edge[i] * edge[i] / 2);
}

static __attribute__((noinline)) int rejected(rng *r, int i, double *v) {
	if (i == 0) {
		double x, y;
		do {
			x = -log(1 - uniform(r)) / tail;
			y = -log(1 - uniform(r));
		} while (2 * y < x * x);
		*v = *v < 0 ? -tail - x : tail + x;
		return 0;
	}
	return height[i] + uniform(r) * (height[i + 1] - height[i]) >= exp(-*v * *v / 2);
}

static inline double normal(rng *r) {
	for (;;) {
		uint64_t w = next(r);
		int i = w & (LAYERS - 1);
		double v = ((int64_t)w >> 12) * 0x1p-51 * edge[i];
		if (__builtin_expect(fabs(v) < edge[i + 1], 1)) return v;
		if (!rejected(r, i, &v)) return v;
	}
}

static inline int accepts(rng *r, double dS) {
	if (dS <= 0) return 1;
	double u = uniform(r);
	if (u < 1 - dS) return 1;
	if (u * (1 + dS * (1 + dS / 2)) > 1) return 0;
	return u < exp(-dS);
}

static int L, N;
static double *x, *p, *old;
static double K, A, B, width;
static double tried, accepted;

// Phi^4: hybrid Monte Carlo.

static inline void drift_row(double *restrict q, const double *restrict v, double t) {
	for (int i = 0; i < L; i++) q[i] += t * v[i];
}

static inline double force(double v, double hop) { return v * (2 * A + 4 * B * v * v) - K * hop; }

static inline void kick_row(double *restrict v, const double *restrict q, const double *restrict u, const double *restrict d, double t) {
	v[0] -= t * force(q[0], u[0] + d[0] + q[L - 1] + q[1]);
	for (int i = 1; i < L - 1; i++) v[i] -= t * force(q[i], u[i] + d[i] + q[i - 1] + q[i + 1]);
	v[L - 1] -= t * force(q[L - 1], u[L - 1] + d[L - 1] + q[L - 2] + q[0]);
}

static void leap(double drift, double kick) {
	drift_row(x, p, drift);
	drift_row(x + N - L, p + N - L, drift);
	for (int y = 0; y < L; y++) {
		if (y < L - 2) drift_row(x + (y + 1) * L, p + (y + 1) * L, drift);
		kick_row(p + y * L, x + y * L, x + (y == 0 ? N - L : (y - 1) * L), x + (y == L - 1 ? 0 : (y + 1) * L), kick);
	}
}

static void kick(double t) {
	for (int y = 0; y < L; y++)
		kick_row(p + y * L, x + y * L, x + (y == 0 ? N - L : (y - 1) * L), x + (y == L - 1 ? 0 : (y + 1) * L), t);
}

static double action(void) {
	double sum = 0;
	for (int y = 0; y < L; y++) {
		const double *restrict q = x + y * L, *restrict d = x + (y == L - 1 ? 0 : (y + 1) * L);
#pragma omp simd reduction(+ : sum)
		for (int i = 0; i < L - 1; i++) sum += q[i] * (q[i] * (A + B * q[i] * q[i]) - K * (q[i + 1] + d[i]));
		sum += q[L - 1] * (q[L - 1] * (A + B * q[L - 1] * q[L - 1]) - K * (q[0] + d[L - 1]));
	}
	return sum;
}

static double kinetic(void) {
	double sum = 0;
#pragma omp simd reduction(+ : sum)
	for (int i = 0; i < N; i++) sum += p[i] * p[i];
	return sum / 2;
}

static void trajectory(rng *g, int minimum_norm) {
	rng r = *g;
	for (int i = 0; i < N; i++) p[i] = normal(&r);
	memcpy(old, x, N * sizeof *x);
	double before = action() + kinetic();
	int n = minimum_norm ? 10 : 20, parts = minimum_norm ? 2 : 1;
	double step = 1.0 / n, first = minimum_norm ? 0.1931833275037836 : 0.5, inner = 1 - 2 * first;
	kick(first * step);
	for (int i = 1; i <= n * parts; i++)
		leap(step / parts, (i == n * parts ? first : i % parts == 0 ? 2 * first : inner) * step);
	double dH = action() + kinetic() - before;
	tried++;
	if (accepts(&r, dH)) accepted++;
	else memcpy(x, old, N * sizeof *x);
	*g = r;
}

// Phi^4: local updates.

static double stiffness(double h, double a, double b) {
	double w = b * h * h / 2, root = sqrt(a * a + 4 * b), g = a < 0 ? 2 * b / (root - a) : (a + root) / 2;
	g += fmin(w / (g * g + b), sqrt(w / (3 * g - a)));
	for (;;) {
		double better = (g * g * (2 * g - a) + w) / (g * (3 * g - 2 * a) - b);
		if (!(better <= (1 - 1e-8) * g)) return better;
		g = better;
	}
}

static inline double draw(rng *r, double h) {
	double g = stiffness(h, A, B), mean = h / (2 * g), c = 1 / (2 * g) + mean * mean;
	g = A + 2 * B * c;
	mean = h / (2 * g);
	double deviation = 1 / sqrt(2 * g);
	for (;;) {
		double v = mean + deviation * normal(r), d = v * v - c;
		if (accepts(r, B * d * d)) return v;
	}
}

// SWEEP visits the sites in checkerboard order; i is the site, u, d, l and r its
// neighbours.
#define SWEEP(...)                                                                         \
	for (int color = 0; color < 2; color++)                                                \
		for (int y = 0; y < L; y++) {                                                      \
			const int row = y * L, above = y == 0 ? N - L : row - L;                       \
			const int below = y == L - 1 ? 0 : row + L;                                    \
			for (int k = (y + color) & 1; k < L; k += 2) {                                 \
				const int i = row + k, u = above + k, d = below + k;                       \
				const int l = k == 0 ? i + L - 1 : i - 1, r = k == L - 1 ? row : i + 1;    \
				__VA_ARGS__                                                                \
			}                                                                              \
		}

static void phi4_metropolis(rng *g) {
	rng s = *g;
	long yes = 0;
	SWEEP({
		double h = K * (x[u] + x[d] + x[l] + x[r]), v = x[i], w = v + width * (2 * uniform(&s) - 1);
		if (accepts(&s, (w - v) * ((v + w) * (A + B * (v * v + w * w)) - h))) x[i] = w, yes++;
	})
	tried += N, accepted += yes;
	*g = s;
}

static void phi4_heat_bath(rng *g) {
	rng s = *g;
	SWEEP({ x[i] = draw(&s, K * (x[u] + x[d] + x[l] + x[r])); })
	*g = s;
}

static void phi4_over_relaxation(rng *g) {
	rng s = *g;
	long yes = 0;
	SWEEP({
		double h = K * (x[u] + x[d] + x[l] + x[r]), v = x[i], w = h / stiffness(h, A, B) - v;
		if (accepts(&s, (w - v) * ((v + w) * (A + B * (v * v + w * w)) - h))) x[i] = w, yes++;
	})
	tried += N, accepted += yes;
	*g = s;
}

// XY: unit vectors, two numbers a site.

typedef struct { double x, y; } vec;

static vec *spin;

static inline vec field(int u, int d, int l, int r) {
	return (vec){K * (spin[u].x + spin[d].x + spin[l].x + spin[r].x), K * (spin[u].y + spin[d].y + spin[l].y + spin[r].y)};
}

static inline double dot(vec a, vec b) { return a.x * b.x + a.y * b.y; }

static inline vec unit(vec v) {
	double s = 1.5 - 0.5 * dot(v, v);
	return (vec){s * v.x, s * v.y};
}

static inline vec turned(vec e, double v, double sin) {
	return (vec){(1 - v) * e.x - sin * e.y, (1 - v) * e.y + sin * e.x};
}

static void xy_metropolis(rng *g) {
	rng s = *g;
	long yes = 0;
	SWEEP({
		vec h = field(u, d, l, r), a = spin[i];
		double t = width * (2 * uniform(&s) - 1), q = t * t, scale = 1 / ((1 + q) * (1 + q));
		vec b = turned(a, 8 * q * scale, 4 * t * (1 - q) * scale);
		if (accepts(&s, dot(h, a) - dot(h, b))) spin[i] = unit(b), yes++;
	})
	tried += N, accepted += yes;
	*g = s;
}

static inline double von_mises(rng *r, double k) {
	double root = sqrt(1 + 4 * k * k), tau = 1 + root, tail = sqrt(2 * tau);
	double q = 2 * k / (tau + tail), gap = (1 + 1 / (root + 2 * k) + tail) / (tau + tail);
	double least = gap * gap * (tau + tail) / 4;
	for (;;) {
		vec d;
		do d = (vec){2 * uniform(r) - 1, 2 * uniform(r) - 1};
		while (dot(d, d) > 1 || dot(d, d) < 1e-60);
		double z = 2 * d.y * d.y / dot(d, d), v = gap * gap * z / (1 + q * q + 2 * q * (1 - z)), c = least + k * v;
		double w = uniform(r);
		if (w < c * (2 - c) || w < c * exp(1 - c)) return fmin(v, 2);
	}
}

static void xy_heat_bath(rng *g) {
	rng s = *g;
	SWEEP({
		vec h = field(u, d, l, r);
		double k = sqrt(dot(h, h)), v = von_mises(&s, k), sine = sqrt(v * (2 - v));
		if (next(&s) >> 63) sine = -sine;
		spin[i] = unit(turned((vec){h.x / k, h.y / k}, v, sine));
	})
	*g = s;
}

static void xy_over_relaxation(rng *g) {
	(void)g;
	SWEEP({
		vec h = field(u, d, l, r), a = spin[i];
		double c = 2 * dot(h, a) / dot(h, h);
		spin[i] = unit((vec){c * h.x - a.x, c * h.y - a.y});
	})
}

static double bonds(void) {
	double sum = 0;
	for (int y = 0; y < L; y++)
		for (int k = 0; k < L; k++) {
			int i = y * L + k, r = k == L - 1 ? i - L + 1 : i + 1, d = y == L - 1 ? k : i + L;
			sum -= K * (dot(spin[i], spin[r]) + dot(spin[i], spin[d]));
		}
	return sum;
}

static void leapfrog(rng *g) { trajectory(g, 0); }
static void minimum_norm(rng *g) { trajectory(g, 1); }

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

static const struct {
	const char *model, *name;
	void (*step)(rng *);
	double work; // gradients, or updates of a site
} kernels[] = {
	{"phi4", "leapfrog", leapfrog, 20},
	{"phi4", "minimum-norm", minimum_norm, 20},
	{"phi4", "metropolis", phi4_metropolis, 1},
	{"phi4", "heat-bath", phi4_heat_bath, 1},
	{"phi4", "over-relaxation", phi4_over_relaxation, 1},
	{"xy", "metropolis", xy_metropolis, 1},
	{"xy", "heat-bath", xy_heat_bath, 1},
	{"xy", "over-relaxation", xy_over_relaxation, 1},
};

int main(int argc, char **argv) {
	if (argc != 5) {
		fprintf(stderr, "usage: field MODEL KERNEL L SECONDS\n");
		return 2;
	}
	int xy = !strcmp(argv[1], "xy"), k = 0, kinds = sizeof kernels / sizeof *kernels;
	while (k < kinds && (strcmp(kernels[k].model, argv[1]) || strcmp(kernels[k].name, argv[2]))) k++;
	if (k == kinds) return 2;
	L = atoi(argv[3]), N = L * L;
	double seconds = atof(argv[4]);
	make_ziggurat();
	x = aligned_alloc(64, (N * sizeof *x + 63) & ~63);
	p = aligned_alloc(64, (N * sizeof *p + 63) & ~63);
	old = aligned_alloc(64, (N * sizeof *old + 63) & ~63);
	spin = malloc(N * sizeof *spin);
	rng r = {1, 2, 3, 4};
	for (int i = 0; i < 100; i++) next(&r);
	K = 2, A = 0, B = 4.572, width = 0.8;
	if (xy) K = 1 / 0.9, width = tan(1.3 / 4);
	for (int i = 0; i < N; i++) {
		x[i] = 0.5 * normal(&r);
		spin[i] = (vec){1, 0};
	}
	for (int i = 0; i < 200 && !xy; i++) phi4_metropolis(&r); // where steps of 0.1 are accepted

	double work = 0, s = 0, start = 0, took = 0;
	long steps = 0, measured = 0;
	for (int phase = 0; phase < 2; phase++) { // thermalize, then measure
		double limit = phase == 0 ? seconds / 4 : seconds;
		work = tried = accepted = 0;
		start = now();
		do {
			for (int n = 0; n < 16; n++, steps++) {
				kernels[k].step(&r);
				work += N * kernels[k].work;
			}
			took = now() - start;
			if (phase == 1 && (steps & 63) == 0) s += (xy ? bonds() : action()) / N, measured++;
		} while (took < limit);
	}
	printf("%.3f ns  S/N = %.4f  acceptance %.3f\n", 1e9 * took / work, measured ? s / measured : NAN, tried ? accepted / tried : 1);
	return 0;
}
