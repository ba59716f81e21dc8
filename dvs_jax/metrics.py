"""How steady, how undistorted, how wide a stabilised video is.

Distortion, field of view, stability and correlation are the official program's set (specs §10),
equal to its numbers. It prints them for the output alone; here the unstabilised input gets the same
row, made by the same functions with the output being the input. Three measures it lacks come on
top: rotation jitter, angular jerk, and a rotation stability that looks at the rotation.

Frames are streamed: of each pair only homographies and scalars are kept.
"""

import dataclasses
import itertools
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import rich.table
import scipy
from jaxtyping import Bool, Float, Float32, Int, UInt8

from dvs_jax import quaternion
from dvs_jax.camera import Camera, intrinsic_matrix
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError

logger = logging.getLogger("dvs_jax")

WIDTH, HEIGHT = 640, 480
"""Every frame is resized to this before anything is measured, whatever its shape."""

JITTER_ABOVE_HZ = 2.0
"""Rotation slower than this is taken for a movement that was meant."""

_RATIO_TEST = 0.7
_RANSAC_PIXELS = 5.0
_FEWEST_MATCHES = 10
_LOWEST_KEPT = 0.5
_FOV_OUTLIERS = 5
_STEADY_BINS = 5
_FIRST_CORRELATED_FRAME = 10
_TILES = 6
_MATCH_BLOCK = 512
_STILL = 1e-6
_SHORTEST_S = 2.0 / JITTER_ABOVE_HZ
_SEGMENT_S = 5.0


def _measured(label: str, unit: str, better: str, digits: int) -> Any:
    return dataclasses.field(
        metadata={"label": label, "unit": unit, "better": better, "digits": digits}
    )


@dataclass(frozen=True)
class Metrics:
    """What was measured of one video against the input; NaN where it is not defined.

    Attributes:
        frames: number of frames compared.
        unmatched_frames: frames with no homography from the input to the output. They are left out
            of distortion, field of view and correlation. (The official program uses the last
            homography it found instead.)
        unmatched_motions: consecutive frames with no homography between them. Their motion is
            interpolated between its neighbours' in time.
        distortion_average: smaller over larger magnitude of the eigenvalues of the affine part of
            the homography from input to output, in [0.5, 1] (smaller ones are left out); 1 keeps
            shapes.
        distortion_min: the smallest of these.
        fov_ratio_average: one less the widest gap, as a share of width or height, that the input
            warped by the homography leaves at one border of the output; values below 0.5, then the
            five smallest of each axis are left out; the mean of both axes. NaN with five frames or
            fewer.
        fov_ratio_min: the smallest over both axes. A gap is counted at one border only, so it
            takes a central crop by 2·ratio − 1 to lose it.
        stability_translation: share of the energy of the accumulated shift √(M₀₂² + M₁₂²) that
            lies in the lowest five frequencies. NaN below 14 frames, where these are all there
            are, and for a video without any motion. It hangs on little: one grey level of rounding
            moved it from 0.91 to 0.84 on 50 frames from a driving car.
        stability_rotation: likewise of atan2(M₀₀, M₁₁), the official "rotation": it compares the
            scales of the two axes and hardly sees a rotation.
        stability_mean: mean of the two.
        stability_rotation_corrected: likewise of atan2(M₁₀, M₀₀), the rotation in the image plane.
        correlation_average: correlation of the output with the warped input over 6 × 6 tiles, from
            frame 10 on. As in the official program, it is the mean over whole 2 × 2 correlation
            matrices, so it is (1 + r)/2 with r the mean correlation.
        correlation_min: the smallest r of a tile.
        rotation_jitter_deg: see `rotation_jitter`, in degrees.
        angular_jerk_deg_s3: see `angular_jerk`, in degrees/s³.
    """

    frames: int = _measured("Frames", "", "", 0)
    unmatched_frames: int = _measured("Unmatched with the input", "frames", "lower", 0)
    unmatched_motions: int = _measured("Unmatched with the next", "frames", "lower", 0)
    distortion_average: float = _measured("Distortion, average", "", "higher", 4)
    distortion_min: float = _measured("Distortion, minimum", "", "higher", 4)
    fov_ratio_average: float = _measured("FOV ratio, average", "", "higher", 4)
    fov_ratio_min: float = _measured("FOV ratio, minimum", "", "higher", 4)
    stability_translation: float = _measured("Stability, translation", "", "higher", 4)
    stability_rotation: float = _measured("Stability, rotation", "", "higher", 4)
    stability_mean: float = _measured("Stability, mean", "", "higher", 4)
    stability_rotation_corrected: float = _measured(
        "Stability, rotation (corrected)", "", "higher", 4
    )
    correlation_average: float = _measured("Correlation, average", "", "higher", 4)
    correlation_min: float = _measured("Correlation, minimum", "", "higher", 4)
    rotation_jitter_deg: float = _measured("Rotation jitter above 2 Hz", "deg RMS", "lower", 3)
    angular_jerk_deg_s3: float = _measured("Angular jerk", "deg/s³ RMS", "lower", 0)


