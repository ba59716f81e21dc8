"""Verdicts on recordings."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.viewport import checked_files, checking, saliency_points, sphere
from dvs_jax.viewport.synthetic import audience, files, recordings
from dvs_jax.viewport.traces import reading
from dvs_jax.viewport.traces.reading import Options


@pytest.fixture(scope="module")
def drawn():
    return audience.draw(21, 1, 1)


@pytest.fixture
def trace(drawn):
    return drawn.traces[0]


def edited(file, column, change):
    """Change a column of a table."""
    head, *rows = file.read_text().splitlines()
    place = head.split(",").index(column)
    table = np.array([row.split(",") for row in rows])
    table[:, place] = change(table[:, place].astype(float)).astype(str)
    file.write_text("\n".join([head, *map(",".join, table)]) + "\n")


def verdict(file, *arguments):
    (found,) = checking.check(file, *arguments)
    return found


def test_a_good_recording_is_told_of(tmp_path, trace):
    file = tmp_path / "ann" / "sea.csv"
    file.parent.mkdir()
    recordings.write_plain(file, trace)
    found = verdict(file)
    assert (found.verdict, found.findings, found.layout) == ("good", [], "plain")
    assert (found.viewer, found.video) == ("ann", "sea")
    assert found.measures["rate_hz"] == pytest.approx(50.0)
    assert found.measures["length_s"] == pytest.approx(29.98)
    assert found.measures["gaps"] == 0 and 5.0 < found.measures["mean_speed_deg_s"] < 60.0


def test_gaps_and_jumps_are_named_with_what_they_cost(tmp_path, trace):
    keep = np.ones(len(trace.time_s), bool)
    keep[500:540] = False
    direction = trace.direction.copy()
    direction[200] = -direction[200]
    rows = replace(
        trace, time_s=trace.time_s[keep], direction=direction[keep], valid=trace.valid[keep]
    )
    recordings.write_plain(tmp_path / "a.csv", rows)
    found = verdict(tmp_path / "a.csv")
    assert found.verdict == "usable"
    assert any(each.startswith("1 gaps, the longest of 0.82 s") for each in found.findings)
    assert any("turn faster than 1000°/s" in each for each in found.findings)


def test_a_player_that_did_not_run_is_refused_unless_its_clock_is_taken(tmp_path, trace):
    recordings.write_quest(tmp_path, trace)
    for name in ("head.csv", "combined.csv"):
        edited(tmp_path / name, "PlaybackTime", lambda column: 0.0 * column)
    found = verdict(tmp_path / "head.csv")
    assert found.verdict == "refuse"
    assert "the player did not run and nothing can be aligned" in found.findings[0]
    assert "--playback-from-timestamp" in found.findings[0]
    found = verdict(tmp_path / "head.csv", Options(own_clock=True))
    assert found.verdict == "usable"
    assert "its own clock is taken for the video's" in found.findings[0]
    np.testing.assert_allclose(found.trace.time_s, trace.time_s, atol=1e-3)


def test_a_clock_that_counts_no_seconds_is_not_taken(tmp_path, trace):
    recordings.write_quest(tmp_path, trace)
    edited(tmp_path / "head.csv", "Timestamp", lambda column: 1000.0 * (column - column[0]))
    found = verdict(tmp_path / "head.csv", Options(own_clock=True))
    assert "its Timestamp moves by 20 from row to row, which are no seconds" in found.findings[0]
    recordings.write_plain(tmp_path / "plain.csv", trace)
    with pytest.raises(InputError, match="is for recordings with the clocks of a Quest recorder"):
        reading.read(tmp_path / "plain.csv", Options(own_clock=True))


def test_a_wrong_pitch_is_found(tmp_path, trace):
    recordings.write_quest(tmp_path, trace)
    found = verdict(tmp_path / "head.csv", Options(pitch_up=True))
    assert found.verdict == "refuse" and "leave --pitch-up away" in found.findings[0]


def test_a_lost_face_is_told_from_when_to_when(tmp_path, trace):
    recordings.write_quest(tmp_path, trace)
    weight = np.where((trace.time_s > 5.0) & (trace.time_s < 8.0), 0.0, 0.25)
    rows = np.column_stack([1.7e9 + trace.time_s, trace.time_s, weight > 0, weight])
    np.savetxt(
        tmp_path / "face.csv",
        rows,
        *("%.9g", ","),
        header="Timestamp,PlaybackTime,FaceIsValid,Jaw_Drop",
        comments="",
    )
    found = verdict(tmp_path / "head.csv")
    assert any("the face is lost from 5.0 to 8.0 s" in each for each in found.findings)
    assert any("never change: combined.csv: FaceActivity" in each for each in found.findings)


def test_an_azimuth_that_is_off_is_told(tmp_path, drawn, trace):
    (maps,) = drawn.maps.values()
    points = saliency_points.of_maps(maps, 64)
    turned = replace(trace, direction=sphere.turned(trace.direction, np.radians(120.0)))
    recordings.write_plain(tmp_path / "a.csv", turned)
    found = verdict(tmp_path / "a.csv", None, points)
    assert any("yaw 0 may lie elsewhere in the picture" in each for each in found.findings)


def test_a_folder_is_checked_and_written_down(tmp_path, drawn, trace):
    recordings.write_wu(tmp_path / "Experiment_1/7/video_3.csv", trace)
    (tmp_path / "video.mp4").write_bytes(bytes(1000))
    files.write_broken(tmp_path / "broken", tmp_path / "video.mp4", trace)
    found = checked_files.check([tmp_path], tmp_path / "out")
    states = {each.file.stem: each.verdict for each in found}
    assert states.pop("video_3") == "good"
    assert states == dict.fromkeys([*files.FAULTS, "no_columns"], "refuse")
    for each in found:
        assert all("\n" not in finding for finding in each.findings)
        assert str(each.file) in checked_files.line(each)
    written = json.loads((tmp_path / "out" / "check.json").read_text())
    assert len(written) == len(found)
    assert len(list((tmp_path / "out").glob("*_coverage.png"))) == 1
