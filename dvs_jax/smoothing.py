"""Classical camera-path smoothing on SO(3): the baseline every model has to beat.

A path is unrolled onto a tangent space, where it is an ordinary curve in three dimensions, in
radians; each smoother is a filter of that curve; and the change that the filter makes is rolled
back onto the real poses. So any amount of accumulated rotation is right, the quaternions' signs do
not matter, and a fixed turn of the world's or of the camera's axes turns the result by just as
much. Times, not indices, decide every weight. A path is taken to turn by less than 180° from one
frame to the next.

All of it runs on the host in float64, over all frames at once.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from dvs_jax import camera as cameras
from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError

logger = logging.getLogger("dvs_jax")

WINDOW_DEVIATIONS = 4.0
"""Standard deviations of a Gaussian at which its window ends."""

PAN_SPEED = np.radians(20.0)
"""Angular velocity in rad/s of a pan that takes half of what the adaptive smoother can give up."""

STRENGTH_IN_PANS = 0.25
"""Share of its strength that the adaptive smoother keeps in the fastest of pans."""

LEVELS = (0.0, 0.125, 0.25, 0.5, 1.0)
"""Shares of the strength through which `smooth_within_frame` gives way to the real path."""

GIVING_WAY_S = 1.0
"""Seconds over which a limited path gives way, where the look-ahead allows as much."""

RETURN_S = 0.5
"""Time constant in seconds with which a limited path returns to the one that is wanted."""

LIMIT_SHARE_OF_LOOK_AHEAD = 0.25
"""What the limit gets of a look-ahead that it shares with the smoother."""

_CLOCK_TOLERANCE_S = 1e-6
"""Rounding of times that must not move a frame into a window or out of it."""

_COVER_TOLERANCE = 1e-6
"""Share of the frame that rounding may seem to uncover: far below a pixel."""

_BISECTIONS = 12
"""Halvings in the search for the furthest pose that keeps the frame covered."""

Seconds = Float[np.ndarray, "frame"]
Turn = Float[np.ndarray, "frame 3"]


def unroll(pose: Float[np.ndarray, "frame 4"]) -> tuple[Turn, Float[np.ndarray, "frame 4"]]:
    """Roll the rotations along the path, without slipping or twisting, onto a tangent space.

    Unrolling (Jupp and Kent, "Fitting smooth paths to spherical data", 1987) carries each step from
    frame to frame back to the first pose by parallel transport, which on SO(3) turns a vector by
    half of the rotation passed, and adds the steps up. Unlike a plain sum of angular velocities,
    this is torsion-free: a change of angle C that `roll_back` applies to a shaking pose leaves
    only C²/12 of the shake behind.

    Args:
        pose: unit quaternions [x, y, z, w], world to camera, of either sign.

    Returns:
        The unrolled path in radians, zero at the first frame, and the unit quaternions that carry
        one of its vectors to the camera's axes at each frame.
    """
    turn = quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
    step = quaternion.to_rotation_vector(turn)
    half_turn = quaternion.from_rotation_vector(step / 2.0)
    carry = _running_product(np.concatenate([quaternion.identity((1,)), half_turn]))
    carried_back = quaternion.rotate(quaternion.conjugate(carry[1:]), step)
    return np.concatenate([np.zeros((1, 3)), np.cumsum(carried_back, axis=0)]), carry


def roll_back(
    pose: Float[np.ndarray, "frame 4"], carry: Float[np.ndarray, "frame 4"], change: Turn
) -> Float[np.ndarray, "frame 4"]:
    """Return the poses [x, y, z, w] moved by changes in radians of the path unrolled from them."""
    in_camera = quaternion.rotate(carry, change)
    return quaternion.multiply(quaternion.from_rotation_vector(in_camera), pose)


def _running_product(factor: Float[np.ndarray, "frame 4"]) -> Float[np.ndarray, "frame 4"]:
    """Return factor_i ⊗ … ⊗ factor_0 for every i, by doubling the length multiplied."""
    product, length = factor, 1
    while length < len(factor):
        longer = quaternion.multiply(product[length:], product[:-length])
        product = np.concatenate([product[:length], longer])
        length *= 2
    return quaternion.normalize(product)


def gaussian(time_s: Seconds, turn: Turn, strength_s: float, look_ahead_s: float) -> Turn:
    """Fit a straight line to the neighbours of each frame, weighted by a Gaussian of their time.

    Each also counts for the time between its own neighbours, so a gap weighs no less. Away from
    the ends and at equal intervals this is the usual Gaussian filter. The line makes a pan of
    constant rate come out as it was also at uneven intervals, and where the window is cut off: by
    the path's ends, or by a look-ahead so short that `WINDOW_DEVIATIONS` do not fit; the half that
    looks ahead is then narrowed until they do.

    Args:
        time_s: increasing times, seconds.
        turn: unrolled path, radians.
        strength_s: standard deviation in seconds.
        look_ahead_s: no frame later than this is used; may be infinite.

    Returns:
        The smoothed unrolled path, radians.
    """
    deviation_s = np.full(len(time_s), strength_s)
    return turn + _gaussian_fit(time_s, turn, 1, deviation_s, look_ahead_s)[:, 0]


def savitzky_golay(time_s: Seconds, turn: Turn, strength_s: float, look_ahead_s: float) -> Turn:
    """Fit a parabola to the neighbours of each frame, all of equal weight.

    Savitzky and Golay, "Smoothing and differentiation of data by simplified least squares
    procedures", 1964, by times instead of indices. The window keeps its width: where it would
    reach past an end of the path or the look-ahead, it is moved and the parabola read off its
    centre.

    Args:
        time_s: increasing times, seconds.
        turn: unrolled path, radians.
        strength_s: half the window's width in seconds, rounded to whole (median) intervals.
        look_ahead_s: no frame later than this is used; may be infinite.

    Returns:
        The smoothed unrolled path, radians.
    """
    rounding_s = np.median(np.diff(time_s)) / 2.0 if len(time_s) > 1 else 0.0
    end_s = np.minimum(time_s + min(strength_s, look_ahead_s), time_s[-1])
    begin_s = np.maximum(end_s - 2.0 * strength_s, time_s[0])
    end_s = np.minimum(begin_s + 2.0 * strength_s + rounding_s, time_s + look_ahead_s)
    window_s = (begin_s - rounding_s, end_s)
    return (
        turn + _polynomial_fit(time_s, turn, 2, window_s, np.ones_like, np.ones_like(time_s))[:, 0]
    )


def exponential(time_s: Seconds, turn: Turn, strength_s: float, look_ahead_s: float = 0.0) -> Turn:
    """Follow the path with a first-order lag: online, from this and earlier frames alone.

    The lag's differential equation is solved exactly for a path that is straight between frames,
    so the result does not depend on the frame rate; a pan of constant rate is followed
    `strength_s` later.

    Args:
        time_s: increasing times, seconds.
        turn: unrolled path, radians.
        strength_s: time constant in seconds.
        look_ahead_s: not used: this filter needs none.

    Returns:
        The smoothed unrolled path, radians.
    """
    interval_s = np.diff(time_s)[:, None]
    decay = np.exp(-interval_s / strength_s)
    growth = -strength_s * (1.0 - decay) * np.diff(turn, axis=0) / interval_s
    lag = np.concatenate([np.zeros((1, 3)), growth])
    decay, length = np.concatenate([np.zeros((1, 1)), decay]), 1
    while length < len(lag):
        lag = np.concatenate([lag[:length], lag[length:] + decay[length:] * lag[:-length]])
        decay = np.concatenate([decay[:length], decay[length:] * decay[:-length]])
        length *= 2
    return turn + lag


def adaptive(time_s: Seconds, turn: Turn, strength_s: float, look_ahead_s: float) -> Turn:
    """Smooth like `gaussian`, but with a standard deviation that shrinks where the camera pans.

    The idea is that of Gyroflow's default algorithm (github.com/gyroflow/gyroflow,
    smoothing/default_algo.rs): a long time constant at rest, a short one at high angular velocity.
    Here the velocity is the smoothed path's, so that shake does not count as a pan, and one
    Gaussian takes the place of repeated exponential passes, which tend towards it.

    Args:
        time_s: increasing times, seconds.
        turn: unrolled path, radians.
        strength_s: standard deviation in seconds at rest.
        look_ahead_s: no frame later than this is used; may be infinite.

    Returns:
        The smoothed unrolled path, radians.
    """
    share_of_pan_speed = _pan_speed(time_s, turn, strength_s / 2.0, look_ahead_s / 2.0) / PAN_SPEED
    given_up = (1.0 - STRENGTH_IN_PANS) * (1.0 - 1.0 / (1.0 + share_of_pan_speed**2))
    deviation_s = strength_s * (1.0 - given_up)
    return turn + _gaussian_fit(time_s, turn, 1, deviation_s, look_ahead_s)[:, 0]


def _pan_speed(
    time_s: Seconds, turn: Turn, deviation_s: float, look_ahead_s: float
) -> Float[np.ndarray, "frame"]:
    """Return the smoothed path's angular velocity in rad/s, RMS over a second Gaussian window.

    Without the RMS the speed, and with it the smoothing, would have a kink where a pan reverses.
    """
    deviations_s = np.full(len(time_s), deviation_s)
    velocity = _gaussian_fit(time_s, turn, 1, deviations_s, look_ahead_s)[:, 1]
    squared = (velocity**2).sum(axis=-1, keepdims=True)
    mean = squared + _gaussian_fit(time_s, squared, 0, deviations_s, look_ahead_s)[:, 0]
    return np.sqrt(np.maximum(mean[:, 0], 0.0))


def _gaussian_fit(
    time_s: Seconds,
    signal: Float[np.ndarray, "frame channel"],
    degree: int,
    deviation_s: Seconds,
    look_ahead_s: float,
) -> Float[np.ndarray, "frame coefficient channel"]:
    ahead_s = np.minimum(deviation_s, look_ahead_s / WINDOW_DEVIATIONS)

    def weight(offset_s: Seconds) -> Float[np.ndarray, "frame"]:
        width_s = np.where(offset_s > 0.0, np.maximum(ahead_s, _CLOCK_TOLERANCE_S), deviation_s)
        return np.exp(-0.5 * (offset_s / width_s) ** 2)

    window_s = (
        time_s - WINDOW_DEVIATIONS * deviation_s,
        time_s + WINDOW_DEVIATIONS * ahead_s,
    )
    worth = np.gradient(time_s) if len(time_s) > 1 else np.ones(1)
    return _polynomial_fit(time_s, signal, degree, window_s, weight, worth)


def _polynomial_fit(
    time_s: Seconds,
    signal: Float[np.ndarray, "frame channel"],
    degree: int,
    window_s: tuple[Seconds, Seconds],
    weight: Callable[[Seconds], Float[np.ndarray, "frame"]],
    worth: Float[np.ndarray, "frame"],
) -> Float[np.ndarray, "frame coefficient channel"]:
    """Fit a polynomial of the time to each frame's window by weighted least squares.

    A neighbour has the weight of its offset in seconds, times its own worth.

    Returns:
        Coefficients of the powers of (time − frame's time), relative to the frame's own signal.
        With too few neighbours for the degree, the shortest coefficients that fit them.
    """
    # Offsets of the order of 1 keep the matrix well conditioned whatever the window's width.
    unit_s = max(float((window_s[1] - window_s[0]).max()), _CLOCK_TOLERANCE_S)
    gram = np.zeros((len(time_s), 2 * degree + 1))
    moment = np.zeros((len(time_s), degree + 1, signal.shape[1]))
    for neighbour, inside in _neighbours(time_s, *window_s):
        offset_s = time_s[neighbour] - time_s
        share = np.where(inside, weight(offset_s) * worth[neighbour], 0.0)
        weighted = share[:, None] * np.vander(offset_s / unit_s, 2 * degree + 1, increasing=True)
        gram += weighted
        moment += weighted[:, : degree + 1, None] * (signal[neighbour] - signal)[:, None, :]
    power = np.arange(degree + 1)
    matrix = gram[:, power[:, None] + power[None, :]]
    coefficient = np.linalg.pinv(matrix, rcond=1e-10, hermitian=True) @ moment
    return coefficient / unit_s ** power[None, :, None]


def _neighbours(
    time_s: Seconds, begin_s: Seconds, end_s: Seconds
) -> Iterator[tuple[Int[np.ndarray, "frame"], Bool[np.ndarray, "frame"]]]:
    """Yield, for one shift of the index after the other, each frame's neighbour, if in its window.

    So the memory needed does not grow with the windows, which hold different counts of frames.
    """
    index = np.arange(len(time_s))
    first = np.searchsorted(time_s, begin_s - _CLOCK_TOLERANCE_S, side="left")
    last = np.searchsorted(time_s, end_s + _CLOCK_TOLERANCE_S, side="right") - 1
    for shift in range(int((first - index).min()), int((last - index).max()) + 1):
        neighbour = index + shift
        inside = (neighbour >= first) & (neighbour <= last)
        yield np.clip(neighbour, 0, len(time_s) - 1), inside


@dataclass(frozen=True)
class Smoother:
    """One way to smooth a path.

    Attributes:
        filter: unrolled path to smoothed one, of (time_s, turn, strength_s, look_ahead_s).
        strength_s: how strongly in seconds, unless the caller says otherwise.
        look_ahead_s: the most that it looks ahead; 0 for an online one.
    """

    filter: Callable[[Seconds, Turn, float, float], Turn]
    strength_s: float
    look_ahead_s: float = np.inf


SMOOTHERS: dict[str, Smoother] = {
    "gaussian": Smoother(gaussian, 0.5),
    "savitzky-golay": Smoother(savitzky_golay, 0.75),
    "exponential": Smoother(exponential, 0.2, look_ahead_s=0.0),
    "adaptive": Smoother(adaptive, 0.5),
}
"""The smoothers by the names that the command line gives them."""


def smooth(
    name: str, path: CameraPath, strength_s: float | None = None, look_ahead_s: float = np.inf
) -> CameraPath:
    """Return a smoothed path at the same times, however far from the real one.

    Args:
        name: one of `SMOOTHERS`.
        path: the real path, a pose a frame at the frame's centre time; one frame or more.
        strength_s: the smoother's strength in seconds (see each); its default where None.
        look_ahead_s: no pose later than this after a frame is used for it.

    Raises:
        InputError: there is no such smoother, the path is empty, not finite or not in the order of
            time, or a number is out of range.
    """
    return _smooth_at_levels(name, path, strength_s, look_ahead_s, (1.0,))[0]


def _smooth_at_levels(
    name: str,
    path: CameraPath,
    strength_s: float | None,
    look_ahead_s: float,
    levels: Sequence[float],
) -> list[CameraPath]:
    smoother = _smoother(name)
    strength_s = smoother.strength_s if strength_s is None else strength_s
    _check_path(path)
    if not (np.isfinite(strength_s) and strength_s > 0.0):
        raise InputError(f"a smoother's strength must be a positive time, not {strength_s} s")
    _check_look_ahead(look_ahead_s)
    time_s = _seconds(path)
    turn, carry = unroll(path.quaternion)
    look_ahead_s = min(look_ahead_s, smoother.look_ahead_s)
    smoothed = [smoother.filter(time_s, turn, strength_s * level, look_ahead_s) for level in levels]
    poses = [roll_back(path.quaternion, carry, result - turn) for result in smoothed]
    return [CameraPath(path.time_ns, pose) for pose in poses]


def _smoother(name: str) -> Smoother:
    if name not in SMOOTHERS:
        raise InputError(f"there is no smoother {name!r}; choose one of {', '.join(SMOOTHERS)}")
    return SMOOTHERS[name]


def _check_path(path: CameraPath) -> None:
    if len(path) == 0:
        raise InputError("the camera path has no pose: there is nothing to smooth")
    not_finite = np.flatnonzero(~np.isfinite(path.quaternion).all(axis=-1))
    if len(not_finite):
        raise InputError(f"pose {not_finite[0]} of the camera path is not finite")
    backwards = np.flatnonzero(np.diff(path.time_ns) <= 0)
    if len(backwards):
        raise InputError(
            f"pose {backwards[0] + 1} of the camera path is not later than the one before it"
        )


def _check_look_ahead(look_ahead_s: float) -> None:
    if not look_ahead_s >= 0.0:
        raise InputError(f"the look-ahead must be zero seconds or more, not {look_ahead_s}")


def _seconds(path: CameraPath) -> Seconds:
    return (path.time_ns - path.time_ns[0]) * 1e-9


@dataclass(frozen=True)
class Exposure:
    """How the camera stood while each row of each frame was exposed.

    Attributes:
        camera: the camera, real and virtual alike.
        size: width and height of the frames in pixels.
        pose: float64 [frame, row, 4], [x, y, z, w], world to camera, at the rows of
            `camera.row_fractions`; a single row is a global shutter.
        ois: float64 [frame, row, 2], lens shift in fractions of the frame, at the same rows, or a
            single one for all of them.
    """

    camera: Camera
    size: tuple[int, int]
    pose: Float[np.ndarray, "frame row 4"]
    ois: Float[np.ndarray, "frame row 2"]


def global_shutter(camera: Camera, size: tuple[int, int], path: CameraPath) -> Exposure:
    """Return the exposure of frames (width, height) taken at the path's poses, without OIS."""
    return Exposure(camera, size, path.quaternion[:, None, :], np.zeros((len(path), 1, 2)))


def kept_fraction(
    exposure: Exposure, virtual: Float[np.ndarray, "frame 4"]
) -> Float[np.ndarray, "frame"]:
    """Return how much of the output's width and height the warped frame covers about its centre.

    The frame's border is warped like its mesh (specs §3): the answer is exact for a warp by that
    mesh. A frame whose border lies partly behind the virtual camera counts as not covered.

    Args:
        exposure: the real camera.
        virtual: poses of the virtual camera, [x, y, z, w], world to camera.

    Returns:
        float64 [frame]: the side of the largest centred rectangle of the output's aspect without
        an empty pixel, as a fraction of the output; 0 where the centre itself is empty.
    """
    return _kept_fraction(exposure, _border_rays(exposure), virtual)


def covered(
    exposure: Exposure, virtual: Float[np.ndarray, "frame 4"], crop: float
) -> Bool[np.ndarray, "frame"]:
    """Return whether no pixel is empty once `crop` of the output is cut off at each side.

    Args:
        exposure: the real camera.
        virtual: poses of the virtual camera, [x, y, z, w], world to camera.
        crop: fraction of the width cut off left and right each, and of the height above and below:
            0.1 keeps the inner 80 %.
    """
    return _covers(kept_fraction(exposure, virtual), crop)


def _covers(kept: Float[np.ndarray, "frame"], crop: float) -> Bool[np.ndarray, "frame"]:
    return kept >= 1.0 - 2.0 * crop - _COVER_TOLERANCE


def _border_rays(exposure: Exposure) -> Float[np.ndarray, "frame border 3"]:
    """Return the world directions that each row's two ends see, once round the frame.

    One pose sees all of the first row, and one all of the last, so both stay straight.
    """
    frames, rows = len(exposure.pose), max(exposure.pose.shape[1], 2)
    pose = np.broadcast_to(exposure.pose, (frames, rows, 4))
    ois = np.broadcast_to(exposure.ois, (frames, rows, 2))
    row = np.concatenate([np.arange(rows)[::-1], np.arange(rows)])
    width, height = exposure.size
    x, y = width * np.repeat([0.0, 1.0], rows), height * cameras.row_fractions(rows)[row]
    back = cameras.inverse_intrinsic_matrix(exposure.camera, exposure.size, ois)
    to_world = quaternion.to_matrix(quaternion.conjugate(pose)) @ back
    return np.einsum("fbij,bj->fbi", to_world[:, row], np.stack([x, y, np.ones_like(x)], axis=-1))


def _kept_fraction(
    exposure: Exposure,
    rays: Float[np.ndarray, "frame border 3"],
    virtual: Float[np.ndarray, "frame 4"],
) -> Float[np.ndarray, "frame"]:
    no_shift = np.zeros((len(virtual), 2))
    projection = cameras.projection(exposure.camera, exposure.size, virtual, no_shift)
    x, y, depth = np.moveaxis(projection @ np.swapaxes(rays, -1, -2), 1, 0)
    in_front = (depth > cameras.NEAREST_DEPTH).all(axis=-1)
    depth = np.maximum(depth, cameras.NEAREST_DEPTH)
    width, height = exposure.size
    x, y = x / (depth * width) - 0.5, y / (depth * height) - 0.5
    kept = 2.0 * _distance_from_centre(x, y)
    return np.where(in_front & _surrounds_centre(x, y), np.minimum(kept, 1.0), 0.0)


def _distance_from_centre(
    x: Float[np.ndarray, "frame border"], y: Float[np.ndarray, "frame border"]
) -> Float[np.ndarray, "frame"]:
    """Return the smallest max(|x|, |y|) along closed polygons.

    Along an edge it is convex and piecewise linear: smallest at an end, or where |x| = |y|.
    """
    next_x, next_y = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    nearest = np.maximum(np.abs(x), np.abs(y))
    for sign in (-1.0, 1.0):
        start, end = x + sign * y, next_x + sign * next_y
        crosses = start * end < 0.0
        ratio = np.where(crosses, start / np.where(crosses, start - end, 1.0), 0.0)
        there = np.abs(x + ratio * (next_x - x)), np.abs(y + ratio * (next_y - y))
        nearest = np.minimum(nearest, np.maximum(*there))
    return nearest.min(axis=-1)


def _surrounds_centre(
    x: Float[np.ndarray, "frame border"], y: Float[np.ndarray, "frame border"]
) -> Bool[np.ndarray, "frame"]:
    """Return whether closed polygons cross the positive x axis an odd number of times."""
    next_x, next_y = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    crosses = (y < 0.0) != (next_y < 0.0)
    crossing = x - y * (next_x - x) / np.where(crosses, next_y - y, 1.0)
    return (crosses & (crossing > 0.0)).sum(axis=-1) % 2 == 1


def smooth_within_frame(
    name: str,
    path: CameraPath,
    exposure: Exposure,
    crop: float,
    strength_s: float | None = None,
    look_ahead_s: float = np.inf,
) -> CameraPath:
    """Return a smoothed path that keeps every frame covered (see `smooth`, `limit_to_cover`).

    Where the path must give way, it does so through ever weaker smoothing, which lets far less
    shake through than a mixture of the smooth and the real pose.

    Args:
        name: one of `SMOOTHERS`.
        path: the real path, a pose a frame at the frame's centre time.
        exposure: how the camera stood for each row of the same frames.
        crop: fraction of the output cut off at each side (see `covered`).
        strength_s: the smoother's strength in seconds; its default where None.
        look_ahead_s: no pose later than this after a frame is used for it, be it by the smoother
            or by the limit. An online smoother looks ahead for neither.

    Raises:
        InputError: as `smooth` and `limit_to_cover`.
    """
    look_ahead_s = min(look_ahead_s, _smoother(name).look_ahead_s)
    for_limit_s = look_ahead_s * LIMIT_SHARE_OF_LOOK_AHEAD
    for_smoother_s = look_ahead_s * (1.0 - LIMIT_SHARE_OF_LOOK_AHEAD)
    smoothed = _smooth_at_levels(name, path, strength_s, for_smoother_s, LEVELS[1:])
    return limit_to_cover([path, *smoothed], exposure, crop, for_limit_s)


def limit_to_cover(
    levels: Sequence[CameraPath], exposure: Exposure, crop: float, look_ahead_s: float = np.inf
) -> CameraPath:
    """Pull a path towards the real one just as far as keeps each frame covered.

    Each frame's furthest covered pose is found; the path then gives way before it must, as early
    as the look-ahead allows, and returns slowly. Without look-ahead it gives way at once.

    Args:
        levels: paths at the same times: the real one, any in between, and the one that is wanted.
            Pulled, the path passes through them in turn. Two are enough.
        exposure: the real camera for each row of the same frames.
        crop: fraction of the output cut off at each side (see `covered`), 0 or more, below 0.5.
        look_ahead_s: no later pose than this after a frame is used for it; comes on top of what
            the smoother looked ahead.

    Returns:
        The limited path. Frames that not even the real path covers have the real pose; a warning
        says how many.

    Raises:
        InputError: the crop or the look-ahead is out of range, or the lengths differ.
    """
    _check_limit(levels, exposure, crop, look_ahead_s)
    rays = _border_rays(exposure)
    poses = np.stack([path.quaternion for path in levels])

    def covers(
        chosen: Int[np.ndarray, "some"], pose: Float[np.ndarray, "some 4"]
    ) -> Bool[np.ndarray, "some"]:
        return _covers(_kept_fraction(exposure, rays[chosen], pose), crop)

    time_s = _seconds(levels[0])
    position = _gentle_positions(time_s, poses, covers, look_ahead_s)
    limited = _between(poses, position)
    empty = int((~covers(np.arange(len(time_s)), limited)).sum())
    if empty:
        logger.warning(
            "%d of %d frames are not covered at a crop of %g even by the unsmoothed path; "
            "choose a larger crop",
            *(empty, len(time_s), crop),
        )
    return CameraPath(levels[0].time_ns, limited)


Covers = Callable[
    [Int[np.ndarray, "some"], Float[np.ndarray, "some 4"]],
    Bool[np.ndarray, "some"],
]
"""Whether the frames of these indices are covered from these poses."""


def _check_limit(
    levels: Sequence[CameraPath], exposure: Exposure, crop: float, look_ahead_s: float
) -> None:
    if not 0.0 <= crop < 0.5:
        raise InputError(
            f"crop is the share cut off at each side, from 0 to less than 0.5, not {crop}"
        )
    _check_look_ahead(look_ahead_s)
    _check_path(levels[0])
    lengths = {len(path) for path in levels} | {len(exposure.pose), len(exposure.ois)}
    if len(lengths) > 1:
        raise InputError(f"paths and exposure are of different lengths: {sorted(lengths)} frames")


def _between(
    levels: Float[np.ndarray, "level frame 4"], position: Float[np.ndarray, "frame"]
) -> Float[np.ndarray, "frame 4"]:
    """Return poses from the first level (position 0) through those between to the last (1)."""
    position = position * (len(levels) - 1)
    lower = np.minimum(position.astype(int), len(levels) - 2)
    frame = np.arange(levels.shape[1])
    return quaternion.slerp(levels[lower, frame], levels[lower + 1, frame], position - lower)


def _gentle_positions(
    time_s: Seconds,
    levels: Float[np.ndarray, "level frame 4"],
    covers: Covers,
    look_ahead_s: float,
) -> Float[np.ndarray, "frame"]:
    furthest = _furthest_covered(levels, covers)
    while True:
        position = _give_way(time_s, furthest, look_ahead_s)
        uncovered = ~covers(np.arange(len(time_s)), _between(levels, position)) & (furthest > 0.0)
        if not uncovered.any():
            return position
        # A pose nearer to the real one than a covered pose need not be covered itself.
        nearer = np.where(position < 2.0**-_BISECTIONS, 0.0, position / 2.0)
        furthest = np.where(uncovered, nearer, furthest)


def _furthest_covered(
    levels: Float[np.ndarray, "level frame 4"], covers: Covers
) -> Float[np.ndarray, "frame"]:
    """Return by bisection how far between the first level and the last a frame stays covered."""
    furthest = covers(np.arange(levels.shape[1]), levels[-1]).astype(float)
    limited = np.flatnonzero(furthest == 0.0)
    near, far = np.zeros(len(limited)), np.ones(len(limited))
    for _ in range(_BISECTIONS):
        middle = (near + far) / 2.0
        good = covers(limited, _between(levels[:, limited], middle))
        near, far = np.where(good, middle, near), np.where(good, far, middle)
    furthest[limited] = near
    return furthest


def _give_way(
    time_s: Seconds, furthest: Float[np.ndarray, "frame"], look_ahead_s: float
) -> Float[np.ndarray, "frame"]:
    """Return positions that change slowly and are nowhere beyond the furthest ones.

    What has to be given up is foreseen by its maximum over a window ahead, let go of
    exponentially, and averaged over a window of the same width behind: every value in that average
    has foreseen the frame, so none of them is too small for it.
    """
    window_s = max(min(GIVING_WAY_S, look_ahead_s), _CLOCK_TOLERANCE_S)
    given_up = 1.0 - furthest
    foreseen = given_up
    for neighbour, inside in _neighbours(time_s, time_s, time_s + window_s):
        foreseen = np.maximum(foreseen, np.where(inside, given_up[neighbour], 0.0))
    held = _slowly_released(time_s, foreseen)
    total, weight = np.zeros(len(time_s)), np.zeros(len(time_s))
    for neighbour, inside in _neighbours(time_s, time_s - window_s, time_s):
        age = np.clip((time_s - time_s[neighbour]) / window_s, 0.0, 1.0)
        # Never quite zero: a window may hold nothing but its own frame.
        share = np.where(inside, np.sin(np.pi * age) ** 2 + 1e-9, 0.0)
        total, weight = total + share * held[neighbour], weight + share
    return np.clip(1.0 - total / weight, 0.0, 1.0)


def _slowly_released(
    time_s: Seconds, value: Float[np.ndarray, "frame"]
) -> Float[np.ndarray, "frame"]:
    """Return the largest of all values up to each frame, each decaying from its own time on."""
    with np.errstate(divide="ignore"):
        rising = np.log(value) + time_s / RETURN_S
    return np.exp(np.maximum.accumulate(rising) - time_s / RETURN_S)
