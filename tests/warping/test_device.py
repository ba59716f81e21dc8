"""Drawing on the device against drawing on the host."""

import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import camera, quaternion
from dvs_jax.camera import Camera
from dvs_jax.warping import device, doubling, grid, host
from dvs_jax.warping.host import Border
from dvs_jax.warping.mesh import backward_grid
from dvs_jax.warping.turning import source_grids


def source_of(size: tuple[int, int], degrees: list[float], rows: int = 12) -> np.ndarray:
    """The grid of a virtual camera is turned against a camera that moves during the readout."""
    ends = quaternion.from_rotation_vector(np.radians([[0.0, 0.0, 0.0], [1.0, 0.5, 0.7]]))
    first, last = (np.broadcast_to(end, (rows, 4)) for end in ends)
    real = quaternion.slerp(first, last, np.linspace(0.0, 1.0, rows))
    virtual = quaternion.from_rotation_vector(np.radians(degrees))
    mesh = camera.warp_grid(Camera(), size, real, np.zeros((rows, 2)), virtual)
    return backward_grid(mesh, size, grid.shape_for(size)).astype(np.float32)


def textured(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def difference(frames: np.ndarray, sources: np.ndarray, kept: float, border: Border) -> np.ndarray:
    drawn = device.warp_frames(jnp.asarray(frames), jnp.asarray(sources), kept, border)
    on_host = [host.warp_frame(*pair, kept, border) for pair in zip(frames, sources, strict=True)]
    return np.abs(np.array(on_host).astype(int) - np.asarray(drawn))


@pytest.mark.parametrize("size", [(320, 180), (333, 111), (64, 200)], ids=str)
@pytest.mark.parametrize(("border", "kept"), [("black", 1.0), ("reflect", 1.0), ("black", 0.8)])
def test_device_draws_what_the_host_draws(size, border, kept):
    frames = np.stack([textured(size, seed) for seed in range(3)])
    sources = np.stack(
        [source_of(size, degrees) for degrees in ([2, 1, 3], [-4, 0, 9], [0, 6, -2])]
    )
    apart = difference(frames, sources, kept, border)
    assert apart.max() <= 2
    assert apart.mean() < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("size", [(333, 111), (1920, 1080)], ids=str)
def test_lattices_are_the_hosts(size):
    for degrees, kept in zip(([3, -5, 8], [0, 2, -1], [0, 0, 0]), (0.9, 0.7, 1.0), strict=True):
        source = source_of(size, degrees)
        found = device.lattice_map(jnp.asarray(source), size, jnp.float32(kept))
        np.testing.assert_allclose(found, host.lattice_map(source, size, kept), atol=2e-3)


@pytest.mark.slow
def test_same_pose_changes_nothing(size=(97, 50)):
    still = grid.output_points(*grid.shape_for(size)).astype(np.float32)
    assert difference(textured(size)[None], still[None], 1.0, "black").max() == 0


def test_doubled_pictures_are_the_hosts():
    frame = np.random.default_rng(4).integers(0, 256, (31, 50, 3), np.uint8)
    doubled = jax.jit(device.doubled)
    np.testing.assert_array_equal(doubled(jnp.asarray(frame)), doubling.doubled(frame))
    for shape in ((1, 1, 1), (1, 7, 2), (2, 3, 1)):
        small = frame[tuple(slice(side) for side in shape)].copy()
        np.testing.assert_array_equal(
            np.ravel(doubled(jnp.asarray(small))), np.ravel(doubling.doubled(small))
        )


def test_edges_of_full_contrast_are_clipped_alike():
    frame = np.zeros((64, 96, 3), np.uint8)
    frame[20:40, 30:60] = 255
    apart = difference(frame[None], source_of((96, 64), [1, 2, 3])[None], 0.8, "black")
    # OpenCV rounds positions to 1/64 pixel: 255 · 43/32 levels a pixel, in x and in y.
    assert apart.max() <= 6
    assert apart.mean() < 0.2


@pytest.mark.slow
def test_positions_without_meaning_are_border():
    position = jnp.asarray([[[jnp.nan, 1.0], [jnp.inf, 1.0], [1e9, -1e9], [2.0, 3.0]]])
    frame = jnp.full((8, 8, 1), 50, jnp.uint8)
    black = jnp.asarray([16.0])
    found = device.sample(frame, position, "black", black)
    assert found.ravel().tolist() == [16, 16, 16, 50]
    found = device.sample(frame, position, "reflect", black)
    assert found.ravel().tolist() == [50] * 4


def test_planes_without_a_picture_are_the_black_of_video():
    luma, chroma = jnp.full((37, 65), 200, jnp.uint8), jnp.full((19, 33, 2), 90, jnp.uint8)
    still = jnp.asarray(grid.output_points(18, 18), jnp.float32)
    aside = still.at[..., 0].add(-0.5)
    warped = jax.jit(device.warp_planes, static_argnames="border")
    luma, chroma = warped(luma, chroma, aside, jnp.float32(1.0), border="black")
    assert (luma.shape, chroma.shape) == ((36, 64), (18, 32, 2))
    assert (np.asarray(luma)[:, :28] == 16).all()
    assert (np.asarray(luma)[:-2, 40:] == 200).all()
    assert (np.asarray(chroma)[:, :14] == 128).all()
    assert (np.asarray(chroma)[:-2, 20:] == 90).all()


def test_every_crop_shares_one_compilation():
    frames = jnp.asarray(textured((64, 36)))[None]
    sources = jnp.asarray(source_of((64, 36), [1, 2, 3]))[None]
    device.warp_frames.clear_cache()
    for kept in (1.0, 0.9, 0.75):
        device.warp_frames(frames, sources, kept, "black")
    assert device.warp_frames._cache_size() == 1


def test_nothing_moves_between_host_and_device_unseen():
    frames = jax.device_put(textured((64, 36))[None])
    sources = jax.device_put(source_of((64, 36), [1, 2, 3])[None])
    kept = jax.device_put(np.float32(0.9))
    device.warp_frames(frames, sources, kept, "black")
    with jax.transfer_guard("disallow"):
        device.warp_frames(frames, sources, kept, "black")


@pytest.mark.parametrize("border", ["black", "reflect"])
def test_floating_frames_are_drawn_unrounded(border):
    frame, source = textured((64, 36)), jnp.asarray(source_of((64, 36), [1, 2, 3]))
    whole = device.warp_frames(jnp.asarray(frame)[None], source[None], 0.9, border)
    exact = device.warp_frames(jnp.asarray(frame, jnp.float32)[None], source[None], 0.9, border)
    assert exact.dtype == jnp.float32
    # Of bytes, what lies halfway between pixels is rounded too.
    assert np.abs(np.asarray(exact) - np.asarray(whole, np.float32)).max() < 1.85
    assert np.abs(np.asarray(exact) - np.round(exact)).max() > 0.3


def loss_of(frame, source, virtual=None):
    """A smooth number of what is drawn, by weights that differ for every pixel."""
    if virtual is not None:
        size, still = (frame.shape[1], frame.shape[0]), jnp.asarray(quaternion.identity())
        rows = jnp.broadcast_to(still, (1, 6, 4))
        shape = (18, 18)
        (source,) = source_grids(
            Camera(), rows, jnp.zeros((1, 6, 2)), virtual[None], size=size, shape=shape
        )
    drawn = device.warp_frame(frame, source, jnp.asarray(0.7), "black")
    weight = jnp.asarray(np.random.default_rng(5).normal(size=drawn.shape))
    return (weight * jnp.sin(drawn / 40.0)).sum()


def assert_slope_is_the_gradient(loss, point, step, rtol=1e-3):
    """Compare the gradient along a random direction with central differences."""
    loss, gradient = jax.jit(loss), jax.jit(jax.grad(loss))(point)
    direction = jnp.asarray(np.random.default_rng(6).normal(size=point.shape))
    slope = (loss(point + step * direction) - loss(point - step * direction)) / (2.0 * step)
    assert float(jnp.abs(slope)) > 1e-3
    np.testing.assert_allclose((gradient * direction).sum(), slope, rtol=rtol)


def smooth_frame() -> np.ndarray:
    """Linear in x and y: there samples have no kinks between pixels, but near the frame's edges."""
    y, x = np.mgrid[:36, :64].astype(float)
    return np.stack([2.0 * x + y, x - 3.0 * y, 0.5 * x + 4.0 * y], axis=-1)


@pytest.mark.slow
def test_the_warp_has_gradients_by_frame_grid_and_pose():
    with jax.enable_x64(True):
        frame = jnp.asarray(smooth_frame())
        still = jnp.asarray(grid.output_points(18, 18))
        source = 0.5 + 0.9 * (still - 0.5)
        assert_slope_is_the_gradient(lambda frame: loss_of(frame, source), frame, 1e-4)
        assert_slope_is_the_gradient(lambda source: loss_of(frame, source), source, 1e-7)
        virtual = jnp.asarray(quaternion.from_rotation_vector(np.array([0.01, -0.02, 0.03])))
        assert_slope_is_the_gradient(lambda pose: loss_of(frame, None, pose), virtual, 1e-6)


def test_samples_on_pixels_have_the_slope_of_the_picture():
    """Where nothing moves all positions are pixels; there the slope is that of the next part."""
    frame = jnp.asarray(smooth_frame(), jnp.float32)
    y, x = np.mgrid[8:12, 8:14].astype(np.float32)
    at = jnp.asarray(np.stack([x, y], axis=-1))
    for sampled in (device.sample, device.sharp_sample):

        def total(position, sampled=sampled):
            return sampled(frame, position, "black", jnp.zeros(3))[..., 0].sum()

        slope = jax.jit(jax.grad(total))(at)
        np.testing.assert_allclose(slope, np.broadcast_to([2.0, 1.0], slope.shape), rtol=1e-5)
