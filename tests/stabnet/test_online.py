"""Frames steadied by pictures: untrained, trained for a moment, and as a method of the house."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax import Clip, load_clip, stabilize
from dvs_jax.clip import read_pictures
from dvs_jax.errors import InputError
from dvs_jax.stabilization.drawing import drawn
from dvs_jax.stabilization.framing import Shown
from dvs_jax.stabilization.models import load_model
from dvs_jax.stabnet import objective, online, sequences, weights
from dvs_jax.stabnet.method import StabNetMethod, Stream
from dvs_jax.stabnet.seen import looked_at
from dvs_jax.training.photographs import Batches, Example, examples
from dvs_jax.video.picture import planes
from dvs_jax.warping import grid
from tests.stabilization.test_run import encode, sound_packets


def example(seed: int) -> Example:
    """One example of blurred noise, which has detail everywhere."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(4, 512, 512)).astype(np.float32)
    soft = sum(np.roll(noise, (y, x), (1, 2)) for y in range(-3, 4) for x in range(-3, 4))
    pieces = np.clip(128 + 6 * soft, 0, 255).astype(np.uint8)
    return Example(np.uint32(seed), pieces)


@pytest.mark.slow
def test_a_frame_that_shows_something_else_stays_as_it_is(untrained):
    setting = sequences.setting()
    one, other = (detailed(seed) for seed in (0, 1))
    begun = online.begin(untrained, setting, one)
    begun = begun._replace(look=begun.look._replace(camera=jnp.asarray([0.03, 0.0, 0.02, 0.0])))
    state, found = online.push(untrained, setting, begun, other)
    assert abs(float(found.likeness)) < 0.2
    source = online.source(state.look, sequences.ASPECT)
    np.testing.assert_array_equal(source, grid.output_points(5, 5).astype(np.float32))


@pytest.mark.slow
def test_a_frame_that_shows_the_same_is_known_by_its_likeness(untrained):
    setting, picture = sequences.setting(), detailed(0)
    begun = online.begin(untrained, setting, picture)
    _, found = online.push(untrained, setting, begun, picture)
    assert float(found.likeness) > 0.99


def detailed(seed: int) -> jax.Array:
    """Return a picture at the network's size."""
    piece = np.asarray(example(seed).photographs[0], np.float32)
    width, height = sequences.SIZE
    return jnp.asarray(piece[:height, :width]) / 255.0


def test_it_is_small_enough_to_be_shipped(untrained):
    sizes = [leaf.size for leaf in jax.tree.leaves(nnx.state(untrained, nnx.Param))]
    assert sum(sizes) == 9_127


@pytest.mark.slow
def test_the_steadied_camera_is_where_the_frames_say(untrained):
    graph, params = nnx.split(untrained)
    run = jax.jit(partial(objective.run, graph, 12))
    found, (looks, _) = run(params, example(1), jax.random.key(6))
    rms = np.sqrt((np.asarray(found.errors) ** 2).mean(axis=-1))
    alike = np.asarray(found.likeness) > 0.5
    # Random features, untrained, on texture: 2 pixels of a picture 640 wide, or they say that
    # nothing was found.
    assert alike.sum() >= 6
    assert np.median(rms[alike]) < 2.0
    assert (rms[alike] < 5.0).all()
    assert (rms[~alike] > 5.0).all()
    limit = np.asarray(sequences.setting().law.limit)
    assert (np.abs(np.asarray(looks.camera)) <= 1.1 * limit).all()


@pytest.mark.slow
def test_frames_one_by_one_are_the_frames_of_a_scan(untrained):
    setting = sequences.setting()
    drawn = jax.jit(sequences.draw, static_argnums=2)(jax.random.key(1), example(1), 8)
    graph, params = nnx.split(untrained)

    def push(state, picture):
        state, _ = online.push(nnx.merge(graph, params), setting, state, picture)
        return state, online.source(state.look, sequences.ASPECT)

    begun = online.begin(untrained, setting, drawn.picture[0])
    _, scanned = jax.jit(lambda: jax.lax.scan(push, begun, drawn.picture[1:]))()
    state, step = begun, jax.jit(push)
    for picture, expected in zip(drawn.picture[1:], scanned, strict=True):
        state, source = step(state, picture)
        np.testing.assert_allclose(source, expected, atol=2e-5)
    assert step._cache_size() == 1


def test_weights_are_saved_and_loaded_as_a_method(tmp_path, untrained):
    weights.save(untrained, tmp_path / "model")
    method = load_model(tmp_path / "model")
    assert isinstance(method, StabNetMethod)
    assert method.fingerprint() == StabNetMethod(untrained).fingerprint()


