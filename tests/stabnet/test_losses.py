import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.stabnet import losses, official_objective, official_warp
from dvs_jax.stabnet.official_objective import Example
from dvs_jax.stabnet.official_warp import Warped


@pytest.fixture(scope="module")
def numbers(golden):
    return np.load(golden / "stabnet/losses.npz")


@pytest.fixture(scope="module")
def pair(numbers):
    def grey(name):
        return jnp.asarray(numbers[name] / np.float32(255) - np.float32(0.5))

    return tuple(
        Example(
            grey(f"x{t}"),
            grey(f"y{t}"),
            jnp.asarray(numbers[f"matches{t}"]),
            jnp.asarray(numbers[f"valid{t}"]),
        )
        for t in (1, 2)
    )


@pytest.fixture(scope="module")
def thetas(numbers):
    return jnp.asarray(numbers["theta1"]), jnp.asarray(numbers["theta2"])


def test_terms_are_the_official_ones(thetas, pair, numbers):
    wanted = [*numbers["names"]]
    assert wanted[:6] == ["id", "img", "feature", "distortion", "consistency", "black"]
    each = jax.jit(jax.vmap(official_objective.terms))
    for theta, example, name in zip(thetas, pair, ("terms1", "terms2"), strict=True):
        found, warped = each(theta, example)
        means = [float(term.mean()) for term in found]
        assert means == pytest.approx(numbers[name][:6].tolist(), rel=1e-4)
        if name == "terms1":
            assert np.abs(warped.image - numbers["warped1"]).max() < 1e-4
            assert (np.asarray(warped.black) != numbers["black1"]).mean() < 1e-3


@pytest.mark.slow
def test_totals_follow_the_official_schedule(thetas, pair, numbers):
    total = jax.jit(jax.vmap(official_objective.total, (0, 0, 0, None)))
    flow = jnp.asarray(numbers["flow"])
    for iteration, wanted in zip((50, 500, 2000, 9000), numbers["totals"], strict=True):
        assert float(total(thetas, pair, flow, iteration).mean()) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.slow
def test_the_temporal_term_is_the_official_one(thetas, pair, numbers):
    shown = [
        jax.vmap(official_warp.warp)(each.unsteady, theta)
        for theta, each in zip(thetas, pair, strict=True)
    ]
    found = jax.vmap(losses.temporal_difference)(*shown, jnp.asarray(numbers["flow"]))
    assert float(found.mean()) == pytest.approx(float(numbers["temporal"]), rel=1e-4)


@pytest.mark.slow
def test_what_moves_by_whole_pixels_is_moved_back_on_centres():
    rng = np.random.default_rng(4)
    world = jnp.asarray(rng.normal(size=(20, 40)), jnp.float32)
    earlier, later = world[2:18, 4:36], world[1:17, 7:39]
    free = jnp.zeros_like(earlier)
    # What lies at a pixel of the earlier picture lies 3 pixels to the left of it in the later one.
    displacement = jnp.broadcast_to(jnp.asarray([-2 * 3 / 32, 2 * 1 / 16]), (16, 32, 2))
    pair = Warped(earlier, free), Warped(later, free)
    found = losses.temporal_difference_on_centres(*pair, displacement)
    assert float(found) < 1e-8
    assert float(losses.temporal_difference_on_centres(*pair, 0 * displacement)) > 0.5
    # Black parts of either count nothing.
    spoiled = Warped(later.at[:, 10:].set(9.0), free.at[:, 10:].set(1.0))
    found = losses.temporal_difference_on_centres(pair[0], spoiled, displacement)
    assert float(found) < 1e-8


@pytest.mark.slow
def test_clipped_vertices_cost_nothing_and_unclipped_ones_do(thetas, numbers):
    theta = jnp.asarray(numbers["theta_large"][0])
    free = official_warp.unclipped_vertices(theta)
    wanted = float(numbers["black_unclipped_large"])
    assert float(losses.overshoot(free)) == pytest.approx(wanted, rel=1e-4)
    assert float(losses.overshoot(official_warp.vertices(theta))) == numbers["black_large"] == 0.0
    assert np.abs(jax.grad(losses.overshoot)(free)).max() > 0.0
    for theta, name in zip(thetas, ("terms1", "terms2"), strict=True):
        small = jax.vmap(lambda each: losses.overshoot(official_warp.unclipped_vertices(each)))(
            theta
        )
        assert float(small.mean()) == pytest.approx(numbers[name][6], abs=1e-9)


