import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from dvs_jax import clip as clips
from dvs_jax import sensors, synthetic
from dvs_jax.camera import Camera
from dvs_jax.camera_path import pose_at
from dvs_jax.stabilization.agreement import SAMPLED_PAIRS, Agreement
from dvs_jax.synthetic import SyntheticClip


def explained(clip, late_ns=0):
    time_ns = clips.center_time_ns(clip)
    pose = pose_at(clip.sensors.gyro, time_ns + late_ns, "hold")
    half = clip.sensors.frames.readout_ns // 2
    ois = sensors.ois_at(clip.sensors.ois, clip.sensors.frames.ois_time_ns + half)
    agreement = Agreement(clip.sensors.camera, clip.size, pose, ois)
    for index, picture in enumerate(clips.read_pictures(clip)):
        agreement.watch(index, picture)
    return agreement.explained()


@pytest.fixture(scope="module")
def shaking(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agreement")
    synthetic.synthesize(SyntheticClip("handheld", "distant", 1.5, (480, 270), seed=2), folder)
    return clips.load_clip(folder)


def test_a_right_gyro_explains_the_motion(shaking):
    assert explained(shaking) > 0.95


def test_a_late_gyro_does_not(shaking):
    assert explained(shaking, late_ns=30_000_000) < 0.3


def test_swapped_axes_do_not(shaking, tmp_path):
    folder = shutil.copytree(shaking.video.path.parent, tmp_path / "swapped")
    (folder / "camera.toml").write_text('[gyro]\naxes = ["x", "y", "z"]\n')
    assert explained(clips.load_clip(folder)) < 0.3


def textured():
    texture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    return av.VideoFrame.from_ndarray(texture, "rgb24").reformat(format="yuv420p")


def agreement(pictures, pose):
    found = Agreement(Camera(), (64, 48), pose, np.zeros((len(pictures), 2)))
    for index, picture in enumerate(pictures):
        found.watch(index, picture)
    return found


def still(count):
    return np.broadcast_to([0.0, 0.0, 0.0, 1.0], (count, 4))


def test_no_verdict_without_motion_or_texture():
    black = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
    for pictures in ([textured()] * 5, [black.reformat(format="yuv420p")] * 5, [textured()]):
        found = agreement(pictures, still(len(pictures)))
        assert np.isnan(found.explained())
        assert not found.contradicted()


def test_pictures_that_stand_still_contradict_a_gyro_that_turns_but_refuse_nothing():
    """A test pattern with a log made up for it, or a tripod's clip with another one's log."""
    shaking = np.array([[0.0, 0.01 * (index % 2), 0.0, 1.0] for index in range(5)])
    found = agreement([textured()] * 5, shaking)
    assert found.contradicted()
    assert np.isnan(found.explained())


@pytest.mark.slow
@pytest.mark.parametrize("name, agrees", [("karma", True), ("max-heromode", False)])
def test_real_videos(recordings, tmp_path, name, agrees):
    """One camera left its video as it was, the other had stabilised it already."""
    for file in (f"{name}.mp4", f"{name}_gyro.csv"):
        shutil.copy(recordings / "gopro" / file, tmp_path)
    shutil.copy(Path(__file__).parents[1] / "sensors" / f"{name}.toml", tmp_path / "camera.toml")
    share = explained(clips.load_clip(tmp_path))
    assert share > 0.8 if agrees else share < 0.2


def test_pairs_are_sampled_evenly_from_a_long_clip():
    count = 10 * SAMPLED_PAIRS + 1
    still = np.broadcast_to([0.0, 0.0, 0.0, 1.0], (count, 4))
    agreement = Agreement(Camera(), (64, 48), still, np.zeros((count, 2)))
    wanted = [index for index in range(count) if agreement.wants(index)]
    assert wanted[:6] == [0, 1, 10, 11, 20, 21]
    for index in wanted:
        agreement.watch(index, textured())
    assert list(agreement._seen) == list(range(0, count - 1, 10))
