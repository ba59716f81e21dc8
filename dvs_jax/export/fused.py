"""DVS's networks: whole clips, and one step after the other with the state outside."""

from typing import Any

import jax
from jax import export

from dvs_jax.export.function import Argument, Function, Named, described, floats, named, unnamed
from dvs_jax.fused import rollout
from dvs_jax.fused.fusion import CLOCK_OFFSETS_NS
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.online import RING
from dvs_jax.fused.rollout import StepFeatures
from dvs_jax.fused.turn import TurnEncoder

_QUATERNIONS = "Quaternions are [x, y, z, w], of unit norm, from the world to the camera."

_MEANING = (
    "for each step, from one frame to the next: `real`, the camera's poses every 40 ms, as many "
    "before the frame's time as after it, each times the inverse of `anchor`, their rotation "
    "angles divided by `strength`; `anchor`, the camera's pose 40 ms before the frame; "
    "`interval_s`, seconds since the frame before; `flow`, what `encode` says of the pair of "
    "frames; `strength`, 1 or the factor by which the path may depart further; `gyro_turns`, the "
    "gyro's rotation since the frame before, a rotation vector in radians, with its clock shifted "
    f"by each of {[offset // 1_000_000 for offset in CLOCK_OFFSETS_NS]} ms. {_QUATERNIONS}"
)


def functions(network: FusedNetwork) -> tuple[Function, ...]:
    """Return the functions of a network of DVS.

    Args:
        network: in inference mode.
    """
    clip = (_path(network), _begin(network), _step(network))
    return clip if network.encoder is None else (*clip, _encode(network))


def _features(network: FusedNetwork, *leading: Any) -> dict[str, jax.ShapeDtypeStruct]:
    wanted = network.architecture
    offsets = len(CLOCK_OFFSETS_NS) if wanted.fusion else 0
    return {
        "real": floats(*leading, 2 * wanted.poses_each_side + 1, 4),
        "anchor": floats(*leading, 4),
        "interval_s": floats(*leading),
        "flow": floats(*leading, _told_by_flow(network)),
        "strength": floats(*leading),
        "gyro_turns": floats(*leading, offsets, 3),
    }


def _told_by_flow(network: FusedNetwork) -> int:
    """Return how many numbers the network reads of a pair's flow."""
    if network.encoder is None:
        return 0
    columns, rows = network.architecture.flow_size
    told = jax.eval_shape(network.encoder, floats(rows, columns, 4), floats(2))
    return int(told.shape[0])


def _path(network: FusedNetwork) -> Function:
    def call(features: Named) -> Named:
        clips = StepFeatures(**features)
        return {"pose": jax.vmap(lambda clip: rollout.path(network.core, RING, clip))(clips)}

    shapes = _features(network, *export.symbolic_shape("clips, steps"))
    return Function(
        "path",
        "The virtual camera's path of whole clips.",
        call,
        (Argument("features", shapes, _MEANING),),
        f"`pose` [clips, steps + 1, 4], one a frame. {_QUATERNIONS}",
    )


def _begin(network: FusedNetwork) -> Function:
    def call(features: Named) -> Named:
        return named(_begun(network, StepFeatures(**features)))

    return Function(
        "begin",
        "The state before a clip's first step.",
        call,
        (Argument("features", _features(network), "of the clip's first step"),),
        "the state that `step` takes.",
    )


def _step(network: FusedNetwork) -> Function:
    features = _features(network)
    like = jax.eval_shape(lambda each: _begun(network, StepFeatures(**each)), features)

    def call(state: Named, features: Named) -> tuple[Named, Named]:
        after, output = rollout.step(network.core, unnamed(state, like), StepFeatures(**features))
        return named(after), {"pose": output.pose}

    return Function(
        "step",
        "One frame of a camera that is still running.",
        call,
        (
            Argument("state", described(like), "as `begin` or the step before returned it"),
            Argument("features", features, "of this step, as in `path`"),
        ),
        f"the new state; and `pose` [4], the virtual camera's. {_QUATERNIONS}",
    )


def _begun(network: FusedNetwork, first: StepFeatures) -> rollout.RolloutState:
    return rollout.begin(network.core, rollout.initial_state(network.core, RING, first), first)


def _encode(network: FusedNetwork) -> Function:
    columns, rows = network.architecture.flow_size
    (pairs,) = export.symbolic_shape("pairs")
    encoder = network.encoder
    assert encoder is not None

    def call(flow: jax.Array, focal: jax.Array) -> Named:
        return {"flow": jax.vmap(encoder, in_axes=(0, None))(flow, focal)}

    by_width = "width and height" if isinstance(encoder, TurnEncoder) else "height and width"
    moved = f"(dx, dy) forward and backward, over the frame's {by_width}"
    return Function(
        "encode",
        "What the network reads of the optical flow of pairs of frames.",
        call,
        (
            Argument("flow", floats(pairs, rows, columns, 4), moved),
            Argument("focal", floats(2), "focal length over the frame's width and its height"),
        ),
        "`flow` [pairs, number], for `path` and `step`.",
    )
