"""What tells the saliency of videos: PAVER where its weights are given, else what moves."""

from functools import partial
from pathlib import Path

from dvs_jax.errors import InputError
from dvs_jax.viewport.paver import stream, weights
from dvs_jax.viewport.saliency import motion
from dvs_jax.viewport.saliency.queue import Maps


def chosen(
    decoder: Path | None, transformer: Path | None, together: int | None = None
) -> tuple[Maps, str]:
    """Return what tells the saliency, and its name, as `queue.Work` takes them.

    Args:
        decoder: PAVER's; None, as the transformer then, for "motion".
        transformer: see `weights.load` for both.
        together: consecutive frames that PAVER sees at each instant; None for as many as it was
            trained on.

    Raises:
        InputError: one is given without the other, a file cannot be used, or the number of frames
            is not odd.
    """
    if decoder is None and transformer is None and together is None:
        return motion.maps, "motion"
    if decoder is None or transformer is None:
        raise InputError(
            "PAVER consists of two files: give the decoder by --paver, and the vision transformer "
            "by --vit"
        )
    together = stream.TOGETHER if together is None else together
    stream.require_middle(together)
    told = f"PAVER, {decoder.name} and {transformer.name}, {together} at once"
    return partial(stream.maps, weights.load(decoder, transformer), together=together), told
