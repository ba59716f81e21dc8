import shutil

import numpy as np
import pytest

from dvs_jax import synthetic, video


@pytest.fixture(scope="session")
def walk(tmp_path_factory):
    """A folder with a short clip and its logs."""
    folder = tmp_path_factory.mktemp("walk")
    made = synthetic.SyntheticClip(motion="walking", duration_s=0.8, size=(320, 180))
    synthetic.synthesize(made, folder)
    return folder


@pytest.fixture
def upload(walk, tmp_path):
    """The same, as an upload of its own."""
    return shutil.copytree(walk, tmp_path / "upload")


@pytest.fixture(scope="session")
def alone(walk, tmp_path_factory):
    """The video of it without any log."""
    file = tmp_path_factory.mktemp("alone") / "alone.mp4"
    shutil.copy(walk / "walking.mp4", file)
    return file


@pytest.fixture(scope="session")
def long(tmp_path_factory):
    """A video of 700 s in two frames."""
    file = tmp_path_factory.mktemp("long") / "long.mp4"
    picture = np.zeros((32, 32, 3), np.uint8)
    like = video.VideoInfo(file, 32, 32, 30, np.array([0, 700_000_000_000]), 0, False)
    with video.VideoWriter(file, like, 32, 32) as writer:
        for time_ns in like.time_ns.tolist():
            writer.write(picture, time_ns)
    return file
