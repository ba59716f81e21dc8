"""The steadied camera's law: what it lets through, and what it takes out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.motion import plane
from dvs_jax.stabnet import law as laws

ASPECT, CROP = 9 / 16, 0.1


def steadied(real: np.ndarray, rate: float = 30.0, crop: float = CROP) -> np.ndarray:
    """Return the steadied cameras for real ones, over one plane."""
    law = laws.law(rate, crop, ASPECT)

    def advance(carry, camera):
        before, steps = carry
        step = laws.next_step(law, steps, plane.seen_from(before, camera))
        return (plane.beside(before, step), laws.pushed(steps, step)), plane.beside(before, step)

    start = jnp.asarray(real[0]), jnp.zeros((len(law.latest), 4))
    return np.asarray(jax.lax.scan(advance, start, jnp.asarray(real[1:]))[1])


def path(frames: int, **parts: np.ndarray) -> np.ndarray:
    found = np.zeros((frames, 4), np.float32)
    for name, values in parts.items():
        found[:, ["x", "y", "roll", "zoom"].index(name)] = values
    return found


def test_seeing_from_a_camera_and_placing_beside_it_are_inverse():
    origin, camera = jnp.asarray([0.1, -0.2, 0.3, 0.1]), jnp.asarray([0.05, 0.0, 0.1, -0.2])
    relative = plane.seen_from(origin, camera)
    np.testing.assert_allclose(plane.beside(origin, relative), camera, atol=1e-6)


@pytest.mark.parametrize("rate", [25.0, 30.0, 60.0])
def test_shake_of_four_hertz_is_taken_out_alike_at_every_frame_rate(rate):
    time_s = np.arange(round(8 * rate)) / rate
    shake = 0.004 * np.sin(2 * np.pi * 4 * time_s)
    real = path(len(time_s), x=shake, roll=shake)
    found = steadied(real, rate)[round(2 * rate) :]
    assert np.abs(found[:, 0]).max() < 0.12 * 0.004
    assert np.abs(found[:, 2]).max() < 0.12 * 0.004


def test_a_pan_is_followed_within_the_crop_and_at_its_speed():
    # 20° a second of a camera that sees 65°, for ten seconds.
    real = path(300, x=np.arange(300) * 20 / 65 / 30)
    found = steadied(real)
    assert np.abs(found[:, 0] - real[1:, 0]).max() < CROP
    speed = np.diff(found[-100:, 0])
    np.testing.assert_allclose(speed, 20 / 65 / 30, rtol=0.03)


def test_no_shake_leaves_the_limit():
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.normal(scale=0.02, size=(600, 4)), axis=0).astype(np.float32)
    walk[:, 2:] *= 0.3
    relative = np.asarray(plane.seen_from(walk[1:], jnp.asarray(steadied(walk))))
    limit = np.asarray(laws.law(30.0, CROP, ASPECT).limit)
    # Seen in the steadied camera's own scale, which differs by the zoom.
    assert (np.abs(relative) <= 1.06 * limit).all()


def test_who_stands_still_stays_still():
    assert not steadied(path(300)).any()
