"""The clips, and the faults of their sensor logs."""

import math
from collections.abc import Mapping
from itertools import product
from types import MappingProxyType
from typing import Any

from dvs_jax.synthetic import SyntheticClip
from dvs_jax.synthetic.clip import MotionName, SceneName

SIZE = (640, 360)
DURATION_S = 6.0

_MOTIONS: tuple[MotionName, ...] = ("handheld", "walking")
_SCENES: tuple[SceneName, ...] = ("distant", "depth")

_BIASES_DEG_S = (0.25, 0.5, 1.0)
_OFFSETS_MS = (5, 10, 15, 20, 30)


def _bias(degrees_per_s: float) -> dict[str, Any]:
    return {"gyro_bias": (math.radians(degrees_per_s),) * 3}


def _late(milliseconds: float) -> dict[str, Any]:
    return {"clock_offset_s": milliseconds * 1e-3}


_HIDDEN_LENS: dict[str, Any] = {"ois": True, "ois_log": False}

FAULTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "none": {},
        **{f"bias {size:g} °/s": _bias(size) for size in _BIASES_DEG_S},
        **{f"clock {late} ms late": _late(late) for late in _OFFSETS_MS},
        "none, moving lens": {"ois": True},
        "moving lens, no log": _HIDDEN_LENS,
        "0.5 °/s, 15 ms, no log": _bias(0.5) | _late(15) | _HIDDEN_LENS,
    }
)
"""By name, the fields of `SyntheticClip` that differ from a clip with perfect logs.

A bias is the same about each axis. A moving lens changes the frames too, so there is also a case of
it without fault, for comparison.
"""


def clips(
    count: int, size: tuple[int, int] = SIZE, duration_s: float = DURATION_S
) -> list[SyntheticClip]:
    """Return clips without faults: handheld and walking, distant and near scenes in turn.

    Their seeds are 1, 2, …; those of training clips are larger.

    Args:
        count: how many.
        size: width and height of a frame in pixels.
        duration_s: seconds of video.
    """
    kinds = [*product(_SCENES, _MOTIONS)]
    return [
        SyntheticClip(motion, scene, duration_s, size, ois=False, seed=index + 1)
        for index in range(count)
        for scene, motion in [kinds[index % len(kinds)]]
    ]
