"""The networks with which the golden numbers were recorded, and their inputs."""

from pathlib import Path

import numpy as np

from dvs_jax.viewport.paver import published

SMALL = {768: 64, 2304: 192, 3072: 256}
"""Sides of the small decoder by the full one's."""

HEIGHT = 64
"""Of the small pictures."""

FILE = Path("recipe")


def draw(golden, keys, seed, sizes=None):
    """Draw the weights as the golden files' README tells."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for line in sorted((golden / "viewport" / keys).read_text().splitlines()):
        key, _, written = line.partition(" ")
        shape = [(sizes or {}).get(int(side), int(side)) for side in written.strip("[]").split(",")]
        z = rng.standard_normal(shape)
        if len(shape) >= 2:
            z = z / np.sqrt(np.prod(shape[1:]))
        else:
            z = 1 + 0.1 * z if key.endswith("weight") else 0.05 * z
        tensors[key] = z.astype(np.float32)
    return tensors


def timms(golden):
    return draw(golden, "paver_vit_keys.txt", 4101)


def decoders(golden):
    return draw(golden, "paver_decoder_keys.txt", 4102, SMALL)


def transformer(golden):
    return published.from_timm(timms(golden), FILE, HEIGHT, heads=4)


def pictures():
    drawn = np.random.default_rng(4100).random((5, 3, HEIGHT, 2 * HEIGHT))
    return ((drawn - 0.5) / 0.5).astype(np.float32).transpose(0, 2, 3, 1)


def as_google(tensors, heads=4):
    """A state dict of timm's as Google writes the same network."""

    def layer(theirs, ours, kind="kernel"):
        weight = tensors[f"{ours}.weight"]
        return {
            f"{theirs}/{kind}": weight.T if weight.ndim == 2 else weight,
            f"{theirs}/bias": tensors[f"{ours}.bias"],
        }

    found = {
        "embedding/kernel": tensors["patch_embed.proj.weight"].transpose(2, 3, 1, 0),
        "embedding/bias": tensors["patch_embed.proj.bias"],
        "cls": tensors["cls_token"],
        "Transformer/posembed_input/pos_embedding": tensors["pos_embed"],
        "head/kernel": np.zeros((64, 10), np.float32),
        **layer("Transformer/encoder_norm", "norm", "scale"),
    }
    for block in range(2):
        ours, theirs = f"blocks.{block}", f"Transformer/encoderblock_{block}"
        found |= layer(f"{theirs}/LayerNorm_0", f"{ours}.norm1", "scale")
        found |= layer(f"{theirs}/LayerNorm_2", f"{ours}.norm2", "scale")
        found |= layer(f"{theirs}/MlpBlock_3/Dense_0", f"{ours}.mlp.fc1")
        found |= layer(f"{theirs}/MlpBlock_3/Dense_1", f"{ours}.mlp.fc2")
        attention = f"{theirs}/MultiHeadDotProductAttention_1"
        proj = layer(f"{attention}/out", f"{ours}.attn.proj")
        proj[f"{attention}/out/kernel"] = proj[f"{attention}/out/kernel"].reshape(heads, -1, 64)
        found |= proj
        weights = np.split(tensors[f"{ours}.attn.qkv.weight"], 3)
        biases = np.split(tensors[f"{ours}.attn.qkv.bias"], 3)
        for name, weight, bias in zip(("query", "key", "value"), weights, biases, strict=True):
            found[f"{attention}/{name}/kernel"] = weight.T.reshape(64, heads, -1)
            found[f"{attention}/{name}/bias"] = bias.reshape(heads, -1)
    return found
