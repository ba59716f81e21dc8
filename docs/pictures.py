"""The pictures of docs/concepts.md, computed by the package from synthetic clips.

python docs/pictures.py     writes docs/pictures/*.png
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import dvs_jax
from dvs_jax import clip as clips
from dvs_jax import metrics, plots, quaternion, sensors, smoothing, synthetic, video
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.clip import Clip
from dvs_jax.evaluation import Footage, of_clip
from dvs_jax.fused import losses
from dvs_jax.fused.losses import Course
from dvs_jax.methods.along_path import shown_by
from dvs_jax.metrics.high_pass import smooth
from dvs_jax.synthetic import SyntheticClip
from dvs_jax.warping import host
from dvs_jax.whole_file import scratch

FOLDER = Path(__file__).with_suffix("")

BEFORE, AFTER, OTHERS = "#24852a", "#1f5fd0", ("#c05a00", "#8a3fb0", "#777777")
WIDTH_INCHES, DPI = 9.0, 100
SIZE = (640, 360)


def main() -> None:
    """Draw all pictures."""
    FOLDER.mkdir(exist_ok=True)
    for draw in PICTURES:
        draw(FOLDER / f"{draw.__name__}.png")


def rolling_shutter(file: Path) -> None:
    """A frame of a pan as it was read, and with its rows put right, beside the true view."""
    made = SyntheticClip("panning", "distant", 1.5, size=SIZE, ois=False, seed=2)
    at_once = synthetic.record(dataclasses.replace(made, readout_time_s=0.0))
    clip = clip_of(made)
    assert clip.sensors is not None
    poses, _ = sensors.row_poses(clip.sensors)
    turned = quaternion.multiply(poses[:, -1], quaternion.conjugate(poses[:, 0]))
    index = int(np.argmax(np.abs(quaternion.to_rotation_vector(turned)[:, 1])))
    read = synthetic.render_frame(synthetic.record(made), index)
    (frame,) = shown_by(clip, poses[index, :1], index)
    put_right = host.warp_frame(read, frame.source, 1.0, "black")
    true = synthetic.render_frame(at_once, index)

    figure = Figure((WIDTH_INCHES, 5.6), dpi=DPI, layout="constrained")
    panels = figure.subplots(2, 2)
    inner = slice(20, SIZE[1] - 20), slice(40, SIZE[0] - 40)
    named = {"as it was read, row after row": read, "each row turned by its own pose": put_right}
    for column, (name, picture) in zip(panels.T, named.items(), strict=True):
        error = np.abs(picture[inner].astype(float) - true[inner]).mean(axis=2)
        column[0].imshow(picture[inner])
        column[0].set_title(name)
        column[1].imshow(error, cmap="gray_r", vmax=80.0)
        column[1].set_title(f"off the true view by {error.mean():.1f} of 255 levels", fontsize=10)
    for panel in panels.flat:
        panel.set_axis_off()
    plots.save(figure, file)


def virtual_path(file: Path) -> None:
    """The real camera's yaw and two virtual ones, and how much of the frame each leaves."""
    footage = of_clip(clip_of(SyntheticClip("walking", "distant", 6.0, size=SIZE, ois=False)))
    figure = Figure((WIDTH_INCHES, 4.6), dpi=DPI, layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=(2, 1))
    time_s = seconds(footage.real)
    above.plot(time_s, yaw_deg(footage, footage.real), color=BEFORE, label="real camera", lw=1.2)
    for crop, colour in ((0.02, OTHERS[0]), (0.1, AFTER)):
        path = smoothing.smooth_within_frame("gaussian", footage.real, footage.exposure, crop)
        name = f"virtual camera, crop {crop:g}"
        above.plot(time_s, yaw_deg(footage, path), color=colour, label=name, lw=1.6)
        below.plot(time_s, 50.0 * (1.0 - footage.kept(path)), color=colour, lw=1.6)
        below.axhline(100.0 * crop, color=colour, lw=0.8, ls=":")
    plots.dress(above, "yaw (deg)")
    plots.dress(below, "missing at a\nside (%)")
    below.set_xlabel("time (s)")
    figure.legend(*above.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    plots.save(figure, file)


def look_ahead(file: Path) -> None:
    """The beginning of a pan, followed by one who knows the past alone, and by who looks ahead."""
    made = SyntheticClip("panning", "distant", 8.0, size=SIZE, ois=False, seed=2)
    real = synthetic.true_path(synthetic.record(made))
    figure = Figure((WIDTH_INCHES, 3.8), dpi=DPI, layout="constrained")
    panel, time_s = figure.subplots(), seconds(real)

    def draw(path: CameraPath, name: str, colour: str, width: float = 1.6) -> None:
        angle = plots.angles(real.quaternion, path.quaternion)[1][:, 1]
        panel.plot(time_s, angle, color=colour, label=name, lw=width)

    draw(real, "real camera", BEFORE, 1.2)
    draw(smoothing.smooth("exponential", real, 0.5), "nothing ahead", OTHERS[0])
    for ahead_s, colour in ((0.4, OTHERS[1]), (1.0, AFTER)):
        draw(smoothing.smooth("gaussian", real, 0.5, ahead_s), f"{ahead_s:g} s ahead", colour)
    plots.dress(panel, "yaw (deg)")
    panel.set_xlabel("time (s)")
    figure.legend(loc="outside upper center", ncols=4)
    plots.save(figure, file)


def what_losses_want(file: Path) -> None:
    """Calm against near, over the strength of a path; and what a late clock costs who trusts it."""
    clip = clip_of(SyntheticClip("walking", "distant", 6.0, size=SIZE, ois=False))
    real = clips.real_path(clip)
    strengths_s = np.geomspace(0.02, 3.0, 15)
    calm, near = np.transpose([calm_and_near(real, each) for each in strengths_s.tolist()])
    figure = Figure((WIDTH_INCHES, 3.6), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    left.loglog(strengths_s, calm, color=AFTER, marker=".", label="calm: acceleration, rad/s²")
    left.loglog(strengths_s, near, color=OTHERS[0], marker=".", label="near: use of the margin")
    plots.dress(left, "loss")
    left.set_xlabel("strength of the smoothing (s)")
    left.legend()

    late_ms = np.arange(0, 31, 3)
    errors = [turn_error_deg(clip, each) for each in late_ms.tolist()]
    right.plot(late_ms, errors, color=BEFORE, marker=".", label="true: error of the camera's turn")
    plots.dress(right, "degrees a frame, RMS")
    right.set_xlabel("the gyro's clock is late by (ms)")
    right.legend()
    plots.save(figure, file)


def closing_the_loop(file: Path) -> None:
    """What still moves in the pictures where the clock is late, without the last stage and with."""
    late = SyntheticClip("walking", "depth", 5.0, size=SIZE, ois=False, clock_offset_s=0.015)
    clip = clip_of(late)
    figure = Figure((WIDTH_INCHES, 3.6), dpi=DPI, layout="constrained")
    panel, time_s = figure.subplots(), seconds(clips.real_path(clip))
    fast = fast_px(metrics.seen_path(clips.read_frames(clip), 0.8))
    draw_fast(panel, time_s, fast, "as filmed", BEFORE)
    for refine, name, colour in (
        ("none", "along the smooth path", OTHERS[0]),
        ("mesh", "and steadied by its pictures", AFTER),
    ):
        with scratch() as folder:
            how: dict[str, Any] = {"refine": refine, "framing": "fixed", "crf": 12.0}
            report = dvs_jax.stabilize(clip, folder, smoother="gaussian", **how)
            fast = fast_px(metrics.seen_path(video.read_frames(report.cropped)))
        draw_fast(panel, time_s, fast, name, colour)
    plots.dress(panel, "up and down above 2 Hz\n(px of 640)")
    panel.set_xlabel("time (s)")
    figure.legend(loc="outside upper center", ncols=3)
    plots.save(figure, file)


PICTURES: tuple[Callable[[Path], None], ...] = (
    rolling_shutter,
    virtual_path,
    look_ahead,
    what_losses_want,
    closing_the_loop,
)


def clip_of(made: SyntheticClip) -> Clip:
    """Return a synthetic clip as it is loaded from its files, with its frames in memory."""
    with scratch() as folder:
        synthetic.synthesize(made, folder)
        clip = dvs_jax.load_clip(folder)
        frames = list(clips.read_frames(clip))
        return Clip.from_arrays(frames, clip.video.time_ns, clip.sensors, name="synthetic")


def seconds(path: CameraPath) -> Float[np.ndarray, "frame"]:
    """Return the times of a path since its first pose."""
    return (path.time_ns - path.time_ns[0]) * 1e-9


def yaw_deg(footage: Footage, path: CameraPath) -> Float[np.ndarray, "frame"]:
    """Return how far a path has turned to the side, in degrees."""
    return plots.angles(footage.real.quaternion, path.quaternion)[1][:, 1]


def calm_and_near(real: CameraPath, strength_s: float) -> tuple[float, float]:
    """Return two terms of the loss for a path that is smoothed so strongly."""
    path = smoothing.smooth("gaussian", real, strength_s)
    turned = quaternion.multiply(path.quaternion, quaternion.conjugate(real.quaternion))[1:]
    steps = len(turned)
    course = Course(
        seen=jnp.asarray(path.quaternion, jnp.float32),
        turned=jnp.asarray(turned, jnp.float32),
        interval_s=jnp.asarray(np.diff(seconds(real)), jnp.float32),
        true_turn=jnp.zeros((steps, 3)),
        camera_turn=jnp.zeros((steps, 3)),
        strength=jnp.ones(()),
    )
    return float(losses.acceleration(course)), float(losses.cover(course))


def turn_error_deg(clip: Clip, late_ms: float) -> float:
    """Return by how much a gyro whose clock is late errs about the turn from frame to frame."""
    assert clip.sensors is not None
    time_ns = clips.center_time_ns(clip)
    turns = []
    for shift_ns in (0, round(late_ms * 1e6)):
        pose = pose_at(clip.sensors.gyro, time_ns - shift_ns, outside="hold")
        turn = quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
        turns.append(quaternion.to_rotation_vector(turn))
    squared = np.square(turns[1] - turns[0]).sum(axis=1)
    return float(np.degrees(np.sqrt(squared.mean())))


def fast_px(path: Float[np.ndarray, "frame 3"]) -> Float[np.ndarray, "frame"]:
    """Return what a path that the pictures show moves up and down above 2 Hz."""
    return (path - smooth(path, metrics.JITTER_ABOVE_HZ, SyntheticClip.frame_rate))[:, 1]


def draw_fast(
    panel: Axes,
    time_s: Float[np.ndarray, "frame"],
    fast: Float[np.ndarray, "frame"],
    name: str,
    colour: str,
) -> None:
    """Draw a line, with its RMS in the legend."""
    named = f"{name}: {np.sqrt(np.square(fast).mean()):.2f} px RMS"
    panel.plot(time_s, fast, color=colour, label=named, lw=1.4)


if __name__ == "__main__":
    main()
