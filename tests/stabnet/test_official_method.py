import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import dvs_jax
from dvs_jax import clip as clips
from dvs_jax.stabilization.devices.lanes import Program, drive
from dvs_jax.stabnet import official_frames, official_stream, official_warp
from dvs_jax.stabnet.official_method import OfficialStabNetMethod
from dvs_jax.warping import coverage, grid


def noise(scale):
    return jnp.asarray(np.random.default_rng(0).normal(scale=scale, size=50), jnp.float32)


@pytest.mark.slow
def test_grids_draw_what_the_official_program_samples():
    size = (512, 288)
    source = np.asarray(official_frames.source_grid(noise(0.03), (145, 257), size))
    position = official_warp.position_map(official_warp.vertices(noise(0.03)), size)
    # The sampler reads position x at pixel (x + 1)·W/2, whose centre is half a pixel further.
    wanted = (np.asarray(position) + 1.0) / 2.0 + 0.5 / np.array(size)
    down, across = ((np.arange(length) + 0.5) / length for length in size[::-1])
    error = np.abs(grid.at(source, down, across) - wanted)
    # Homographies of neighbouring cells part along the seam, which a grid runs across.
    seams = [np.min(np.abs(x[:, None] - [0.25, 0.5, 0.75]), 1) < 1 / 128 for x in (down, across)]
    assert error[~seams[0]][:, ~seams[1]].max() < 1e-4
    assert error.max() < 0.02


@pytest.mark.slow
def test_folded_cells_stay_within_bounds_and_are_led_back():
    for seed in range(3):
        theta = np.random.default_rng(seed).normal(scale=0.3, size=50).astype(np.float32)
        source = official_frames.frame(theta, (18, 32)).source
        assert source.min() > -0.13 and source.max() < 1.13
        share = coverage.furthest(source[None], np.float32(0.8))
        shown = grid.blend(source, np.asarray(share)[0])
        assert float(coverage.kept_share(shown[None])[0]) > 0.75


@pytest.fixture
def small(monkeypatch):
    """The network sees 128 × 72 pixels, which takes a sixteenth of the time."""
    monkeypatch.setattr(official_frames, "SIZE", (128, 72))


@pytest.fixture
def clip(golden):
    frames = np.load(golden / "stabnet/rollout.npz")["frames_bgr"][:6, ..., ::-1]
    large = [np.repeat(np.repeat(each, 2, 0), 2, 1) for each in frames]
    return dvs_jax.Clip.from_arrays(large, np.arange(6) * 33_333_333)


@pytest.mark.slow
def test_frames_follow_the_networks_own_loop(network, small, clip):
    told = list(OfficialStabNetMethod(network).frames(clip, clips.read_pictures(clip), 0.1))
    assert len(told) == 6
    shape = grid.shape_for(clip.size)
    assert all(each.source.shape == (*shape, 2) and each.pose is None for each in told)
    assert np.abs(told[0].source - grid.output_points(*shape)).max() < 1e-6
    grey = official_frames.Grey(clip.video.path)
    seen = np.stack([grey(picture) for picture in clips.read_pictures(clip)])
    seen = official_frames.in_range(seen)
    assert seen.shape == (6, 72, 128) and float(jnp.abs(seen).max()) <= 0.5
    theta, *_ = jax.jit(official_stream.run, static_argnums=0)(*nnx.split(network), seen)
    for each, found in zip(told[1:], theta, strict=True):
        wanted = official_frames.source_grid(found, shape, (128, 72))
        assert np.abs(each.source - wanted).max() < 1e-3


@pytest.mark.slow
def test_many_clips_on_devices_get_the_frames_that_one_gets(network, small, clip):
    method = OfficialStabNetMethod(network)
    wanted = list(method.frames(clip, clips.read_pictures(clip), 0.1))
    work = method.device_work()
    # Six frames, and then in the same lane twelve: a stretch and a half.
    twice = dvs_jax.Clip.from_arrays([*clip.images, *clip.images], np.arange(12) * 33_333_333)
    tasks = [work.task(each, 0.1) for each in (clip, twice)]
    program = Program(work, work.begin, work.weights, 1, jax.local_devices()[:1])
    assert all(error is None for _, error in drive(program, tasks))
    longer = list(method.frames(twice, clips.read_pictures(twice), 0.1))
    for task, each in zip(tasks, (wanted, longer), strict=True):
        found = list(task.frames())
        assert len(found) == len(each)
        errors = [np.abs(a.source - b.source).max() for a, b in zip(found, each, strict=True)]
        assert max(errors) < 2e-3


@pytest.mark.slow
def test_videos_of_full_size_are_written(network, small, clip, tmp_path):
    report = dvs_jax.stabilize(clip, tmp_path, model=OfficialStabNetMethod(network), crop=0.1)
    made = clips.load_clip(report.cropped)
    assert made.size == clip.size and made.frame_count == clip.frame_count
    assert report.trajectory is None
