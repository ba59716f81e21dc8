"""Frames of the two clips of people, and the published networks."""

from pathlib import Path

import numpy as np
import pytest

from dvs_jax import video
from dvs_jax.subject import networks

CLIPS = {"garden": "garden_walk.mp4", "portrait": "two_people_portrait.mp4"}


@pytest.fixture(scope="session")
def numbers(golden: Path) -> dict[str, np.ndarray]:
    """Inputs and outputs of the networks, by their own program."""
    return dict(np.load(golden / "subject/networks.npz"))


@pytest.fixture(scope="session")
def recorded_poses(golden: Path) -> dict[str, np.ndarray]:
    """Poses by the networks' own program, on twelve frames."""
    return dict(np.load(golden / "subject/poses.npz"))


@pytest.fixture(scope="session")
def frame_100(recordings: Path) -> np.ndarray:
    frames = video.read_frames(recordings / "people" / CLIPS["garden"])
    return next(frame for index, frame in enumerate(frames) if index == 100)


@pytest.fixture(scope="session")
def pose_networks(published_models: Path) -> networks.PoseNetworks:
    return networks.load_pose("full", published_models)
