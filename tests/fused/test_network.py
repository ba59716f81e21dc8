import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.fused.architecture import Architecture, Convolution, FullyConnected
from dvs_jax.fused.network import Core, FlowEncoder, FusedNetwork


@pytest.mark.slow
def test_golden_encoder_and_core(official_network, golden):
    numbers = np.load(golden / "dvs/network.npz")
    flow = np.concatenate([numbers["flow_forward"], numbers["flow_backward"]], axis=-1)[0]
    encoded = official_network.encoder(jnp.asarray(flow), jnp.ones(2))
    np.testing.assert_allclose(encoded, numbers["unet_features"][0], atol=1e-5)

    core = official_network.core
    poses, encoded = jnp.asarray(numbers["x"][0]), jnp.asarray(numbers["unet_features"][0])
    state, first = core(core.initial_state(), jnp.concatenate([poses, encoded]))
    np.testing.assert_allclose(first, numbers["step1"][0], atol=1e-5)
    _, second = core(state, jnp.concatenate([poses / 2, encoded]))
    np.testing.assert_allclose(second, numbers["step2_with_half_x"][0], atol=1e-5)


def test_the_default_has_the_papers_size():
    network = nnx.eval_shape(lambda: FusedNetwork(Architecture(), nnx.Rngs(0)))
    sizes = jax.tree.map(lambda leaf: leaf.size, nnx.to_pure_dict(nnx.state(network.core)))
    # PyTorch's second bias of each LSTM layer is folded into the first.
    assert sum(jax.tree.leaves(sizes)) + 2 * 2048 == 3_605_764


@pytest.mark.slow
@pytest.mark.parametrize("size", [(270, 480), (135, 240), (480, 270), (1, 1), (300, 1000)], ids=str)
def test_encoder_takes_any_size(size):
    encoder = FlowEncoder(nnx.Rngs(0))
    encoded = encoder(jnp.ones((*size, 4)), jnp.ones(2))
    assert encoded.shape == (64,) and np.isfinite(encoded).all() and (encoded >= 0).all()


@pytest.mark.slow
def test_convolutions_activations_and_dropout():
    architecture = Architecture(
        convolutions=(
            Convolution(3, kernel=5, stride=2, batch_norm=True, activation="tanh"),
            Convolution(2, pool=2, activation="quadratic"),
        ),
        lstm=(16, 12, 8),
        fully_connected=(FullyConnected(6, "sigmoid", dropout=0.5), FullyConnected(4)),
    )
    core = Core(architecture, nnx.Rngs(0))
    assert core.lstm[0].input.kernel.shape == (39 * 2, 64)  # 156 → 78 at stride 2 → 39 pooled
    core.eval()
    x = jnp.linspace(-1.0, 1.0, 156)
    _, turn = core(core.initial_state(), x)
    _, again = core(core.initial_state(), x)
    np.testing.assert_array_equal(turn, again)
    np.testing.assert_allclose(np.linalg.norm(turn), 1.0, rtol=1e-6)
    core.train()
    assert not np.array_equal(core(core.initial_state(), x)[1], core(core.initial_state(), x)[1])


def test_without_flow_the_core_sees_92_numbers():
    network = FusedNetwork(Architecture(flow=False, lstm=(8,)), nnx.Rngs(0))
    assert network.encoder is None
    assert network.core.lstm[0].input.kernel.shape == (92, 32)


@pytest.mark.slow
def test_batches_are_samples_side_by_side(official_network):
    core = official_network.core
    inputs = jax.random.normal(jax.random.key(0), (3, 156))
    batched = jax.vmap(core, in_axes=(None, 0))(core.initial_state(), inputs)[1]
    single = [core(core.initial_state(), each)[1] for each in inputs]
    np.testing.assert_allclose(batched, np.stack(single), atol=1e-6)
