"""The training loss: one function a term. The terms of DVS are those of its `dvs/loss.py`.

The terms of a step see one `Moment`; the terms of a path see a `Course`, the poses of a whole
window. All are functions of one sample; `jax.vmap` makes batches, and the mean over the window and
the batch is the loss. Every term is a float32 scalar whose gradient is finite also where poses are
equal or opposite, no flow counts, or a point lies behind the camera.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from dvs_jax import quaternion
from dvs_jax.camera import GRID_ROWS, NEAREST_DEPTH, grid_vertices
from dvs_jax.fused import reach

OFFICIAL_SIZE = (1920, 1080)
"""Width and height in pixels of the frames that the official program assumes."""

ANGLE_THRESHOLD_RAD = 6.0 * jnp.pi / 180.0
ANGLE_STEEPNESS = 100.0

LOOK_AHEAD_WEIGHTS = (0.072254, 0.068349, 0.057856, 0.043824, 0.029705)
"""Weights of the `undefine` term now and 80, 160, 240 and 320 ms later."""

INSET = 0.08
SLACK = 0.04
"""Shares of the frame: inset of the corners that must stay inside, and margin they must keep."""

LEAST_ACCELERATION = 1e-3
LEAST_JERK = 1e-2
"""In rad/s² and rad/s³: added before the logarithm, so that still windows do not dominate."""

LEAST_TURN_ERROR_RAD = 1e-5
"""An error that is small enough: frames that shake by it have a jerk of 50°/s³."""

SOFTNESS = 0.05
"""Width of the `cover` term's soft threshold, as a share of the margin."""

_SMALLEST_SQUARED = 1e-12


class Moment(NamedTuple):
    """One step of a rollout, as its losses read it; all float32, poses [x, y, z, w].

    Attributes:
        turn: [4], the rotation Δq over 40 ms, without soft shrinkage.
        virtual: [2, 4], the virtual poses 80 and 40 ms ago, relative to the anchor.
        real: [window, 4], the real poses every 40 ms around the current time, 8 or more at each
            side, relative to the anchor.
        anchor: [4], the real pose 40 ms ago, world to camera.
        camera_pose: [2, 4], the real poses at the centre times of the previous and this frame.
        previous_pose: [4], the virtual pose at the previous frame, world to camera.
        flow: [row, column, 4], forward and backward from that frame to this one, in fractions of
            the frame (in the official program x by the height and y by the width).
        focal: [2], focal length in fractions of the frame's width and height.
    """

    turn: Float[Array, "4"]
    virtual: Float[Array, "2 4"]
    real: Float[Array, "window 4"]
    anchor: Float[Array, "4"]
    camera_pose: Float[Array, "2 4"]
    previous_pose: Float[Array, "4"]
    flow: Float[Array, "row column 4"]
    focal: Float[Array, "2"]


class Course(NamedTuple):
    """A window of a rollout, as the losses of a path read it; all float32.

    Attributes:
        seen: [frame, 4], the visible orientation of the output: the virtual pose, corrected by the
            error of the logged real pose. There is one frame more than steps, the first.
        turned: [step, 4], rotation from the logged real pose to the virtual pose.
        interval_s: [step], seconds since the previous frame.
        true_turn: [step, 3], the camera's true rotation since the previous frame, a rotation vector
            in radians.
        camera_turn: [step, 3], the network's estimate of it.
        strength: [], as in `StepFeatures`: scale of the margin that the virtual camera may use, and
            of the real camera's motion.
    """

    seen: Float[Array, "frame 4"]
    turned: Float[Array, "step 4"]
    interval_s: Float[Array, "step"]
    true_turn: Float[Array, "step 3"]
    camera_turn: Float[Array, "step 3"]
    strength: Float[Array, ""]


def follow(moment: Moment) -> Float[Array, ""]:
    """Return the squared distance of the new pose to the real poses within 80 ms."""
    now = len(moment.real) // 2
    near = moment.real[now - 2 : now + 3]
    return jnp.square(near - _position(moment)[None]).mean(axis=-1).sum()


