"""Eyes, gaze, face and viewer: what each switch costs, and that it reads what it is to read."""

import dataclasses
import json
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax.viewport import sphere
from dvs_jax.viewport.cues import Cues
from dvs_jax.viewport.starvp import architecture
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.network import Network

from .recorded import unit
from .test_network import OURS, size

ALL = {"eye": True, "gaze_query": True, "face": True, "viewers": ("ann", "bob")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("switch", "more"),
    [
        ({"eye": True}, 8_192),
        ({"gaze_query": True}, 768),
        ({"face": True}, 2_144),
        ({"viewers": ("ann", "bob")}, 33_792 + 32 * 3),
    ],
)
def test_a_switch_costs_its_parameters(switch, more):
    model = nnx.eval_shape(lambda: Network(Architecture(**switch), nnx.Rngs(0)))
    assert size(model) == 8_992_720 + more


def test_names_of_viewers_come_back_from_json():
    of = dataclasses.replace(OURS, **ALL)
    told = json.loads(json.dumps(architecture.to_dict(of)))
    assert architecture.from_dict(told, Path("file")) == of


@pytest.fixture(scope="module")
def model():
    made = nnx.jit(lambda: Network(dataclasses.replace(OURS, **ALL), nnx.Rngs(3)))()
    kernel = made.motion.output.kernel
    kernel.set_value(0.1 * jax.random.normal(jax.random.key(0), kernel.shape))
    graph, state = nnx.split(made)
    return jax.jit(lambda *window: nnx.merge(graph, state)(*window))


@pytest.fixture(scope="module")
def window():
    rng = np.random.default_rng(0)
    past, gaze = (
        unit(np.cumsum(0.1 * rng.standard_normal((15, 3)), axis=0) + 1.0).astype(np.float32)
        for _ in range(2)
    )
    points = np.concatenate([unit(rng.standard_normal((40, 8, 3))), rng.random((40, 8, 1))], -1)
    seen = Cues(gaze, *rng.random((2, 15, 5)).astype(np.float32))
    return past, points.astype(np.float32), np.ones(40, bool), seen, np.int32(1)


@pytest.mark.slow
def test_each_cue_changes_what_it_is_to_change(model, window):
    before = model(*window)
    past, points, known, seen, viewer = window

    def change(cues=seen, viewer=viewer):
        after = model(past, points, known, cues, viewer)
        fields = "motion", "content", "gate"
        return {
            field: bool(np.abs(getattr(after, field) - getattr(before, field)).max() > 1e-6)
            for field in fields
        }

    assert change(seen._replace(face=1.0 - seen.face)) == {
        "motion": False, "content": False, "gate": True,
    }  # fmt: skip
    everything = {"motion": True, "content": True, "gate": True}
    assert change(seen._replace(gaze=-seen.gaze)) == everything
    assert change(seen._replace(eyes=-seen.eyes)) == everything
    assert change(viewer=np.int32(2)) == everything
    assert change(viewer=np.int32(0)) == everything


@pytest.mark.slow
def test_it_turns_with_the_gaze(model, window):
    past, points, known, seen, viewer = window
    turned = np.concatenate([sphere.turned(points[..., :3], 2.0), points[..., 3:]], axis=-1)
    after = model(
        sphere.turned(past, 2.0).astype(np.float32),
        turned.astype(np.float32),
        known,
        seen._replace(gaze=sphere.turned(seen.gaze, 2.0).astype(np.float32)),
        viewer,
    )
    expected = sphere.turned(np.asarray(model(*window).direction), 2.0)
    np.testing.assert_allclose(after.direction, expected, atol=1e-5)
