"""Every fault that recordings have: refused in one line, left out, or no fault at all."""

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere, tracks
from dvs_jax.viewport.synthetic import faults, recordings
from dvs_jax.viewport.traces import plain, quest, wu

LAYOUTS = ("wu", "quest")

REFUSED = {
    "no clock": r"has no column PlaybackTime",
    "no number": r"line 50\d: nan is no possible reading",
    "quaternion too long": r"line 50\d: the quaternion's norm is 1\.02, not 1",
    "clock stopped": r"the video's clock is 0 s throughout",
    "restless tracker": r"50% of it is invalid \(jumps",
    "too short": r"6\.\d+ s of the video, where a prediction needs 8 s",
}


@pytest.fixture
def written(viewer, tmp_path):
    """A file of each layout, and what reads it."""
    files = {
        "wu": tmp_path / "Experiment_1/7/video_3.csv",
        "quest": tmp_path / "ann/sea/head.csv",
    }
    recordings.write_wu(files["wu"], viewer)
    recordings.write_quest(files["quest"].parent, viewer)
    # The other table would have to be spoiled likewise.
    (files["quest"].parent / "combined.csv").unlink()
    return lambda layout: (files[layout], wu.read if layout == "wu" else quest.read)


def true_directions(viewer, trace, layout):
    """The made-up viewer's at the trace's times."""
    number = np.rint(trace.time_s * 50.0).astype(int)
    return viewer.direction[number]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fault", REFUSED)
def test_it_is_refused_in_one_line(written, layout, fault):
    file, read = written(layout)
    faults.apply(file, fault)
    with pytest.raises(InputError, match=rf"{file.name}.*{REFUSED[fault]}") as told:
        read(file)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("fault", "invalid"),
    [("names in capitals", 0), ("clock stuck", 1), ("gap", 0), ("jump", 2), ("played again", 0)],
)
def test_what_is_left_is_true(viewer, written, layout, fault, invalid):
    file, read = written(layout)
    faults.apply(file, fault)
    trace = read(file)
    assert (~trace.valid).sum() == invalid
    assert (np.diff(trace.time_s) > 0.0).all()
    true = true_directions(viewer, trace, layout)
    off = np.degrees(sphere.distance(trace.direction, true))
    assert off[trace.valid].max() < 0.01


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fault", ["clock stuck", "gap"])
def test_two_lost_seconds_are_not_bridged(written, layout, fault):
    file, read = written(layout)
    faults.apply(file, fault)
    found = tracks.track(read(file))
    lost = np.flatnonzero(~found.valid)
    assert 8 <= len(lost) <= 11
    assert (np.diff(lost) == 1).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_held_values_are_no_fault(viewer, written, layout):
    file, read = written(layout)
    faults.apply(file, "held values")
    trace = read(file)
    assert trace.valid.all() and len(trace.time_s) == 1500
    true = true_directions(viewer, trace, layout)
    assert np.degrees(sphere.distance(trace.direction, true)).max() < 10.0


def test_rows_without_a_frame_are_dropped(written):
    file, read = written("quest")
    faults.apply(file, "no frame shown")
    assert len(read(file).time_s) == 1400


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_that_is_cut_short_is_told_or_read_up_to_there(written, layout):
    file, read = written(layout)
    faults.cut_short(file)
    try:
        trace = read(file)
    except InputError as error:
        assert file.name in str(error) and "\n" not in str(error)
    else:
        assert 1000 < len(trace.time_s) < 1500


def test_a_tables_worthless_columns_are_never_read(viewer, tmp_path):
    recordings.write_quest(tmp_path / "ann/sea", viewer)
    file = tmp_path / "ann/sea/combined.csv"
    names, *rows = file.read_text().splitlines()
    places = [names.split(",").index(name) for name in ("EyeHeadOffset", "AbsoluteGazePitch")]
    for number, row in enumerate(rows):
        cells = row.split(",")
        for place in places:
            cells[place] = "rubbish"
        rows[number] = ",".join(cells)
    file.write_text("\n".join([names, *rows]) + "\n")
    trace = quest.read(file)
    assert np.degrees(sphere.distance(trace.gaze, viewer.gaze)).max() < 0.01


@pytest.mark.parametrize("fault", ["clock stuck", "gap", "held values", "names in capitals"])
def test_plain_tables_keep_the_same_rules(viewer, tmp_path, fault):
    file = tmp_path / "bob/sea.csv"
    recordings.write_plain(file, viewer)
    faults.apply(file, fault)
    found = tracks.track(plain.read(file))
    assert ((~found.valid).sum() >= 8) == (fault in ("clock stuck", "gap"))
