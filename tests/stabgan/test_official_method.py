import cv2
import jax
import numpy as np
import pytest
from flax import nnx

import dvs_jax
from dvs_jax import clip as clips
from dvs_jax.stabgan import affine_warp, official_frames
from dvs_jax.stabgan.official_frames import source_grid
from dvs_jax.stabgan.official_method import OfficialStabGanMethod
from dvs_jax.stabgan.official_windows import blended, windows
from dvs_jax.stabilization.devices.lanes import Program, drive
from dvs_jax.warping import grid

IDENTITY = np.eye(2, 3)


def frames(count):
    """Small frames, numbered in their first pixel."""
    texture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    made = [np.roll(texture, i, 1) for i in range(count)]
    for number, each in enumerate(made):
        each[0, 0] = number
    return made


@pytest.mark.parametrize(
    ("count", "last"), [(5, [0]), (32, [0]), (33, [0, 16]), (48, [0, 16]), (49, [0, 16, 32])]
)
def test_windows_overlap_by_half_and_the_last_is_filled_up(count, last):
    found = list(windows(iter(frames(count))))
    assert [int(seen[0, 0, 0, 0]) for seen, _ in found] == last
    for start, (seen, flow) in zip(last, found, strict=True):
        wanted = np.minimum(np.arange(start, start + 32), count - 1)
        assert seen[:, 0, 0, 0].tolist() == wanted.tolist()
        assert flow.shape == (32, 24, 32, 2) and not flow[0].any()
        moving = np.diff(wanted, prepend=-1) > 0
        assert [bool(each.any()) for each in flow[1:]] == moving[1:].tolist()


def test_flow_is_the_published_programs():
    made = frames(3)
    ((_, flow),) = windows(iter(made))
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in made]
    wanted = cv2.calcOpticalFlowFarneback(*grey[1:], None, 0.5, 3, 15, 3, 5, 1.2, 0)
    assert (flow[2] == wanted).all()


@pytest.mark.parametrize("count", [1, 20, 32, 33, 49, 64])
def test_maps_are_blended_by_triangles(count):
    """Each window tells its own number, so that a frame's map shows how much of each is in it."""
    told = len(list(windows(iter(frames(count)))))
    found = np.stack(list(blended((np.full((32, 2, 3), float(i)) for i in range(told)), count)))
    assert found.shape == (count, 2, 3)
    number = (np.arange(count) - 16 + 0.5) / 16 - 0.0
    wanted = np.clip(number, 0.0, told - 1.0)
    # Within the overlap of two windows the share of the later one rises evenly.
    assert np.abs(found[:, 0, 0] - wanted).max() < 0.51 / 16 + 1e-9
    assert np.abs(np.diff(found[:, 0, 0])).max(initial=0.0) <= 1 / 16 + 1e-9


def test_grids_keep_the_corners_coordinates():
    size, theta = (64, 48), np.array([[0.95, 0.08, 0.02], [-0.06, 1.04, 0.03]])
    place = np.asarray(affine_warp.places(np.asarray(theta, np.float32), size, align_corners=True))
    wanted = ((place + 1) / 2 * (np.array(size) - 1) + 0.5) / size
    source = source_grid(theta, (19, 33), size)
    down, across = ((np.arange(length) + 0.5) / length for length in size[::-1])
    assert np.abs(grid.at(source, down, across) - wanted).max() < 1e-6
    still = source_grid(IDENTITY, (19, 33), size)
    assert np.abs(still - grid.output_points(19, 33)).max() < 1e-6


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(official_frames, "SIDE", 24)


@pytest.fixture
def clip():
    large = [np.repeat(np.repeat(each, 3, 0), 4, 1) for each in frames(40)]
    return dvs_jax.Clip.from_arrays(large, np.arange(40) * 33_333_333)


@pytest.fixture
def untaught(generator):
    """The generator, its last layer zero but for a shift to the right."""
    changed = nnx.clone(generator)
    changed.last.kernel.set_value(0.0 * changed.last.kernel[...])
    bias = np.zeros((32, 2, 3), np.float32)
    bias[:, 0, 2] = 0.5
    changed.last.bias.set_value(bias.reshape(-1))
    return changed


def test_frames_are_shifted_by_what_the_generator_says(untaught, small, clip):
    told = list(OfficialStabGanMethod(untaught).frames(clip, clips.read_pictures(clip), 0.1))
    assert len(told) == 40
    shape = grid.shape_for(clip.size)
    # 0.1 · 0.5 of half the distance between the outermost pixels' centres.
    wanted = grid.output_points(*shape) + np.array([0.05 / 2 * 127 / 128, 0.0])
    assert max(np.abs(each.source - wanted).max() for each in told) < 1e-5


@pytest.mark.slow
def test_many_clips_on_devices_get_the_frames_that_one_gets(generator, small, clip):
    method = OfficialStabGanMethod(generator)
    wanted = list(method.frames(clip, clips.read_pictures(clip), 0.1))
    work = method.device_work()
    tasks = [work.task(clip, 0.1) for _ in range(3)]
    program = Program(work, work.begin, work.weights, 2, jax.local_devices()[:1])
    assert all(error is None for _, error in drive(program, tasks))
    for task in tasks:
        found = list(task.frames())
        assert len(found) == len(wanted) == 40
        errors = [np.abs(a.source - b.source).max() for a, b in zip(found, wanted, strict=True)]
        assert max(errors) < 1e-5


def test_videos_of_full_size_are_written(generator, small, clip, tmp_path):
    report = dvs_jax.stabilize(clip, tmp_path, model=OfficialStabGanMethod(generator), crop=0.1)
    made = clips.load_clip(report.cropped)
    assert made.size == clip.size and made.frame_count == clip.frame_count