def turned(angle, aspect):
    """Regular vertices, turned as a picture of that shape is."""
    x, y = np.moveaxis(official_warp.regular_vertices(), -1, 0)
    y = y * aspect
    c, s = np.cos(angle), np.sin(angle)
    return jnp.asarray(np.stack([c * x - s * y, (s * x + c * y) / aspect], axis=-1))


def test_turning_is_free_of_distortion_where_the_aspect_is_told():
    aspect = 9 / 16
    tilted = 1.1 * turned(0.2, aspect)
    assert float(losses.distortion(tilted, aspect)) < 1e-10
    assert float(losses.distortion(tilted)) > 1e-3
    assert float(losses.distortion(turned(0.0, aspect))) == 0.0
    stretched = turned(0.0, aspect) * jnp.broadcast_to(jnp.asarray([1.1, 1.0]), (5, 5, 2))
    assert float(losses.distortion(stretched, aspect)) > 1e-4
    more_columns = jnp.stack(jnp.meshgrid(jnp.linspace(-1, 1, 9), jnp.linspace(-1, 1, 5)), -1)
    assert float(losses.distortion(more_columns, aspect)) < 1e-10


def test_an_affine_grid_is_consistent():
    assert float(losses.inconsistency(turned(0.3, 0.5))) < 1e-12
    bent = turned(0.0, 1.0).at[2, 2, 0].add(0.1)
    # A vertex is in the middle of two triples, and an end of four others: 12 squares of 60 numbers.
    assert float(losses.inconsistency(bent)) == pytest.approx((2 * 0.2**2 + 4 * 0.1**2) / 60)


@pytest.mark.slow
def test_matches_are_mapped_exactly():
    vertex = jnp.broadcast_to(jnp.asarray([0.1, -0.2]), (5, 5, 2))
    point = jnp.asarray([[0.13, -0.4], [0.9, 0.2]])
    match = jnp.concatenate([point, point + jnp.asarray([[0.1, -0.2], [0.4, 0.4]])], axis=-1)
    exact = losses.match_distance(vertex, match, jnp.asarray([True, False]))
    assert float(exact) == pytest.approx(0.0, abs=1e-6)
    both = losses.match_distance(vertex, match, jnp.asarray([True, True]))
    assert float(both) == pytest.approx((0.3 + 0.6) / 2, rel=1e-4)
    assert float(losses.match_distance(vertex, match, jnp.asarray([False, False]))) == 0.0


def test_vertices_are_measured_in_pixels():
    wanted = jnp.zeros((5, 5, 2))
    vertex = jnp.broadcast_to(jnp.asarray([2 / 640, -4 / 360]), wanted.shape)
    assert float(losses.vertex_distance(vertex, wanted, (640, 360))) == pytest.approx((1 + 2) / 2)


def test_where_all_is_black_nothing_is_lost():
    black = Warped(jnp.ones((4, 5)), jnp.ones((4, 5)))
    value, gradient = jax.value_and_grad(
        lambda image: losses.picture_difference(Warped(image, black.black), jnp.zeros((4, 5)))
    )(black.image)
    assert float(value) == 0.0 and np.isfinite(gradient).all()


@pytest.mark.slow
def test_weights_are_penalised_but_for_the_heads_hidden_layers(network):
    squares = sum(
        float((layer.kernel[...] ** 2).sum())
        for _, layer in nnx.iter_modules(network.encoder)
        if isinstance(layer, nnx.Conv)
    )
    last = float((network.head[-1].kernel[...] ** 2).sum())
    wanted = 0.012 * (0.5e-4 * squares + 1e-4 * last)
    assert float(official_objective.weight_penalty(network)) == pytest.approx(wanted, rel=1e-4)
