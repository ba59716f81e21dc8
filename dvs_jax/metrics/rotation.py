"""Measures of shake in rotation: jitter and jerk of a path, stability of the image's rotation."""

import math

import numpy as np
import scipy
from jaxtyping import Float

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath, accumulated_turn
from dvs_jax.errors import InputError
from dvs_jax.metrics.official import accumulated, steady_share
from dvs_jax.metrics.spectrum import welch

JITTER_ABOVE_HZ = 2.0
"""Rotation slower than this is taken for intended motion."""

SHORTEST_S = 2.0 / JITTER_ABOVE_HZ
_SEGMENT_S = 5.0


def rotation_jitter(path: CameraPath) -> float:
    """Return the RMS, in degrees, of a path's rotation faster than 2 Hz.

    The increments between poses, φ_k = log(q_{k+1} ⊗ q_k⁻¹), are summed to three angles
    θ_k = φ_0 + … + φ_{k−1}, which neither wrap nor depend on the world's frame, and brought to
    uniform times (cubic spline, as many as there are poses). With S_a(f) the power spectral density
    of axis a (Welch's method: segments of about five seconds, half overlapping, linearly detrended,
    with a Hann window), the jitter is √(Σ_a Σ_{f > 2 Hz} S_a(f)·Δf).

    So A·sin(2π·5 Hz·t) about one axis gives A/√2, and a pan at constant speed gives zero. With this
    window slower motion leaks little: 1e-4 of its amplitude at 0.5 Hz over ten seconds.

    Returns:
        NaN for a path shorter than a second, in which 2 Hz cannot be resolved, or sampled below its
        Nyquist rate.

    Raises:
        InputError: the path's times do not increase, or some value is not finite.
    """
    angle, rate = _uniform_angles(path)
    count = len(angle)
    if count < SHORTEST_S * rate or rate <= 2.0 * JITTER_ABOVE_HZ:
        return math.nan
    # Segments of this length, half overlapping, end where the path ends.
    segments = max(1, round(2.0 * count / (_SEGMENT_S * rate)) - 1)
    frequency, density = welch(angle, rate, 2 * count // (segments + 1))
    power = density[frequency > JITTER_ABOVE_HZ].sum() * frequency[1]
    return math.degrees(math.sqrt(power))


def rotation_rate(path: CameraPath) -> float:
    """Return the mean angle between consecutive poses over the mean time between them, degrees/s.

    It includes intended motion.

    Returns:
        NaN below two poses.
    """
    if len(path) < 2:
        return math.nan
    pose = quaternion.normalize(path.quaternion)
    step = quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
    angle = np.linalg.norm(quaternion.to_rotation_vector(step), axis=-1)
    second = (path.time_ns[-1] - path.time_ns[0]) * 1e-9
    return math.degrees(float(angle.sum() / second))


def angular_jerk(path: CameraPath) -> float:
    """Return the RMS over time of the length of a path's angular jerk, in degrees/s³.

    Jerk is the third difference of the angles θ of `rotation_jitter`, at uniform times Δt apart,
    over Δt³. For A·sin(ω·t) about one axis it is (A·ω³/√2)·(sin(ω·Δt/2)/(ω·Δt/2))³: the derivative
    for slow motion, 0.87 of it at 5 Hz and 30 frames/s. Unlike wider differences it has no zero
    below the Nyquist frequency.

    Returns:
        NaN below four poses.

    Raises:
        InputError: the path's times do not increase, or some value is not finite.
    """
    angle, rate = _uniform_angles(path)
    jerk = np.diff(angle, n=3, axis=0) * rate**3
    return math.degrees(math.sqrt((jerk**2).sum(axis=1).mean())) if len(jerk) else math.nan


def restlessness(path: CameraPath) -> float:
    """Return the geometric mean of `rotation_jitter` and `angular_jerk`, degrees/s^1.5.

    The jitter alone lets a few abrupt frames pass, and the jerk alone a slow sway.

    Returns:
        The one that is defined, for a path too short for the other; NaN below four poses.

    Raises:
        InputError: the path's times do not increase, or some value is not finite.
    """
    known = [each for each in (rotation_jitter(path), angular_jerk(path)) if not math.isnan(each)]
    return math.prod(known) ** (1.0 / len(known)) if known else math.nan


def rotation_stability(motions: Float[np.ndarray, "step 3 3"]) -> float:
    """Return the stability of the rotation in the image plane (see `official.steady_share`).

    Args:
        motions: float64 homographies, each of a 640 × 480 frame's pixels to the next one's.
    """
    path = accumulated(motions)
    return steady_share(np.degrees(np.arctan2(path[:, 1, 0], path[:, 0, 0])))


def _uniform_angles(path: CameraPath) -> tuple[Float[np.ndarray, "time 3"], float]:
    """Return the accumulated rotation in radians at uniform times, and their rate in Hz."""
    if len(path) < 2:
        return np.zeros((0, 3)), 0.0
    second = (path.time_ns - path.time_ns[0]) * 1e-9
    if not (np.diff(second) > 0.0).all() or not np.isfinite(path.quaternion).all():
        raise InputError("a camera path needs finite poses at increasing times to be measured")
    angle = accumulated_turn(quaternion.normalize(path.quaternion))
    uniform = np.linspace(0.0, second[-1], len(second))
    return scipy.interpolate.CubicSpline(second, angle)(uniform), (len(second) - 1) / second[-1]
