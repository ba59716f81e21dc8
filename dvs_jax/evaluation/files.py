"""The comparison from files to files: clips, datasets and models in, JSON and a picture out."""

import dataclasses
import logging
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from dvs_jax import checkpoint, pretrained
from dvs_jax.errors import InputError
from dvs_jax.evaluation import picture, table
from dvs_jax.evaluation.comparison import Comparison, check_crop, compare
from dvs_jax.evaluation.loading import load
from dvs_jax.flow import Estimator
from dvs_jax.fused import weights
from dvs_jax.progress import Track, silently
from dvs_jax.stabilization.models import load_model
from dvs_jax.viewport.starvp.weights import KIND as OF_VIEWPORTS
from dvs_jax.whole_file import locked, replacing_together

NUMBERS, PICTURE = "evaluation.json", "evaluation.png"
"""Names of the files."""

_log = logging.getLogger("dvs_jax")


def evaluate(
    paths: Sequence[Path],
    models: Iterable[str] | None,
    out: Path | None,
    *,
    crop: float,
    measure: bool,
    flow_estimator: str | Estimator = "auto",
    track: Track = silently,
) -> Comparison:
    """Compare the input, the smoothers and networks on clips and datasets, at equal crop.

    Args:
        paths: videos, clips' folders, and datasets of records (see `loading.load`).
        models: names, folders or files of networks; None takes those that are shipped: where
            nothing is drawn, those that go by the gyro.
        out: folder for the numbers and the picture, which replace those of an earlier run; None
            writes none.
        crop: fraction of width and height to cut off at each side.
        measure: whether to draw the clips' videos too and compute their metrics.
        flow_estimator: computes flow for clips without flow files, if a network reads it.
        track: reports the progress.

    Returns:
        The results. Clips that could not be read are named in it, and in warnings.

    Raises:
        InputError: a model cannot be read, or none of the clips can, the crop is out of range, or
            `out` cannot be written, or another run is writing an evaluation there.
    """
    check_crop(crop)
    with nullcontext() if out is None else locked(out, "an evaluation"):
        comparison = _compared(paths, models, crop, measure, flow_estimator, track)
        if out is not None:
            with replacing_together(out) as unfinished:
                table.write_json(comparison, unfinished / NUMBERS)
                picture.plot(comparison, unfinished / PICTURE)
    return comparison


def _compared(
    paths: Sequence[Path],
    models: Iterable[str] | None,
    crop: float,
    measure: bool,
    flow_estimator: str | Estimator,
    track: Track,
) -> Comparison:
    usual = shipped() + (shipped_by_pictures() if measure else [])
    networks = {name: load_model(name) for name in (usual if models is None else models)}
    footage, left_out = load(paths, flow_estimator)
    if not footage:
        raise InputError(f"no clip can be evaluated: {'; '.join(left_out.values())}")
    for reason in left_out.values():
        _log.warning("left out: %s", reason)
    found = compare(footage, networks, crop, measure=measure, track=track)
    return dataclasses.replace(found, left_out={**left_out, **found.left_out})


def shipped() -> list[str]:
    """Return the names of the networks that the package ships, and that go by the gyro."""
    return [name for name, kind in _kinds().items() if kind == weights.KIND]


def shipped_by_pictures() -> list[str]:
    """Return the names of the networks that the package ships, and that need no sensor."""
    others = weights.KIND, OF_VIEWPORTS
    return [name for name, kind in _kinds().items() if kind not in others]


def _kinds() -> dict[str, str]:
    folders = sorted(pretrained.SHIPPED_FOLDER.glob("*/"))
    return {folder.name: checkpoint.metadata(folder)["kind"] for folder in folders}
