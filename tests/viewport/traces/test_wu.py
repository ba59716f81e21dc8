"""The data of Wu and others."""

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere
from dvs_jax.viewport.synthetic import recordings
from dvs_jax.viewport.traces import wu


def test_movements_come_back_without_the_rubbish_before_them(viewer, tmp_path):
    file = tmp_path / "Experiment_1" / "7" / "video_3.csv"
    recordings.write_wu(file, viewer)
    (trace,) = wu.read_all(tmp_path)
    assert (trace.viewer, trace.video) == ("7", "Experiment_1/3")
    np.testing.assert_allclose(trace.time_s, viewer.time_s, atol=1e-9)
    assert np.degrees(sphere.distance(trace.direction, viewer.direction)).max() < 0.01
    turned = wu.read(file, forward=0.5)
    expected = sphere.turned(trace.direction, -np.pi / 2)
    np.testing.assert_allclose(turned.direction, expected, atol=1e-9)


def test_dates_for_timestamps_do_no_harm(viewer, tmp_path):
    file = tmp_path / "Experiment_1" / "7" / "video_3.csv"
    recordings.write_wu(file, viewer)
    names, *rows = file.read_text().splitlines()
    dated = [f"2017-01-02 03:04:05.678,{row.split(',', 1)[1]}" for row in rows]
    file.write_text("\n".join([names, *dated]) + "\n")
    assert len(wu.read(file).time_s) == 1500


def test_a_missing_folder_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match="unpack Formated_Data there"):
        wu.read_all(tmp_path)


def test_another_name_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"head\.csv: not named video_0\.csv"):
        wu.read(tmp_path / "head.csv")
