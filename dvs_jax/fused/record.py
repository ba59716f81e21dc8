"""A training record: a clip, or a piece of one.

A record has a clip's poses, times and flow, without its frames. Datasets are stored by TFDS in
ArrayRecord files, without TensorFlow.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float16, Int

from dvs_jax import camera as cameras
from dvs_jax import smoothing
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.errors import InputError
from dvs_jax.sensors import gyro as gyro_log
from dvs_jax.sensors.integration import integrate

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

SHAKE_HZ = 1.0
"""Slower rotations count as intended motion."""

_SHAKE_DEVIATION_S = np.sqrt(np.log(2.0)) / (2.0 * np.pi * SHAKE_HZ)
"""A Gaussian of this standard deviation lets through half of the energy at `SHAKE_HZ`."""

PIECE_PAIRS = 120
"""Frame pairs in a piece of a clip with flow: 4 s at 30 frames/s, 125 MB at full size.

A whole piece is read to cut one window from it, and a stored record may not exceed 2 GB.
"""

PIECE_MARGIN_NS = 1_000_000_000
"""How far a piece's gyro samples extend beyond its frames: more than the look-ahead of 400 ms."""

GYRO_MARGIN_NS = 500_000_000
"""How far a gyro log without a video extends before and after its invented frame times."""


class Record(NamedTuple):
    """A clip for training: NumPy arrays on the host.

    Attributes:
        name: the clip's name; for a piece, with "/" and the index of its first frame.
        time_ns: int64 [frame], centre times of the frames, nanoseconds on the video's clock.
        gyro_time_ns: int64 [sample], nanoseconds on the same clock, increasing.
        gyro_pose: float64 [sample, 4], the integrated gyro log, uncorrected: [x, y, z, w], world to
            camera, without pre-roll.
        focal: float32 [2], focal length over the frame's width and over its height.
        size: int32 [2], width and height of the video in pixels.
        flow: float16 [pair, height, width, 4], forward dx/width, dy/height, from frame i to i + 1,
            then backward likewise, from i + 1 to i; [pair, 0, 0, 4] without flow.
        true_pose: float32 [frame, 4], the true pose at `time_ns`, like `gyro_pose`, if it is known;
            else the gyro's. OIS lens shifts without a log count as rotation of the camera.
        lens_shift: float32 [frame, 2], logged OIS lens shift at `time_ns`, (x, y) in fractions of
            the frame's width and height; zero without a log. Flow contains it, the poses do not.
        shake_deg: float32 [], how much the camera shook (see `shake_deg`), for the curriculum.
    """

    name: str
    time_ns: Int[np.ndarray, "frame"]
    gyro_time_ns: Int[np.ndarray, "sample"]
    gyro_pose: Float[np.ndarray, "sample 4"]
    focal: Float[np.ndarray, "2"]
    size: Int[np.ndarray, "2"]
    flow: Float16[np.ndarray, "pair height width 4"]
    true_pose: Float[np.ndarray, "frame 4"]
    lens_shift: Float[np.ndarray, "frame 2"]
    shake_deg: np.float32


def features_dict(flow_size: tuple[int, int] | None) -> "tfds.features.FeaturesDict":
    """Return the schema of a dataset of records.

    Args:
        flow_size: width and height of the flow, or None for a dataset without flow.
    """
    # Imported here, since TFDS is slow to import and only needed to build a dataset.
    import tensorflow_datasets as tfds

    known = {
        "name": tfds.features.Text(),
        "time_ns": _tensor((None,), np.int64),
        "gyro_time_ns": _tensor((None,), np.int64),
        "gyro_pose": _tensor((None, 4), np.float64),
        "focal": _tensor((2,), np.float32),
        "size": _tensor((2,), np.int32),
        "true_pose": _tensor((None, 4), np.float32),
        "lens_shift": _tensor((None, 2), np.float32),
        "shake_deg": tfds.features.Scalar(np.float32),
    }
    # TFDS cannot read back an empty array of several unknown axes, so flow is omitted if empty.
    if flow_size is not None:
        width, height = flow_size
        known["flow"] = _tensor((None, height, width, 4), np.float16)
    return tfds.features.FeaturesDict(known)


def _tensor(shape: tuple[int | None, ...], dtype: type) -> "tfds.features.Tensor":
    import tensorflow_datasets as tfds

    # Stored as lists of numbers, float16 would take twice the space and reading would be slow.
    return tfds.features.Tensor(shape=shape, dtype=dtype, encoding=tfds.features.Encoding.BYTES)


def to_example(record: Record) -> dict[str, Any]:
    """Return a record in the schema, without the flow if it is empty."""
    example = record._asdict()
    if record.flow.shape[1] == 0:
        del example["flow"]
    return example


def from_example(example: Mapping[str, Any]) -> Record:
    """Return the record of a dataset's element."""
    fields = {"flow": np.zeros((len(example["time_ns"]) - 1, 0, 0, 4), np.float16), **example}
    # Scalars are read back as Python scalars, and text as bytes.
    fields["name"] = fields["name"].decode()
    return Record(**{**fields, "shake_deg": np.float32(fields["shake_deg"])})


def gyro_path(record: Record) -> CameraPath:
    """Return the camera's path as measured by its gyro."""
    return CameraPath(record.gyro_time_ns, record.gyro_pose)


def no_flow(pair_count: int) -> Float16[np.ndarray, "pair 0 0 4"]:
    """Return the empty flow of a record without flow."""
    return np.zeros((pair_count, 0, 0, 4), np.float16)


