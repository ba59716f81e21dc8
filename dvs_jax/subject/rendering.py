"""The second pass over a clip: frames drawn, and the videos written."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import av
import numpy as np

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.progress import Track
from dvs_jax.stages import Stages, one_opencv_thread
from dvs_jax.subject import skeleton
from dvs_jax.subject.colour import colour
from dvs_jax.subject.drawing import Canvas, Drawn, Edit, Fill, drawn
from dvs_jax.subject.orientation import orientation_of
from dvs_jax.subject.planning import Everyone, Plan
from dvs_jax.subject.pose import Poses
from dvs_jax.subject.report import COMPARED, SKELETON, VIDEO
from dvs_jax.subject.settings import Settings
from dvs_jax.subject.torso_flow import TorsoFlow
from dvs_jax.video import ToYuv, VideoWriter
from dvs_jax.video.picture import planes
from dvs_jax.video.side_by_side import arrangement, joined, joined_size


def render(
    clip: Clip,
    everyone: Everyone,
    plan: Plan,
    settings: Settings,
    torso: TorsoFlow | None,
    edit: Edit | None,
    folder: Path,
    track: Track,
) -> None:
    """Write a clip's videos.

    Args:
        clip: the source.
        everyone: the people.
        plan: how the frames are moved.
        settings: what is wanted.
        torso: measures the subject's flow meanwhile; None if it is known.
        edit: see `drawing.Edit`.
        folder: for the videos.
        track: reports the progress.

    Raises:
        InputError: the video cannot be read to its end, or the videos cannot be written.
    """
    canvas = canvas_of(clip, plan, settings)
    with (
        Stages() as stages,
        one_opencv_thread(),
        stages.naming("encoding"),
        _videos(clip, canvas, everyone, plan, settings, folder) as videos,
    ):
        stored = stages.run("decoding", clips.read_pictures(clip))
        if torso is not None:
            stored = stages.run("watching the torso", torso.watched(stored))
        frames = drawn(canvas, stored, plan.forward, everyone.pose_at, edit)
        count = 0
        for each in track(stages.run("drawing", frames), clip.frame_count, "drawing"):
            videos.write(each)
            count += 1
        if count < clip.frame_count:
            raise InputError(
                f"{clip.video.path}: only {count} of {clip.frame_count} frames can be decoded"
            )


def canvas_of(clip: Clip, plan: Plan, settings: Settings) -> Canvas:
    """Return what a clip's frames are drawn on."""
    orientation = orientation_of(clip.video)
    fill: Fill = "colour"
    if settings.border in ("reflect", "replicate"):
        fill = "replicate" if settings.border == "replicate" else "reflect"
    rgb = colour(settings.border)
    if rgb is None:
        # What little a zoom cannot cover.
        fill = "reflect" if settings.border == "zoom" else fill
        return Canvas(orientation, clip.size, orientation.size(plan.size), fill)
    one = ToYuv(clip.video.color)(np.full((2, 2, 3), rgb, np.uint8))
    luma, blue, red = (int(plane[0, 0]) for plane in planes(one))
    return Canvas(orientation, clip.size, orientation.size(plan.size), fill, (luma, blue, red))


class _Videos:
    """The videos of a run while they are written."""

    def __init__(self, clip: Clip, canvas: Canvas, everyone: Everyone, plan: Plan):
        self._clip, self._canvas, self._everyone, self._plan = clip, canvas, everyone, plan
        self._index = [
            {int(frame): at for at, frame in enumerate(each.frame)} for each in everyone.people
        ]
        whole = canvas.orientation.size(clip.size)
        self._is_whole = plan.size == (whole[0] - whole[0] % 2, whole[1] - whole[1] % 2)
        self.result: VideoWriter | None = None
        self.compared: VideoWriter | None = None
        self.skeleton: VideoWriter | None = None

    def write(self, frame: Drawn) -> None:
        time_ns = int(self._clip.video.time_ns[frame.frame])
        if self.compared is not None:
            before = frame.source if self._is_whole else self._window(frame.source)
            both = joined(before, frame.result, arrangement(self._clip.video))
            self.compared.write_picture(both, time_ns)
        if self.skeleton is not None:
            self.skeleton.write_picture(self._drawn_on(frame), time_ns)
        assert self.result is not None
        self.result.write_picture(frame.result, time_ns)

    def _window(self, source: av.VideoFrame) -> av.VideoFrame:
        """Return what the output shows of the input where nothing moves."""
        left, top = self._plan.window
        return self._canvas.draw(source, np.array([[1.0, 0.0, -left], [0.0, 1.0, -top]]))

    def _drawn_on(self, frame: Drawn) -> av.VideoFrame:
        copy, orientation = skeleton.copied(frame.source), self._canvas.orientation
        anchor = self._plan.path.place[frame.frame]
        skeleton.draw(copy, orientation, self._clip.size, self._people(frame.frame), anchor)
        return copy

    def _people(self, index: int) -> list[tuple[Poses, bool]]:
        everyone = zip(self._everyone.people, self._index, strict=True)
        return [
            (person.pose.at(where[index]), number == self._everyone.followed)
            for number, (person, where) in enumerate(everyone)
            if index in where
        ]


@contextmanager
def _videos(
    clip: Clip,
    canvas: Canvas,
    everyone: Everyone,
    plan: Plan,
    settings: Settings,
    folder: Path,
) -> Iterator[_Videos]:
    like = clip.video if settings.audio else dataclasses.replace(clip.video, has_audio=False)

    def writer(end: str, size: tuple[int, int]) -> VideoWriter:
        crf, preset, encoder = settings.crf, settings.preset, settings.encoder
        codec, file = settings.codec, folder / f"{clip.name}{end}"
        return files.enter_context(VideoWriter(file, like, *size, crf, preset, encoder, codec))

    with ExitStack() as files:
        videos = _Videos(clip, canvas, everyone, plan)
        videos.result = writer(VIDEO, canvas.target)
        if settings.side_by_side:
            videos.compared = writer(COMPARED, joined_size(clip.video, canvas.target))
        if settings.skeleton:
            videos.skeleton = writer(SKELETON, clip.size)
        yield videos
