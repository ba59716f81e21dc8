"""From a clip to its stabilised video: grids computed, frames warped and written."""

import dataclasses
from pathlib import Path
from typing import Any

from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.flow import Estimator
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.methods import DEFAULT_SMOOTHER, GivenPath, Method, Smoothed, require
from dvs_jax.methods.refined import LOOK_AHEAD_S
from dvs_jax.progress import Track, silently
from dvs_jax.stabilization.drawing import drawn
from dvs_jax.stabilization.horizon import locked_to_horizon
from dvs_jax.stabilization.making import Making, finish, making, results_of
from dvs_jax.stabilization.models import as_method
from dvs_jax.stabilization.refining import Refine, by_pictures, refined
from dvs_jax.stabilization.report import Report
from dvs_jax.stabilization.settings import Settings
from dvs_jax.stabilization.strength import with_strength
from dvs_jax.stabilization.viewing import shown
from dvs_jax.stages import Stages, one_opencv_thread
from dvs_jax.whole_file import locked, make_folder, replacing


def stabilize(
    clip: Clip,
    out: str | Path,
    model: Method | FusedNetwork | None = None,
    *,
    method: Method | None = None,
    path: CameraPath | None = None,
    smoother: str = DEFAULT_SMOOTHER,
    flow_estimator: str | Estimator = "auto",
    refine: Refine | None = None,
    look_ahead_s: float = LOOK_AHEAD_S,
    horizon_lock: bool = False,
    strength: float | None = None,
    track: Track = silently,
    **settings: Any,
) -> Report:
    """Stabilise a clip and write its video, with path and plot where there is a camera path.

    The files appear together once all are complete, and replace those of an earlier run; until
    then, and after an exception, nothing has changed. A file of the trajectory's or the plot's
    name that no earlier run made is never replaced. The metrics, which take longest, follow.

    Args:
        clip: what `load_clip` found.
        out: folder for the results; made if it is not there.
        model: what `load_model` returned, or a network.
        method: any other method (see `Method`).
        path: the virtual camera's path, such as an edited trajectory: it is followed as far as
            the crop allows.
        smoother: one of `smoothing.SMOOTHERS`, used where there is none of these three; a clip
            without a gyro is then stabilised by its pictures alone.
        flow_estimator: computes flow where there are no flow files, for a `model` that is a network
            and not a method.
        refine: whether the output is steadied by what its pictures still show: "none", "rotation"
            (the whole picture) or "mesh" (its parts too); None is "mesh", or "none" for an official
            network, a path and a `method` that is no smoother or network of ours.
        look_ahead_s: look-ahead in seconds of the whole, 0.1 to 3, where the method does not need
            the whole clip.
        horizon_lock: whether the horizon is kept level as far as the crop allows, by the
            accelerometer, which has to be logged.
        strength: how strongly a network or smoother smooths (see `with_strength`); None: as leaves
            least shake in this clip, or as a smoother usually does.
        track: reports the progress.
        settings: the fields of `Settings`: crop, framing, uncropped, border, crf, preset, encoder,
            codec, audio, measure, force, side_by_side.

    Returns:
        Where everything is, and what was measured.

    Raises:
        InputError: the clip cannot be read or lacks what the method needs, an argument is
            impossible, or `out` cannot be written or holds a file that is not of an earlier run
            where a result would go, or another run is writing results of the clip's name there.
    """
    given = [each for each in (model, method, path) if each is not None]
    if len(given) > 1:
        raise InputError("model, method and path each tell how to stabilise; give one of them")
    chosen = Smoothed(smoother) if method is None else method
    if model is not None:
        chosen = as_method(model, flow_estimator)
    elif path is not None:
        chosen = GivenPath(path)
    if horizon_lock:
        chosen = locked_to_horizon(chosen)
    if strength is not None:
        chosen = with_strength(chosen, strength)
    if given or horizon_lock or strength is not None or clip.sensors is not None:
        chosen = refined(chosen, refine, look_ahead_s)
    else:
        chosen = by_pictures(clip, refine, look_ahead_s)
    return stabilize_by(clip, Path(out), chosen, Settings(**settings), track)


def stabilize_by(
    clip: Clip, folder: Path, method: Method, settings: Settings, track: Track = silently
) -> Report:
    """Stabilise a clip by a method; see `stabilize`."""
    require(method, clip)
    with locked(folder, results_of(clip)):
        with making(clip, folder, settings, by_gyro="gyro" in method.needs) as made:
            _draw(made, method, settings, track)
        return finish(made, folder, settings.measure, track)


def stabilize_into(
    clip: Clip, file: Path, method: Method, settings: Settings, track: Track = silently
) -> Report:
    """Stabilise a clip by a method, and keep one video: cropped, or side by side if wanted.

    Args:
        clip: what `load_clip` found.
        file: for the video, .mp4, or .mov for ProRes; replaced if it is there.
        method: see `stabilize`.
        settings: what is wanted; no uncropped video, and no metrics.
        track: reports the progress.

    Raises:
        InputError: as `stabilize`; or the file is the clip's own video, or has another ending, or
            more is wanted.
    """
    _require_one_video(clip, file, settings)
    make_folder(file.parent)
    with replacing(file) as part:
        folder = part.parent / "results"
        try:
            report = stabilize_by(clip, folder, method, settings, track)
        except InputError as error:
            raise InputError(str(error).replace(str(folder), str(file))) from error
        (report.side_by_side or report.cropped).replace(part)
    both = None if report.side_by_side is None else file
    return dataclasses.replace(report, cropped=file, side_by_side=both, trajectory=None, plot=None)


def _require_one_video(clip: Clip, file: Path, settings: Settings) -> None:
    if file.suffix.lower() != settings.ending:
        of_codec = "" if settings.codec is None else f" of codec {settings.codec}"
        raise InputError(
            f"{file}: a video{of_codec} is written as {settings.ending}; name it so, or a folder"
        )
    if file.resolve() == clip.video.path.resolve():
        raise InputError(f"{file}: is the clip itself; choose another name for the result")
    if settings.with_uncropped:
        raise InputError(
            f"{file}: the uncropped video and the metrics are files of their own; name a folder"
        )


def _draw(made: Making, method: Method, settings: Settings, track: Track) -> None:
    clip = made.clip
    with Stages() as stages, one_opencv_thread(), stages.naming("encoding"), made.videos():
        wanted = settings.crop, settings.framing, made.folder
        pictures = shown(clip, made.pictures, method, *wanted, stages, track)
        frames = drawn(pictures, clip, settings.with_uncropped, settings.border)
        done = stages.run("warping", frames)
        for each in track(done, clip.frame_count, "stabilising"):
            made.write(*each)
