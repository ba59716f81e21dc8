"""Frames of the two clips of people, and the published networks."""

from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from dvs_jax.subject import networks


@pytest.fixture(scope="session")
def numbers(golden: Path) -> dict[str, np.ndarray]:
    """Inputs and outputs of the networks, by their own program."""
    return dict(np.load(golden / "subject/networks.npz"))


@pytest.fixture(scope="session")
def recorded_poses(golden: Path) -> dict[str, np.ndarray]:
    """Poses by the networks' own program, on twelve frames."""
    return dict(np.load(golden / "subject/poses.npz"))


@pytest.fixture(scope="session")
def garden(recordings: Path) -> dict[int, np.ndarray]:
    """Some frames by their index, in the colours that were recorded with: FFmpeg's own choice."""
    with av.open(str(recordings / "people/garden_walk.mp4")) as clip:
        frames = islice(clip.decode(video=0), 141)
        return {
            index: frame.to_ndarray(format="rgb24")
            for index, frame in enumerate(frames)
            if index in (80, 100, 140)
        }


@pytest.fixture(scope="session")
def frame_100(garden: dict[int, np.ndarray]) -> np.ndarray:
    return garden[100]


@pytest.fixture(scope="session")
def pose_networks(published_models: Path) -> networks.PoseNetworks:
    return networks.load_pose("full", published_models)
