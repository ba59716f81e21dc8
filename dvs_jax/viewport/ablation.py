"""What each of the network's switches is worth, beside a control in which it reads nothing true.

python -c "from dvs_jax.viewport import ablation; ablation.tell(ablation.measure())"
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax.viewport import saliency_points, sphere, tracks, windows
from dvs_jax.viewport.cues import Cues, of_head
from dvs_jax.viewport.dataset import Dataset, Example
from dvs_jax.viewport.score import RANGES
from dvs_jax.viewport.starvp import objective
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.network import Network
from dvs_jax.viewport.synthetic import audience

SMALL = Architecture(
    points=8, lstm=32, lstm_layers=1, width=16, heads=4, mlp=32, blocks=1, position=9, gate=32,
    turn=True, residual=True, damped_prior=True,
)  # fmt: skip

_WEIGHTS = {"fused": 1.0, "motion": 0.5, "content": 0.5}

_CROWD = 3
"""Seed of the people."""

_CHUNK = 50
"""Steps that are compiled as one."""

_AT_ONCE = 256
"""Windows that are predicted together."""


class Sizes(NamedTuple):
    """How much is made up, and for how long networks are trained on it.

    Attributes:
        videos: to train on.
        held_out: videos to measure on, watched by the same people.
        people: who watch every video.
        steps: of training.
        batch: windows of a step.
        absent: chance that a viewer follows nothing in a scene.
    """

    videos: int = 40
    held_out: int = 8
    people: int = 12
    steps: int = 2000
    batch: int = 32
    absent: float = 0.4


class Row(NamedTuple):
    """A network, and its mean errors on unseen videos.

    Attributes:
        name: the switches that are on.
        control: what was done to what the last of them reads; "" for nothing.
        error_deg: by range of steps, as `score.RANGES` names them.
    """

    name: str
    control: str
    error_deg: dict[str, float]


class _Told(NamedTuple):
    """What a network is told of the windows beside head and saliency, and what it is not.

    Attributes:
        on: the switches that are on. What the others read is as where nothing is known, so that all
            networks have the same weights at first.
        control: what was done to what the last of them reads; "" for nothing.
        train: of the windows to train on.
        test: of those to measure on.
    """

    on: tuple[str, ...]
    control: str
    train: tuple[Cues, np.ndarray]
    test: tuple[Cues, np.ndarray]


_DELAYED, _GAZES, _FACES, _VIEWERS = (
    "gaze delayed by its lead",
    *(f"{what} of other windows" for what in ("gaze", "faces", "viewers")),
)

_EYE = ("eye",)
_QUERY = (*_EYE, "gaze_query")
_FACE = (*_QUERY, "face")
_VIEWER = (*_FACE, "viewer")

_KINDS = {
    False: [((), ""), (_EYE, ""), (_EYE, _DELAYED), (_EYE, _GAZES)],
    True: [(_QUERY, ""), (_QUERY, _GAZES), (_FACE, ""), (_FACE, _FACES), (_VIEWER, ""),
           (_VIEWER, _VIEWERS)],
}  # fmt: skip
"""Switches and controls, without the question by the gaze and with it."""


def measure(sizes: Sizes = Sizes(), seed: int = 0) -> Iterator[Row]:  # noqa: B008
    """Train a network of each kind, and one for each control; yield how good they are.

    All see the same windows.

    Args:
        sizes: of data and training.
        seed: of weights and batches.
    """
    both = [_drawn(sizes, which, count) for which, count in _parts(sizes)]
    train, test = both
    late = [_drawn(sizes, which, count, (0.0, 0.0)) for which, count in _parts(sizes)]
    known = audience.crowd_names(_CROWD, sizes.people)
    for query, kinds in _KINDS.items():
        of = replace(SMALL, eye=True, gaze_query=query, face=True, viewers=known)
        told = [_told(on, control, both, late) for on, control in kinds]
        for each, error in zip(told, _errors(of, train, test, told, sizes, seed), strict=True):
            ranges = {key: float(error[:, steps].mean()) for key, steps in RANGES.items()}
            yield Row(", ".join(each.on) or "none", each.control, ranges)


def tell(rows: Iterator[Row]) -> None:
    """Print the rows of a table as they come."""
    print("| switches | control |", " | ".join(RANGES), "|", flush=True)
    for row in rows:
        cells = " | ".join(f"{error:.2f}" for error in row.error_deg.values())
        print(f"| {row.name} | {row.control} | {cells} |", flush=True)


def _parts(sizes: Sizes) -> list[tuple[int, int]]:
    """Seeds and numbers of videos, to train and to measure on."""
    return [(1, sizes.videos), (2, sizes.held_out)]


def _drawn(
    sizes: Sizes, seed: int, videos: int, lead_s: tuple[float, float] = audience.LEAD_S
) -> Dataset:
    drawn = audience.draw(
        seed, videos, sizes.people, lead_s, crowd_seed=_CROWD, absent=sizes.absent
    )
    found = windows.cut([tracks.track(trace) for trace in drawn.traces], 5)
    points = {
        name: saliency_points.of_maps(maps, SMALL.points) for name, maps in drawn.maps.items()
    }
    return Dataset(found, points, audience.crowd_names(_CROWD, sizes.people))


def _told(
    on: tuple[str, ...], control: str, both: Sequence[Dataset], late: Sequence[Dataset]
) -> _Told:
    parts = []
    for seed, (true, delayed) in enumerate(zip(both, late, strict=True)):
        other = np.random.default_rng(seed).permutation(len(true))
        eyes = (delayed if control == _DELAYED else true).windows.cues
        if control == _GAZES:
            eyes = Cues(*(each[other] for each in eyes))
        face, viewer = true.windows.cues.face, true.viewer
        face = face[other] if control == _FACES else face
        viewer = viewer[other] if control == _VIEWERS else viewer
        nothing = of_head(true.windows.past)
        seen = (eyes if "eye" in on else nothing)._replace(
            face=face if "face" in on else nothing.face
        )
        parts.append((seen, viewer if "viewer" in on else np.zeros_like(viewer)))
    return _Told(on, control, *parts)


def _errors(
    of: Architecture,
    train: Dataset,
    test: Dataset,
    told: Sequence[_Told],
    sizes: Sizes,
    seed: int,
) -> Float[np.ndarray, "told window future"]:
    """Train a network on each telling, all at once, and return their errors in degrees."""
    graph, params = nnx.split(nnx.jit(lambda: Network(of, nnx.Rngs(seed)))())
    several = jax.tree.map(lambda leaf: jnp.stack([leaf] * len(told)), params)
    seen, unseen = (
        each.examples(np.arange(len(each)), np.zeros(len(each), np.uint32))
        for each in (train, test)
    )
    of_train, of_test = (
        jax.tree.map(lambda *leaves: np.stack(leaves), *parts)
        for parts in ([each.train for each in told], [each.test for each in told])
    )
    trained = _trained(graph, several, seen, of_train, sizes, seed)
    predict = jax.jit(jax.vmap(partial(_predict, graph), (0, None, 0)))
    found = []
    for begin in range(0, len(test), _AT_ONCE):
        chosen = np.arange(begin, begin + _AT_ONCE) % len(test)
        batch = jax.tree.map(lambda leaf, chosen=chosen: leaf[chosen], unseen)
        found.append(predict(trained, batch, jax.tree.map(lambda x, i=chosen: x[:, i], of_test)))
    direction = np.concatenate(found, axis=1)[:, : len(test)]
    return np.degrees(sphere.distance(direction, unseen.future))


def _predict(
    graph: nnx.GraphDef[Network], params: nnx.State, batch: Example, told: tuple[Cues, Array]
) -> Float[Array, "window future 3"]:
    example = batch._replace(cues=told[0], viewer=told[1])
    return jax.vmap(nnx.merge(graph, params))(*objective.window_of(example)).direction


def _trained(
    graph: nnx.GraphDef[Network],
    params: nnx.State,
    seen: Example,
    told: tuple[Cues, np.ndarray],
    sizes: Sizes,
    seed: int,
) -> nnx.State:
    """Return the weights, [told, ...], after training."""
    rate = optax.warmup_cosine_decay_schedule(0.0, 3e-3, sizes.steps // 10, sizes.steps)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))
    weights = {name: jnp.float32(weight) for name, weight in _WEIGHTS.items()}
    one = partial(objective.window_loss, graph, "orthodromic", False)

    def loss(params: nnx.State, batch: Example, keys: Array) -> Array:
        each = jax.vmap(lambda window, key: one(params, window, key, weights)[0])
        return each(batch, keys).mean()

    def update(
        params: nnx.State, state: Any, cues: Cues, viewer: Array, key: Array, seen: Example
    ) -> tuple[nnx.State, Any]:
        chosen = jax.random.randint(key, (sizes.batch,), 0, len(seen.seed))
        batch = jax.tree.map(lambda leaf: leaf[chosen], seen._replace(cues=cues, viewer=viewer))
        gradient = jax.grad(loss)(params, batch, jax.random.split(key, sizes.batch))
        change, state = optimizer.update(gradient, state)
        return optax.apply_updates(params, change), state

    def step(carry: Any, key: Array, seen: Example, told: Any) -> tuple[Any, None]:
        (params, state), (cues, viewer) = carry, told
        several = jax.vmap(update, (0, 0, 0, 0, None, None))
        return several(params, state, cues, viewer, key, seen), None

    @jax.jit
    def chunk(carry: Any, keys: Array, seen: Example, told: Any) -> Any:
        return jax.lax.scan(partial(step, seen=seen, told=told), carry, keys)[0]

    carry = params, jax.vmap(optimizer.init)(params)
    seen, told = jax.device_put((seen, told))
    keys = jax.random.split(jax.random.key(seed), sizes.steps)
    for begin in range(0, sizes.steps, _CHUNK):
        carry = chunk(carry, keys[begin : begin + _CHUNK], seen, told)
    return carry[0]
