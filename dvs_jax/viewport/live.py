"""Predicts while a viewer watches: a sample in, the next five seconds out; all state is explicit.

state = viewport.start(model, salxyz)
state, seen = viewport.step(state, time_s, direction)
"""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from dvs_jax.errors import InputError
from dvs_jax.viewport import cues, inference, saliency_points, sphere, tiles, tracks, windows
from dvs_jax.viewport.cues import Cues
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.content import Encoded
from dvs_jax.viewport.starvp.network import Network
from dvs_jax.viewport.traces.trace import FACE, LONGEST_GAP_S

KEPT = 512
"""Samples."""

KEPT_S = 3.2
"""A window's past, and a step."""

_NEAREST_S = 2.0 * KEPT_S / KEPT
"""Samples of a faster tracker take one another's place; what is kept is half as far apart, or more,
and so reaches back far enough."""

_NEVER_S = 1e6
"""The age of places that no sample has taken yet."""

_OUTSIDE = -1
"""The number of a step of which nothing is known."""

_SAME_S = 1e-6
"""Times are written with few digits."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """What is known of a viewer; `step` returns the next one, and changes nothing.

    Attributes:
        of: the network's sizes.
        graph: the network without its weights.
        params: its weights.
        points: float32 [step, point, 4], the video's salient points.
        known: of how many steps; what follows is unknown.
        viewer: as `windows.numbers` tells it.
        rate: steps a second.
        time_s: float64, on the host: when the last sample was taken, on the video's clock; NaN
            before the first.
        since_s: float64, likewise: the first sample since the last gap.
        age_s: float32 [512], how long before the last sample each was taken, the oldest first.
        direction: float32 [512, 3], unit vectors.
        cues: of eyes and face, float32 [512, ...].
        places: int32 [instant], on the host: which steps the last prediction looked at; −1 for
            those that are not known.
        encoded: their saliency, [instant, ...]; None of networks that do not encode it ahead.
    """

    of: Architecture = field(metadata={"static": True})
    graph: nnx.GraphDef[Network] = field(metadata={"static": True})
    rate: float = field(metadata={"static": True})
    params: nnx.State
    points: Float[Array, "step point 4"]
    known: int
    viewer: int
    time_s: float
    since_s: float
    age_s: Float[Array, "sample"]
    direction: Float[Array, "sample 3"]
    cues: Cues
    places: Int[np.ndarray, "instant"]
    encoded: Encoded | None


class Seen(NamedTuple):
    """What is predicted of the next five seconds, every fifth of a second.

    Attributes:
        direction: float32 [future, 3], unit vectors: where the viewer will look.
        gate: float32 [future], how far the motion alone is trusted.
        tiles: bool [future, row, column], what will be in view.
        warm: whether the samples reach back as far as the network looks. Where not, the first one
            is taken to have been held before.
    """

    direction: Float[Array, "future 3"]
    gate: Float[Array, "future"]
    tiles: Bool[Array, "future row column"]
    warm: bool


def start(
    model: Network,
    salxyz: Float[np.ndarray, "step point 4"] | None = None,
    rate: float = tracks.RATE,
    viewer: str = "",
) -> State:
    """Return the state before the first sample.

    Args:
        model: the network.
        salxyz: salient points (x, y, z, value) of the video's instants from its begin, as many an
            instant as the network reads, or more; None for a video of which nothing is known, and
            beyond their end nothing is known either.
        rate: of those instants, a second.
        viewer: who watches; whom the network does not know is one of whom it knows nothing.

    Raises:
        InputError: there are fewer points than the network reads.
    """
    graph, params = nnx.split(model)
    shown = np.zeros((1, model.of.points, 4)) if salxyz is None else salxyz
    points = jnp.asarray(saliency_points.thinned(shown, model.of.points), jnp.float32)
    steps = model.of.steps
    return State(
        of=model.of,
        graph=graph,
        rate=rate,
        params=params,
        points=points,
        known=0 if salxyz is None else len(salxyz),
        viewer=int(windows.numbers(model.of.viewers, [viewer])[0]),
        time_s=float("nan"),
        since_s=float("nan"),
        age_s=jnp.full(KEPT, _NEVER_S, jnp.float32),
        direction=jnp.zeros((KEPT, 3), jnp.float32),
        cues=cues.of_head(jnp.zeros((KEPT, 3), jnp.float32)),
        places=np.full(steps, _OUTSIDE, np.int32),
        encoded=_nothing(graph, params, points, steps) if model.encodes_ahead else None,
    )


def step(
    state: State,
    time_s: float,
    direction: Float[np.ndarray, "3"],
    gaze: Float[np.ndarray, "3"] | None = None,
    face: Float[np.ndarray, "5"] | None = None,
) -> tuple[State, Seen]:
    """Take a sample, and predict from all since the last gap.

    Samples may come at any rate. A time that is the last one's replaces that sample; one before it,
    or over 0.3 s after, is a jump in the video, and what was seen before is forgotten.

    Args:
        state: after the last sample.
        time_s: of this one, on the video's clock.
        direction: of the head, a vector of any length in the picture's frame (see `sphere`).
        gaze: of the eyes, likewise; None where they are not seen. The head is taken to be upright.
        face: as `trace.FACE` says; None where it is not seen.

    Raises:
        InputError: the time is no number, a direction no direction, or the face no face.
    """
    unit = _unit(time_s, direction)
    looks = None if gaze is None else _unit(time_s, gaze)
    shown = _shown(face)
    elapsed = time_s - state.time_s
    if not 0.0 <= elapsed <= LONGEST_GAP_S + _SAME_S:
        state = _emptied(state, time_s, unit, looks, shown)
        elapsed = 0.0
    instants = time_s + np.arange(1 - state.of.past, state.of.future + 1) / tracks.RATE
    # Halfway between two steps as well, each instant has one of its own.
    places = np.floor(instants * state.rate + 0.5 + _SAME_S)
    places = np.where((places >= 0) & (places < state.known), places, _OUTSIDE).astype(np.int32)
    state = _with_places(state, places)
    kept, seen = _advance(state, np.float32(elapsed), unit, looks, shown, places)
    state = replace(state, time_s=time_s, age_s=kept[0], direction=kept[1], cues=kept[2])
    warm = time_s - state.since_s >= (state.of.past - 1) / tracks.RATE - _SAME_S
    return state, Seen(seen[0], seen[1], seen[2], warm)


def _unit(time_s: float, vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    vector = np.asarray(vector, np.float64)
    length = np.linalg.norm(vector)
    if not (np.isfinite(time_s) and vector.shape == (3,) and 0.0 < length < np.inf):
        raise InputError(
            f"a sample at {time_s} s towards {vector.tolist()} tells nothing; give a time in "
            "seconds and a vector (x, y, z)"
        )
    return (vector / length).astype(np.float32)


def _shown(face: Float[np.ndarray, "5"] | None) -> Float[np.ndarray, "5"]:
    shown = np.zeros(len(FACE), np.float32) if face is None else np.asarray(face, np.float32)
    if shown.shape != (len(FACE),) or not np.isfinite(shown).all():
        raise InputError(
            f"a face of {shown.tolist()} tells nothing; give {len(FACE)} numbers from 0 to 1: "
            f"{', '.join(FACE)}"
        )
    return shown


def _emptied(
    state: State,
    time_s: float,
    unit: Float[np.ndarray, "3"],
    looks: Float[np.ndarray, "3"] | None,
    shown: Float[np.ndarray, "5"],
) -> State:
    """Forget what was seen, as if the viewer had always looked as in the next sample."""
    first = cues.of_head(unit)._replace(face=shown)
    if looks is not None:
        still = first._replace(gaze=looks)
        first = cues.of_sample(still, jnp.float32(0.0), jnp.asarray(unit), looks, shown)
    return replace(
        state,
        time_s=time_s,
        since_s=time_s,
        age_s=jnp.full(KEPT, _NEVER_S, jnp.float32),
        direction=jnp.broadcast_to(jnp.asarray(unit), (KEPT, 3)),
        cues=Cues(*(jnp.broadcast_to(jnp.asarray(each), (KEPT, len(each))) for each in first)),
    )


def _nothing(
    graph: nnx.GraphDef[Network],
    params: nnx.State,
    points: Float[Array, "step point 4"],
    steps: int,
) -> Encoded:
    """Encode instants at which nothing is known."""
    return _repeated(_encoded(graph, params, points, 0, jnp.int32(_OUTSIDE)), steps)


@partial(jax.jit, static_argnums=1)
def _repeated(one: Encoded, steps: int) -> Encoded:
    return jax.tree.map(lambda each: jnp.broadcast_to(each, (steps, *each.shape)), one)


def _with_places(state: State, places: Int[np.ndarray, "instant"]) -> State:
    """Encode the saliency of the steps that the last prediction did not look at."""
    if state.encoded is None or np.array_equal(places, state.places):
        return replace(state, places=places)
    encoded = _moved(state.encoded, np.argmax(places[:, None] == state.places, axis=1))
    for place in np.setdiff1d(places, state.places):
        one = _encoded(state.graph, state.params, state.points, state.known, place)
        encoded = _put(encoded, one, places == place)
    return replace(state, places=places, encoded=encoded)


@jax.jit
def _moved(encoded: Encoded, source: Int[Array, "instant"]) -> Encoded:
    return jax.tree.map(lambda each: each[source], encoded)


@partial(jax.jit, donate_argnums=0)
def _put(encoded: Encoded, one: Encoded, there: Bool[Array, "instant"]) -> Encoded:
    def put(each: Array, new: Array) -> Array:
        return jnp.where(there.reshape(-1, *(1,) * new.ndim), new[None], each)

    return jax.tree.map(put, encoded, one)


@partial(jax.jit, static_argnums=0)
def _encoded(
    graph: nnx.GraphDef[Network],
    params: nnx.State,
    points: Float[Array, "step point 4"],
    known: int,
    place: Int[Array, ""],
) -> Encoded:
    shown, inside = inference.gathered(points, known, place[None])
    return nnx.merge(graph, params).encode(shown[0], inside[0])


@jax.jit
def _advance(
    state: State,
    elapsed_s: Float[Array, ""],
    unit: Float[Array, "3"],
    looks: Float[Array, "3"] | None,
    shown: Float[Array, "5"],
    places: Int[Array, "instant"],
) -> tuple[
    tuple[Float[Array, "sample"], Float[Array, "sample 3"], Cues],
    tuple[Float[Array, "future 3"], Float[Array, "future"], Bool[Array, "future row column"]],
]:
    """Return the samples kept, and what is predicted from them."""
    network = nnx.merge(state.graph, state.params)
    sample = cues.of_head(unit)._replace(face=shown)
    if looks is not None:
        last = Cues(*(each[-1] for each in state.cues))
        sample = cues.of_sample(last, elapsed_s, unit, looks, shown)
    age, (direction, seen) = _with_sample(state, elapsed_s, (unit, sample))
    back = jnp.arange(state.of.past - 1.0, -1.0, -1.0) / tracks.RATE
    # The last sample that is no younger.
    before = jnp.clip((age[:, None] >= back[None] - _SAME_S).sum(axis=0) - 1, 0, KEPT - 2)
    share = (age[before] - back) / (age[before] - age[before + 1])
    share = jnp.clip(share, 0.0, 1.0)
    past, gaze = (
        sphere.slerp(each[before], each[before + 1], share) for each in (direction, seen.gaze)
    )
    nearest = before + (share > 0.5)
    at_instants = Cues(gaze, seen.eyes[nearest], seen.face[nearest])
    points, inside = inference.gathered(state.points, state.known, places)
    found = network(past, points, inside, at_instants, state.viewer, state.encoded)
    return (age, direction, seen), (found.direction, found.gate, tiles.in_view(found.direction))


def _with_sample(
    state: State, elapsed_s: Float[Array, ""], sample: tuple[Float[Array, "3"], Cues]
) -> tuple[Float[Array, "sample"], tuple[Float[Array, "sample 3"], Cues]]:
    """Return ages, and directions and cues with a sample behind the others, or for the last."""
    age = state.age_s + elapsed_s
    again = (elapsed_s <= 0.0) | (age[-2] < _NEAREST_S)
    age = jnp.where(again, age, jnp.roll(age, -1)).at[-1].set(0.0)

    def added(kept: Float[Array, "sample part"], last: Float[Array, "part"]) -> Array:
        return jnp.where(again, kept, jnp.roll(kept, -1, axis=0)).at[-1].set(last)

    return age, jax.tree.map(added, (state.direction, state.cues), sample)
