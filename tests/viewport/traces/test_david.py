"""The data of David and others."""

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere
from dvs_jax.viewport.traces import david

HEADER = "# Idx, longitude, latitude, start timestamp"


def write(file, longitude, latitude, unit=1000.0):
    rows = [HEADER]
    for _ in range(2):
        for index, each in enumerate(zip(longitude, latitude, strict=True)):
            rows.append(f"{index}, {each[0]}, {each[1]}, {index * 0.2 * unit}")
    file.write_text("\n".join(rows) + "\n")


def test_each_viewer_is_read(tmp_path):
    longitude, latitude = np.linspace(0.9, 1.0, 100), np.linspace(0.4, 0.6, 100)
    write(tmp_path / "3_Diner_fixations.csv", longitude, latitude)
    traces = david.read(tmp_path / "3_Diner_fixations.csv")
    assert [(each.viewer, each.video) for each in traces] == [("0", "3_Diner"), ("1", "3_Diner")]
    for trace in traces:
        np.testing.assert_allclose(trace.time_s, np.arange(100) / 5)
        theta, phi = sphere.to_angles(trace.direction[:-1])
        np.testing.assert_allclose(theta, 2 * np.pi * longitude[:-1], atol=1e-9)
        np.testing.assert_allclose(phi, np.pi * latitude[:-1], atol=1e-9)
        assert trace.valid.all()


def test_seconds_in_place_of_milliseconds_are_too_short(tmp_path):
    still = np.full(100, 0.5)
    write(tmp_path / "a_fixations.csv", still, still, unit=1.0)
    with pytest.raises(InputError, match=r"a_fixations\.csv: 0\.02 s of the video, .* needs 8 s"):
        david.read(tmp_path / "a_fixations.csv")


def test_degrees_in_place_of_shares_are_refused(tmp_path):
    write(tmp_path / "a_fixations.csv", np.full(100, 20.0), np.full(100, 0.5))
    with pytest.raises(InputError, match=r"line 2: \(20, 0\.5\) lies outside of the picture"):
        david.read(tmp_path / "a_fixations.csv")
