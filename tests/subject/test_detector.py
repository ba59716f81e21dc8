"""Anchors, boxes and which of them are one person."""

import jax.numpy as jnp
import numpy as np

from dvs_jax.subject import detector
from dvs_jax.subject.detector import Candidates
from dvs_jax.subject.region import around_person, around_picture


def test_anchors():
    centers = detector.anchors(224)
    assert centers.shape == (2254, 2)
    assert np.allclose(centers[:3], [[0.5 / 28] * 2, [0.5 / 28] * 2, [1.5 / 28, 0.5 / 28]])
    assert np.allclose(centers[2 * 28**2], 0.5 / 14)
    assert np.allclose(centers[-1], 6.5 / 7)


def test_the_recorded_outputs_tell_the_recorded_region(numbers, recorded_poses):
    raw = np.zeros((2254, 12), np.float32)
    raw[numbers["detector_top"]] = numbers["detector_boxes_top"]
    square = around_picture(960, 540)
    found = detector.decoded(jnp.asarray(raw), jnp.asarray(numbers["detector_scores"]), 224, square)
    (person,) = detector.people(found)
    expected = recorded_poses["detection"][recorded_poses["frame"] == 100][0]
    assert np.abs(person.score - expected[0]) < 1e-5
    assert np.abs(person.points.ravel() - expected[1:]).max() < 1e-2
    region = around_person(person.points[0], person.points[1])
    x, y, side, _, angle = numbers["roi"]
    assert np.abs(np.asarray(region.center) - (x, y)).max() < 1e-2
    assert np.abs(region.side - side) < 1e-2
    assert np.abs(region.angle - angle) < 1e-4


def test_boxes_that_overlap_are_averaged_by_score():
    box = np.array([[10, 10, 10, 10], [12, 10, 10, 10], [40, 10, 10, 10], [10, 12, 10, 10]])
    points = np.repeat(box[:, None, :2], 4, axis=1)
    score = np.array([0.9, 0.6, 0.7, 0.4])
    found = Candidates(*(jnp.asarray(each, jnp.float32) for each in (score, box, points)))
    one, other = detector.people(found)
    assert np.allclose(one.box, [(0.9 * 10 + 0.6 * 12) / 1.5, 10, 10, 10])
    assert np.allclose(one.points, one.box[:2])
    assert one.score == np.float32(0.9)
    assert np.allclose(other.box, box[2])
    assert len(detector.people(found, 0.3)) == 2
    assert detector.people(found, 0.95) == []


def test_overlaps():
    boxes = np.array([[0, 0, 2, 2], [1, 0, 2, 2], [2, 2, 1, 1], [0, 0, 0, 0]], np.float32)
    assert np.allclose(detector.overlaps(boxes[0], boxes), [1, 1 / 3, 0, 0])
    assert np.allclose(detector.overlaps(boxes[3], boxes), 0)
