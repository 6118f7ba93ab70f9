#!/usr/bin/env python3
"""Reads a flow that mcrun has trained, with NumPy alone.

    load_flow.py rg.safetensors                    what it is; log q of a few draws
    load_flow.py rg.safetensors --check out.npz    compares with what was drawn by
                                                   mcrun sample rg.safetensors -o out.npz
    load_flow.py rg.safetensors --check out.npz --torch
                                                   the same by a PyTorch module

A flow turns white noise z into configurations x = h g(z) of a lattice: g is a
stack of invertible layers, h an element of a symmetry group drawn at random.
Going from z to x is generation, from x to z inference, and

    ln q(x)   = ln p(z) - ln|det dx/dz|
    ln q_G(x) = ln mean_h q(h^-1 x).

Layers are numbered in the order of inference, x first. The flow is NeuralRG's
(Li and Wang, arXiv:1802.02840): layers of 2x2 blocks, on lattices ever coarser
for architecture "neuralrg", on the lattice itself for "tebd".
"""
import argparse
import itertools
import json
import math
import sys

import numpy as np


def read_safetensors(path):
    """Returns the arrays of a file by name, and its metadata.

    The file is the length of a header as 8 bytes, the header in JSON, and the
    numbers, all little-endian.
    """
    with open(path, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        data = f.read()
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, t in header.items():
        first, end = t["data_offsets"]
        arrays[name] = np.frombuffer(data[first:end], "<f4").reshape(t["shape"])
    return arrays, metadata


ACTIVATIONS = {  # lib is numpy or torch
    "elu": lambda y, lib: lib.where(y > 0, y, lib.exp(lib.clip(y, None, 0)) - 1),
    "tanh": lambda y, lib: lib.tanh(y),
    "relu": lambda y, lib: lib.clip(y, 0, None),
    "silu": lambda y, lib: y / (1 + lib.exp(-y)),
    "softplus": lambda y, lib: lib.clip(y, 0, None) + lib.log1p(lib.exp(-lib.abs(y))),
}


class Flow:
    """The flow of a file, for batches of configurations [n, *shape]."""

    def __init__(self, path):
        arrays, metadata = read_safetensors(path)
        if metadata.get("format") != "1":
            sys.exit(f"{path}: holds no flow of format 1")
        self.model = json.loads(metadata["model"])
        self.spec = json.loads(metadata["flow"])
        if self.spec["architecture"] not in ("neuralrg", "tebd"):
            sys.exit(f"{path}: this reader knows neuralrg and tebd, not {self.spec['architecture']}")
        self.shape = tuple(self.model["shape"])
        self.lib = np
        self.arrays = {name: a.astype(np.float64) for name, a in arrays.items()}
        self.layers = self.layout()

    def layout(self):
        """Returns, for each layer, the sites of its blocks [blocks, 2^d].

        At scale n blocks are made of sites that are 2^n apart. Those of odd layers
        are shifted by one such step, around the lattice.
        """
        sites = np.arange(math.prod(self.shape)).reshape(self.shape)
        pairs = self.spec.get("depth")
        if pairs is None:
            if self.spec["architecture"] == "neuralrg":  # as the sides are divisible by 2
                pairs = min((side & -side).bit_length() - 1 for side in self.shape)
            else:
                pairs = (max(self.shape) - 1).bit_length()
        layers = []
        for n in range(pairs):
            step = 2**n if self.spec["architecture"] == "neuralrg" else 1
            for _ in range(self.spec["repeat"]):
                for shift in (0, step):
                    corners = [range(shift, shift + side, 2 * step) for side in self.shape]
                    layers.append(np.array([
                        [sites[tuple((c + step * d) % side for c, d, side in zip(corner, offset, self.shape))]
                         for offset in itertools.product((0, 1), repeat=len(corner))]
                        for corner in itertools.product(*corners)]))
        return layers

    def network(self, name, y):
        """Linear maps with activations between them."""
        maps = len(self.spec["hidden"]) + 1
        for k in range(maps):
            y = y @ self.arrays[f"{name}.{k}.weight"].T + self.arrays[f"{name}.{k}.bias"]
            if k < maps - 1:
                y = ACTIVATIONS[self.spec["activation"]](y, self.lib)
        return y

    def coupling(self, name, y):
        """Returns mask, s and t of a coupling, for blocks y [..., 4]."""
        mask = self.arrays[name + ".mask"]
        s = self.arrays[name + ".s.scale"] * self.lib.tanh(self.network(name + ".s", y * mask))
        t = self.network(name + ".t", y * mask)
        return mask, s * (1 - mask), t * (1 - mask)

    def generate_blocks(self, i, y):
        log_det = 0
        for j in range(self.spec["couplings"]):
            mask, s, t = self.coupling(f"layer.{i}.coupling.{j}", y)
            y = mask * y + (1 - mask) * (y * self.lib.exp(s) + t)
            log_det = log_det + s.sum(-1).sum(-1)
        return y, log_det

    def infer_blocks(self, i, y):
        log_det = 0
        for j in reversed(range(self.spec["couplings"])):
            mask, s, t = self.coupling(f"layer.{i}.coupling.{j}", y)
            y = mask * y + (1 - mask) * (y - t) * self.lib.exp(-s)
            log_det = log_det - s.sum(-1).sum(-1)
        return y, log_det

    def on_blocks(self, i, x, do):
        """Applies do to all blocks of layer i."""
        blocks = self.layers[i]
        y, log_det = do(i, x[:, blocks])
        x = x + 0 * x  # a copy
        x[:, blocks] = y
        return x, log_det

    def whiten(self, x, power):
        """Multiplies x by sigma(k)^power in Fourier space; returns ln|det| too."""
        spectrum = self.arrays["whiten.spectrum"]  # sigma^2
        field = x.reshape(-1, *self.shape)
        axes = tuple(range(1, field.ndim))
        modes = self.lib.fft.rfftn(field, None, axes) * spectrum ** (power / 2)
        field = self.lib.fft.irfftn(modes, self.shape, axes)
        # A real transform holds one of two conjugate modes, but for those with
        # last component 0 and L/2.
        last = self.shape[-1]
        count = np.array([1 if 2 * k % last == 0 else 2 for k in range(last // 2 + 1)])
        log_det = (self.lib.log(spectrum) * self.constant(count)).sum() * power / 2
        return field.reshape(x.shape), log_det

    def constant(self, a):
        """Returns an array of numbers that are not in the file."""
        return np.asarray(a, np.float64)

    def widths(self):
        """Returns the prior's width of each site, for prior = "scales"."""
        scales = len(self.arrays["prior.width"]) - 1
        def scale(at):  # at which the site stays behind
            return min([scales] + [(x & -x).bit_length() - 1 for x in at if x > 0])
        return self.arrays["prior.width"][[scale(at) for at in np.ndindex(self.shape)]]

    def generate(self, z):
        """Returns x = g(z) and ln|det dx/dz|, of z [n, sites]."""
        x, log_det = z, 0
        if self.spec["prior"] == "scales":
            x = x * self.widths()
            log_det = log_det + self.lib.log(self.lib.abs(self.widths())).sum()
        for i in reversed(range(len(self.layers))):
            x, d = self.on_blocks(i, x, self.generate_blocks)
            log_det = log_det + d
        if self.spec["whiten"] != "none":
            x, d = self.whiten(x, 1)
            x = x + self.arrays["whiten.mean"]
            log_det = log_det + d
        return x, log_det

    def infer(self, x):
        """Returns z = g^-1(x) and ln|det dz/dx|, of x [n, sites]."""
        log_det = 0
        if self.spec["whiten"] != "none":
            x, d = self.whiten(x - self.arrays["whiten.mean"], -1)
            log_det = log_det + d
        for i in range(len(self.layers)):
            x, d = self.on_blocks(i, x, self.infer_blocks)
            log_det = log_det + d
        if self.spec["prior"] == "scales":
            x = x / self.widths()
            log_det = log_det - self.lib.log(self.lib.abs(self.widths())).sum()
        return x, log_det

    def log_prior(self, z):
        mean, width = 0, 1
        if self.spec["prior"] == "single-site":  # normal distributions about +mean and -mean
            mean, width = self.arrays["prior.mean"], self.arrays["prior.width"]
        lib = self.lib
        u = lib.abs(mean * z / width**2)
        log_cosh = u + lib.log1p(lib.exp(-2 * u)) - math.log(2)
        constant = math.log(2 * math.pi) / 2 + math.log(width) + mean**2 / width**2 / 2
        return (log_cosh - z**2 / width**2 / 2 - constant).sum(-1)

    def images(self, x):
        """Yields h x for all elements h of the symmetry group."""
        parts = self.spec["symmetry"].split("+")
        field = x.reshape(-1, *self.shape)
        dim = len(self.shape)
        axes = range(1, dim + 1)
        shifts = itertools.product(*map(range, self.shape)) if "translations" in parts else [(0,) * dim]
        points = [(tuple(axes), (0,) * dim)]
        if "point" in parts:
            points = [(order, flips)
                      for order in itertools.permutations(axes)
                      if all(self.shape[a - 1] == side for a, side in zip(order, self.shape))
                      for flips in itertools.product((0, 1), repeat=dim)]
        for sign, shift, (order, flips) in itertools.product((1, -1) if "z2" in parts else (1,), shifts, points):
            flipped = [axis for axis, flip in zip(axes, flips) if flip]
            y = self.lib.flip(field, flipped)
            y = self.lib.roll(y, (1,) * len(flipped), flipped) if flipped else y  # site 0 stays
            y = y.transpose(0, *order) if self.lib is np else y.permute(0, *order)
            yield sign * self.lib.roll(y, shift, tuple(axes)).reshape(x.shape)

    def log_q(self, x):
        """Returns ln q_G(x) of configurations [n, *shape]."""
        x = x.reshape(len(x), -1)
        logs = []
        for y in self.images(x):
            z, log_det = self.infer(y)
            logs.append(self.log_prior(z) + log_det)
        logs = self.lib.stack(logs)
        most = logs.max(0) if self.lib is np else logs.max(0).values
        return most + self.lib.log(self.lib.exp(logs - most).mean(0))


def log_pi(model, x):
    """Returns -S(x) of configurations [n, *shape], for a few models, else None."""
    axes = tuple(range(1, x.ndim))
    if model["name"] in ("ising", "dual-ising"):
        # The continuous dual: S = x^T M^-1 x/2 - sum ln cosh(x + b), M = K + alpha
        # with lowest eigenvalue offset, where K couples neighbours by J/T.
        beta = model["beta"] if "beta" in model else 1 / model["temperature"]
        k = np.meshgrid(*(2 * np.pi * np.arange(side) / side for side in x.shape[1:]), indexing="ij")
        spectrum = 2 * beta * model["J"] * sum(np.cos(k_mu) for k_mu in k)
        spectrum += model.get("offset", 0.1) - spectrum.min()
        quadratic = (np.abs(np.fft.fftn(x, axes=axes))**2 / spectrum).sum(axes) / x[0].size
        u = np.abs(x + beta * model["h"])
        return (u + np.log1p(np.exp(-2 * u)) - math.log(2)).sum(axes) - quadratic / 2
    if model["name"] == "phi4" and "mass2" in model:
        neighbours = sum(x * np.roll(x, 1, axis) for axis in axes)
        site = (2 * len(axes) + model["mass2"]) * x**2 + model["lambda"] * x**4
        return (2 * neighbours - site).sum(axes)
    return None


def torch_module(flow):
    """Returns the flow as a PyTorch module with trainable parameters."""
    import torch

    class TorchFlow(torch.nn.Module, Flow):
        def __init__(self):
            torch.nn.Module.__init__(self)
            self.lib = torch
            self.spec, self.model, self.shape, self.layers = flow.spec, flow.model, flow.shape, flow.layers
            self.arrays = {}
            for name, a in flow.arrays.items():
                trained = not name.endswith(".mask")
                trained &= not (name.startswith("whiten.") and flow.spec["whiten"] == "free")
                trained &= not (name.startswith("prior.") and flow.spec["prior"] == "single-site")
                p = torch.nn.Parameter(torch.tensor(a), requires_grad=trained)
                self.register_parameter(name.replace(".", "_"), p)
                self.arrays[name] = p

        def forward(self, z):
            return self.generate(z)

        def constant(self, a):
            return torch.as_tensor(a, dtype=torch.float64)

    return TorchFlow()


def check(what, got, want, tolerance):
    worst = np.abs(got - want).max()
    verdict = "ok" if worst <= tolerance else "DIFFERS"
    print(f"{what:30} largest difference {worst:.2g}, tolerance {tolerance:.2g}: {verdict}")
    return worst <= tolerance


def main():
    parser = argparse.ArgumentParser(description="Reads a flow that mcrun has trained.")
    parser.add_argument("weights")
    parser.add_argument("--check", metavar="NPZ", help="what mcrun sample wrote")
    parser.add_argument("--torch", action="store_true", help="by PyTorch")
    args = parser.parse_args()

    flow = Flow(args.weights)
    print(f"{args.weights}: {flow.spec['architecture']} for {flow.model['name']} of {flow.shape}, "
          f"{len(flow.layers)} layers of blocks, symmetry {flow.spec['symmetry']}")
    sites = math.prod(flow.shape)
    ok = True
    if args.check:
        drawn = np.load(args.check)
        x, log_q, density = drawn["x"], drawn["log_q"], drawn["log_pi"]
    else:
        if flow.spec["prior"] == "single-site":
            sys.exit("draws need a normal prior; use --check")
        z = np.random.default_rng(1).normal(size=(8, sites))
        x, _ = flow.generate(z)
        x = x.reshape(-1, *flow.shape)
        log_q, density = flow.log_q(x), log_pi(flow.model, x)
        print("ln q of 8 draws:", np.array2string(log_q, precision=4))

    z, down = flow.infer(x.reshape(-1, sites))
    again, up = flow.generate(z)
    ok &= check("x = g(g^-1(x))", again, x.reshape(-1, sites), 1e-8)
    ok &= check("ln|det| of both directions", up, -down, 1e-8)
    if args.check:
        # Networks are in float32 there: an error of 1e-7 in each of a few hundred
        # numbers that are added.
        ok &= check("ln q", flow.log_q(x), log_q, 1e-5 * sites)
        if (pi := log_pi(flow.model, x)) is not None:
            ok &= check("ln pi", pi, density, 1e-9 * sites)
    if density is not None:
        log_w = density - log_q
        w = np.exp(log_w - log_w.max())
        print(f"{len(x)} draws: mean of ln pi - ln q {log_w.mean():.4f}, ESS/N {w.sum()**2 / (w**2).sum() / len(w):.3f}")
    if args.torch:
        import torch
        module = torch_module(flow)
        value = module.log_q(torch.tensor(x))
        ok &= check("ln q by PyTorch", value.detach().numpy(), flow.log_q(x), 1e-8)
        value.sum().backward()
        print(f"{sum(p.numel() for p in module.parameters() if p.requires_grad)} trainable numbers")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
