import numpy as np
import pytest

from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.errors import InputError
from dvs_jax.fused import window
from dvs_jax.fused.features import pose_features
from dvs_jax.fused.record import Record, pieces
from dvs_jax.sensors.integration import with_pre_roll

from .records import walking_record


@pytest.fixture(scope="module")
def walk() -> Record:
    return walking_record((8, 4), frames=60)


def test_a_window_is_a_part_of_the_clip(walk: Record) -> None:
    path = with_pre_roll(CameraPath(walk.gyro_time_ns, walk.gyro_pose))
    whole = pose_features(path, walk.time_ns, official=False)
    some = window.window_at(walk, 7, 20, np.uint32(5))
    for part, full in zip(some.poses, whole, strict=True):
        np.testing.assert_array_equal(part, full[7:27])
    np.testing.assert_array_equal(some.flow, walk.flow[7:27])
    pose = pose_at(path, walk.time_ns[7:28], "hold")
    np.testing.assert_array_equal(some.camera_pose, pose.astype(np.float32))
    assert some.seed == 5


def test_a_window_of_a_piece_is_that_of_the_clip() -> None:
    walk = walking_record((8, 4), frames=180)
    piece = list(pieces(walk, pairs=60))[1]
    begin = int(piece.name.split("/")[1])
    for one, other in zip(
        window.window_at(piece, 3, 20, np.uint32(1)).poses,
        window.window_at(walk, begin + 3, 20, np.uint32(1)).poses,
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_every_beginning_is_drawn(walk: Record) -> None:
    rng = np.random.default_rng(0)
    anchors = {window.cut(walk, rng, 55).poses.anchor[0].tobytes() for _ in range(100)}
    assert len(anchors) == 60 - 55


def test_each_window_has_a_seed_of_its_own(walk: Record) -> None:
    rng = np.random.default_rng(0)
    seeds = [window.cut(walk, rng, 10).seed for _ in range(50)]
    assert len(set(map(int, seeds))) == 50
    assert all(seed.dtype == np.uint32 and seed.shape == () for seed in seeds)


def test_the_whole_clip_is_a_window(walk: Record) -> None:
    assert len(window.cut(walk, np.random.default_rng(0), 59).poses.real) == 59


def test_a_clip_shorter_than_the_window_is_named(walk: Record) -> None:
    with pytest.raises(InputError, match="walk: 60 frames are too few"):
        window.cut(walk, np.random.default_rng(0), 60)
