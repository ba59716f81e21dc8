"""Estimators against exact flow: a shake of 30 px, rolling shutter, things that hide others."""

from typing import Any

import numpy as np
import pytest

from dvs_jax.benchmarks.flow_accuracy import hard_walk
from dvs_jax.flow import create
from dvs_jax.flow.end_point_error import compare

from .weights import published_small


@pytest.fixture(scope="module")
def walk() -> dict[str, Any]:
    """The harder pair of the benchmark's walk."""
    whole = hard_walk()
    return {"frames": whole["frames"][1:]} | {key: whole[key][1:] for key in ("truths", "valid")}


def test_the_walk_is_hard(walk):
    seen = walk["valid"][0][0]
    assert np.linalg.norm(walk["truths"][0].forward, axis=-1)[seen].max() > 30
    assert seen.mean() < 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("name", "median"), [("dis", 0.3), ("farneback", 0.4), ("tvl1", 0.25)])
def test_half_the_pixels_are_found_without_weights(walk, name, median):
    """The project's bound for DIS is 1 px."""
    report = compare([create(name)], **walk)[name]
    assert report.median < median


@pytest.mark.slow
def test_half_the_pixels_are_found_by_raft(walk, published_models):
    raft = create("raft-small", weights=published_small(published_models))
    reports = compare([create("dis"), raft], **walk)
    assert reports["raft-small"].median < 0.5
    assert max(report.over_3_px for report in reports.values()) < 0.01
