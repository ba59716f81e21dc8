"""Features matched as by brute force."""

import cv2
import numpy as np
import pytest

from dvs_jax.metrics import matching

pytestmark = pytest.mark.filterwarnings("error")


def test_matches_are_those_of_a_brute_force_matcher():
    random = np.random.default_rng(0)
    query = random.integers(0, 256, (1100, 128)).astype(np.float32)
    train = np.concatenate([query[::3] + random.integers(-8, 8, (367, 128)), query[:50, ::-1]])
    train = np.clip(train, 0, 255).astype(np.float32)
    nearest, distinct = matching.nearest_descriptors(query, train)
    pairs = cv2.BFMatcher().knnMatch(query, train, k=2)
    assert [first.trainIdx for first, _ in pairs] == nearest.tolist()
    assert [a.distance < 0.7 * b.distance for a, b in pairs] == distinct.tolist()
    assert 0 < distinct.sum() < len(query)
