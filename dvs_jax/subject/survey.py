"""The first pass over a clip: everyone in it, and how the background moves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import av
import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.motion.tracking import Tracker, Tracks
from dvs_jax.progress import Track, silently
from dvs_jax.stages import Stages, one_opencv_thread
from dvs_jax.subject import camera_motion
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.following import Follower
from dvs_jax.subject.networks import PoseNetworks
from dvs_jax.subject.orientation import Orientation, orientation_of
from dvs_jax.subject.people import Track as Person
from dvs_jax.subject.pose import Poses
from dvs_jax.video.conversion import ToRgb
from dvs_jax.video.picture import shrunk_luma

THUMBNAIL = 96
"""Side of the picture that is kept of each person, in pixels."""

CUT_LEVELS = 24.0
"""Mean difference of the luma of two pictures, of 255 levels, from which on they may be a cut's."""

_COMPARED = (64, 36)
_LARGER = 1.3
"""Torso, by that of the thumbnail so far, of which a new one is made."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What the first pass found.

    Attributes:
        size: width and height of the upright picture.
        tracks: everyone.
        thumbnail: uint8 RGB [side, side, 3], of each.
        centroid: of each one's masks, (x, y) in upright pixels, by the frame; only if asked for.
        motion: float64 [frame, 4], of the background since the frame before (see
            `camera_motion.Motion`).
        cuts: frames that begin a new shot.
        best_score: of all detections; 0 where there was none at all.
    """

    size: tuple[int, int]
    tracks: list[Person]
    thumbnail: list[UInt8[np.ndarray, "side side 3"]]
    centroid: list[dict[int, Float[np.ndarray, "2"]]]
    motion: Float[np.ndarray, "frame 4"]
    cuts: list[int]
    best_score: float


def survey(
    clip: Clip, networks: PoseNetworks, with_centroids: bool = False, track: Track = silently
) -> Survey:
    """Find everyone in a clip.

    Args:
        clip: what `load_clip` found.
        networks: BlazePose.
        with_centroids: whether the masks' centroids are wanted.
        track: reports the progress.

    Raises:
        InputError: the video cannot be read to its end.
    """
    orientation = orientation_of(clip.video)
    surveyor = _Surveyor(clip, orientation, Follower(networks, with_centroids))
    with Stages() as stages, one_opencv_thread(), stages.naming("finding people"):
        stored = stages.run("decoding", clips.read_pictures(clip))
        watched = stages.run("watching the background", _watched(clip, stored, orientation))
        for index, each in enumerate(track(watched, clip.frame_count, "finding people")):
            surveyor.see(index, *each)
    return surveyor.found()


Watched = tuple[UInt8[np.ndarray, "height width 3"], Tracks, bool]
"""An upright picture, the corners tracked to it, and whether much has changed."""


def _watched(
    clip: Clip, stored: Iterable[av.VideoFrame], orientation: Orientation
) -> Iterator[Watched]:
    tracker, to_rgb = Tracker(), ToRgb(clip.video.path)
    before: UInt8[np.ndarray, "rows columns"] | None = None
    for picture in stored:
        small = shrunk_luma(picture, _COMPARED)
        changed = before is not None and cv2.absdiff(small, before).mean() > CUT_LEVELS
        before = small
        yield orientation.upright(to_rgb(picture)), tracker.follow(picture), bool(changed)


class _Surveyor:
    """Gathers what is found, frame by frame."""

    def __init__(self, clip: Clip, orientation: Orientation, follower: Follower):
        self._clip, self._orientation, self._follower = clip, orientation, follower
        self._time_s = seconds(clip)
        self._motion: list[Float[np.ndarray, "4"]] = []
        self._cuts: list[int] = []
        self._thumbnails = _Thumbnails()

    def see(
        self,
        index: int,
        picture: UInt8[np.ndarray, "height width 3"],
        tracks: Tracks,
        changed: bool,
    ) -> None:
        pose = self._follower.see(index, float(self._time_s[index]), picture)
        boxes = poses_of.box(pose).reshape(-1, 4)
        seen = camera_motion.measured(tracks, self._orientation, self._clip.size, boxes)
        self._motion.append(seen.motion)
        if changed and not seen.known:
            self._cuts.append(index)
        self._thumbnails.see(index, picture, self._follower.tracker.tracks)

    def found(self) -> Survey:
        if len(self._motion) < self._clip.frame_count:
            raise InputError(
                f"{self._clip.video.path}: only {len(self._motion)} of {self._clip.frame_count} "
                "frames can be decoded"
            )
        return Survey(
            self._orientation.size(self._clip.size),
            self._follower.tracker.tracks,
            self._thumbnails.pictures,
            self._follower.centroids,
            np.array(self._motion),
            self._cuts,
            self._follower.best_score,
        )


class _Thumbnails:
    """A picture of each person, of about where he is largest."""

    def __init__(self) -> None:
        self.pictures: list[UInt8[np.ndarray, "side side 3"]] = []
        self._torsos: list[float] = []

    def see(
        self, index: int, picture: UInt8[np.ndarray, "height width 3"], tracks: list[Person]
    ) -> None:
        for number, person in enumerate(tracks):
            if person.frame[-1] != index:
                continue
            pose = person.pose(-1)
            torso = float(poses_of.torso(pose))
            if number == len(self.pictures):
                self.pictures.append(_cut_out(picture, pose))
                self._torsos.append(torso)
            elif torso > _LARGER * self._torsos[number]:
                self.pictures[number] = _cut_out(picture, pose)
                self._torsos[number] = torso


def _cut_out(
    picture: UInt8[np.ndarray, "height width 3"], pose: Poses
) -> UInt8[np.ndarray, "side side 3"]:
    """Return a square about a person, of `THUMBNAIL` pixels."""
    box = poses_of.box(pose)
    half = 0.6 * max(*(box[2:] - box[:2]), 2.0)
    corner = (box[:2] + box[2:]) / 2.0 - half
    scale = 2.0 * half / THUMBNAIL
    matrix = np.array([[scale, 0.0, corner[0]], [0.0, scale, corner[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, (THUMBNAIL, THUMBNAIL), flags=flags)


def seconds(clip: Clip) -> Float[np.ndarray, " frame"]:
    """Return each frame's time in seconds, the first at its own."""
    return clip.video.time_ns[: clip.frame_count] * 1e-9
