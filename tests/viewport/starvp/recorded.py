"""The networks with which the golden numbers were recorded, and their inputs."""

from pathlib import Path

import numpy as np

from dvs_jax.viewport.starvp import content, published


def small_keys(line):
    """The small network's key and shape, of a line of the full one's."""
    key, _, written = line.partition(" ")
    shape = [int(side) for side in written.strip("[]").split(",")]
    group = key.split(".")[0]
    sizes = {
        "lstm": {1024: 64, 256: 16},
        "gating": {150: 30, 128: 12, 25: 5},
        "spatial_attn": {256: 32, 1024: 128},
        "temporal_attn": {256: 32, 512: 64, 1024: 128, 40: 11, 129: 17, 127: 15},
    }[group]
    return key, [sizes.get(side, side) for side in shape]


def full_keys(line):
    key, _, written = line.partition(" ")
    return key, [int(side) for side in written.strip("[]").split(",")]


def draw(golden, keys, seed):
    """Draw the weights as the golden files' README tells."""
    rng = np.random.default_rng(seed)
    tensors = {}
    lines = (golden / "viewport/starvp_keys.txt").read_text().splitlines()
    for key, shape in sorted(map(keys, lines)):
        if key == "temporal_attn.pe":
            continue
        z = rng.standard_normal(shape)
        if len(shape) >= 2:
            z = z / np.sqrt(np.prod(shape[1:]))
        else:
            z = 1 + 0.1 * z if key.endswith("weight") else 0.05 * z
        tensors[key] = z.astype(np.float32)
    return tensors


def network(golden, size, encoding):
    keys, seed, heads = {"small": (small_keys, 3101, 4), "full": (full_keys, 3201, 8)}[size]
    tensors = draw(golden, keys, seed)
    steps, width = (11, 17) if size == "small" else (40, 129)
    tensors["temporal_attn.pe"] = content.positions(encoding, steps, width)
    return published.from_state_dict(tensors, Path("recipe"), heads)


def inputs(size):
    """Past, points (x, y, z, value) and whether they are known, of a batch."""
    seed, batch, past, future, count = {
        "small": (3102, 3, 6, 5, 10),
        "full": (3202, 2, 15, 25, 128),
    }[size]
    rng = np.random.default_rng(seed)
    seen = unit(rng.standard_normal((batch, past, 3)))
    places = unit(rng.standard_normal((batch, past + future, count, 3)))
    values = rng.random((batch, past + future, count, 1))
    points = np.concatenate([places, values], axis=-1)
    known = np.ones((batch, past + future), bool)
    return seen.astype(np.float32), points.astype(np.float32), known


def unit(vector):
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)
