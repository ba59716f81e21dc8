from dataclasses import replace

import cv2
import numpy as np
import pytest

from dvs_jax import camera, quaternion
from dvs_jax.camera import Camera
from dvs_jax.synthetic import SyntheticClip, flow_between, record, render_frame, view_of
from dvs_jax.synthetic.exact_flow import transfer
from dvs_jax.synthetic.logs import make_frame_log, make_ois_log
from dvs_jax.synthetic.motion import make_motion, pose_at
from dvs_jax.synthetic.view import make_view


def pixel_grid(size, step=1):
    column, row = np.meshgrid(np.arange(0, size[0], step), np.arange(0, size[1], step))
    return np.stack([column, row], axis=-1).astype(float)


def sample(image, points):
    x, y = np.moveaxis(points.astype(np.float32), -1, 0)
    return cv2.remap(image, np.ascontiguousarray(x), np.ascontiguousarray(y), cv2.INTER_LINEAR)


def photometric_error(recording, source, target):
    """Mean difference in grey levels between a frame and the other one fetched by the flow."""
    size = recording.clip.size
    flow, visible = flow_between(recording, source, target, size)
    first, second = (render_frame(recording, i).astype(np.float32) for i in (source, target))
    fetched = sample(second, pixel_grid(size) + flow)
    return np.abs(fetched - first)[visible].mean(), np.abs(second - first)[visible].mean()


def tracking_error_px(recording, source, target):
    """Distances between features as tracked from frame to frame and as the flow has them."""
    before, after = (
        cv2.cvtColor(render_frame(recording, i), cv2.COLOR_RGB2GRAY) for i in (source, target)
    )
    corners = cv2.goodFeaturesToTrack(before, 300, 0.02, 8)
    window = {"winSize": (15, 15), "maxLevel": 3}
    tracked, found, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, None, **window)
    points, tracked = corners[:, 0].astype(float), tracked[:, 0]
    landed, visible = transfer(
        recording.scene, view_of(recording, source), view_of(recording, target), points
    )
    kept = visible & (found[:, 0] == 1)
    assert kept.sum() > 100
    return np.linalg.norm(landed - tracked, axis=-1)[kept]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["distant", "walk"])
def test_the_flow_fetches_each_frame_from_its_neighbour(name, request):
    recording = request.getfixturevalue(name)
    for source, target in ((10, 11), (11, 10)):
        error, unmoved = photometric_error(recording, source, target)
        assert error < 1.5
        assert error < 0.25 * unmoved


@pytest.mark.parametrize("name", ["distant", "walk"])
def test_tracked_features_follow_the_flow(name, request):
    recording = request.getfixturevalue(name)
    for first in (3, 20):
        error = tracking_error_px(recording, first, first + 1)
        assert np.median(error) < 0.1
        assert np.quantile(error, 0.8) < 0.3


def test_a_distant_scene_shows_nothing_but_the_flow(distant):
    error = np.concatenate([tracking_error_px(distant, i, i + 1) for i in (0, 10, 20)])
    assert np.sqrt(np.mean(error**2)) < 0.2


@pytest.mark.parametrize("name", ["distant", "walk"])
def test_there_and_back_is_the_identity(name, request):
    recording = request.getfixturevalue(name)
    there, back = view_of(recording, 5), view_of(recording, 6)
    points = pixel_grid(recording.clip.size, step=3).reshape(-1, 2)
    landed, visible = transfer(recording.scene, there, back, points)
    returned, _ = transfer(recording.scene, back, there, landed[visible])
    error = np.linalg.norm(returned - points[visible], axis=-1)
    # Where a thing's edge passes between the two, the way back may start from another depth.
    assert np.quantile(error, 0.999) < 1e-3
    assert visible.mean() > 0.9


def test_dense_flows_there_and_back_cancel(distant):
    forward, visible = flow_between(distant, 5, 6)
    backward, _ = flow_between(distant, 6, 5)
    landed = pixel_grid((160, 90)) + forward
    inside = visible & (landed >= 0).all(-1) & (landed <= [159, 89]).all(-1)
    error = np.linalg.norm(forward + sample(backward, landed), axis=-1)
    assert error[inside].max() < 1e-2