@dataclass(frozen=True)
class MetricsTable:
    """The unstabilised input's row, with the output being the input, and the output's row."""

    input: Metrics
    output: Metrics


@dataclass(frozen=True)
class _View:
    """A frame as the metrics see it: grey, 640 × 480, with its SIFT features.

    `size` is the frame's own width and height.
    """

    size: tuple[int, int]
    grey: UInt8[np.ndarray, "height width"]
    points: Float32[np.ndarray, "feature 2"]
    descriptors: Float32[np.ndarray, "feature 128"]


class _Row:
    """What is kept of the frames of one row of the table."""

    def __init__(self) -> None:
        self.size = (WIDTH, HEIGHT)
        self.warps: list[Float[np.ndarray, "3 3"] | None] = []
        self.motions: list[Float[np.ndarray, "3 3"] | None] = []
        self.correlations: list[Float[np.ndarray, " tile"]] = []
        self._previous: _View | None = None

    def add(self, source: _View, target: _View) -> None:
        warp = np.eye(3) if target is source else _match(source, target)
        if warp is not None and len(self.warps) >= _FIRST_CORRELATED_FRAME:
            self.correlations.append(_tile_correlations(source.grey, target.grey, warp))
        self.warps.append(warp)
        if self._previous is not None:
            self.motions.append(_match(self._previous, target))
        self._previous = target
        self.size = target.size


def measure(
    inputs: Iterable[UInt8[np.ndarray, "height width 3"]],
    outputs: Iterable[UInt8[np.ndarray, "height width 3"]],
    time_ns: Int[np.ndarray, "frame"],
    camera: Camera,
    paths: tuple[CameraPath, CameraPath] | None = None,
) -> MetricsTable:
    """Measure a stabilised video against the video it was made from.

    Both are read once, side by side, to the end of the shorter one. Frames may have any size,
    which may differ between the two; each is resized to 640 × 480 (bilinear, as in the official
    program).

    Args:
        inputs: the unstabilised frames, RGB.
        outputs: the stabilised frames, RGB, frame by frame those of `inputs`. May be `inputs`.
        time_ns: int64 [frame], increasing, when the frames were taken; those beyond the shorter
            video are not used. It and `camera` are for `image_path` and idle if there are `paths`.
        camera: of the video.
        paths: the real and the virtual camera's path, from which the input's and the output's
            jitter and jerk then come. Without them they come from `image_path`, for both rows.

    Returns:
        The input's and the output's row.

    Raises:
        InputError: there is no frame, a frame is not uint8 RGB, there are more frames than times,
            or times do not increase.
    """
    pairs = ((source, [target]) for source, target in _pairs(inputs, outputs))
    input_row, output_row = _rows(pairs)
    if paths is None:
        paths = (
            image_path(_with_nan(input_row.motions), input_row.size, time_ns, camera),
            image_path(_with_nan(output_row.motions), output_row.size, time_ns, camera),
        )
    return MetricsTable(_summary(input_row, paths[0]), _summary(output_row, paths[1]))


