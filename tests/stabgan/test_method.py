"""Our StabGAN as a method: streamed as at once, on full-size frames, within the crop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import dvs_jax
from dvs_jax import checkpoint
from dvs_jax import clip as clips
from dvs_jax.errors import InputError
from dvs_jax.stabgan import affine_warp, method, weights
from dvs_jax.stabgan.frames import looked_at, source_grid, with_flow
from dvs_jax.stabgan.generator import Generator, generator_input
from dvs_jax.stabgan.method import StabGanMethod, streamed
from dvs_jax.stabilization.devices.lanes import Program, drive
from dvs_jax.stabilization.models import load_model
from dvs_jax.warping import grid

from .generators import saying_something


@pytest.fixture(scope="module")
def generator() -> Generator:
    return saying_something(Generator(nnx.Rngs(0)))


def frames(count: int) -> list[np.ndarray]:
    texture = np.random.default_rng(0).integers(0, 256, (36, 64, 3), dtype=np.uint8)
    return [np.roll(texture, (number % 3, 2 * number), (0, 1)) for number in range(count)]


@pytest.fixture
def clip():
    large = [np.repeat(np.repeat(each, 2, 0), 2, 1) for each in frames(8)]
    return dvs_jax.Clip.from_arrays(large, np.arange(8) * 33_333_333)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 46])
def test_streamed_in_blocks_it_says_what_it_says_of_the_whole_clip(generator, count):
    seen = list(with_flow(iter(frames(count))))
    rgb, flow = map(np.stack, zip(*seen, strict=True))
    x = generator_input(jnp.asarray(rgb, jnp.float32) / 255.0, jnp.asarray(flow))
    graph, params = nnx.split(generator)
    whole = jax.jit(lambda x: nnx.merge(graph, params)(x, jnp.ones(count, bool), 9 / 16))
    at_once = whole(x)
    found = np.stack(list(streamed(generator, iter(seen), 9 / 16)))
    assert np.abs(found - np.eye(2, 3)).max() > 1e-3
    np.testing.assert_allclose(found, at_once, atol=1e-5)


def test_flow_comes_from_the_frame_before():
    first, second = (flow for _, flow in with_flow(iter(frames(2))))
    assert not first.any()
    assert np.median(second[8:-8, 16:-16, 0]) == pytest.approx(2.0, abs=0.2)


def test_at_a_cut_nothing_is_taken_to_have_moved():
    other = np.random.default_rng(1).integers(0, 256, (36, 64, 3), dtype=np.uint8)
    flow = [each for _, each in with_flow(iter([*frames(3), other, np.roll(other, 2, 1)]))]
    assert [bool(each.any()) for each in flow] == [False, True, True, False, True]


def test_noise_on_a_flat_picture_is_no_cut():
    noise = np.random.default_rng(2).integers(90, 110, (2, 36, 64, 3), dtype=np.uint8)
    assert list(with_flow(iter(noise)))[1][1].any()


@pytest.mark.slow
def test_an_untrained_network_changes_nothing(clip):
    told = StabGanMethod(Generator(nnx.Rngs(0))).frames(clip, clips.read_pictures(clip), 0.1)
    told = [frame.source for frame in told]
    assert len(told) == 8
    np.testing.assert_allclose(told, np.broadcast_to(grid.output_points(5, 5), (8, 5, 5, 2)))


def test_grids_go_from_edge_to_edge():
    theta, size = np.array([[0.95, 0.08, 0.02], [-0.06, 1.04, 0.03]]), (64, 48)
    place = affine_warp.places(np.asarray(theta, np.float32), size, align_corners=False)
    down, across = ((np.arange(length) + 0.5) / length for length in size[::-1])
    found = grid.at(source_grid(theta), down, across)
    np.testing.assert_allclose(found, (np.asarray(place) + 1.0) / 2.0, atol=1e-6)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), (128, 72)), ((1080, 1920), (72, 128)), ((640, 480), (128, 96))],
)
def test_pictures_are_looked_at_128_long(size, expected):
    assert looked_at(size) == expected


def test_weights_are_saved_and_loaded_as_a_method(tmp_path, generator):
    weights.save(generator, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert isinstance(loaded, StabGanMethod)
    assert loaded.fingerprint() == StabGanMethod(generator).fingerprint()
    assert loaded.generator.similarity


def test_whether_maps_shear_is_kept(tmp_path):
    weights.save(Generator(nnx.Rngs(0), similarity=False), tmp_path / "model")
    assert not weights.load(tmp_path / "model").similarity


def test_a_model_of_another_system_is_refused(tmp_path):
    checkpoint.save(tmp_path / "other", {"a": np.zeros(1)}, {"kind": "fused"})
    with pytest.raises(
        InputError, match=r"other: holds no StabGAN of this package, but .* 'fused'"
    ):
        weights.load(tmp_path / "other")


@pytest.mark.slow
def test_many_clips_on_devices_get_the_frames_that_one_gets(generator):
    large = [np.repeat(np.repeat(each, 2, 0), 2, 1) for each in frames(40)]
    made = [
        dvs_jax.Clip.from_arrays(large[:count], np.arange(count) * 33_333_333)
        for count in (2, 16, 40)
    ]
    stabgan = StabGanMethod(generator)
    work = stabgan.device_work()
    tasks = [work.task(each, 0.1) for each in made]
    program = Program(work, work.begin, work.weights, 2, jax.local_devices()[:1])
    assert all(error is None for _, error in drive(program, tasks))
    for each, task in zip(made, tasks, strict=True):
        wanted = [frame.source for frame in stabgan.frames(each, clips.read_pictures(each), 0.1)]
        found = [frame.source for frame in task.frames()]
        assert len(found) == len(wanted) == each.frame_count
        np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert np.abs(np.array(wanted) - grid.output_points(5, 5)).max() > 1e-3


@pytest.mark.slow
def test_blocks_of_a_stream_are_compiled_once(generator):
    before = [step._cache_size() for step in (method._motion, method._maps)]
    for count in (5, 40, 70):
        list(streamed(generator, with_flow(iter(frames(count))), 0.5 + 0.001 * count))
    after = [step._cache_size() for step in (method._motion, method._maps)]
    assert max(now - earlier for now, earlier in zip(after, before, strict=True)) <= 1


@pytest.mark.slow
def test_videos_of_full_size_are_written(generator, clip, tmp_path):
    report = dvs_jax.stabilize(
        clip, tmp_path / "out", method=StabGanMethod(generator), refine="none"
    )
    made = clips.load_clip(report.cropped)
    assert made.size == clip.size and made.frame_count == clip.frame_count
