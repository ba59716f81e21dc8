"""PAVER against recorded numbers, and its maps of frames one by one."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.errors import InputError
from dvs_jax.viewport.paver import heat, patches, published, stream
from dvs_jax.viewport.paver.architecture import Architecture
from dvs_jax.viewport.paver.network import Network
from dvs_jax.viewport.paver.transformer import Transformer
from dvs_jax.viewport.saliency.scale import scaled

from .recorded import FILE, decoders, draw, pictures, transformer

TINY = Architecture(height=32, width=16, heads=2, blocks=1, decoder_heads=2)


@pytest.fixture(scope="module")
def recorded(golden):
    return np.load(golden / "viewport/paver.npz")


def size(part):
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(part, nnx.Param)))


def test_patches_lie_where_they_were_recorded(recorded):
    found = patches.positions(224)[:, recorded["patch_columns"]]
    np.testing.assert_allclose(found, recorded["patch_positions_224"], atol=5e-5)
    np.testing.assert_array_equal(np.floor(found), recorded["patch_pixels_224"])
    np.testing.assert_allclose(patches.positions(64), recorded["patch_positions_64"], atol=5e-5)


def test_pixels_are_off_the_regular_grid_as_recorded(recorded):
    rows, columns = Architecture().grid
    down, along = np.mgrid[:16, :16]
    row, column = (16 * np.arange(count) for count in (rows, columns))
    regular = np.stack(
        np.broadcast_arrays(row[:, None, None, None] + down, column[:, None, None] + along), axis=-1
    )
    offset = np.floor(patches.positions(224)).astype(int) - regular
    assert offset.sum() == recorded["offset_sum_224"]
    assert np.abs(offset).sum() == recorded["offset_abs_sum_224"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pixel", "bilinear"])
def test_the_transformer_is_as_recorded(golden, recorded, kind):
    network = transformer(golden)
    network.of = dataclasses.replace(network.of, bilinear=kind == "bilinear")
    np.testing.assert_allclose(network.position[...], recorded["pos_resized"][0], atol=1e-6)

    @jax.jit
    @jax.vmap
    def run(picture):
        embedded = network.patch(patches.cut(picture, network.of.bilinear))
        return network(picture), network.blocks[0](network.tokens(picture)), embedded

    found, first, embedded = run(pictures())
    np.testing.assert_allclose(embedded[:2], recorded[f"vit_{kind}_patch"], atol=5e-5)
    np.testing.assert_allclose(first[:2], recorded[f"vit_{kind}_block0"], atol=5e-5)
    np.testing.assert_allclose(found, recorded[f"vit_{kind}_out"], atol=5e-5)


@jax.jit
def mapped(scores):
    return scaled(jax.vmap(heat.heat)(scores))


@nnx.jit
def decoded(decoder, tokens):
    return decoder.features(tokens), decoder(tokens)


def test_the_decoder_and_the_map_are_as_recorded(golden, recorded):
    decoder = published.decoder(decoders(golden), FILE)
    tokens = jnp.asarray(recorded["vit_pixel_out"])
    (features, of_class), scores = decoded(decoder, tokens)
    np.testing.assert_allclose(features, recorded["dec_features"][0], atol=2e-5)
    np.testing.assert_allclose(of_class, recorded["dec_cls"][0], atol=2e-5)
    for field, key in (("of_class", "cls"), ("of_time", "time"), ("of_space", "space")):
        expected = recorded[f"dec_score_{key}"][0]
        np.testing.assert_allclose(getattr(scores, field), expected, atol=2e-5)
    np.testing.assert_allclose(scores.total, recorded["dec_score"][0], rtol=1e-5)
    maps = mapped(scores.total.reshape(5, 4, 8))
    np.testing.assert_allclose(maps[:, ::2, ::2], recorded["heatmap_64"], atol=2e-5)


@pytest.mark.slow
def test_the_decoder_of_full_width_is_as_recorded(golden, recorded):
    decoder = published.decoder(draw(golden, "paver_decoder_keys.txt", 4104), FILE)
    assert size(decoder) == 8_266_752
    tokens = np.random.default_rng(4105).standard_normal((1, 5, 393, 768)).astype(np.float32)
    (features, _), scores = decoded(decoder, tokens[0])
    expected = recorded["full_features_sample"]
    np.testing.assert_allclose(features[:, ::49, ::64], expected, atol=1e-4)
    np.testing.assert_allclose(scores.total, recorded["full_score"][0], rtol=1e-4)


def test_the_map_of_full_size_is_as_recorded(recorded):
    scores = np.random.default_rng(4103).random((2, 14, 28)).astype(np.float32)
    found = mapped(scores)
    np.testing.assert_allclose(found[:, ::7, ::7], recorded["heatmap_224_rows7_cols7"], atol=2e-5)
    for edge, key in ((np.argmin, "min"), (np.argmax, "max")):
        place = [np.unravel_index(edge(each), each.shape) for each in found]
        np.testing.assert_array_equal(place, recorded[f"heatmap_224_{key}_at"])


def test_bumps_are_as_recorded(recorded):
    for number, patch in enumerate((0, 9, 31)):
        row, column = divmod(patch, 8)
        found = np.roll(heat.bump(4)[row], 16 * column + 8, axis=-1)
        np.testing.assert_allclose(found[::2, ::2], recorded["basis_64"][number], atol=1e-5)
    assert heat.bump(14)[7].max() == pytest.approx(float(recorded["basis_224_peak"]), rel=1e-5)


def test_the_published_transformer_has_393_tokens():
    network = nnx.eval_shape(lambda: Transformer(Architecture(), nnx.Rngs(0)))
    assert size(network) == 85_798_656 + (393 - 197) * 768
    picture = jax.ShapeDtypeStruct((224, 448, 3), jnp.float32)
    assert nnx.eval_shape(lambda net, x: net(x), network, picture).shape == (393, 768)


@pytest.fixture(scope="module")
def tiny():
    return nnx.jit(lambda: Network(TINY, nnx.Rngs(0)))()


def test_maps_come_one_by_one_and_lie_between_0_and_1(tiny):
    rng = np.random.default_rng(0)
    read = []

    def frames():
        for number in range(16):
            read.append(number)
            yield rng.integers(0, 256, (40, 80, 3), np.uint8)

    each = stream.maps(tiny, frames(), np.arange(16) / 30.0)
    first = next(each)
    assert read == [0, 1, 2]
    found = [first, *each]
    assert len(found) == 3
    for one in found:
        assert one.shape == (32, 64) and one.dtype == np.float32
        assert (one.min(), one.max()) == pytest.approx((0.0, 1.0), abs=1e-6)


def test_a_flat_video_is_finite(tiny):
    black = [np.zeros((32, 64, 3), np.uint8)] * 3
    for together in (1, 5):
        for found in stream.maps(tiny, black, np.arange(3) / 10.0, together):
            assert np.isfinite(found).all()


def test_frames_without_a_middle_are_refused(tiny):
    with pytest.raises(InputError, match="4 frames about an instant have no middle"):
        next(stream.maps(tiny, [], np.zeros(1), 4))


def test_no_scores_are_a_flat_map():
    np.testing.assert_array_equal(mapped(jnp.zeros((1, 2, 4))), 0.0)