def measure_each(
    frames: Iterable[
        tuple[UInt8[np.ndarray, "height width 3"], Sequence[UInt8[np.ndarray, "height width 3"]]]
    ],
    time_ns: Int[np.ndarray, "frame"],
    camera: Camera,
    output_camera: Camera,
) -> tuple[Metrics, list[Metrics]]:
    """Measure several stabilised videos against the one they were made from, read once.

    Jitter and jerk are those of `image_path`.

    Args:
        frames: each unstabilised frame, RGB, with what the videos show instead of it.
        time_ns: int64 [frame], increasing, when the frames were taken.
        camera: of the unstabilised video.
        output_camera: of the others: a crop that is scaled back lengthens the focal length.

    Returns:
        The input's row, and each output's.

    Raises:
        InputError: as `measure`.
    """
    input_row, *output_rows = _rows(frames)
    rows = [(input_row, camera), *((row, output_camera) for row in output_rows)]
    measured = [
        _summary(row, image_path(_with_nan(row.motions), row.size, time_ns, lens))
        for row, lens in rows
    ]
    return measured[0], measured[1:]


def _rows(frames: Iterable[tuple[Any, Sequence[Any]]]) -> list[_Row]:
    """Return the input's row and each output's."""
    rows: list[_Row] = []
    for index, (source_frame, target_frames) in enumerate(frames):
        rows = rows or [_Row() for _ in range(1 + len(target_frames))]
        source = _view(source_frame, f"frame {index} of the input")
        rows[0].add(source, source)
        for row, frame in zip(rows[1:], target_frames, strict=True):
            same = frame is source_frame
            row.add(source, source if same else _view(frame, f"frame {index} of the output"))
    if not rows:
        raise InputError("there is no frame to measure: the input or the output video is empty")
    return rows


def render(table: MetricsTable) -> rich.table.Table:
    """Lay the metrics out for the screen; what is not defined shows as a dash."""
    screen = rich.table.Table("Metric", "Unit", "Better")
    screen.add_column("Input", justify="right")
    screen.add_column("Output", justify="right")
    for entry in dataclasses.fields(Metrics):
        shown = entry.metadata
        values = [
            _as_text(getattr(row, entry.name), shown["digits"])
            for row in (table.input, table.output)
        ]
        screen.add_row(shown["label"], shown["unit"], shown["better"], *values)
    return screen


def rotation_jitter(path: CameraPath) -> float:
    """Return the RMS, in degrees, of a path's rotation faster than 2 Hz.

    The increments between poses, φ_k = log(q_{k+1} ⊗ q_k⁻¹), are summed to three angles
    θ_k = φ_0 + … + φ_{k−1}, which neither wrap nor depend on the world's frame, and brought to
    uniform times (cubic spline, as many as there are poses). With S_a(f) the power spectral density
    of axis a (Welch: segments of about five seconds, half overlapping, each less its straight line
    and under a Hann window), the jitter is √(Σ_a Σ_{f > 2 Hz} S_a(f)·Δf).

    So A·sin(2π·5 Hz·t) about one axis gives A/√2, and a pan at constant speed gives zero. Under the
    window, slower motion leaks little: 1e-4 of its amplitude at 0.5 Hz over ten seconds.

    Returns:
        NaN for a path shorter than a second, which cannot tell slow from fast, or sampled too
        slowly to hold 2 Hz.

    Raises:
        InputError: the path's times do not increase, or it holds something that is no number.
    """
    angle, rate = _uniform_angles(path)
    count = len(angle)
    if count < _SHORTEST_S * rate or rate <= 2.0 * JITTER_ABOVE_HZ:
        return math.nan
    # Segments of this length, half overlapping, end where the path ends.
    segments = max(1, round(2.0 * count / (_SEGMENT_S * rate)) - 1)
    frequency, density = scipy.signal.welch(
        angle, rate, nperseg=2 * count // (segments + 1), detrend="linear", axis=0
    )
    power = density[frequency > JITTER_ABOVE_HZ].sum() * frequency[1]
    return math.degrees(math.sqrt(power))


def angular_jerk(path: CameraPath) -> float:
    """Return the RMS over time of the length of a path's angular jerk, in degrees/s³.

    Jerk is the third difference of the angles θ of `rotation_jitter`, at uniform times Δt apart,
    over Δt³. Of A·sin(ω·t) about one axis this gives (A·ω³/√2)·(sin(ω·Δt/2)/(ω·Δt/2))³: the
    derivative for slow motion, 0.87 of it at 5 Hz and 30 frames/s, and never blind to fast motion
    as wider differences are.

    Returns:
        NaN below four poses.

    Raises:
        InputError: the path's times do not increase, or it holds something that is no number.
    """
    angle, rate = _uniform_angles(path)
    jerk = np.diff(angle, n=3, axis=0) * rate**3
    return math.degrees(math.sqrt(_mean((jerk**2).sum(axis=1))))


