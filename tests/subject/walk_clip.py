"""A small clip in which a square walks, and a survey of it as the networks would make one."""

import numpy as np

from dvs_jax import video
from dvs_jax.clip import Clip, load_clip
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.people import Track
from dvs_jax.subject.survey import Survey
from dvs_jax.video import VideoWriter
from tests.subject import noisy

SIZE = (192, 108)
TORSO = 20.0


def path(count: int) -> np.ndarray:
    """Return where the hips are in each frame, (x, y) in upright pixels."""
    t = np.arange(count) / 30.0
    return np.stack([60.0 + 40.0 * t, 60.0 + 3.0 * np.sin(4.0 * np.pi * t)], axis=-1)


def frames(count: int) -> list[np.ndarray]:
    """Return pictures with a bright square about the hips on an even ground."""
    made = []
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    for hips in path(count):
        image = np.full((SIZE[1], SIZE[0], 3), 60, np.uint8)
        image[(np.abs(x - hips[0]) <= 6) & (np.abs(y - hips[1]) <= 6)] = (230, 230, 230)
        made.append(image)
    return made


def write(folder, count: int) -> Clip:
    """Write the clip as `walk.mp4`, and load it."""
    file = folder / "walk.mp4"
    images = Clip.from_arrays(frames(count), np.arange(count) * 33_366_667, name="walk")
    with VideoWriter(file, images.video, *SIZE, crf=1, preset="ultrafast") as writer:
        for image, time_ns in zip(images.images, images.video.time_ns, strict=True):
            writer.write(image, int(time_ns))
    assert video.probe(file).frame_count == count
    return load_clip(file, read_sensors=False)


def survey(count: int, also: bool = False) -> Survey:
    """Return who walks there: the square's person, and perhaps one who stands at the left."""
    time_s = np.arange(count) * 0.033366667
    places = [path(count)] + ([np.tile([25.0, 70.0], (count, 1))] if also else [])
    tracks = []
    for each in places:
        pose = noisy.poses(noisy.moving(each, TORSO if len(tracks) == 0 else 0.6 * TORSO))
        assert poses_of.torso(pose.at(0)) > 0.0
        tracks.append(Track(list(range(count)), time_s.tolist(), list(poses_of.packed(pose))))
    thumbnails = [np.zeros((8, 8, 3), np.uint8) for _ in tracks]
    still = np.zeros((count, 4))
    return Survey(SIZE, tracks, thumbnails, [{} for _ in tracks], still, [], 0.9)


def squares(file) -> np.ndarray:
    """Return the middle of the largest bright part of each frame, (x, y)."""
    places = []
    for frame in video.read_frames(file):
        row, column = np.nonzero(frame.min(axis=-1) > 160)
        places.append((column.mean(), row.mean()))
    return np.array(places)
