"""Official PyTorch checkpoints of any kind that is known, turned into Orbax ones."""

from pathlib import Path

from dvs_jax import torch_file
from dvs_jax.errors import InputError
from dvs_jax.flow import raft_weights
from dvs_jax.fused import convert as fused
from dvs_jax.fused import weights


def convert(checkpoint: Path, out: Path) -> None:
    """Write a DVS or RAFT checkpoint's weights as an Orbax folder.

    Raises:
        InputError: the file is neither, a tensor does not fit, or `out` exists already.
    """
    if not checkpoint.exists():
        raise InputError(f"{checkpoint}: no such file")
    content = torch_file.read(checkpoint)
    if fused.is_official(content):
        weights.save(fused.from_official(content, checkpoint), out)
    elif any("fnet." in str(name) for name in content):
        raft_weights.convert(checkpoint, out)
    else:
        raise InputError(
            f"{checkpoint}: no official DVS checkpoint (a state_dict with rnns.*) and no RAFT "
            "weights (fnet.*)"
        )
