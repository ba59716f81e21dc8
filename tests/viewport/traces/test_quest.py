"""The Quest recorder's files, with its faults, give the true movements back."""

import re

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere
from dvs_jax.viewport.synthetic import recordings
from dvs_jax.viewport.traces import quest


@pytest.fixture
def folder(viewer, tmp_path):
    recordings.write_quest(tmp_path / "ann" / "sea", viewer, roll_deg=10.0)
    return tmp_path / "ann" / "sea"


def change(file, column, function):
    """Rewrite a column of a table."""
    names = file.read_text().splitlines()[0].split(",")
    values = np.loadtxt(file, delimiter=",", skiprows=1)
    values[:, names.index(column)] = function(values[:, names.index(column)])
    np.savetxt(file, values, "%.12g", ",", header=",".join(names), comments="")


@pytest.mark.parametrize("with_head", [True, False], ids=["head.csv", "combined.csv alone"])
def test_head_and_gaze_are_the_true_ones(viewer, folder, with_head):
    if not with_head:
        (folder / "head.csv").unlink()
    trace = quest.read(folder / "combined.csv")
    assert (trace.viewer, trace.video) == ("ann", "sea")
    np.testing.assert_allclose(trace.time_s, viewer.time_s, atol=1e-9)
    for found, true in ((trace.direction, viewer.direction), (trace.gaze, viewer.gaze)):
        assert np.degrees(sphere.distance(found, true)).max() < 0.01
    offset = np.degrees(sphere.distance(viewer.direction, viewer.gaze))
    np.testing.assert_allclose(trace.eye_in_head_deg[:, 2], offset, atol=0.01)


def test_the_gaze_is_told_in_the_heads_own_axes(viewer, folder):
    trace = quest.read(folder / "head.csv")
    right, above = np.radians(trace.eye_in_head_deg[:, :2]).T
    in_head = np.stack(
        [np.sin(right) * np.cos(above), np.sin(above), np.cos(right) * np.cos(above)], axis=-1
    )
    roll = np.radians(10.0)
    level = np.cos(roll) * in_head[:, 1] + np.sin(roll) * in_head[:, 0]
    _, up = sphere.to_yaw_pitch(viewer.direction)
    flat = np.sin(up) * in_head[:, 2] + np.cos(up) * level
    np.testing.assert_allclose(flat, viewer.gaze[:, 2], atol=1e-6)


def test_lost_gaze_is_the_heads(viewer, folder):
    for column in ("GazeYaw", "GazePitch", "GazeRelativeH", "GazeRelativeV"):
        change(folder / "combined.csv", column, lambda x: np.where(np.arange(len(x)) < 300, 0.0, x))
    trace = quest.read(folder / "combined.csv")
    np.testing.assert_allclose(trace.gaze[:300], trace.direction[:300], atol=1e-12)
    np.testing.assert_array_equal(trace.eye_in_head_deg[:300], 0.0)
    assert not trace.fixating[:300].any()


def test_a_mended_recorder_is_found_out_and_read_when_told(viewer, folder):
    for file, column in (("head.csv", "EulerPitch"), ("combined.csv", "HeadPitch")):
        change(folder / file, column, np.negative)
    with pytest.raises(InputError, match=r"head\.csv: the head's pitch, .* give --pitch-up"):
        quest.read(folder / "head.csv")
    trace = quest.read(folder / "head.csv", pitch_up=True)
    assert np.degrees(sphere.distance(trace.direction, viewer.direction)).max() < 0.01
    (folder / "head.csv").unlink()
    with pytest.raises(InputError, match=r"combined\.csv: the head's pitch, .* give --pitch-up"):
        quest.read(folder / "combined.csv")
    trace = quest.read(folder / "combined.csv", pitch_up=True)
    assert np.degrees(sphere.distance(trace.direction, viewer.direction)).max() < 0.01


def test_the_wrong_wish_is_refused(folder):
    with pytest.raises(InputError, match=r"taken as positive upwards, .* leave --pitch-up away"):
        quest.read(folder / "head.csv", pitch_up=True)


def test_without_gaze_the_sign_is_told_to_be_unknown(folder, caplog):
    (folder / "head.csv").unlink()
    for column in ("GazeYaw", "GazePitch", "GazeRelativeH", "GazeRelativeV"):
        change(folder / "combined.csv", column, np.zeros_like)
    quest.read(folder / "combined.csv")
    assert re.search(r"combined\.csv: without gaze nothing tells the sign", caplog.text)


def test_rows_without_a_frame_are_dropped(viewer, folder):
    change(folder / "head.csv", "VideoFrame", lambda x: np.where(np.arange(len(x)) < 50, -1, x))
    assert quest.read(folder / "head.csv").time_s[0] == pytest.approx(1.0)


def test_a_lost_face_is_nought_and_its_sides_are_averaged(folder):
    values = {"FaceActivity": 0.5, "BrowDownL": 0.2, "BrowDownR": 0.4, "EyeClosedL": 1.0}
    for column, value in values.items():
        change(folder / "combined.csv", column, lambda x, value=value: np.full_like(x, value))
    change(folder / "combined.csv", "FaceIsValid", lambda x: np.arange(len(x)) >= 10)
    face = quest.read(folder / "combined.csv").face
    np.testing.assert_array_equal(face[:10], 0.0)
    np.testing.assert_allclose(face[10], [0.5, 0.3, 0.0, 0.5, 0.0])


def test_files_of_another_length_are_refused(folder):
    file = folder / "combined.csv"
    file.write_text("\n".join(file.read_text().splitlines()[:-3]) + "\n")
    with pytest.raises(InputError, match=r"combined\.csv: 1497 rows where head\.csv has 1500"):
        quest.read(folder / "head.csv")


def test_older_files_are_told_by_their_names(viewer, folder):
    for kind in ("head", "combined"):
        (folder / f"{kind}.csv").rename(folder / f"{kind}_S01_V2_20250102_101112.csv")
    trace = quest.read(folder / "head_S01_V2_20250102_101112.csv")
    assert (trace.viewer, trace.video) == ("S01", "V2")
    assert trace.gaze is not None


def test_another_name_is_refused(folder):
    with pytest.raises(InputError, match=r"mouth\.csv: not named head, combined, eye or face"):
        quest.read(folder / "mouth.csv")
