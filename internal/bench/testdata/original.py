"""Times the original NeuralRG (Li and Wang) as it stands in a checkout of its
repository: original.py CHECKOUT THREADS [SEED STEPS].

Each line of the standard input, "train" or "sample", makes one step of training
or draws one batch with its log q, and is answered by the seconds that it took
and the seconds of processor time. With SEED and STEPS it trains instead, and
prints the loss of each step.

L = 16 at T_c, batch 512, 10 couplings, hidden layers 10, 10, 10, Z2, Adam with
learning rate 1e-3 and weight decay 1e-3, float32: `train.learn` without what it
prints and saves.
"""
import contextlib
import io
import sys
import time
import types

checkout, threads = sys.argv[1], int(sys.argv[2])
sys.path.insert(0, checkout)
# What its training imports for pictures and files, and this does not use.
for name, names in (("torchvision", []), ("torchvision.utils", ["make_grid", "save_image"]), ("h5py", [])):
    module = types.ModuleType(name)
    for n in names:
        setattr(module, n, None)
    sys.modules[name] = module

import torch

torch.set_num_threads(threads)
torch.manual_seed(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
with contextlib.redirect_stdout(io.StringIO()):
    import source
    import train

    target = source.Ising(16, 2, 2.269185314213022).to(torch.float32)
    flow = train.symmetryMERAInit(16, 2, 10, 3, 10, 1, [lambda x: -x], torch.device("cpu"), torch.float32, "flow")
adam = torch.optim.Adam([p for p in flow.parameters() if p.requires_grad], lr=1e-3, weight_decay=1e-3)


def step():
    x, log_q = flow.sample(512)
    loss = (log_q - target.logProbability(x)).mean()
    flow.zero_grad()
    loss.backward()
    adam.step()
    return loss.item()


def draw():
    with torch.no_grad():
        flow.sample(512)


if len(sys.argv) > 4:
    for i in range(int(sys.argv[4])):
        print(i, step(), flush=True)
    sys.exit()
print("PyTorch", torch.__version__, flush=True)
for line in sys.stdin:
    wall, cpu = time.perf_counter(), time.process_time()
    {"train": step, "sample": draw}[line.strip()]()
    print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)