def shake_deg(path: CameraPath) -> np.float32:
    """Return how much a camera shakes: the RMS angle, in degrees, of its rotation above 1 Hz.

    Args:
        path: the camera's poses, 15 or more a second; one per frame is enough.
    """
    turn, _ = smoothing.unroll(path.quaternion)
    time_s = (path.time_ns - path.time_ns[0]) * 1e-9
    shake = turn - smoothing.gaussian(time_s, turn, _SHAKE_DEVIATION_S, np.inf)
    return np.float32(np.degrees(np.sqrt((shake**2).sum(axis=-1).mean())))


def pieces(
    record: Record,
    flow: Iterable[Float16[np.ndarray, "height width 4"]] | None = None,
    pairs: int = PIECE_PAIRS,
) -> Iterator[Record]:
    """Cut a clip into pieces of about equal length that share a frame with their neighbours.

    A clip without flow is small, and stays whole.

    Args:
        record: the whole clip's.
        flow: a stream of each frame pair's flow, in order, which replaces the record's own; only
            one piece's flow is in memory.
        pairs: the most frame pairs per piece.

    Yields:
        The pieces in order, each with a second more of the gyro's path at both ends.

    Raises:
        InputError: the stream of flow ends early.
    """
    total = len(record.time_ns) - 1
    if flow is None and (record.flow.shape[1] == 0 or total <= pairs):
        yield record
        return
    stream = iter(record.flow if flow is None else flow)
    count = -(-total // pairs)
    bounds = [total * index // count for index in range(count + 1)]
    for begin, end in pairwise(bounds):
        whole = record if count == 1 else _piece(record, begin, end)
        held = list(islice(stream, end - begin))
        if len(held) < end - begin:
            raise InputError(
                f"{record.name}: flow of {begin + len(held)} pairs of frames where {total} are "
                "expected; the video ends early or flow files are missing"
            )
        yield whole._replace(flow=np.stack(held))


def _piece(record: Record, begin: int, end: int) -> Record:
    """Return the piece from frame `begin` to frame `end`, without its flow."""
    time_ns, true_pose = record.time_ns[begin : end + 1], record.true_pose[begin : end + 1]
    within = slice(
        max(np.searchsorted(record.gyro_time_ns, time_ns[0] - PIECE_MARGIN_NS) - 1, 0),
        np.searchsorted(record.gyro_time_ns, time_ns[-1] + PIECE_MARGIN_NS) + 1,
    )
    return record._replace(
        name=f"{record.name}/{begin}",
        time_ns=time_ns,
        gyro_time_ns=record.gyro_time_ns[within],
        gyro_pose=record.gyro_pose[within],
        flow=no_flow(end - begin),
        true_pose=true_pose,
        lens_shift=record.lens_shift[begin : end + 1],
        shake_deg=shake_deg(CameraPath(time_ns, true_pose)),
    )


def record_of_gyro(
    name: str,
    time_ns: Int[np.ndarray, "sample"],
    gyro: Float[np.ndarray, "sample 3"],
    camera: Camera,
    size: tuple[int, int],
    frame_rate: float,
) -> Record:
    """Return a record of a gyro log without a video: frame times are invented, there is no flow.

    Args:
        name: the recording's.
        time_ns: int64 nanoseconds, increasing.
        gyro: angular velocity about the log's own axes, rad/s.
        camera: gyro axes and focal length.
        size: width and height of the imagined video in pixels.
        frame_rate: its frames per second.

    Raises:
        InputError: the log is too short for two frames and half a second at both ends.
    """
    path = integrate(time_ns, gyro_log.reorder(gyro, camera.gyro_axes))
    begin, end = time_ns[0] + GYRO_MARGIN_NS, time_ns[-1] - GYRO_MARGIN_NS
    count = int((end - begin) * 1e-9 * frame_rate) + 1
    if end <= begin or count < 2:
        raise InputError(
            f"{name}: a gyro log of {(time_ns[-1] - time_ns[0]) * 1e-9:.2f} s is too short to "
            "train on; give one of some seconds"
        )
    frame_ns = begin + np.rint(np.arange(count) * (1e9 / frame_rate)).astype(np.int64)
    return record_of_path(name, path, frame_ns, camera, size, no_flow(count - 1))


def record_of_path(
    name: str,
    gyro: CameraPath,
    time_ns: Int[np.ndarray, "frame"],
    camera: Camera,
    size: tuple[int, int],
    flow: Float16[np.ndarray, "pair height width 4"],
    true_pose: Float[np.ndarray, "frame 4"] | None = None,
    lens_shift: Float[np.ndarray, "frame 2"] | None = None,
) -> Record:
    """Return a record of a camera's path and its flow.

    Args:
        name: the clip's.
        gyro: the integrated gyro log, without pre-roll.
        time_ns: int64 [frame], centre times of the frames on the gyro's clock, in nanoseconds.
        camera: gives the focal length.
        size: width and height of the video in pixels.
        flow: as in the record; see `no_flow`.
        true_pose: [frame, 4] at `time_ns`, [x, y, z, w], world to camera; the gyro's if None.
        lens_shift: [frame, 2] as in the record; None if none is logged.
    """
    pose = pose_at(gyro, time_ns, "hold") if true_pose is None else true_pose
    shift = np.zeros((len(time_ns), 2)) if lens_shift is None else lens_shift
    return Record(
        name,
        time_ns,
        gyro.time_ns,
        gyro.quaternion,
        cameras.relative_focal_length(camera, size),
        np.array(size, np.int32),
        flow,
        pose.astype(np.float32),
        shift.astype(np.float32),
        shake_deg(CameraPath(time_ns, pose)),
    )