def angle(moment: Moment) -> Float[Array, ""]:
    """Return the angle to the real pose in radians, with a soft gate at 6°."""
    turn = quaternion.multiply(_now(moment), quaternion.conjugate(_position(moment)))
    # At ±1, which rounding may even exceed, the arc cosine's slope is infinite.
    w = jnp.clip(turn[3], -1.0 + 1e-7, 1.0 - 1e-7)
    theta = jnp.where(turn[3] >= 1.0 - 1e-7, 0.0, 2.0 * jnp.arccos(w))
    return theta * jax.nn.sigmoid(ANGLE_STEEPNESS * (theta - ANGLE_THRESHOLD_RAD))


def smooth(moment: Moment) -> Float[Array, ""]:
    """Return the squared velocity: Δq's squared distance to the identity."""
    return jnp.square(moment.turn - _standing_still()).mean()


def c2_smooth(moment: Moment) -> Float[Array, ""]:
    """Return the squared acceleration: Δq's squared distance to the previous one."""
    before = quaternion.multiply(moment.virtual[1], quaternion.conjugate(moment.virtual[0]))
    return jnp.square(moment.turn - before).mean()


def stay(moment: Moment) -> Float[Array, ""]:
    """Return the absolute velocity."""
    return jnp.abs(moment.turn - _standing_still()).mean()


