"""A recorded synthetic clip: its logs, frames and ground truth."""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from dvs_jax import camera, camera_path, quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.sensors import FrameLog, OisLog, camera_file
from dvs_jax.synthetic import logs
from dvs_jax.synthetic.clip import SyntheticClip, seconds_since_start
from dvs_jax.synthetic.exact_flow import dense_flow
from dvs_jax.synthetic.logs import GyroLog
from dvs_jax.synthetic.motion import Motion, make_motion, pose_at
from dvs_jax.synthetic.render import render
from dvs_jax.synthetic.scene import Scene, make_scene
from dvs_jax.synthetic.view import View, make_view
from dvs_jax.video import VideoInfo, VideoWriter
from dvs_jax.whole_file import locked, replacing_together

Progress = Callable[[range], Iterable[int]]

ENDINGS = (".mp4", "_gyro.txt", "_ois.txt", "_frame.txt", "_truth.txt", ".toml")
"""What `synthesize` appends to the motion's name."""

A_CLIP = "a synthetic clip"
"""The name of the lock on writing a clip to a folder (see `whole_file.locked`)."""

FLOW_NAMES = ("flo", "flo_back", "flow.json")
"""Names of a clip's flow files and folders, which are made later."""

_FLOW_FILE = re.compile(r"flow\.json|flo(_back)?(/\d{5,}\.(flo|npz|png))?")

QUALITY_CRF = 14
"""CRF low enough to keep features in place, since the ground truth is compared with frames."""


@dataclass(frozen=True)
class Recording:
    """Everything that follows from a clip's description, except the frames themselves.

    Attributes:
        clip: the description.
        motion: how the camera moves.
        gyro: what the gyro logs.
        ois: how the OIS moves the lens, or None if there is none.
        frames: when each frame is exposed.
    """

    clip: SyntheticClip
    motion: Motion
    gyro: GyroLog
    ois: OisLog | None
    frames: FrameLog

    @cached_property
    def scene(self) -> Scene:
        """What the camera sees. It is painted when first asked for: paths and logs need none."""
        return make_scene(self.clip)


def record(clip: SyntheticClip) -> Recording:
    """Simulate a clip's motion and sensor logs; frames are rendered on demand."""
    motion = make_motion(clip)
    return Recording(
        clip=clip,
        motion=motion,
        gyro=logs.make_gyro_log(clip, motion),
        ois=logs.make_ois_log(clip, motion),
        frames=logs.make_frame_log(clip),
    )


def view_of(recording: Recording, index: int) -> View:
    """Return the camera of every row of frame `index`."""
    return make_view(recording.clip, recording.motion, recording.frames, recording.ois, index)


def turned_view(recording: Recording, index: int, pose: Float[np.ndarray, "4"]) -> View:
    """Return the camera at the place of frame `index`, turned otherwise, its lens not shifted.

    Args:
        recording: the clip.
        index: number of the frame.
        pose: [x, y, z, w], world to camera, for all rows.
    """
    clip, real = recording.clip, view_of(recording, index)
    shift = np.zeros_like(real.shift)
    poses = np.broadcast_to(pose, (len(shift), 4))
    to_camera_rays = camera.inverse_intrinsic_matrix(clip.camera, clip.size, shift)
    return replace(
        real,
        projection=camera.projection(clip.camera, clip.size, poses, shift),
        back_projection=quaternion.to_matrix(quaternion.conjugate(poses)) @ to_camera_rays,
        shift=shift,
    )


