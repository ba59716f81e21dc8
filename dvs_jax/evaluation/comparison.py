"""All methods on all clips, at equal crop."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation import rendering, score
from dvs_jax.evaluation.film import Film
from dvs_jax.evaluation.footage import Footage
from dvs_jax.evaluation.methods import INPUT, Found, Row, network_of, rows
from dvs_jax.evaluation.score import Score
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.methods import Method
from dvs_jax.metrics import Metrics
from dvs_jax.progress import Track, silently
from dvs_jax.whole_file import scratch

LOOK_AHEAD_S = Architecture().look_ahead_ns * 1e-9
"""The networks' look-ahead in seconds, by default also the smoothers'."""

SMALLEST_CROP, LARGEST_CROP = 0.005, 0.45

_log = logging.getLogger("dvs_jax")


@dataclass(frozen=True)
class ClipResult:
    """All methods on one clip.

    Attributes:
        name: the clip's.
        scores: by the method's label.
        paths: by the method's label, the virtual camera's pose at every frame; the input's is the
            real one. Methods without poses have none.
    """

    name: str
    scores: dict[str, Score]
    paths: dict[str, CameraPath]


@dataclass(frozen=True)
class Comparison:
    """The results of a comparison.

    Attributes:
        crop: fraction of width and height cut off at each side, which the worst frame just covers.
        look_ahead_s: the smoothers' look-ahead.
        methods: the rows, the input's first.
        clips: the results of each clip, one or more.
        left_out: the clips that could not be read, and why.
    """

    crop: float
    look_ahead_s: float
    methods: tuple[Row, ...]
    clips: tuple[ClipResult, ...]
    left_out: dict[str, str]

    @property
    def means(self) -> dict[str, Score]:
        """The mean score over the clips by the method's label."""
        labels = [method.label for method in self.methods]
        return {
            label: score.mean([clip.scores[label] for clip in self.clips if label in clip.scores])
            for label in labels
        }


def compare(
    footage: Iterable[Footage],
    models: Mapping[str, Method | FusedNetwork],
    crop: float = 0.1,
    look_ahead_s: float = LOOK_AHEAD_S,
    *,
    measure: bool = False,
    track: Track = silently,
) -> Comparison:
    """Compare the input, classical smoothers, networks and others on clips, at the same crop.

    Where pictures are measured, methods that go by the pictures alone and ffmpeg's vidstab, if it
    is installed, have rows too; on clips without sensors these are the only ones.

    Args:
        footage: the clips and records.
        models: networks in inference mode, whose strength is tuned to the crop, and any other
            methods, by the names of their rows. A network that reads flow is left out, with a
            warning, if some clip has none.
        crop: fraction of width and height to cut off at each side, from 0.005 to 0.45.
        look_ahead_s: the smoothers' look-ahead.
        measure: whether to draw the videos too and compute their metrics, which takes long.
        track: reports the clips, or, if metrics are computed, the frames.

    Raises:
        InputError: there is no clip, the crop is out of range, or a video or flow file cannot be
            read.
    """
    clips = [*footage]
    if not clips:
        raise InputError("there is no clip to evaluate; name videos, their folders or a dataset")
    check_crop(crop)
    usable = _usable(models, clips)
    results, left_out = [], {}
    with scratch() as folder:
        compared = rows(usable, look_ahead_s, folder if measure else None)
        for clip in clips if measure else track(clips, len(clips), "clips"):
            try:
                results.append(_evaluate(clip, compared, crop, measure, track))
            except InputError as error:
                left_out[clip.name] = f"{clip.name}: {error}"
    if not results:
        raise InputError(f"no clip can be evaluated: {'; '.join(left_out.values())}")
    for reason in left_out.values():
        _log.warning("left out: %s", reason)
    return Comparison(crop, look_ahead_s, tuple(compared), tuple(results), left_out)


def check_crop(crop: float) -> None:
    """Raise InputError unless the crop is within `SMALLEST_CROP` and `LARGEST_CROP`."""
    if not SMALLEST_CROP <= crop <= LARGEST_CROP:
        raise InputError(
            f"a crop of {crop} is impossible; give {SMALLEST_CROP} to {LARGEST_CROP} of each side"
        )


def _usable(
    models: Mapping[str, Method | FusedNetwork], clips: Sequence[Footage]
) -> dict[str, Method | FusedNetwork]:
    without_flow = [clip.name for clip in clips if clip.flow is None]
    usable = {}
    for name, model in models.items():
        network = network_of(model)
        if network is not None and network.encoder is not None and without_flow:
            _log.warning(
                "%s is left out: it reads optical flow, and %s has none", name, without_flow[0]
            )
        else:
            usable[name] = model
    return usable


def _evaluate(
    footage: Footage, compared: Sequence[Row], crop: float, measure: bool, track: Track
) -> ClipResult:
    found = _found(footage, compared, crop)
    scores = {label: score.of_found(footage, each, crop) for label, each in found.items()}
    scores[INPUT] = score.of_input(footage)
    if measure and footage.clip is not None:
        measured = _measured(footage, footage.clip, found, crop, track)
        scores = {label: score.with_pictures(scores[label], measured[label]) for label in measured}
    paths = {label: each.path for label, each in found.items() if each.path is not None}
    return ClipResult(footage.name, scores, paths)


def _measured(
    footage: Footage, clip: Clip, found: dict[str, Found], crop: float, track: Track
) -> dict[str, Metrics]:
    """Return the metrics of the input's and of each method's video."""
    films = {label: each for label, each in found.items() if isinstance(each, Film)}
    drawn = {
        label: each
        for label, each in found.items()
        if not isinstance(each, Film) and label != INPUT
    }
    frames = [each.frames(footage) for each in drawn.values()]
    pictures = [each.pictures(footage) for each in films.values()]
    before, after = rendering.measure(clip, frames, crop, track, pictures)
    return {INPUT: before, **dict(zip([*drawn, *films], after, strict=True))}


def _found(footage: Footage, compared: Sequence[Row], crop: float) -> dict[str, Found]:
    """Return what each row finds, without those that lack something on this footage.

    Raises:
        InputError: there is no row but the input's.
    """
    found, lacking = {}, ""
    for row in compared:
        if footage.motion is None and row.kind not in ("method", "pictures"):
            lacking = f"{footage.name}: has no gyro, which all but methods of pictures need"
            continue
        if footage.clip is None and row.kind == "pictures":
            continue
        try:
            found[row.label] = row.find(footage, crop)
        except InputError as error:
            if row.kind not in ("method", "pictures"):
                raise
            lacking = str(error)
            _log.warning("%s is left out: %s", row.label, error)
    if footage.motion is None and not found:
        raise InputError(lacking)
    return found