def undefine(moment: Moment) -> Float[Array, ""]:
    """Return how far a corner lies outside the frame, now and if the rotation continues."""
    later, pose, total = _position(moment), moment.turn, jnp.zeros(())
    for step, weight in enumerate(LOOK_AHEAD_WEIGHTS):
        real = moment.real[len(moment.real) // 2 + 2 * step]
        total += weight * _strayed(real, later, moment.focal)
        later = quaternion.multiply(quaternion.multiply(pose, pose), later)
    return total


def optical(moment: Moment) -> Float[Array, ""]:
    """Return the mean squared motion, in fractions of the frame, between two output frames.

    Points that correspond by the flow should be warped to the same place in both output frames.
    """
    rows, columns = moment.flow.shape[:2]
    mesh = pixel_centers(rows, columns)
    after, before = _turns(moment)
    forward, backward = moment.flow[..., :2], moment.flow[..., 2:]
    land = _landing(moment.focal, jnp.full(2, 0.5))
    total = _mean_squared(land(after, mesh + forward) - land(before, mesh), _inside(mesh + forward))
    total += _mean_squared(
        land(before, mesh + backward) - land(after, mesh), _inside(mesh + backward)
    )
    return jnp.minimum(total, 1.0)


def official_optical(moment: Moment) -> Float[Array, ""]:
    """Return `optical` as the official `Optical_loss` has it: by sampled 12 × 12 grids."""
    rows, columns = moment.flow.shape[:2]
    aside = jnp.asarray([0.5 / rows, 0.5 / columns]) - jnp.asarray([0.5 / columns, 0.5 / rows])
    mesh = pixel_centers(rows, columns) + aside[None, None]
    land = _landing(moment.focal, _official_center())
    vertices = jnp.asarray(grid_vertices(), jnp.float32)
    after, before = (_enlarged(land(turn, vertices), rows, columns) for turn in _turns(moment))
    forward, backward = mesh + moment.flow[..., :2], mesh + moment.flow[..., 2:]
    total = _mean_squared(_sample(after, forward) - before, _inside(forward))
    total += _mean_squared(_sample(before, backward) - after, _inside(backward))
    return jnp.minimum(total, 1.0)


def acceleration(course: Course) -> Float[Array, ""]:
    """Return the RMS of the output's angular acceleration in rad/s², divided by the strength."""
    return _root_mean_square(_differences(course, 1))


def jerk(course: Course) -> Float[Array, ""]:
    """Return the RMS of the output's angular jerk in rad/s³, divided by the strength."""
    return _root_mean_square(_differences(course, 2))


def log_acceleration(course: Course) -> Float[Array, ""]:
    """Return the logarithm of `acceleration`.

    Equal relative changes count equally in windows of slow and of fast motion.
    """
    return jnp.log(acceleration(course) + LEAST_ACCELERATION)


def log_jerk(course: Course) -> Float[Array, ""]:
    """Return the logarithm of `jerk` (see `log_acceleration`)."""
    return jnp.log(jerk(course) + LEAST_JERK)


def cover(course: Course) -> Float[Array, ""]:
    """Return the excess use of the margin, of the worst frame plus the mean over frames.

    In fractions of the margin, above `reach.FREE_SHARE`, where the virtual pose begins to be pulled
    back, which lets shake through (see `reach`); the threshold is soft.
    """
    used = jax.vmap(reach.used_share)(_away(course))
    excess = SOFTNESS * jax.nn.softplus((used - reach.FREE_SHARE) / SOFTNESS)
    return excess.max() + excess.mean()


def off_center(course: Course) -> Float[Array, ""]:
    """Return the mean rotation from the real camera to the virtual one, in fractions of the margin.

    Shake averages out over a window. What is left is a lag behind an even turn, a picture that
    leans, or a drift away from its middle. Of no rotation at all it is 0.04, by the rounding of
    `reach.used_share`. (Squared, it leaves a small lag.)
    """
    return reach.used_share(_away(course).mean(axis=0))


def camera_turn(course: Course) -> Float[Array, ""]:
    """Return the logarithm of the RMS error of the network's estimates of the camera's rotation.

    The logarithm lets clips with good and with bad gyros count alike.
    """
    error = _root_mean_square(course.camera_turn - course.true_turn)
    return jnp.log(error + LEAST_TURN_ERROR_RAD)


Term = Callable[[Moment], Float[Array, ""]]

STEP_TERMS: dict[str, Term] = {
    "follow": follow,
    "angle": angle,
    "smooth": smooth,
    "c2_smooth": c2_smooth,
    "undefine": undefine,
    "optical": optical,
    "stay": stay,
}
"""The terms of one step by name; where DVS has them, as in its `dvs/loss.py`."""

OFFICIAL_STEP_TERMS: dict[str, Term] = {**STEP_TERMS, "optical": official_optical}
"""The terms as the official program computes them."""

PATH_TERMS: dict[str, Callable[[Course], Float[Array, ""]]] = {
    "acceleration": acceleration,
    "jerk": jerk,
    "log_acceleration": log_acceleration,
    "log_jerk": log_jerk,
    "cover": cover,
    "off_center": off_center,
    "camera_turn": camera_turn,
}
"""Our own terms, of a window's whole path, by name."""


def pixel_centers(rows: int, columns: int) -> Float[Array, "row column 2"]:
    """Return the centres (x, y) of pixels in fractions of the frame."""
    y, x = jnp.meshgrid(
        (jnp.arange(rows) + 0.5) / rows, (jnp.arange(columns) + 0.5) / columns, indexing="ij"
    )
    return jnp.stack([x, y], axis=-1)


def _position(moment: Moment) -> Float[Array, "4"]:
    """Return the new virtual pose relative to the anchor."""
    return quaternion.multiply(moment.turn, moment.virtual[1])


def _now(moment: Moment) -> Float[Array, "4"]:
    return moment.real[len(moment.real) // 2]


def _standing_still() -> Float[Array, "4"]:
    return jnp.asarray([0.0, 0.0, 0.0, 1.0])


def _official_center() -> Float[Array, "2"]:
    """Return the principal point, half a pixel off the middle, as a share of the frame."""
    width, height = OFFICIAL_SIZE
    return jnp.asarray([0.5 - 0.5 / width, 0.5 - 0.5 / height])


def _landing(
    focal: Float[Array, "2"], center: Float[Array, "2"]
) -> Callable[[Float[Array, "4"], Float[Array, "*batch 2"]], Float[Array, "*batch 2"]]:
    """Return the function that maps a rotation and points to the warped points, in fractions."""

    def land(turn: Float[Array, "4"], point: Float[Array, "*batch 2"]) -> Float[Array, "*batch 2"]:
        flat = point.reshape(-1, 2)
        ray = jnp.concatenate(
            [(flat - center[None]) / focal[None], jnp.ones((len(flat), 1))], axis=-1
        )
        seen = ray @ quaternion.to_matrix(turn).T
        image = focal[None] * seen[:, :2] / jnp.maximum(seen[:, 2:], NEAREST_DEPTH)
        return (center[None] + image).reshape(point.shape)

    return land


def _turns(moment: Moment) -> tuple[Float[Array, "4"], Float[Array, "4"]]:
    """Return the rotations from real to virtual pose in this frame and in the previous one."""
    now = quaternion.multiply(_position(moment), moment.anchor)
    before, after = moment.camera_pose
    return (
        quaternion.multiply(now, quaternion.conjugate(after)),
        quaternion.multiply(moment.previous_pose, quaternion.conjugate(before)),
    )


def _strayed(
    real: Float[Array, "4"], virtual: Float[Array, "4"], focal: Float[Array, "2"]
) -> Float[Array, ""]:
    width, height = OFFICIAL_SIZE
    low = jnp.asarray([int(INSET * width) / width, int(INSET * height) / height])
    high = jnp.asarray([int((1 - INSET) * width) / width, int((1 - INSET) * height) / height])
    corners = jnp.stack([low, high, jnp.stack([low[0], high[1]]), jnp.stack([high[0], low[1]])])
    turn = quaternion.multiply(virtual, quaternion.conjugate(real))
    landed = _landing(focal, _official_center())(turn, corners)
    stray = jax.nn.relu(SLACK - landed) + jax.nn.relu(landed - (1.0 - SLACK))
    return jnp.minimum(jnp.square(stray).sum(axis=-1).max(), 1.0)


def _inside(point: Float[Array, "row column 2"]) -> Bool[Array, "row column"]:
    return ((point > 0.0) & (point < 1.0)).all(axis=-1)


def _mean_squared(
    difference: Float[Array, "row column 2"], valid: Bool[Array, "row column"]
) -> Float[Array, ""]:
    """Return the mean of the squared lengths where valid; 0 if nothing is."""
    squared = jnp.where(valid, jnp.square(difference).sum(axis=-1), 0.0)
    return squared.sum() / jnp.maximum(valid.sum(), 1)


def _enlarged(
    grid: Float[Array, "12 12 2"], rows: int, columns: int
) -> Float[Array, "row column 2"]:
    """Interpolate a grid whose corners are the outermost pixels' centres."""
    down, across = _interpolation(rows), _interpolation(columns)
    return jnp.einsum("ri,ijc,kj->rkc", down, grid, across)


def _interpolation(size: int) -> Float[Array, "size 12"]:
    position = jnp.linspace(0.0, GRID_ROWS - 1.0, size)
    distance = jnp.abs(position[:, None] - jnp.arange(GRID_ROWS, dtype=jnp.float32)[None])
    return jax.nn.relu(1.0 - distance)


def _sample(
    image: Float[Array, "row column 2"], point: Float[Array, "row column 2"]
) -> Float[Array, "row column 2"]:
    """Sample at fractions of the frame, bilinearly, with border pixels repeated."""
    rows, columns = image.shape[:2]
    y, x = point[..., 1] * rows - 0.5, point[..., 0] * columns - 0.5
    channels = [
        jax.scipy.ndimage.map_coordinates(image[..., channel], [y, x], order=1, mode="nearest")
        for channel in range(2)
    ]
    return jnp.stack(channels, axis=-1)


def _away(course: Course) -> Float[Array, "step 3"]:
    """Return the rotations from the real to the virtual camera, in radians, as at strength 1."""
    return quaternion.to_rotation_vector(course.turned) / course.strength


def _differences(course: Course, order: int) -> Float[Array, "fewer 3"]:
    """Return acceleration (order 1) or jerk (2) in rad/s² or rad/s³, between frames."""
    step = quaternion.multiply(course.seen[1:], quaternion.conjugate(course.seen[:-1]))
    interval_s = course.interval_s.mean()
    rate = quaternion.to_rotation_vector(step) / (interval_s * course.strength)
    for _ in range(order):
        rate = jnp.diff(rate, axis=0) / interval_s
    return rate


def _root_mean_square(vector: Float[Array, "step 3"]) -> Float[Array, ""]:
    return jnp.sqrt(jnp.square(vector).sum(axis=-1).mean() + _SMALLEST_SQUARED)
