"""Pictures against those that SciPy computes, pixel by pixel, from the documented formulas."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from dvs_jax.synthetic.paired import Moment, Scene, draw_scene, matrix, moved, packed, view
from dvs_jax.synthetic.paired.scene import LAYERS

SIZE = (64, 36)
POSE = jnp.asarray([35.0, -20.0, 0.07, 0.1, 0.03, -0.02])
MOMENT = Moment(jnp.asarray(0.7), jnp.asarray([12.0, -5.0, 0.1]))
NOISE = np.random.default_rng(0).integers(0, 256, (5, 60, 80), np.uint8)
PHOTOGRAPHS = np.stack([ndimage.gaussian_filter(each, 1.5) for each in NOISE])

drawn = jax.jit(partial(view, size=SIZE))


def scene_of(seed: int) -> Scene:
    return draw_scene(jax.random.key(seed), packed(jnp.asarray(PHOTOGRAPHS)), SIZE[0])


def layered(scene: Scene) -> Scene:
    """Show every layer, with soft blobs so that rounding moves no edge."""
    level = jnp.asarray([-1e3, 0.5, 0.5, 0.5])
    layers = scene.layers._replace(level=level, hardness=jnp.full(LAYERS, 2.0))
    return scene._replace(layers=layers)


def expected_picture(scene: Scene, pose: np.ndarray, moment: Moment) -> np.ndarray:
    columns, rows = SIZE
    x, y = np.meshgrid(np.arange(columns) + 0.5 - columns / 2, np.arange(rows) + 0.5 - rows / 2)
    points = np.stack([x, y, np.full_like(x, columns / 640)]) * 640 / columns
    points = np.einsum("ij,jrc->irc", np.asarray(matrix(pose), np.float64), points)
    points = points[:2] / points[2]
    picture = np.zeros((rows, columns))
    for number in range(LAYERS):
        layer = jax.tree.map(lambda each: np.asarray(each)[number], scene.layers)  # noqa: B023
        picture = covered(picture, layer, points, moment)
    picture = np.clip(picture, 0, 1)
    return picture / (picture + float(scene.darkening) * (1 - picture))


def covered(behind: np.ndarray, layer, points: np.ndarray, moment: Moment) -> np.ndarray:
    time, centre = float(moment.time_s), np.asarray(moment.centre, np.float64)
    place = points * np.exp(-layer.parallax * centre[2])
    shift = layer.parallax * centre[:2] - layer.velocity * time
    shift = shift - layer.sway * np.sin(2 * np.pi * layer.sway_hz * time)
    place = np.einsum("ij,jrc->irc", layer.linear, place + shift[:, None, None])
    place = place + layer.offset[:, None, None]
    photograph = (layer.texture & 255).astype(np.float64)
    grey = ndimage.map_coordinates(photograph, place[::-1], order=1, mode="mirror") / 255
    last = np.array(photograph.shape[::-1])[:, None, None] - 1
    place = last - np.abs(place % (2 * last) - last)
    height = layer.raggedness * (grey - 0.5)
    for *middle, radius in layer.blobs:
        away = ((place - np.array(middle)[:, None, None]) ** 2).sum(axis=0)
        height = height + 1 / (1 + away / radius**2)
    opacity = np.clip((height - layer.level) * layer.hardness + 0.5, 0, 1)
    return behind + (layer.gain * grey + layer.bias - behind) * opacity


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_picture_is_what_the_formulas_say(seed):
    scene = layered(scene_of(seed))
    expected = expected_picture(scene, POSE, MOMENT)
    assert expected.std() > 0.02
    np.testing.assert_allclose(drawn(scene, POSE, MOMENT), expected, atol=5e-4)


@pytest.mark.slow
def test_frames_of_one_moment_differ_by_their_homography_in_all_layers():
    scene = layered(scene_of(1))
    steady = jnp.asarray([20.0, -12.0, 0.03, 0.0, 0.0, 0.0])
    shaky_picture, size = np.asarray(view(scene, POSE, MOMENT, (640, 360))), (640, 360)
    rows, columns = np.mgrid[60:300:4, 100:540:4]
    points = np.stack([columns + 0.5 - 320, rows + 0.5 - 180], axis=-1)
    source = np.asarray(moved(jnp.asarray(points, jnp.float32), steady, POSE))
    source = source + np.array([319.5, 179.5])
    warped = ndimage.map_coordinates(shaky_picture, source[..., ::-1].transpose(2, 0, 1), order=1)
    steady_picture = np.asarray(view(scene, steady, MOMENT, size))[60:300:4, 100:540:4]
    np.testing.assert_allclose(warped, steady_picture, atol=0.02)


@pytest.mark.slow
def test_layers_move_against_each_other_from_moment_to_moment():
    scene = layered(scene_of(1))
    later = Moment(jnp.asarray(1.7), jnp.asarray([60.0, 20.0, 0.2]))
    assert np.abs(drawn(scene, POSE, MOMENT) - drawn(scene, POSE, later)).max() > 0.1
    far = scene._replace(layers=scene.layers._replace(level=jnp.asarray([-1e3, 1e3, 1e3, 1e3])))
    np.testing.assert_array_equal(drawn(far, POSE, MOMENT), drawn(far, POSE, later))


@pytest.mark.slow
def test_a_rolling_shutter_gives_each_row_its_own_pose():
    scene = scene_of(2)
    sweep = jnp.asarray([30.0, 8.0, 0.02, 0.0, 0.0, 0.0])
    swept = drawn(scene, POSE, MOMENT, sweep=sweep)
    for row in (0, 17, 35):
        pose = POSE + ((row + 0.5) / 36 - 0.5) * sweep
        np.testing.assert_allclose(swept[row], drawn(scene, pose, MOMENT)[row], atol=2e-4)


@pytest.mark.slow
def test_the_same_scene_is_seen_at_any_size():
    scene = layered(scene_of(0))
    large = np.asarray(view(scene, POSE, MOMENT, (256, 144)))
    small = large.reshape(36, 4, 64, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(small, drawn(scene, POSE, MOMENT), atol=0.05)


def test_equal_keys_draw_equal_scenes_and_others_do_not():
    first, again, other = (drawn(scene_of(seed), POSE, MOMENT) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.02


@pytest.mark.slow
def test_batches_are_what_single_pictures_are():
    keys = jax.random.split(jax.random.key(0), 3)
    photographs = packed(jnp.asarray(PHOTOGRAPHS))
    scenes = jax.vmap(lambda key: draw_scene(key, photographs, SIZE[0]))(keys)
    pictures = jax.vmap(lambda scene: drawn(scene, POSE, MOMENT))(scenes)
    for number, key in enumerate(keys):
        alone = drawn(draw_scene(key, photographs, SIZE[0]), POSE, MOMENT)
        np.testing.assert_allclose(pictures[number], alone, atol=1e-4)


@pytest.mark.slow
def test_each_colour_is_what_its_channel_would_be_in_grey():
    coloured = np.stack([PHOTOGRAPHS, PHOTOGRAPHS[::-1], PHOTOGRAPHS[:, ::-1]], axis=1)
    scene = layered(draw_scene(jax.random.key(1), packed(jnp.asarray(coloured)), SIZE[0]))
    scene = scene._replace(layers=scene.layers._replace(raggedness=jnp.zeros(LAYERS)))
    picture = drawn(scene, POSE, MOMENT)
    assert picture.shape == (36, 64, 3)
    for channel in range(3):
        grey = scene.layers._replace(texture=scene.layers.texture[:, channel])
        expected = drawn(scene._replace(layers=grey), POSE, MOMENT)
        np.testing.assert_allclose(picture[..., channel], expected, atol=1e-5)


def test_a_packed_pixel_has_its_neighbours():
    whole = packed(jnp.asarray(PHOTOGRAPHS))
    four = [int(whole[2, 10, 20]) >> place & 255 for place in (0, 8, 16, 24)]
    assert four == PHOTOGRAPHS[2, 10:12, 20:22].ravel().tolist()
    corner = [int(whole[2, -1, -1]) >> place & 255 for place in (0, 8, 16, 24)]
    assert corner == [PHOTOGRAPHS[2, -1, -1]] * 4


@pytest.mark.slow
def test_scenes_have_nearer_layers_about_as_often_as_they_should():
    levels = jax.vmap(lambda key: scene_levels(key))(jax.random.split(jax.random.key(5), 200))
    shown = np.asarray(levels) < 1.0
    assert shown[:, 0].all()
    assert 0.45 < shown[:, 1:].mean() < 0.65


def scene_levels(key: jax.Array) -> jax.Array:
    return draw_scene(key, packed(jnp.asarray(PHOTOGRAPHS)), SIZE[0]).layers.level