def test_a_model_of_another_system_is_refused(tmp_path):
    from dvs_jax import checkpoint

    checkpoint.save(tmp_path / "other", {"a": np.zeros(1)}, {"kind": "fused"})
    with pytest.raises(
        InputError, match=r"other: holds no StabNet of this package, but .* 'fused'"
    ):
        weights.load(tmp_path / "other")


@pytest.mark.slow
def test_a_clip_is_stabilised_at_its_full_size_with_all_its_frames(walk, tmp_path, untrained):
    clip = load_clip(walk)
    report = stabilize(clip, tmp_path / "out", method=StabNetMethod(untrained), refine="none")
    made = load_clip(report.cropped)
    assert made.size == clip.size
    assert made.frame_count == clip.frame_count


@pytest.mark.slow
def test_live_frames_are_those_of_a_file(walk, untrained):
    clip = load_clip(walk)
    pictures = list(read_pictures(clip))[:6]
    stream = Stream(untrained, clip, 0.1)
    live = [stream.push(picture) for picture in pictures]
    file = StabNetMethod(untrained).frames(clip, iter(pictures), 0.1)
    np.testing.assert_array_equal(live, [frame.source for frame in file])


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), (320, 180)), ((1080, 1920), (180, 320)), ((640, 480), (320, 240))],
)
def test_pictures_are_looked_at_320_long(size, expected):
    assert looked_at(size) == expected


@pytest.fixture
def photographs(tmp_path) -> Path:
    import cv2

    rng = np.random.default_rng(0)
    cv2.imwrite(str(tmp_path / "a.png"), rng.integers(0, 255, (600, 700, 3), dtype=np.uint8))
    return tmp_path


def test_batches_go_on_where_they_were(photographs):
    batches, later = (Batches(photographs, 3, 2, 7) for _ in range(2))
    next(batches)
    later.set_state(batches.get_state())
    one, other = next(batches), next(later)
    np.testing.assert_array_equal(one.seed, other.seed)
    np.testing.assert_array_equal(one.photographs, other.photographs)
    assert one.photographs.shape == (2, 4, 512, 512)


def test_processes_see_together_what_one_sees(photographs, monkeypatch):
    whole = next(Batches(photographs, 3, 4, 7))
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    halves = []
    for index in range(2):
        monkeypatch.setattr(jax, "process_index", lambda index=index: index)
        halves.append(next(Batches(photographs, 3, 4, 7)))
    together = jax.tree.map(lambda *each: np.concatenate(each), *halves)
    jax.tree.map(np.testing.assert_array_equal, together, whole)


def test_examples_differ():
    pieces = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    drawn = examples(np.random.default_rng(0), pieces, 6)
    assert len(set(drawn.seed.tolist())) == 6


@pytest.mark.slow
def test_the_shortest_clip_is_stabilised_too(untrained):
    rng = np.random.default_rng(0)
    pictures = list(rng.integers(0, 255, (2, 54, 96, 3), dtype=np.uint8))
    clip = Clip.from_arrays(pictures, np.array([0, 33_333_333]))
    found = list(StabNetMethod(untrained).frames(clip, read_pictures(clip), 0.1))
    assert len(found) == 2
    assert all(np.isfinite(each.source).all() for each in found)


@pytest.mark.slow
def test_full_hd_stays_full_hd_with_its_sound_and_its_first_frame(untrained, tmp_path):
    rng = np.random.default_rng(0)
    frame = np.kron(rng.integers(0, 255, (54, 96, 3)), np.ones((20, 20, 1))).astype(np.uint8)
    frames = [np.roll(frame, 10 * number, axis=1) for number in range(5)]
    encode(tmp_path / "film.mp4", frames, seconds_of_sound=0.2)
    clip = load_clip(tmp_path / "film.mp4")
    report = stabilize(clip, tmp_path / "out", model=StabNetMethod(untrained), refine="none")
    made = load_clip(report.cropped)
    assert (made.size, made.frame_count) == ((1920, 1080), 5)
    np.testing.assert_array_equal(made.video.time_ns, clip.video.time_ns)
    assert sound_packets(report.cropped) == sound_packets(clip.video.path)


@pytest.mark.slow
def test_frames_that_have_nothing_in_common_come_out_bit_for_bit(untrained):
    rng = np.random.default_rng(0)
    frames = list(rng.integers(0, 255, (3, 54, 96, 3), dtype=np.uint8))
    clip = Clip.from_arrays(frames, np.arange(3) * 33_333_333)
    pictures = list(read_pictures(clip))
    told = StabNetMethod(untrained).frames(clip, iter(pictures), 0.1)
    whole = (Shown(frame, 1.0) for frame in told)
    made = drawn(zip(pictures, whole, strict=True), clip, False, "black")
    for picture, each in zip(pictures, made, strict=True):
        for before, after in zip(planes(picture), planes(each.pictures[0]), strict=True):
            np.testing.assert_array_equal(before, after)
