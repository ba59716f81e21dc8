from dataclasses import replace

import cv2
import numpy as np
import pytest

from dvs_jax import camera
from dvs_jax.camera import Camera
from dvs_jax.synthetic import SyntheticClip, bulk_flow
from dvs_jax.synthetic.bulk_flow import flow_of, patches
from dvs_jax.synthetic.logs import make_frame_log, make_ois_log
from dvs_jax.synthetic.motion import make_motion, pose_at, position_at
from dvs_jax.synthetic.planes import STANDS, Plane, PlaneWorld, make_planes, trace
from dvs_jax.synthetic.row_cameras import make_row_cameras
from dvs_jax.synthetic.variety import ACTION_CAMERA
from dvs_jax.synthetic.view import make_view, project, rays

SIZE = (120, 68)
EMPTY = PlaneWorld(None, (), ())


def pixel_grid(size=SIZE):
    return np.stack(np.meshgrid(np.arange(size[0]), np.arange(size[1])), axis=-1).astype(float)


def slow_flow(clip, motion, inverse, source, target):
    """The flow by the rendered clips' code: a fixed point that is iterated until it settles."""
    frames, lens = make_frame_log(clip), make_ois_log(clip, motion)
    start, end = (make_view(clip, motion, frames, lens, index) for index in (source, target))
    ratio = np.array(clip.size) / np.array(SIZE)
    points = (pixel_grid() + 0.5) * ratio - 0.5
    landed, _, _ = project(end, *rays(start, points), inverse.astype(float))
    return (landed - points) / ratio


def test_a_distant_scene_under_a_global_shutter_flows_by_a_homography():
    clip = SyntheticClip(
        "running", "distant", 0.2, size=(240, 136), readout_time_s=0.0, ois=False, frame_rate=25.0
    )
    unshifted = np.zeros(2)
    poses = pose_at(make_motion(clip), np.arange(5) / 25.0)
    points = pixel_grid()
    cameras = make_row_cameras(clip, make_motion(clip), SIZE)
    for a, b in ((0, 1), (1, 0), (3, 4), (4, 3)):
        flow = flow_of(patches(EMPTY, cameras, a), cameras, a, b)
        matrix = camera.homography(Camera(), SIZE, poses[a], poses[b], unshifted, unshifted)
        landed = camera.apply_homography(np.broadcast_to(matrix, (68, 120, 3, 3)), points)
        assert np.abs(flow - (landed - points)).max() < 1e-3
        assert np.abs(flow).max() > 0.5


@pytest.mark.parametrize(
    "motion_name", ["walking", "running", "panning", "driving", "knock", "flying", "cycling"]
)
def test_rolling_shutter_depth_and_ois_agree_with_the_rendered_clips_flow(motion_name):
    clip = SyntheticClip(motion_name, duration_s=1.0, size=(1280, 720), varied=True, seed=21)
    motion = make_motion(clip)
    cameras, world = make_row_cameras(clip, motion, SIZE), make_planes(clip, motion)
    flow = list(bulk_flow(clip, SIZE))
    for index in (3, 17):
        for start, end, part in (
            (index, index + 1, flow[index][..., :2]),
            (index + 1, index, flow[index][..., 2:]),
        ):
            inverse, owner = trace(world, cameras, start)
            error = np.linalg.norm(part - slow_flow(clip, motion, inverse, start, end), axis=-1)
            # Between rows' cameras poses are interpolated, which resonance outruns a little.
            limit = 6e-3 if motion_name in ACTION_CAMERA else 3e-3
            assert error[owner == STANDS].max() < limit
            assert np.median(error[owner == STANDS]) < 6e-4


def test_there_and_back_is_the_identity_where_nothing_moves_or_hides():
    clip = SyntheticClip("walking", duration_s=0.5, size=(1280, 720), seed=3)
    motion = make_motion(clip)
    cameras = make_row_cameras(clip, motion, SIZE)
    world = replace(make_planes(clip, motion), moving=(), standing=())
    there = flow_of(patches(world, cameras, 5), cameras, 5, 6)
    back = flow_of(patches(world, cameras, 6), cameras, 6, 5)
    landed = (pixel_grid() + there).astype(np.float32)
    returned = cv2.remap(back, landed[..., 0].copy(), landed[..., 1].copy(), cv2.INTER_LINEAR)
    inside = ((landed >= 1) & (landed <= [118, 66])).all(axis=-1)
    # The ground ends at the horizon, where the depth has a corner.
    error = np.linalg.norm(there + returned, axis=-1)[inside]
    assert np.quantile(error, 0.99) < 0.02
    assert np.abs(there).max() > 1.0


