"""Training on several devices."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dvs_jax.training import parallel
from tests import virtual_devices


@pytest.mark.slow
def test_under_pmap_and_shard_map_eight_devices_train_alike(tmp_path):
    tests = Path(__file__).resolve().parents[1]
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": virtual_devices.flags(8),
        "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)]),
    }
    command = [sys.executable, "-m", "viewport.run_steps", str(tmp_path / "steps.npz")]
    subprocess.run(command, env=environment, check=True)
    with np.load(tmp_path / "steps.npz") as steps:
        before, one, other = (
            {name.partition("/")[2]: steps[name] for name in steps if name.startswith(f"{kind}/")}
            for kind in ("before", *parallel.KINDS)
        )
    assert one.keys() == other.keys() and len(one) == len(before) + 1
    # A key's bias changes no attention: its gradient is rounding, which Adam makes as large as any.
    compared = [name for name in one if "['k']['bias']" not in name]
    assert len(compared) == len(one) - 4
    for name in compared:
        np.testing.assert_allclose(one[name], other[name], atol=1e-5, err_msg=name)
    assert max(np.abs(one[name] - before[name]).max() for name in before) > 1e-3
