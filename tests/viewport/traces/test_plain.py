"""Plain tables, and the rules for all recordings, each of which ends in one clear line."""

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere
from dvs_jax.viewport.synthetic import recordings
from dvs_jax.viewport.traces import plain, reading

TIME = np.arange(0.0, 10.0, 0.02)


def write(file, time=TIME, yaw=None, pitch=None):
    yaw = np.zeros(len(time)) if yaw is None else yaw
    pitch = np.zeros(len(time)) if pitch is None else pitch
    np.savetxt(
        file, np.column_stack([time, yaw, pitch]), "%.9g", ",", header="T_s,Yaw_deg,Pitch_deg",
        comments="",
    )  # fmt: skip
    return file


def test_movements_come_back(viewer, tmp_path):
    file = tmp_path / "bob" / "sea.csv"
    recordings.write_plain(file, viewer)
    trace = plain.read(file)
    assert (trace.viewer, trace.video) == ("bob", "sea")
    assert np.degrees(sphere.distance(trace.direction, viewer.direction)).max() < 0.01


def test_a_plain_table_may_have_a_quest_recorders_name(tmp_path):
    (trace,) = reading.read(write(tmp_path / "head.csv"))
    assert trace.video == "head"
    assert reading.find(tmp_path) == [tmp_path / "head.csv"]


def test_quaternions_are_read(tmp_path):
    rows = [f"{time},0,0.7071,0,0.7071" for time in TIME]
    (tmp_path / "a.csv").write_text("t_s,qx,qy,qz,qw\n" + "\n".join(rows) + "\n")
    trace = plain.read(tmp_path / "a.csv")
    np.testing.assert_allclose(trace.direction[0], [0.0, -1.0, 0.0], atol=1e-9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t_s,yaw,pitch\n0,0,0\n", r"its columns are t_s, yaw, pitch; a table of head"),
        ("time,yaw_deg,pitch_deg\n0,0,0\n", r"has no column t_s, but time, yaw_deg, pitch_deg"),
        ("t_s,yaw_deg,pitch_deg\n0,0,0\n0.1,nan,0\n", r"line 3: nan is no possible reading"),
        ("t_s,yaw_deg,pitch_deg\n0,0,0\n0.1,left,0\n", r"line 3: 'left' is not a number"),
        ("t_s,yaw_deg,pitch_deg\n0,0,0\n0.1,0,91\n", r"line 3: a pitch of 91° is beyond ±90°"),
        ("t_s,qx,qy,qz,qw\n0,0,0,0,1\n1,0,0,0,1.1\n", r"line 3: the quaternion's norm is 1\.1"),
        ("t_s,yaw_deg,pitch_deg\n", r"has a header and no rows"),
        ("0,0,0\n0.1,0,0\n", r"its first line does not name its columns"),
        ("t_s,yaw_deg,pitch_deg\n0,0,0\n0,0,0\n", r"the video's clock is 0 s throughout"),
        ("t_s,yaw_deg,pitch_deg\n0,0,0\n2,0,0\n", r"2\.00 s of the video, .* needs 8 s"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=rf"a\.csv.*{message}") as told:
        plain.read(tmp_path / "a.csv")
    assert "\n" not in str(told.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv"):
        plain.read(tmp_path / "a.csv")


def test_of_what_was_played_again_the_last_counts(tmp_path, caplog):
    time = np.concatenate([TIME[:200], TIME])
    yaw = np.concatenate([np.full(200, 50.0), np.zeros(len(TIME))])
    trace = plain.read(write(tmp_path / "a.csv", time, yaw))
    np.testing.assert_allclose(trace.time_s, TIME)
    np.testing.assert_allclose(trace.direction[:, 0], -1.0)
    assert "clock runs back (first from 3.98 s to 0.00 s)" in caplog.text


def test_a_clock_that_stands_still_for_long_is_not_bridged(tmp_path):
    time = np.insert(TIME, 250, np.full(75, TIME[250]))
    trace = plain.read(write(tmp_path / "a.csv", time))
    np.testing.assert_allclose(trace.time_s, TIME)
    np.testing.assert_array_equal(np.flatnonzero(~trace.valid), [250])


def test_a_clock_of_the_videos_frames_is_no_fault(tmp_path):
    trace = plain.read(write(tmp_path / "a.csv", np.floor(TIME * 10) / 10))
    np.testing.assert_allclose(np.diff(trace.time_s), 0.1)
    assert trace.valid.all()


def test_jumps_are_invalid(tmp_path):
    yaw = np.where(np.arange(len(TIME)) == 100, 60.0, 0.0)
    trace = plain.read(write(tmp_path / "a.csv", yaw=yaw))
    np.testing.assert_array_equal(np.flatnonzero(~trace.valid), [100, 101])


def test_where_a_fifth_is_invalid_it_is_refused(tmp_path):
    yaw = np.where(np.arange(len(TIME)) % 4 == 0, 60.0, 0.0)
    with pytest.raises(InputError, match=r"50% of it is invalid \(jumps: 249 rows\)"):
        plain.read(write(tmp_path / "a.csv", yaw=yaw))
    time = np.insert(TIME, 250, np.full(250, TIME[250]))
    with pytest.raises(InputError, match=r"33% of it is invalid \(stuck clock: 251 rows\)"):
        plain.read(write(tmp_path / "a.csv", time))
