"""Times the original NeuralRG (Li and Wang) as it stands in a checkout of its
repository: original.py CHECKOUT THREADS [SEED STEPS [WEIGHTS]].

Each line of the standard input, "train" or "sample", makes one step of training
or draws one batch with its log q, and is answered by the seconds that it took
and the seconds of processor time. With SEED and STEPS it trains instead, and
prints the loss of each step; from the weights of a file of ours, if there is one.

L = 16 at T_c, batch 512, 10 couplings, hidden layers 10, 10, 10, Z2, Adam with
learning rate 1e-3 and weight decay 1e-3, float32: `train.learn` without what it
prints and saves.
"""
import contextlib
import io
import json
import struct
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


def load(file):
    """Sets the weights of the flow to those of a safetensors file."""
    with open(file, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = bytearray(f.read())

    def tensor(name):
        begin, end = header[name]["data_offsets"]
        return torch.frombuffer(data[begin:end], dtype=torch.float32).reshape(header[name]["shape"]).clone()

    for i, layer in enumerate(flow.flow.layerList):
        for j in range(len(layer.tList)):
            at = f"layer.{i}.coupling.{j}."
            layer.maskList.data[j] = tensor(at + "mask").reshape(1, 2, 2)
            layer.maskListR.data[j] = 1 - layer.maskList.data[j]
            for name, net in (("s", layer.sList[j]), ("t", layer.tList[j])):
                linear = [m for m in net.layerList if isinstance(m, torch.nn.Linear)]
                for k, m in enumerate(linear):
                    m.weight.data = tensor(f"{at}{name}.{k}.weight")
                    m.bias.data = tensor(f"{at}{name}.{k}.bias")
            layer.sList[j].layerList[-1].scale.data = tensor(at + "s.scale")


if len(sys.argv) > 5:
    load(sys.argv[5])
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
