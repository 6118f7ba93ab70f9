"""Reference numbers for the tests of package analysis.

Prints peers.json: AR(1) series, and what the published rules of other programs
give for them. Everything is written from the rules, by their definitions and
with direct sums, in standard library Python; it shares no code with the Go
package or with those programs:

  emcee     Sokal's window in the form of emcee's integrated_time: the
            autocorrelations of each walker, normalised by N, averaged;
            tau = 1 + 2 sum rho; the first window with W >= c tau, c = 5.
  pyerrors  the Gamma method's automatic window (hep-lat/0306017), S = 1.5.
  stan      rank-normalised split R-hat, bulk and tail ESS, MCSE of mean and
            quantiles (Vehtari et al. 2021), with the choices of Stan's
            posterior package: Geyer's initial monotone sequence, improved for
            antithetic chains, tail at 5 and 95 %, quantiles of type 7.

The programs themselves, run once on the same series, gave the same numbers to
ten digits: emcee 3.1.6 (commit 8ab6c0f), pyerrors 2.18.0-dev (b28c2f0),
arviz-stats 1.3.0.dev0 (ef043f4) for R-hat, ESS and MCSE.

    python3 peers.py > peers.json
"""

import json
import math
from statistics import NormalDist, mean, median, variance

CASES = [
    # One entry of shift and scale for each chain; grid > 0 rounds to multiples.
    {"name": "white", "seed": 1, "phi": 0.0, "records": 777, "shift": [0.5], "scale": [1], "grid": 0},
    {"name": "single", "seed": 2, "phi": 0.9, "records": 4000, "shift": [3], "scale": [2], "grid": 0},
    {"name": "slow", "seed": 3, "phi": 0.97, "records": 5000, "shift": [-7], "scale": [1], "grid": 0},
    {"name": "antithetic", "seed": 4, "phi": -0.4, "records": 1000, "shift": [0, 0], "scale": [1, 1], "grid": 0},
    {"name": "four", "seed": 5, "phi": 0.8, "records": 1500, "shift": [0, 0, 0, 0], "scale": [1, 1, 1, 1], "grid": 0},
    {"name": "ties", "seed": 6, "phi": 0.6, "records": 801, "shift": [0, 0, 0], "scale": [1, 1, 1], "grid": 0.5},
    {"name": "shifted", "seed": 7, "phi": 0.5, "records": 400, "shift": [0, 0, 0, 0.5], "scale": [1, 1, 1, 1], "grid": 0},
    {"name": "scaled", "seed": 8, "phi": 0.3, "records": 300, "shift": [0, 0], "scale": [1, 3], "grid": 0},
]

MASK = (1 << 64) - 1


