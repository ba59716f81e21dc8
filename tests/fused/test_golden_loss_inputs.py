"""What the official program hands its losses (`dvs/loss.py`) beside the network's input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import camera, sensors
from dvs_jax.camera import GRID_ROWS, Camera
from dvs_jax.camera_path import pose_at
from dvs_jax.fused import rollout

SIZE = (1920, 1080)


@pytest.fixture(scope="module")
def real_poses(recorded_clip):
    return pose_at(recorded_clip.gyro, recorded_clip.time_ns, "identity")


@pytest.mark.parametrize(("name", "frames"), [("proj_t", slice(1, None)), ("proj_t_1", slice(-1))])
def test_real_projections_of_a_frame_and_the_one_before(real_poses, recorded_steps, name, frames):
    """They see a global shutter, so every row has the projection of the centre time."""
    wanted = recorded_steps[name]
    found = camera.projection(Camera(), SIZE, real_poses[frames], np.zeros((39, 2)))
    every_row = np.broadcast_to(found[:, None], (39, GRID_ROWS, 3, 3))
    np.testing.assert_allclose(every_row, wanted, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.slow
def test_previous_virtual_pose(official_network, recorded_features, real_poses, recorded_steps):
    """It is absolute; of two predictions or fewer the official queue still gives the real pose."""
    clip = jax.tree.map(jnp.asarray, recorded_features)
    predicted = jax.jit(lambda clip: rollout.rollout(official_network.core, 8, clip).pose)(clip)
    found = np.concatenate([real_poses[:2], predicted[1:-1]])
    np.testing.assert_allclose(found, recorded_steps["vt_1"], atol=1e-5)


def test_row_0_has_the_first_rows_time_officially_and_the_centre_time_here(golden, recorded_clip):
    frames = sensors.load(golden / "dvs/clip/clip.mp4", np.arange(40, dtype=np.int64)).frames
    wanted = np.loadtxt(golden / "dvs/trajectory.txt")[:, 0]
    # The official program's times have gone through float32.
    np.testing.assert_allclose(wanted[0], frames.time_ns[0], atol=128)
    np.testing.assert_allclose(wanted[1:], recorded_clip.time_ns[1:], atol=128)
    assert recorded_clip.time_ns[0] - frames.time_ns[0] == frames.readout_ns[0] // 2
