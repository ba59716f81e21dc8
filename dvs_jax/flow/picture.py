"""Flow as a picture: Middlebury's colour wheel, hue for direction and saturation for length."""

import numpy as np
from jaxtyping import Float, UInt8

# Positions of the pure colours on the wheel of 55 steps (Baker et al., IJCV 2011).
_STEPS = (0, 15, 21, 25, 36, 49, 55)
_LAST_STEP = 54
_RED_GREEN_BLUE = (
    (255, 255, 0, 0, 0, 255, 255),
    (0, 255, 255, 255, 0, 0, 0),
    (0, 0, 0, 255, 255, 255, 0),
)
_TOO_LONG_SHADE = 0.75


def picture(
    flow: Float[np.ndarray, "height width 2"], longest: float | None = None
) -> UInt8[np.ndarray, "height width 3"]:
    """Paint flow: white where nothing moves, red to the right, black where unknown (NaN).

    Args:
      flow: (dx, dy) in pixels.
      longest: length in pixels of full saturation; longer flow is darkened. By default the
        longest in this flow; give one number for all frames of a video.

    Returns:
      RGB.
    """
    known = np.isfinite(flow).all(axis=-1)
    dx, dy = np.moveaxis(np.where(known[..., None], flow, 0.0), -1, 0)
    length = np.hypot(dx, dy)
    length = length / (longest or max(float(length.max()), 1e-6))
    step = (np.arctan2(-dy, -dx) / np.pi + 1) / 2 * _LAST_STEP
    pure = np.stack([np.interp(step, _STEPS, channel) for channel in _RED_GREEN_BLUE], axis=-1)
    blended = 255 - np.minimum(length, 1)[..., None] * (255 - pure)
    shaded = np.where(length[..., None] > 1, pure * _TOO_LONG_SHADE, blended)
    return np.where(known[..., None], shaded, 0).astype(np.uint8)


def component(
    flow: Float[np.ndarray, "height width"], farthest: float = 15.0
) -> UInt8[np.ndarray, "height width"]:
    """Return one component of flow as grey levels: f becomes (f + farthest)·255 / (2·farthest).

    Args:
      flow: dx or dy in pixels.
      farthest: what becomes white, its negative black; what lies beyond is clipped.
    """
    level = (np.clip(flow, -farthest, farthest) + farthest) * (255.0 / (2.0 * farthest))
    return np.rint(level).astype(np.uint8)