def test_flow_at_any_size_is_the_same_flow(distant):
    whole, _ = flow_between(distant, 0, 1, (640, 360))
    quarter, _ = flow_between(distant, 0, 1)
    assert quarter.dtype == np.float32
    assert quarter.shape == (90, 160, 2)
    centers = (pixel_grid((160, 90)) + 0.5) * 4 - 0.5
    assert np.allclose(4 * quarter, sample(whole, centers), atol=2e-3)


@pytest.mark.parametrize("size", [(320, 180), (270, 480)])
def test_a_global_shutter_sees_a_distant_scene_through_a_homography(size):
    clip = SyntheticClip(
        scene="distant", size=size, readout_time_s=0.0, ois=False, duration_s=0.2, frame_rate=24.0
    )
    recording = record(clip)
    flow, visible = flow_between(recording, 1, 2, size)
    start, end = pose_at(recording.motion, np.array([1, 2]) / 24.0)
    unshifted = np.zeros(2)
    matrix = camera.homography(Camera(), size, start, end, unshifted, unshifted)
    points = pixel_grid(size)
    landed = camera.apply_homography(np.broadcast_to(matrix, (*points.shape[:2], 3, 3)), points)
    assert np.abs(flow - (landed - points)).max() < 1e-3
    inside = (landed >= 0).all(-1) & (landed <= np.array(size) - 1).all(-1)
    assert np.array_equal(visible, inside)


def test_each_row_is_projected_at_its_own_time_through_its_own_lens():
    clip = SyntheticClip(scene="distant", size=(320, 180), seed=2)
    motion, frames = make_motion(clip), make_frame_log(clip)
    ois = make_ois_log(clip, motion)
    view = make_view(clip, motion, frames, ois, 30)
    for row in (0, 77, 179):
        time_s = 1.0 + 0.030 * row / 179
        shift = [
            np.interp(time_s - 0.0015, (ois.time_ns - 83_000_000_000) * 1e-9, ois.offset[:, axis])
            for axis in (0, 1)
        ]
        focal = 320 / 1.27
        center = [0.5 * 319 + shift[0] * 320, 0.5 * 179 + shift[1] * 180]
        intrinsics = np.array([[focal, 0, center[0]], [0, focal, center[1]], [0, 0, 1]])
        expected = intrinsics @ quaternion.to_matrix(pose_at(motion, np.array(time_s)))
        assert np.allclose(view.projection[row], expected, atol=1e-5)
        assert np.allclose(view.projection[row] @ view.back_projection[row], np.eye(3), atol=1e-9)


def test_near_things_move_more_and_hide_far_ones(walk):
    flow, visible = flow_between(walk, 5, 8)
    rotation_only = record(replace(walk.clip, scene="distant"))
    parallax = np.linalg.norm(flow - flow_between(rotation_only, 5, 8)[0], axis=-1)
    assert parallax.max() > 1.5
    assert np.median(parallax[:20]) < 0.1 < np.median(parallax[60:])
    inside = np.zeros((90, 160), bool)
    inside[15:-15, 15:-15] = True
    hidden = inside & ~visible
    assert 20 < hidden.sum() < 0.1 * inside.sum()


def test_a_thing_that_is_too_near_to_be_drawn_hides_nothing(walk):
    billboards = walk.scene.billboards
    corner = (-0.5, 0.0, walk.motion.forward_m_s * 0.2 + 0.1)
    near = replace(billboards[0], corner=corner, right=(1.0, 0.0, 0.0))
    blocked = replace(walk)
    vars(blocked)["scene"] = replace(walk.scene, billboards=[*billboards, near])
    assert np.array_equal(render_frame(blocked, 6), render_frame(walk, 6))
    assert np.array_equal(flow_between(blocked, 6, 7)[0], flow_between(walk, 6, 7)[0])