def image_path(
    motions: Float[np.ndarray, "step 3 3"],
    size: tuple[int, int],
    time_ns: Int[np.ndarray, "frame"],
    camera: Camera,
) -> CameraPath:
    """Return the camera path that the motion of the image stands for, for want of a gyro.

    A turning camera moves the image by H = K·R·K⁻¹; the step's rotation is the one nearest to
    K⁻¹·H·K (its orthogonal polar factor). What a moving camera or a warp adds to H counts as
    rotation as far as it looks like one.

    Args:
        motions: homographies of one 640 × 480 frame's pixels to the next one's; NaN where unknown,
            which is interpolated in time.
        size: width and height of the frames in pixels before they were resized.
        time_ns: int64 [frame], when the frames were taken, one more than `motions` or longer.
        camera: whose lens they were seen through.

    Returns:
        A pose a frame, from the identity on; the first pose alone if no motion is known.

    Raises:
        InputError: there are more frames than times.
    """
    if len(time_ns) <= len(motions):
        raise InputError(f"{len(motions) + 1} frames were measured, but only {len(time_ns)} timed")
    x, y = WIDTH / size[0], HEIGHT / size[1]
    resize = np.array([[x, 0.0, x / 2 - 0.5], [0.0, y, y / 2 - 0.5], [0.0, 0.0, 1.0]])
    K = resize @ intrinsic_matrix(camera, size, np.zeros(2))
    left, _, right = np.linalg.svd(np.linalg.inv(K) @ _fill_unknown(motions) @ K)
    turns = quaternion.from_matrix(left @ right)
    poses = itertools.accumulate(
        turns, lambda pose, turn: quaternion.multiply(turn, pose), initial=quaternion.identity()
    )
    return CameraPath(time_ns[: len(turns) + 1], np.stack(list(poses)))


