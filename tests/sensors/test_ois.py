"""OIS logs: fractions of the image, whatever the layout."""

import numpy as np
import pytest

from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.sensors import ois, ois_at

TIME_NS = [1_000_000_000, 1_005_000_000, 1_010_000_000]
FRACTION = np.array([[0.01, -0.02], [0.03, 0.0], [0.0, 0.01]])
CAMERA = Camera(ois_window=(4000.0, 2000.0), clock_offset_s=0.001)


def pixels():
    return [f"{x * 4000} {y * 2000}" for x, y in FRACTION]


@pytest.mark.parametrize("header", ["", "frame 7 ", "x y t_ns", "y,x,t_ms"])
def test_layouts(tmp_path, header):
    file = tmp_path / "ois.txt"
    rows = [f"{xy} {t}" for xy, t in zip(pixels(), TIME_NS, strict=True)]
    if header == "frame 7 ":
        rows = [f"7 8 {row}" for row in rows]
    elif header == "x y t_ns":
        rows = [header, *rows]
    elif header:
        swapped = [row.split() for row in rows]
        rows = [header, *(f"{y},{x},{int(t) / 1e6}" for x, y, t in swapped)]
    file.write_text("\n".join(rows))
    log = ois.read(file, CAMERA)
    np.testing.assert_array_equal(log.time_ns, np.array(TIME_NS) + 1_000_000)
    np.testing.assert_allclose(log.offset, FRACTION, atol=1e-15)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("1 2\n3 4\n", "2 columns without a header; a log of this kind has its last three"),
        ("t_s,u,v\n1,2,3\n", "t_s, u, v; a log of this kind has"),
        ("1 2 30\n1 2 20\n", "line 2: time runs backwards"),
    ],
)
def test_bad_logs(tmp_path, content, complaint):
    file = tmp_path / "ois.txt"
    file.write_text(content)
    with pytest.raises(InputError, match=complaint):
        ois.read(file, CAMERA)


def test_the_shift_is_linear_between_samples_and_held_at_the_ends(tmp_path):
    log = ois.OisLog(np.array(TIME_NS) + 2**61, FRACTION)
    query = 2**61 + np.array([0, 1_002_500_000, 1_005_000_000, 2_000_000_000])
    expected = [[0.01, -0.02], [0.02, -0.01], [0.03, 0.0], [0.0, 0.01]]
    np.testing.assert_allclose(ois_at(log, query), expected, atol=1e-15)


def test_without_a_log_nothing_shifts():
    np.testing.assert_array_equal(ois_at(None, np.zeros((3, 12), np.int64)), np.zeros((3, 12, 2)))
