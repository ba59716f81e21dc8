"""The rows of the comparison: the classical smoothers, networks, and any other method."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from dvs_jax import metrics, quaternion, smoothing
from dvs_jax.camera_path import CameraPath
from dvs_jax.evaluation.film import Film, by_vidstab
from dvs_jax.evaluation.footage import Footage
from dvs_jax.evaluation.matching import Matched, match
from dvs_jax.evaluation.network import NetworkPaths
from dvs_jax.evaluation.told import Told, tell
from dvs_jax.evaluation.vidstab import SMOOTHED_FRAMES, has_vidstab
from dvs_jax.fused import strength
from dvs_jax.fused.method import FusedMethod
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.methods import Method, Refined
from dvs_jax.stabgan.classical_method import ClassicalMethod
from dvs_jax.stabilization.models import as_method

Kind = Literal["input", "pictures", "smoother", "within frame", "whole clip", "model", "method"]

Found = Matched | Told | Film

INPUT = "input"
"""The label of the unstabilised row."""

STRENGTHS_S = tuple(2.0**power for power in range(-6, 4))
"""Strengths in seconds, with which the search for a smoother's starts."""

STRENGTHS = tuple(2.0**power for power in range(-3, 4))
"""Multiples of the trained strength, with which the search for a network's starts."""

STRENGTHS_WITHIN_FRAME = tuple(2.0 ** (power / 2) for power in range(-6, 7))
"""Strengths of a network limited to the frame, of which the best is taken."""

STRENGTHS_WITHIN_FRAME_S = tuple(2.0 ** (power / 2) for power in range(-8, 7))
"""Strengths in seconds of a smoother limited to the frame, of which the best is taken."""


@dataclass(frozen=True)
class Row:
    """One row of the comparison.

    Attributes:
        name: of the smoother or of the model.
        kind: "input": the real path; "pictures": goes by the pictures alone, at the same crop, and
            needs no sensor; "smoother": tuned to the crop; "within frame": limited to
            the crop, with the strength of least restlessness; "whole clip": with unlimited
            look-ahead, a smoother tuned or limited likewise, a network as `stabilize` runs it;
            "model": tuned, or limited likewise; "method": any other method unchanged, at the same
            crop.
        find: finds a clip's path, or its frames, at a crop.
    """

    name: str
    kind: Kind
    find: Callable[[Footage, float], Found]

    @property
    def label(self) -> str:
        """What the row is called."""
        if self.kind in ("model", "method"):
            return f"{self.kind} {self.name}"
        apart = self.kind in ("within frame", "whole clip")
        return f"{self.name}, {self.kind}" if apart else self.name


def rows(
    models: Mapping[str, Method | FusedNetwork], look_ahead_s: float, folder: Path | None = None
) -> list[Row]:
    """Return all rows of a comparison, the input's first.

    Args:
        models: networks in inference mode, and methods, by name.
        look_ahead_s: the smoothers' look-ahead.
        folder: for other programs' files; None leaves out the rows that can be judged by their
            pictures alone.
    """
    networks = {name: each for name, model in models.items() if (each := network_of(model))}
    others = {name: each for name, each in models.items() if name not in networks}
    ahead = [name for name, each in smoothing.SMOOTHERS.items() if each.look_ahead_s > 0.0]
    return [
        Row(INPUT, "input", lambda footage, crop: Matched(footage.real, np.nan)),
        *(by_pictures(folder) if folder is not None else ()),
        *(tuned_smoother(name, "smoother", look_ahead_s) for name in smoothing.SMOOTHERS),
        *(within_frame(name, look_ahead_s) for name in smoothing.SMOOTHERS),
        *(
            make(_told(*each, look_ahead_s), each[1])
            for each in networks.items()
            for make in (tuned_model, model_within_frame)
        ),
        *(Row(name, "method", partial(_told_of, each)) for name, each in others.items()),
        *(tuned_smoother(name, "whole clip", np.inf) for name in ahead),
        *(within_frame(name, np.inf, "whole clip") for name in ahead),
        *(
            model_of_file(name, network)
            for name, network in networks.items()
            if not network.architecture.official
        ),
    ]


def by_pictures(folder: Path) -> list[Row]:
    """Return the rows that go by the pictures alone.

    Args:
        folder: for other programs' files.
    """
    refined = Refined()
    named: dict[str, Callable[[Footage, float], Found]] = {
        f"pictures alone, {refined.look_ahead_s:g} s ahead": partial(_told_of, refined),
        "affine maps, Gaussian": partial(_told_of, ClassicalMethod()),
    }
    if has_vidstab():
        for smoothed in SMOOTHED_FRAMES:
            named[f"vidstab, {smoothed} frames ahead"] = partial(by_vidstab, folder, smoothed)
    return [Row(name, "pictures", find) for name, find in named.items()]


