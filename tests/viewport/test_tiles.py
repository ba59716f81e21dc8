"""Tiles in view against recorded numbers."""

import numpy as np

from dvs_jax.viewport import sphere, tiles


def test_tiles_are_those_recorded(golden):
    recorded = np.load(golden / "viewport/geometry.npz")
    centres = tiles.centres().reshape(-1, 3)
    np.testing.assert_allclose(centres, recorded["tile_centres"], atol=1e-12)
    clear = recorded["tile_margin_deg"] > 1e-3
    found = {}
    for side in "ab":
        seen = tiles.in_view(sphere.normalize(recorded[f"pair_{side}"]))
        bits = np.packbits(seen.reshape(len(seen), -1), axis=-1)
        np.testing.assert_array_equal(bits[clear], recorded[f"tiles_{side}"][clear])
        found[side] = seen
    count = found["a"].sum(axis=(1, 2))
    np.testing.assert_array_equal(count[clear], recorded["tiles_count_a"][clear])
    overlap = tiles.overlap(found["a"], found["b"])
    np.testing.assert_allclose(overlap[clear], recorded["tile_iou"][clear], atol=1e-12)


def test_about_a_seventh_is_in_view_at_the_equator_and_more_at_a_pole():
    azimuth = np.linspace(0, 2 * np.pi, 50)
    equator = tiles.in_view(sphere.from_angles(azimuth, np.full(50, np.pi / 2)))
    counts = equator.sum(axis=(1, 2))
    assert counts.min() >= 16 and counts.max() <= 21
    near_pole = sphere.from_angles(*np.meshgrid(azimuth, np.linspace(0.1, 0.4, 20)))
    assert tiles.in_view(near_pole).sum(axis=(-2, -1)).max() == 40
