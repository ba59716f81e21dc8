"""A clip to the video in which a person stays in place, with the poses as data."""

import dataclasses
import json
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.progress import Track, silently
from dvs_jax.stages import Stages, one_opencv_thread
from dvs_jax.subject import background, export, masking, measures, planning, plot, position
from dvs_jax.subject import report as reports
from dvs_jax.subject.export import Keypoints, PoseData, Video
from dvs_jax.subject.measures import Measures
from dvs_jax.subject.networks import PoseNetworks, load_mask, load_pose
from dvs_jax.subject.orientation import orientation_of
from dvs_jax.subject.planning import Everyone, Plan
from dvs_jax.subject.rendering import render
from dvs_jax.subject.report import Report
from dvs_jax.subject.settings import Settings
from dvs_jax.subject.survey import Survey, seconds, survey
from dvs_jax.subject.torso_flow import TorsoFlow
from dvs_jax.whole_file import locked, replacing_together

_log = logging.getLogger("dvs_jax")


def stabilize(
    clip: Clip,
    out: str | Path,
    *,
    pose_model: str | Path = "full",
    models: str | Path | None = None,
    track: Track = silently,
    **settings: Any,
) -> Report:
    """Keep a person at one place of the picture, and write the video and the poses.

    The files appear together once all are complete, and replace those of an earlier run; until
    then, and after an exception, nothing has changed.

    Args:
        clip: what `load_clip` found; no sensor is read.
        out: folder for the results; made if it is not there.
        pose_model: "full", "lite" or "heavy", or a `.task` file.
        models: folder of published files; None to download what is not in the cache.
        track: reports the progress of each pass.
        settings: the fields of `Settings`.

    Returns:
        Where everything is, who was found, and what was measured.

    Raises:
        InputError: the clip or a model cannot be read, nobody or not who is wanted is in the clip,
            a setting is impossible, or `out` cannot be written.
    """
    wanted, folder = Settings(**settings), None if models is None else Path(models)
    networks = load_pose(pose_model, folder)
    if wanted.mask != "pose":
        networks = networks._replace(selfie=load_mask(wanted.mask, folder))
    return stabilize_by(clip, Path(out), networks, wanted, track)


def stabilize_by(
    clip: Clip,
    folder: Path,
    networks: PoseNetworks,
    settings: Settings,
    track: Track = silently,
) -> Report:
    """Keep a person in place, by loaded networks; see `stabilize`."""
    require_possible(clip, folder, settings)
    with locked(folder, f"the results of {clip.name}"):
        began = time.perf_counter()
        found = survey(clip, networks, settings.anchor == "mask", track)
        speed = {"finding people": clip.frame_count / (time.perf_counter() - began)}
        return stabilize_found(clip, folder, found, settings, networks, track, speed)


def require_possible(clip: Clip, folder: Path, settings: Settings) -> None:
    """Raise InputError for what can be told before anything is computed."""
    if clip.images is None and folder.resolve() == clip.video.path.resolve():
        raise InputError(
            f"{folder}: the results would lie among the frames; choose another folder for them"
        )
    size = orientation_of(clip.video).size(clip.size)
    position.place(settings.target, *size)
    background.parse(settings.background, clip.video)
    settings.require_crop_within(size)
    if settings.person is not None and "@" in settings.person:
        position.moment(settings.person, *size)