def uniforms(seed):
    """splitmix64 (Steele, Lea, Flood 2014), upper 53 bits as [0, 1)."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        yield (z >> 11) * 2.0**-53


def series(case):
    """The chains of a case: AR(1) with uniform noise, from its stationary mean."""
    u = uniforms(case["seed"])
    chains = []
    for shift, scale in zip(case["shift"], case["scale"]):
        x, v = [], 0.0
        for _ in range(case["records"]):
            v = case["phi"] * v + (next(u) - 0.5)
            y = shift + scale * v
            if case["grid"]:
                y = math.floor(y / case["grid"] + 0.5) * case["grid"]
            x.append(y)
        chains.append(x)
    return chains


def products(d, t):
    return math.fsum(d[i] * d[i + t] for i in range(len(d) - t))


def deviations(x):
    m = math.fsum(x) / len(x)
    return [v - m for v in x]


def emcee(chains, c=5.0):
    ds = [deviations(x) for x in chains]
    norm = [products(d, 0) for d in ds]
    total, w = 1.0, 0  # tau = 1 + 2 sum_{t >= 1} rho
    while w < c * total:
        w += 1
        if w == len(chains[0]):
            return {"tau": total, "window": w - 1}
        total += 2.0 * mean(products(d, w) / n for d, n in zip(ds, norm))
    return {"tau": total, "window": w}


def pyerrors(x, s=1.5):
    """Automatic window on one chain. tauint carries pyerrors' correction of
    the variance, 1 + 1/N; dvalue that of the paper."""
    n = len(x)
    d = deviations(x)
    gamma0 = products(d, 0) / n
    tau, w = 0.5, 0
    last = n // 2 - 1
    while True:
        w += 1
        tau += products(d, w) / (n - w) / gamma0
        seen = max(tau, 0.5 + 2.0**-52)
        tau_w = s / math.log((2 * seen + 1) / (2 * seen - 1))
        if math.exp(-w / tau_w) < tau_w / math.sqrt(w * n) or w >= last:
            break
    corrected = seen * (1 + (2 * w + 1) / n)
    dvalue = math.sqrt(2 * corrected * gamma0 / n)
    return {
        "value": mean(x),
        "gamma0": gamma0,
        "window": w,
        "tauint": corrected / (1 + 1 / n),
        "dvalue": dvalue,
        "ddvalue": dvalue * math.sqrt((w + 0.5) / n),
    }


def halves(chains):
    n = len(chains[0])
    return [h for x in chains for h in (x[: n // 2], x[n - n // 2 :])]


def normal_scores(chains):
    pooled = sorted(v for x in chains for v in x)
    s = len(pooled)
    first, count = {}, {}
    for i, v in enumerate(pooled):
        first.setdefault(v, i + 1)
        count[v] = count.get(v, 0) + 1
    z = {v: NormalDist().inv_cdf((first[v] + (count[v] - 1) / 2 - 0.375) / (s + 0.25)) for v in first}
    return [[z[v] for v in x] for x in chains]


def plain_rhat(chains):
    n = len(chains[0])
    within = mean(variance(x) for x in chains)
    between = n * variance([mean(x) for x in chains])
    return math.sqrt(((n - 1) / n * within + between / n) / within)


def rhat(chains):
    h = halves(chains)
    m = median(v for x in h for v in x)
    folded = [[abs(v - m) for v in x] for x in h]
    return max(plain_rhat(normal_scores(h)), plain_rhat(normal_scores(folded)))


def ess(chains):
    """ESS of chains as they are, neither split nor ranked."""
    m, n = len(chains), len(chains[0])
    ds = [deviations(x) for x in chains]
    acov = lambda t: mean(products(d, t) / n for d in ds)
    within = acov(0) * n / (n - 1)
    plus = within * (n - 1) / n
    if m > 1:
        plus += variance([mean(x) for x in chains])
    rho = lambda t: 1 - (within - acov(t)) / plus
    pairs = [(1.0, rho(1))]
    t = 0
    while t < n - 5 and sum(pairs[-1]) > 0:
        t += 2
        pairs.append((rho(t), rho(t + 1)))
    last = pairs.pop()  # the pair after the sum; its even term is kept if positive
    rest = last[0] if last[0] > 0 or sum(last) >= 0 else 0.0
    total, lowest = 0.0, math.inf
    for p in pairs:
        lowest = min(lowest, sum(p))
        total += lowest
    tau = max(-1 + 2 * total + rest, 1 / math.log10(m * n))
    return m * n / tau


def quantile(pooled, p):
    at = p * (len(pooled) - 1)
    i = min(int(at), len(pooled) - 2)
    return pooled[i] + (at - i) * (pooled[i + 1] - pooled[i])


def quantile_ess(chains, p):
    q = quantile(sorted(v for x in chains for v in x), p)
    return ess([[1.0 if v <= q else 0.0 for v in x] for x in halves(chains)])


def incomplete_beta(x, a, b):
    """Regularised, by Lentz's continued fraction (DLMF 8.17.22)."""
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)) / a
    f, c, d = 1.0, 1.0, 0.0
    for i in range(10000):
        k = i // 2
        if i == 0:
            coef = 1.0
        elif i % 2 == 0:
            coef = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k))
        else:
            coef = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1))
        d = 1 / (1 + coef * d)
        c = 1 + coef / c
        f *= c * d
        if abs(c * d - 1) < 1e-15:
            return front * (f - 1)
    raise ArithmeticError("continued fraction did not converge")


def beta_quantile(p, a, b):
    low, high = 0.0, 1.0
    for _ in range(200):
        x = (low + high) / 2
        if incomplete_beta(x, a, b) < p:
            low = x
        else:
            high = x
    return (low + high) / 2


def mcse_quantile(chains, p):
    n_eff = quantile_ess(chains, p)
    pooled = sorted(v for x in chains for v in x)
    n = len(pooled)
    a, b = (beta_quantile(q, n_eff * p + 1, n_eff * (1 - p) + 1) for q in (0.1586553, 0.8413447))
    low, high = pooled[max(math.floor(a * n), 1) - 1], pooled[min(math.ceil(b * n), n) - 1]
    return (high - low) / 2


def stan(chains):
    pooled = [v for x in chains for v in x]
    return {
        "rhat": rhat(chains),
        "ess_bulk": ess(normal_scores(halves(chains))),
        "ess_tail": min(quantile_ess(chains, 0.05), quantile_ess(chains, 0.95)),
        "mcse_mean": math.sqrt(variance(pooled) / ess(halves(chains))),
        "mcse_q10": mcse_quantile(chains, 0.1),
        "mcse_median": mcse_quantile(chains, 0.5),
    }


def main():
    out = []
    for case in CASES:
        chains = series(case)
        result = dict(case, emcee=emcee(chains), stan=stan(chains))
        if len(chains) == 1:
            result["pyerrors"] = pyerrors(chains[0])
        out.append(result)
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