def render_frame(recording: Recording, index: int) -> UInt8[np.ndarray, "height width 3"]:
    """Return frame `index`, RGB."""
    image, clip = render(recording.scene, view_of(recording, index)), recording.clip
    if not clip.picture_noise:
        return image
    rng = np.random.default_rng([clip.seed, 60, index])
    noise = rng.standard_normal((*image.shape[:2], 1), np.float32)
    noisy = image + np.float32(clip.picture_noise) * noise
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def flow_between(
    recording: Recording, source: int, target: int, size: tuple[int, int] | None = None
) -> tuple[Float32[np.ndarray, "height width 2"], Bool[np.ndarray, "height width"]]:
    """Return the exact flow from frame `source` to frame `target`.

    Args:
        recording: the clip.
        source: number of the frame from which the flow leads; may be the later one.
        target: number of the frame to which it leads.
        size: width and height of the flow; by default a quarter of the frames'.

    Returns:
        Displacement (dx, dy) in pixels of the flow's own size; and where the point is visible:
        inside the target frame and not occluded.
    """
    width, height = recording.clip.size
    return dense_flow(
        recording.scene,
        view_of(recording, source),
        view_of(recording, target),
        size or (width // 4, height // 4),
    )


def flow_pairs(
    recording: Recording,
) -> Iterator[tuple[Float32[np.ndarray, "height width 2"], Float32[np.ndarray, "height width 2"]]]:
    """Compute the exact flow between each frame and the next, both ways.

    Args:
        recording: the clip.

    Yields:
        Displacements (dx, dy) in pixels at a quarter of the frames' size, as `flow_between` gives
        them, also for occluded points: from frame i to i + 1, and from i + 1 to i.
    """
    for index in range(recording.clip.frame_count - 1):
        forward, _ = flow_between(recording, index, index + 1)
        backward, _ = flow_between(recording, index + 1, index)
        yield forward, backward


def true_path(recording: Recording) -> CameraPath:
    """Return the true pose at each frame's centre time, t + readout / 2."""
    time_ns = recording.frames.time_ns + recording.frames.readout_ns // 2
    return CameraPath(time_ns, pose_at(recording.motion, seconds_since_start(time_ns)))


def synthesize(
    clip: SyntheticClip,
    folder: Path,
    progress: Progress = iter,
) -> Path:
    """Write a clip in the released layout: video, logs, and the true path.

    The files are named after the motion: `walking.mp4`, `walking_gyro.txt`, `walking_ois.txt`
    (where there is OIS), `walking_frame.txt`, `walking.toml` (where its camera is not that of the
    released data), and `walking_truth.txt`, which is a trajectory with the true pose at each
    frame's centre time. The files appear once all are complete.

    Args:
        clip: the description.
        folder: made if missing. It may hold an earlier clip of the same motion, which is
            replaced, and its flow, which is removed; nothing else, so that no other log or flow is
            taken for this clip's.
        progress: wraps the iterable of frame numbers to show progress.

    Returns:
        The video's path.

    Raises:
        InputError: the folder holds something else, or cannot be written to, or another run is
            writing a clip there.
    """
    with locked(folder, A_CLIP), replacing_together(folder) as unfinished:
        names = [clip.motion + ending for ending in ENDINGS]
        _require_no_strangers(folder, names)
        _write_files(record(clip), unfinished, progress)
        _remove_flow(folder)
        for name in names:
            (folder / name).unlink(missing_ok=True)
    return folder / f"{clip.motion}.mp4"


def _require_no_strangers(folder: Path, names: list[str]) -> None:
    flow_may_lie_there = (folder / names[0]).exists()
    flow_files = (file for name in FLOW_NAMES for file in folder.glob(f"{name}/*"))
    for file in sorted([*folder.iterdir(), *flow_files]):
        name = file.relative_to(folder).as_posix()
        if file.is_symlink() and name in FLOW_NAMES:
            raise InputError(f"{file}: is a link; remove it, or give a new or an empty folder")
        known = name in names or (flow_may_lie_there and _FLOW_FILE.fullmatch(name))
        if not known and not file.name.startswith("."):
            raise InputError(f"{folder}: holds {name} already; give a new or an empty folder")


def _remove_flow(folder: Path) -> None:
    for name in FLOW_NAMES:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)


def _write_files(recording: Recording, folder: Path, progress: Progress) -> None:
    stem = recording.clip.motion
    _write_video(recording, folder / f"{stem}.mp4", progress)
    logs.write_gyro_log(recording.gyro, folder / f"{stem}_gyro.txt")
    if recording.ois is not None and recording.clip.ois_log:
        logs.write_ois_log(recording.ois, folder / f"{stem}_ois.txt")
    logs.write_frame_log(recording.frames, folder / f"{stem}_frame.txt")
    if (filmed_by := recording.clip.camera) != Camera():
        told = {"focal_length": filmed_by.focal_length, "lens": filmed_by.lens}
        (folder / f"{stem}.toml").write_text(camera_file.text_of(told))
    camera_path.write(true_path(recording), folder / f"{stem}_truth.txt")


def _write_video(recording: Recording, file: Path, progress: Progress) -> None:
    width, height = recording.clip.size
    time_ns = recording.frames.time_ns - recording.frames.time_ns[0]
    info = VideoInfo(
        path=file,
        width=width,
        height=height,
        frame_rate=Fraction(recording.clip.frame_rate).limit_denominator(100_000),
        time_ns=time_ns,
        rotation=0,
        has_audio=False,
    )
    with VideoWriter(file, info, width, height, crf=QUALITY_CRF) as writer:
        for index in progress(range(recording.clip.frame_count)):
            writer.write(render_frame(recording, index), int(time_ns[index]))
