"""Writes density.json: ln q_G of four configurations, x_i = 2 sin(i + c/2) for
c = 0 to 3, by the reader in NumPy, examples/python/load_flow.py, for each file of
weights beside it."""
import glob
import json
import math
import os
import sys

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../../examples/python"))
from load_flow import Flow

values = {}
for path in sorted(glob.glob(os.path.join(here, "*.safetensors"))):
    flow = Flow(path)
    i = np.arange(math.prod(flow.shape))
    x = np.stack([2 * np.sin(i + c / 2) for c in range(4)])
    values[os.path.basename(path)] = list(flow.log_q(x.reshape(-1, *flow.shape)))
with open(os.path.join(here, "density.json"), "w") as f:
    json.dump(values, f, indent=1)
    f.write("\n")