def test_what_moves_is_seen_where_it_will_be():
    clip = SyntheticClip("still", duration_s=0.2, size=(240, 136), readout_time_s=0.0, ois=False)
    motion = make_motion(clip)
    cameras = make_row_cameras(clip, motion, SIZE)
    plane = Plane(
        np.array([0.0, 0.0, 4.0]),
        np.array([1.0, 0.0, 0.0]),
        (0.8, 0.4),
        np.array([2.4, 0, 0]),
        False,
    )
    seen, mask = patches(PlaneWorld(None, (), (plane,)), cameras, 0)[1]
    focal = 120 / 1.27
    assert np.isclose(mask.sum(), (2 * 0.8 / 4 * focal) * (2 * 0.4 / 4 * focal), rtol=0.08)
    flow = flow_of(patches(PlaneWorld(None, (), (plane,)), cameras, 0), cameras, 0, 1)
    # 2.4 m/s for 1/30 s at 4 m.
    moved = np.zeros((68, 120), bool)
    moved[seen.rows, seen.columns] = mask
    assert np.allclose(flow[moved], [2.4 / 30 / 4 * focal, 0.0], atol=1e-4)
    assert np.abs(flow[~moved]).max() < 1e-4
    later, _ = trace(PlaneWorld(None, (), (plane,)), cameras, 3)
    middle = pixel_grid()[later > 0].mean(axis=0)
    assert np.allclose(middle - [59.5, 33.5], [2.4 * 0.1 / 4 * focal, 0.0], atol=0.6)
    assert np.allclose(later[later > 0], 0.25)


def test_moving_things_under_a_rolling_shutter_flow_as_their_points_do():
    clip = SyntheticClip("handheld", duration_s=0.3, size=(1280, 720), seed=5)
    motion = make_motion(clip)
    cameras = make_row_cameras(clip, motion, SIZE)
    velocity = np.array([1.5, -0.5, 0.8])
    plane = Plane(np.array([-0.2, 0.1, 3.0]), np.array([1.0, 0.0, 0.0]), (0.9, 0.7), velocity, True)
    seen = patches(PlaneWorld(1.5, (), (plane,)), cameras, 2)
    flow = flow_of(seen, cameras, 2, 3)
    patch, mask = seen[1]
    row, column = 34, 55
    assert mask[row - patch.rows.start, column - patch.columns.start]
    # Follow that very point: to its place in the world, along its way, and onto the next frame.
    inverse = patch.inverse[row - patch.rows.start, column - patch.columns.start]
    direction = cameras.back_projection[2, row].astype(float) @ [column, row, 1.0]
    point = cameras.center[2, row] + direction / inverse
    target_row = float(row)
    for _ in range(50):
        level = int(target_row)
        weight = target_row - level
        time_s = cameras.time_s[3, level] * (1 - weight) + cameras.time_s[3, level + 1] * weight
        moved = point + velocity * (time_s - cameras.time_s[2, row])
        matrix = cameras.projection[3, level : level + 2].astype(float)
        matrix = matrix[0] * (1 - weight) + matrix[1] * weight
        image = matrix @ (moved - position_at(motion, np.array(time_s)))
        target_row = image[1] / image[2]
    expected = [image[0] / image[2] - column, target_row - row]
    assert np.allclose(flow[row, column], expected, atol=1e-3)
    assert np.linalg.norm(expected) > 1.0


def test_near_planes_hide_far_ones_and_the_ground_lies_below_the_horizon():
    clip = SyntheticClip("still", duration_s=0.1, size=(240, 136), readout_time_s=0.0, ois=False)
    cameras = make_row_cameras(clip, make_motion(clip), SIZE)
    right, rest = np.array([1.0, 0.0, 0.0]), np.zeros(3)
    near = Plane(np.array([0.0, 0.0, 2.0]), right, (0.3, 0.3), rest, False)
    far = Plane(np.array([0.1, 0.0, 5.0]), right, (1.5, 1.0), rest, False)
    inverse, owner = trace(PlaneWorld(1.5, (near, far), ()), cameras, 0)
    assert np.all(owner == STANDS)
    assert inverse[33, 59] == pytest.approx(0.5)
    assert inverse[33, 80] == pytest.approx(0.2)
    assert inverse[5, 60] == 0.0
    down = (67 - 33.5) / (120 / 1.27)
    assert inverse[67, 10] == pytest.approx(down / 1.5, rel=1e-4)


def test_equal_clips_have_equal_worlds_and_things_are_in_view():
    clip = SyntheticClip("panning", duration_s=3.0, seed=8, varied=True)
    motion = make_motion(clip)
    first, second = make_planes(clip, motion), make_planes(clip, motion)
    assert all(
        np.array_equal(a.center, b.center)
        for a, b in zip(first.standing, second.standing, strict=True)
    )
    cover = [
        (trace(make_planes(c, m), make_row_cameras(c, m, SIZE), 10)[0] > 0).mean()
        for seed in range(20)
        for c in [SyntheticClip("handheld", duration_s=1.0, seed=seed)]
        for m in [make_motion(c)]
    ]
    assert 0.5 < np.mean(cover) < 0.95
