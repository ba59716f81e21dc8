"""What a run does with the person's masks: another background, and a video of the masks."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.subject import background, person_masks
from dvs_jax.subject.drawing import Edit
from dvs_jax.subject.networks import PoseNetworks
from dvs_jax.subject.orientation import orientation_of
from dvs_jax.subject.person_masks import Editing, Person, PersonMasks, Picture
from dvs_jax.subject.planning import Plan
from dvs_jax.subject.report import MASK, Report
from dvs_jax.subject.settings import Settings
from dvs_jax.subject.survey import Survey, seconds
from dvs_jax.video import VideoInfo, VideoWriter
from dvs_jax.video.conversion import ToRgb

LOSSLESS_CRF = 0.0


@contextmanager
def editing(
    clip: Clip,
    networks: PoseNetworks | None,
    found: Survey,
    plan: Plan,
    settings: Settings,
    folder: Path,
) -> Iterator[Edit | None]:
    """Yield what changes each picture by the person's mask, None where none is wanted.

    Args:
        clip: the source.
        networks: with a selfie model where the settings want its mask.
        found: in the first pass.
        plan: how the frames are moved.
        settings: what is wanted.
        folder: for the video of the masks: grey, white where the person is, of the input's frames
            as they are stored; H.264 without loss.

    Raises:
        InputError: the background is none, or the video cannot be written.
    """
    behind = background.parse(settings.background, clip.video)
    if behind is None and not settings.write_masks:
        yield None
        return
    assert networks is not None
    masks = PersonMasks(
        networks.landmarks, networks.selfie, seconds(clip), plan.path.place, frozenset(found.cuts)
    )
    edit = Editing(masks, ToRgb(clip.video.path), orientation_of(clip.video), behind)
    if not settings.write_masks:
        yield edit
        return
    file = folder / f"{clip.name}{MASK}"
    with VideoWriter(file, _grey(clip.video), *clip.size, LOSSLESS_CRF, settings.preset) as writer:

        def write(mask: Picture, index: int) -> None:
            writer.write(mask, int(clip.video.time_ns[index]))

        edit.write = write
        yield edit


def people(clip: Clip, report: Report, networks: PoseNetworks) -> Iterator[Person | None]:
    """Return the person who was kept in place, frame by frame, None where no mask is found.

    Args:
        clip: the source.
        report: of the run on it.
        networks: with a selfie model for its masks.

    Returns:
        Pictures and masks are upright, and not moved.
    """
    orientation = orientation_of(clip.video)
    pictures = map(orientation.upright, clips.read_frames(clip))
    poses = map(report.everyone.pose_at, range(clip.frame_count))
    path = report.poses.anchor.place
    masks = PersonMasks(networks.landmarks, networks.selfie, report.poses.time_s, path, report.cuts)
    return person_masks.people(masks, pictures, poses)


def _grey(info: VideoInfo) -> VideoInfo:
    return dataclasses.replace(info, has_audio=False, has_subtitles=False, bit_depth=8)