def network_of(model: Method | FusedNetwork) -> FusedNetwork | None:
    """Return the network whose strength can be tuned; None of another method."""
    if isinstance(model, FusedMethod):
        return model.network
    return model if isinstance(model, FusedNetwork) else None


def _told_of(model: Method | FusedNetwork, footage: Footage, crop: float) -> Told:
    return tell(as_method(model), footage, crop)


def _told(name: str, network: FusedNetwork, look_ahead_s: float) -> str:
    """Return a network's name, with its look-ahead where that differs from the smoothers'."""
    ahead_s = network.architecture.look_ahead_ns * 1e-9
    return name if np.isclose(ahead_s, look_ahead_s) else f"{name}, {ahead_s:g} s ahead"


def tuned_smoother(name: str, kind: Kind, look_ahead_s: float) -> Row:
    """Return a smoother whose strength is tuned to the crop."""

    def find(footage: Footage, crop: float) -> Matched:
        def smooth(strength_s: float) -> CameraPath:
            return smoothing.smooth(name, footage.real, strength_s, look_ahead_s)

        wanted = 1.0 - 2.0 * crop
        return match(lambda all_s: [*map(smooth, all_s)], STRENGTHS_S, footage, wanted)

    return Row(name, kind, find)


def within_frame(name: str, look_ahead_s: float, kind: Kind = "within frame") -> Row:
    """Return a smoother limited to the crop, at its best strength."""

    def find(footage: Footage, crop: float) -> Matched:
        def limited(strength_s: float) -> Matched:
            view = (footage.real, footage.exposure, crop)
            path = smoothing.smooth_within_frame(name, *view, strength_s, look_ahead_s)
            return Matched(path, strength_s)

        return min(map(limited, STRENGTHS_WITHIN_FRAME_S), key=_restlessness)

    return Row(name if kind == "within frame" else f"{name} within frame", kind, find)


def _restlessness(found: Matched) -> float:
    # The shortest paths have none, and do not differ.
    return float(np.nan_to_num(metrics.restlessness(found.path)))


def tuned_model(name: str, network: FusedNetwork) -> Row:
    """Return a network whose strength is tuned to the crop."""

    def find(footage: Footage, crop: float) -> Matched:
        return match(NetworkPaths(network, footage), STRENGTHS, footage, 1.0 - 2.0 * crop)

    return Row(name, "model", find)


def model_within_frame(name: str, network: FusedNetwork) -> Row:
    """Return a network limited to the crop, at its best strength.

    The network uses all of the look-ahead, so the limiter has none: it falls back at once to the
    network's paths at lesser strengths. The best strength is told by the gyro alone, as in
    `strength.for_crop`: a path that corrects the gyro's errors shakes as much as they do.
    """
    corrects = network.architecture.fusion > 0
    by_gyro = strength.without_flow(network) if corrects else network

    def find(footage: Footage, crop: float) -> Matched:
        def limited(paths: Sequence[CameraPath]) -> Matched:
            path = smoothing.limit_to_cover([footage.real, *paths], footage.exposure, crop, 0.0)
            return Matched(path, STRENGTHS_WITHIN_FRAME[len(paths) - 1])

        tried = NetworkPaths(by_gyro, footage)(np.array(STRENGTHS_WITHIN_FRAME))
        calmest = min(
            (limited(tried[:count]) for count in range(1, len(tried) + 1)), key=_restlessness
        )
        if not corrects:
            return calmest
        wanted = STRENGTHS_WITHIN_FRAME[: STRENGTHS_WITHIN_FRAME.index(calmest.strength) + 1]
        return limited(NetworkPaths(network, footage)(np.array(wanted)))

    return Row(f"{name}, within frame", "model", find)


def model_of_file(name: str, network: FusedNetwork) -> Row:
    """Return a network as it stabilises a file, whose log is known to its end.

    Its path is smoothed once more and limited to the crop (see `fused.strength`).
    """
    corrects = network.core.fusion is not None
    by_gyro = strength.without_flow(network) if corrects else network

    def find(footage: Footage, crop: float) -> Matched:
        seen = footage.exposure
        tried = strength.candidates(network, crop, seen.camera, seen.size)
        strengths = sorted({each.network for each in tried})
        found = NetworkPaths(by_gyro, footage)(np.array(strengths))
        alone = dict(zip(strengths, found, strict=True))
        left = strength.restlessness(tried, alone, footage.real, seen, crop)
        chosen = tried[int(np.argmin(np.nan_to_num(left)))]
        levels = strength.calm_levels(alone[chosen.network], chosen.deviation_s)
        if corrects:
            (by_flow,) = NetworkPaths(network, footage)(np.array([chosen.network]))
            back = quaternion.conjugate(alone[chosen.network].quaternion)
            turn = quaternion.multiply(back, by_flow.quaternion)
            levels = [strength.corrected(each, turn) for each in levels]
        return Matched(strength.limited(footage.real, levels, seen, crop), chosen.network)

    return Row(f"model {name}", "whole clip", find)