def _pairs(inputs: Iterable[Any], outputs: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    if outputs is inputs:
        # Two walks over one stream would share its frames out between them.
        yield from ((frame, frame) for frame in inputs)
        return
    for index, (source, target) in enumerate(itertools.zip_longest(inputs, outputs)):
        if source is None or target is None:
            longer, shorter = ("output", "input") if source is None else ("input", "output")
            logger.warning(
                "The %s has only %d frames; the rest of the %s is not measured.",
                shorter,
                index,
                longer,
            )
            return
        yield source, target


def _view(frame: UInt8[np.ndarray, "height width 3"], name: str) -> _View:
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.size == 0:
        raise InputError(
            f"{name} is {frame.dtype} {list(frame.shape)}: "
            "metrics take uint8 RGB frames [height, width, 3]"
        )
    small = cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    features, descriptors = cv2.SIFT.create().detectAndCompute(grey, None)
    # OpenCV has None and an empty tuple for a frame without features.
    return _View(
        size=(frame.shape[1], frame.shape[0]),
        grey=grey,
        points=np.asarray(cv2.KeyPoint.convert(features), np.float32).reshape(-1, 2),
        descriptors=np.zeros((0, 128), np.float32) if descriptors is None else descriptors,
    )


def _match(source: _View, target: _View) -> Float[np.ndarray, "3 3"] | None:
    nearest, distinct = _nearest_descriptors(source.descriptors, target.descriptors)
    if distinct.sum() < _FEWEST_MATCHES:
        return None
    homography, _ = cv2.findHomography(
        source.points[distinct], target.points[nearest[distinct]], cv2.RANSAC, _RANSAC_PIXELS
    )
    return homography if homography is not None and _is_view_change(homography) else None


def _nearest_descriptors(
    query: Float32[np.ndarray, "query 128"], train: Float32[np.ndarray, "train 128"]
) -> tuple[Int[np.ndarray, "query"], Bool[np.ndarray, "query"]]:
    """Return each descriptor's nearest neighbour, and whether it passes Lowe's ratio test.

    SIFT's descriptors hold integers up to 255, so their squared distances are exact in float32 and
    a matrix product finds what a brute-force matcher finds, in a third of its time.
    """
    nearest = np.zeros(len(query), np.int64)
    distinct = np.zeros(len(query), bool)
    if len(train) < 2:
        return nearest, distinct
    train_squared = (train**2).sum(axis=1)
    for start in range(0, len(query), _MATCH_BLOCK):
        block = slice(start, start + _MATCH_BLOCK)
        squared = (query[block] @ train.T) * np.float32(-2.0)
        squared += train_squared[None, :]
        squared += (query[block] ** 2).sum(axis=1)[:, None]
        rows = np.arange(len(squared))
        nearest[block] = squared.argmin(axis=1)
        best = squared[rows, nearest[block]]
        squared[rows, nearest[block]] = np.inf
        distinct[block] = best < _RATIO_TEST**2 * squared.min(axis=1)
    return nearest, distinct


def _is_view_change(homography: Float[np.ndarray, "3 3"]) -> bool:
    """Return whether no corner of the frame passes behind the camera and nothing is mirrored."""
    depths = homography[2] @ _corners()
    return bool(
        np.isfinite(homography).all() and (depths > 0.0).all() and np.linalg.det(homography) > 0.0
    )


def _corners() -> Float[np.ndarray, "3 corner"]:
    """Return the frame's corners (upper left, lower left, upper right, lower right) as columns."""
    return np.array([[0, 0, WIDTH, WIDTH], [0, HEIGHT, 0, HEIGHT], [1, 1, 1, 1]], dtype=float)


def _tile_correlations(
    source: UInt8[np.ndarray, "height width"],
    target: UInt8[np.ndarray, "height width"],
    warp: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "tile"]:
    """Return the correlation in each tile of the middle 60 %; NaN where one of them is flat."""
    warped = _centered_tiles(cv2.warpPerspective(source, warp, (WIDTH, HEIGHT)))
    shown = _centered_tiles(target)
    energy = np.sqrt((warped**2).sum(axis=1) * (shown**2).sum(axis=1))
    product = (warped * shown).sum(axis=1)
    return np.divide(product, energy, out=np.full_like(product, np.nan), where=energy > 0.0)


def _centered_tiles(grey: UInt8[np.ndarray, "height width"]) -> Float[np.ndarray, "tile pixel"]:
    height, width = HEIGHT // 10, WIDTH // 10
    middle = grey[2 * height : (2 + _TILES) * height, 2 * width : (2 + _TILES) * width]
    tiles = middle.reshape(_TILES, height, _TILES, width).swapaxes(1, 2)
    pixels = tiles.reshape(_TILES * _TILES, height * width).astype(np.float64)
    return pixels - pixels.mean(axis=1, keepdims=True)


def _with_nan(
    homographies: list[Float[np.ndarray, "3 3"] | None],
) -> Float[np.ndarray, "step 3 3"]:
    unknown = np.full((3, 3), np.nan)
    filled = [unknown if matrix is None else matrix for matrix in homographies]
    return np.array(filled).reshape(-1, 3, 3)


def _fill_unknown(homographies: Float[np.ndarray, "step 3 3"]) -> Float[np.ndarray, "step 3 3"]:
    """Interpolate unknown steps between the known ones around them; empty if none is known.

    Steps have a last entry of 1 and are near the identity, so their entries may be interpolated.
    """
    known = np.isfinite(homographies).all(axis=(1, 2))
    if not known.any():
        return homographies[:0]
    steps = np.arange(len(homographies))
    entries = homographies[known].reshape(-1, 9)
    filled = [np.interp(steps, steps[known], entry) for entry in entries.T]
    return np.stack(filled, axis=-1).reshape(-1, 3, 3)


def _summary(row: _Row, path: CameraPath) -> Metrics:
    warps = np.array([warp for warp in row.warps if warp is not None]).reshape(-1, 3, 3)
    distortion = _distortion(warps)
    covered = [_without_outliers(axis) for axis in _covered_shares(warps).T]
    correlation = np.array(row.correlations)
    correlation = correlation[np.isfinite(correlation)]
    translation, rotation, corrected = _stability(_fill_unknown(_with_nan(row.motions)))
    return Metrics(
        frames=len(row.warps),
        unmatched_frames=len(row.warps) - len(warps),
        unmatched_motions=sum(motion is None for motion in row.motions),
        distortion_average=_mean(distortion),
        distortion_min=_smallest(distortion),
        fov_ratio_average=(_mean(covered[0]) + _mean(covered[1])) / 2.0,
        fov_ratio_min=min(_smallest(covered[0]), _smallest(covered[1])),
        stability_translation=translation,
        stability_rotation=rotation,
        stability_mean=(translation + rotation) / 2.0,
        stability_rotation_corrected=corrected,
        correlation_average=(1.0 + _mean(correlation)) / 2.0,
        correlation_min=_smallest(correlation),
        rotation_jitter_deg=rotation_jitter(path),
        angular_jerk_deg_s3=angular_jerk(path),
    )


def _distortion(warps: Float[np.ndarray, "frame 3 3"]) -> Float[np.ndarray, "kept"]:
    magnitude = np.abs(np.linalg.eigvals(warps[:, :2, :2]))
    smaller, larger = magnitude.min(axis=1), magnitude.max(axis=1)
    return (smaller / larger)[smaller >= _LOWEST_KEPT * larger]


def _covered_shares(warps: Float[np.ndarray, "frame 3 3"]) -> Float[np.ndarray, "frame 2"]:
    """Return one less the widest gap at the output's left or right, and at its top or bottom."""
    corners = warps @ _corners()
    x, y = corners[:, 0] / corners[:, 2], corners[:, 1] / corners[:, 2]
    gap_x = np.maximum(x[:, :2], WIDTH - x[:, 2:]).max(axis=1)
    gap_y = np.maximum(y[:, ::2], HEIGHT - y[:, 1::2]).max(axis=1)
    gaps = np.maximum(np.stack([gap_x / WIDTH, gap_y / HEIGHT], axis=-1), 0.0)
    return 1.0 - gaps


def _without_outliers(covered: Float[np.ndarray, "frame"]) -> Float[np.ndarray, "kept"]:
    return np.sort(covered[covered >= _LOWEST_KEPT])[_FOV_OUTLIERS:]


def _stability(motions: Float[np.ndarray, "step 3 3"]) -> tuple[float, float, float]:
    """Return the steadiness of the shift, of the official "rotation" and of the rotation."""
    # Zooming for minutes on end can grow the product without bound; that is then not defined.
    with np.errstate(over="ignore", invalid="ignore"):
        path = np.array(list(itertools.accumulate(motions, np.matmul))).reshape(-1, 3, 3)
    return (
        _steady_share(np.hypot(path[:, 0, 2], path[:, 1, 2])),
        _steady_share(np.degrees(np.arctan2(path[:, 0, 0], path[:, 1, 1]))),
        _steady_share(np.degrees(np.arctan2(path[:, 1, 0], path[:, 0, 0]))),
    )


def _steady_share(path: Float[np.ndarray, "step"]) -> float:
    """Return the share of the energy in the lowest five frequencies (pixels or degrees in)."""
    energy = np.abs(np.fft.fft(path)) ** 2 if len(path) else path
    # The lower half without the constant; the upper half mirrors it.
    energy = energy[1:][: (len(path) - 1) // 2]
    if len(energy) <= _STEADY_BINS or not energy.sum() > (_STILL * len(path)) ** 2:
        return math.nan
    return float(energy[:_STEADY_BINS].sum() / energy.sum())


def _uniform_angles(path: CameraPath) -> tuple[Float[np.ndarray, "time 3"], float]:
    """Return the accumulated rotation in radians at uniform times, and their rate in Hz."""
    if len(path) < 2:
        return np.zeros((0, 3)), 0.0
    second = (path.time_ns - path.time_ns[0]) * 1e-9
    if not (np.diff(second) > 0.0).all() or not np.isfinite(path.quaternion).all():
        raise InputError("a camera path needs finite poses at increasing times to be measured")
    pose = quaternion.normalize(path.quaternion)
    step = quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
    angle = np.cumsum(quaternion.to_rotation_vector(step), axis=0)
    angle = np.concatenate([np.zeros((1, 3)), angle])
    uniform = np.linspace(0.0, second[-1], len(second))
    return scipy.interpolate.CubicSpline(second, angle)(uniform), (len(second) - 1) / second[-1]


def _mean(values: Float[np.ndarray, "value"]) -> float:
    return float(values.mean()) if values.size else math.nan


def _smallest(values: Float[np.ndarray, "value"]) -> float:
    return float(values.min()) if values.size else math.nan


def _as_text(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"