def stabilize_found(
    clip: Clip,
    folder: Path,
    found: Survey,
    settings: Settings,
    networks: PoseNetworks | None = None,
    track: Track = silently,
    speed: dict[str, float] | None = None,
) -> Report:
    """Keep a person in place, by what the first pass found: for other settings on the same clip.

    Args:
        clip: the source.
        folder: for the results.
        found: see `survey.survey`; with centroids for the anchor "mask".
        settings: what is wanted.
        networks: for the masks, where they are wanted.
        track: reports the progress.
        speed: frames a second of earlier passes, to be told too.

    Raises:
        InputError: see `stabilize`.
    """
    speed = dict(speed or {})
    everyone = planning.everyone(found, settings, str(clip.video.path))
    subject = everyone.subject
    measured = planning.measured_anchor(found, subject, settings, clip.frame_count)
    seen = subject.pose, subject.frame, clip.frame_count
    stored = orientation_of(clip.video), clip.size
    torso = TorsoFlow(*seen, *stored, of_head=settings.anchor == "head")
    is_known = settings.refine == "flow"
    if is_known:
        began = time.perf_counter()
        _measure_flow(clip, torso, track)
        speed["measuring flow"] = clip.frame_count / (time.perf_counter() - began)
    path = planning.smoothed(clip, found, measured, settings, torso if is_known else None)
    plan = planning.plan(clip, found, subject, measured, path, settings)
    with replacing_together(folder) as unfinished:
        began = time.perf_counter()
        watching = None if is_known else torso
        with masking.editing(clip, networks, found, plan, settings, unfinished) as edit:
            render(clip, everyone, plan, settings, watching, edit, unfinished, track)
        speed["drawing"] = clip.frame_count / (time.perf_counter() - began)
        table = measures.measure(clip, found, everyone, plan, torso, speed)
        poses = _pose_data(clip, everyone, plan, settings)
        _write_beside(clip, found, everyone, plan, table, poses, unfinished)
    return _report(clip.name, folder, settings, table, everyone, poses, frozenset(found.cuts))


def _measure_flow(clip: Clip, torso: TorsoFlow, track: Track) -> None:
    with Stages() as stages, one_opencv_thread(), stages.naming("measuring flow"):
        watched = torso.watched(stages.run("decoding", clips.read_pictures(clip)))
        for _ in track(watched, clip.frame_count, "measuring flow"):
            pass


def _write_beside(
    clip: Clip,
    found: Survey,
    everyone: Everyone,
    plan: Plan,
    table: Measures,
    poses: PoseData,
    folder: Path,
) -> None:
    export.write(poses, folder, clip.name)
    told = json.dumps(measures.as_json(table), indent=2, allow_nan=False)
    (folder / f"{clip.name}{reports.MEASURES}").write_text(told + "\n", encoding="utf-8")
    file = folder / f"{clip.name}{reports.PLOT}"
    plot.write(file, seconds(clip), everyone, found.thumbnail, plan, clip.name)


def _pose_data(clip: Clip, everyone: Everyone, plan: Plan, settings: Settings) -> PoseData:
    time_s, info = seconds(clip), clip.video
    width, height = orientation_of(info).size(clip.size)
    rate = float(info.frame_rate)
    length_s = float(time_s[-1] - time_s[0]) + 1.0 / rate
    name = info.path.name
    video = Video(name, width, height, rate, clip.frame_count, info.rotation, length_s)
    people = [
        Keypoints(number, person.frame, person.pose, swapped)
        for number, (person, swapped) in enumerate(
            zip(everyone.people, everyone.swapped, strict=True), 1
        )
    ]
    return PoseData(
        video,
        dataclasses.asdict(settings),
        time_s,
        people,
        everyone.followed + 1,
        plan.path,
        plan.measured.place,
        plan.forward[..., 2],
        plan.scale,
        np.degrees(plan.roll),
    )


def _report(
    name: str,
    folder: Path,
    settings: Settings,
    table: Measures,
    everyone: Everyone,
    poses: PoseData,
    cuts: frozenset[int],
) -> Report:
    """Return the report, and remove what an earlier run made and this one did not."""
    optional = {reports.COMPARED: settings.side_by_side, reports.SKELETON: settings.skeleton}
    optional[reports.MASK] = settings.write_masks
    for end, is_wanted in optional.items():
        if not is_wanted:
            (folder / f"{name}{end}").unlink(missing_ok=True)
    compared, skeleton, mask = (
        folder / f"{name}{end}" if is_wanted else None for end, is_wanted in optional.items()
    )
    return Report(
        folder / f"{name}{reports.VIDEO}",
        compared,
        skeleton,
        mask,
        folder / f"{name}{reports.POSE_JSON}",
        folder / f"{name}{reports.POSE_CSV}",
        folder / f"{name}{reports.PLOT}",
        folder / f"{name}{reports.MEASURES}",
        table,
        everyone,
        poses,
        cuts,
    )
