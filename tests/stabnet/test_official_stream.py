import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.stabnet import official_output, official_stream, official_warp
from dvs_jax.stabnet.official_network import LAGS
from dvs_jax.stabnet.official_warp import Warped


@pytest.fixture(scope="module")
def numbers(golden):
    return np.load(golden / "stabnet/rollout.npz")


@pytest.fixture(scope="module")
def frames(numbers):
    grey = [cv2.cvtColor(each, cv2.COLOR_BGR2GRAY) for each in numbers["frames_bgr"]]
    return jnp.asarray(np.stack(grey) / np.float32(255) - np.float32(0.5))


@pytest.fixture(scope="module")
def ran(split, frames):
    return jax.jit(official_stream.run, static_argnums=0)(*split, frames)


@pytest.mark.slow
def test_the_whole_loop_gives_the_official_numbers(ran, numbers):
    theta, warped, history = ran
    assert np.abs(theta - numbers["theta"]).max() < 1e-3
    newest = (int(history.oldest) - 1) % official_stream.LENGTH
    error = np.abs(history.steady[newest] - numbers["feedback_last"])
    assert np.median(error) < 1e-4 and (error > 1e-2).mean() < 1e-3
    differs = np.asarray(warped.black).sum(0) != numbers["black_count"]
    assert differs.mean() < 2e-3


@pytest.mark.slow
def test_drawn_colours_are_the_official_ones(ran, numbers):
    theta = ran[0]
    for index, name in ((0, "color_first"), (-1, "color_last")):
        position = official_warp.position_map(official_warp.vertices(theta[index]), (128, 72))
        # Colours follow by one frame: of frame 0 there is no output.
        frame = numbers["frames_bgr"][1:][index]
        drawn = official_output.draw(frame, official_output.smoothed(np.asarray(position)))
        error = np.abs(drawn.astype(int) - numbers[name])
        assert (error > 2).mean() < 1e-3, name


def test_the_rectangle_that_is_never_black(numbers):
    covered = numbers["black_count"] == 0
    assert official_output.covered_rectangle(covered) == tuple(numbers["rectangle_official"])
    assert official_output.covered_rectangle(covered, 1) == tuple(numbers["rectangle_largest"])
    nothing = official_output.covered_rectangle(np.zeros((20, 30), bool))
    assert nothing.bottom < nothing.top


def test_drawn_pictures_are_the_official_ones(golden):
    numbers = np.load(golden / "stabnet/warp.npz")
    for case, name in ((0, "deploy_warped_identity"), (1, "deploy_warped")):
        position = np.stack([numbers["x_map"][case], numbers["y_map"][case]], axis=-1)
        smooth = official_output.smoothed(position)
        if case == 1:
            wanted = np.stack([numbers["deploy_x"], numbers["deploy_y"]], axis=-1)
            assert np.abs(smooth - wanted).max() < 1e-5
        error = np.abs(official_output.draw(numbers["color"], smooth).astype(int) - numbers[name])
        assert (error > 2).mean() < 1e-3


def test_a_ring_of_32_frames():
    """The frame shown l steps ago is found at each lag, before the ring has turned and after."""
    history = official_stream.begin(jnp.zeros((1, 1)))
    push = jax.jit(official_stream.push)
    for number in range(1, 41):
        if number in (1, 5, 40):
            x = official_stream.shown(history, jnp.full((1, 1), 100.0))[0, 0]
            assert x[6:12].tolist() == [max(number - lag, 0) for lag in LAGS]
            assert x[:6].tolist() == [0.0] * 6 and x[12] == 100.0
        history = push(history, Warped(jnp.full((1, 1), float(number)), jnp.zeros((1, 1))))


def test_black_pixels_are_fed_back_as_minus_one():
    history = official_stream.begin(jnp.zeros((1, 2)))
    history = official_stream.push(
        history, Warped(jnp.asarray([[0.0, 0.3]]), jnp.asarray([[1.0, 0]]))
    )
    x = official_stream.shown(history, jnp.zeros((1, 2)))
    assert x[0, :, 6].tolist() == pytest.approx([-1.0, 0.3])
    assert x[0, :, 0].tolist() == [1.0, 0.0]


@pytest.mark.slow
def test_many_clips_at_once_are_what_each_is_alone(split, frames, ran):
    """A step is vectorised over clips."""
    graph, weights = split
    step = jax.jit(jax.vmap(official_stream.step, in_axes=(None, None, 0, 0)), static_argnums=0)
    histories = jax.vmap(official_stream.begin)(jnp.stack([frames[0], frames[5]]))
    _, (theta, _) = step(graph, weights, histories, jnp.stack([frames[1], frames[6]]))
    assert np.abs(theta[0] - ran[0][0]).max() < 1e-4
    assert np.abs(theta[0] - theta[1]).max() > 1e-3
