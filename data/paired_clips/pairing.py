"""A clip's steady twin, seen from the same places, and how the two differ."""

from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Float

from dvs_jax import camera as cameras
from dvs_jax import smoothing, synthetic
from dvs_jax.camera_path import CameraPath
from dvs_jax.synthetic import Recording, SyntheticClip
from dvs_jax.synthetic.exact_flow import dense_flow
from dvs_jax.synthetic.render import render
from dvs_jax.synthetic.view import View
from dvs_jax.training.paired_record import PairedRecord, flow_size

Steadiness = Literal["online", "whole"]
STRENGTH_S: dict[Steadiness, tuple[str, float]] = {
    # What a network without look-ahead can reach, and what one can that sees the whole clip.
    "online": ("exponential", 0.4),
    "whole": ("gaussian", 0.5),
}

CROP = 0.11
"""Share at each side that the steady frame may be off: vertices are off by at most 0.22."""
MATCHES = 256


def paired_record(clip: SyntheticClip, steadiness: Steadiness, name: str) -> PairedRecord:
    """Render a clip twice, and tell exactly how the two renderings differ.

    Args:
        clip: with a global shutter, without OIS and lens distortion, so that two frames of a place
            differ by a homography.
        steadiness: "online" for a path that needs no later frame, else "whole".
        name: of the record.
    """
    recording = synthetic.record(clip)
    shaky = synthetic.true_path(recording)
    steady = _steadied(clip, shaky, steadiness)
    to_shaky = normalized_homographies(clip, steady.quaternion, shaky.quaternion)
    frames = range(clip.frame_count)
    shaky_views = [synthetic.view_of(recording, index) for index in frames]
    steady_views = [
        synthetic.turned_view(recording, index, pose)
        for index, pose in enumerate(steady.quaternion)
    ]
    steady_flow, visible = _flows(recording, steady_views)
    return PairedRecord(
        name=name,
        rate=np.float32(clip.frame_rate),
        steady=np.stack([render(recording.scene, view) for view in steady_views]),
        shaky=np.stack([synthetic.render_frame(recording, index) for index in frames]),
        vertices=_mapped(to_shaky, lattice(5, 5)).reshape(-1, 5, 5, 2).astype(np.float32),
        affine=nearest_affine(to_shaky).astype(np.float32),
        matches=_matches(to_shaky, np.random.default_rng([clip.seed, 70])),
        steady_flow=steady_flow,
        steady_visible=visible,
        shaky_flow=_flows(recording, shaky_views)[0],
    )


def _steadied(clip: SyntheticClip, shaky: CameraPath, steadiness: Steadiness) -> CameraPath:
    smoother, strength_s = STRENGTH_S[steadiness]
    exposure = smoothing.global_shutter(clip.camera, clip.size, shaky)
    return smoothing.smooth_within_frame(smoother, shaky, exposure, CROP, strength_s)


def normalized_homographies(
    clip: SyntheticClip,
    source: Float[np.ndarray, "frame 4"],
    target: Float[np.ndarray, "frame 4"],
) -> Float[np.ndarray, "frame 3 3"]:
    """Return the maps from positions in frames of one pose to those in frames of another.

    Positions are (x, y), −1 to 1 from edge to edge; poses are [x, y, z, w], world to camera.
    """
    still = np.zeros((len(source), 2))
    in_pixels = cameras.homography(clip.camera, clip.size, source, target, still, still)
    width, height = clip.size
    to_pixels = np.array(
        [[width / 2, 0, (width - 1) / 2], [0, height / 2, (height - 1) / 2], [0, 0, 1]]
    )
    return np.linalg.inv(to_pixels) @ in_pixels @ to_pixels


def lattice(rows: int, columns: int) -> Float[np.ndarray, "point 2"]:
    """Return regularly spaced positions (x, y), row by row, the outermost on the edges."""
    x, y = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    return np.stack([x, y], axis=-1).reshape(-1, 2)


def _mapped(
    homography: Float[np.ndarray, "frame 3 3"], points: Float[np.ndarray, "point 2"]
) -> Float[np.ndarray, "frame point 2"]:
    return cameras.apply_homography(homography[:, None], points[None])


def nearest_affine(homography: Float[np.ndarray, "frame 3 3"]) -> Float[np.ndarray, "frame 2 3"]:
    """Return the affine maps next to homographies on a lattice, by least squares."""
    points = lattice(5, 9)
    design = np.column_stack([points, np.ones(len(points))])
    return np.swapaxes(np.linalg.pinv(design) @ _mapped(homography, points), -1, -2)


def _matches(
    homography: Float[np.ndarray, "frame 3 3"], rng: np.random.Generator
) -> Float[np.ndarray, "frame match 4"]:
    points = rng.uniform(-1.0, 1.0, (len(homography), MATCHES, 2))
    landed = cameras.apply_homography(homography[:, None], points)
    return np.concatenate([points, landed], axis=-1).astype(np.float32)


def _flows(recording: Recording, views: list[View]) -> tuple[np.ndarray, np.ndarray]:
    """Return float16 [pair, row, column, 2] and bool [pair, row, column], see `PairedRecord`."""
    size = flow_size(recording.clip.size)
    flows = [dense_flow(recording.scene, before, after, size) for before, after in pairwise(views)]
    displacement = np.stack([flow for flow, _ in flows]) / np.array(size, np.float32)
    return displacement.astype(np.float16), np.stack([visible for _, visible in flows])
