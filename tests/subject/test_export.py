import csv
import json

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.subject import export
from dvs_jax.subject.anchor_path import AnchorPath
from dvs_jax.subject.pose import NAMES
from tests.subject import noisy

COUNT = 6


def found():
    places = noisy.moving(np.stack([100.0 + np.arange(COUNT), np.full(COUNT, 90.0)], -1))
    walker = noisy.poses(places, noise_px=0.3).at(np.array([1, 2, 4]))
    other = noisy.poses(places + 50.0).at(slice(0, 2))
    place = np.stack([np.arange(COUNT) + 0.25, np.full(COUNT, 7.0)], -1)
    place[5] = np.nan
    raw = np.full((COUNT, 2), np.nan)
    raw[[1, 2, 4]] = place[[1, 2, 4]] + 0.125
    status = ["held", "measured", "measured", "interpolated", "measured", "absent"]
    return export.PoseData(
        video=export.Video("walk.mp4", 320, 180, 30000 / 1001, COUNT, 0, 0.2002),
        settings={"anchor": "hips", "cutoff_hz": None, "target": "0.5,0.5"},
        time_s=np.arange(COUNT) * 1001 / 30000,
        people=[
            export.Keypoints(1, np.array([0, 1]), other, np.array([False, False])),
            export.Keypoints(2, np.array([1, 2, 4]), walker, np.array([False, True, False])),
        ],
        followed=2,
        anchor=AnchorPath(place, np.array([0, 1, 0.5, 0, 1.5, 0]), status),
        raw=raw,
        shift=np.stack([-np.arange(COUNT), np.ones(COUNT)], -1) * 1.5,
        scale=np.linspace(1.0, 1.1, COUNT),
        roll_deg=np.linspace(-2.0, 2.0, COUNT),
    )


@pytest.fixture
def files(tmp_path):
    return export.write(found(), tmp_path / "out", "walk")


def test_what_is_loaded_is_what_was_written(files):
    data, loaded = found(), export.load_poses(files[0])
    assert loaded.video == data.video and loaded.settings == data.settings
    assert loaded.followed == 2 and [each.person for each in loaded.people] == [1, 2]
    for wanted, told in zip(data.people, loaded.people, strict=True):
        assert np.array_equal(told.frame, wanted.frame)
        assert np.array_equal(told.swapped, wanted.swapped)
        for field in ("point", "visibility", "presence", "world", "score"):
            within = 6e-4 if field == "point" else 6e-6
            assert np.abs(getattr(told.pose, field) - getattr(wanted.pose, field)).max() < within
    assert loaded.anchor.status == data.anchor.status
    for told, wanted in (
        (loaded.time_s, data.time_s),
        (loaded.anchor.place, data.anchor.place),
        (loaded.anchor.weight, data.anchor.weight),
        (loaded.raw, data.raw),
        (loaded.shift, data.shift),
        (loaded.scale, data.scale),
        (loaded.roll_deg, data.roll_deg),
    ):
        assert np.allclose(told, wanted, atol=6e-6, equal_nan=True)


def test_missing_is_null_and_pixels_are_norms_times_the_size(files):
    told = json.loads(files[0].read_text())
    assert set(told) == {
        *("video_info", "settings", "person", "landmark_names", "hip_centers"),
        *("all_keypoints", "anchors", "transforms"),
    }
    assert told["landmark_names"] == list(NAMES)
    assert [row["x"] is None for row in told["hip_centers"]] == [1, 0, 0, 1, 0, 1]
    mine = {row["frame"]: row for row in told["all_keypoints"] if row["person"] == 2}
    assert mine[3]["keypoints"] is None and mine[3]["status"] == "interpolated"
    assert [mine[frame]["status"] for frame in range(COUNT)] == found().anchor.status
    point = mine[2]["keypoints"][23]
    assert point["x_norm"] * 320 == pytest.approx(point["x"], abs=2e-3)
    assert told["anchors"][5]["smooth_x"] is None and told["anchors"][3]["raw_x"] is None


def test_the_table_has_a_row_a_frame_and_nothing_where_missing(files):
    with files[1].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == COUNT and rows[0]["left_hip_x_px"] == ""
    assert float(rows[2]["left_hip_x_px"]) == pytest.approx(
        found().people[1].pose.point[1, 23, 0], abs=6e-4
    )
    assert rows[3]["anchor_x_px"] == "" and float(rows[3]["anchor_smooth_x_px"]) == 3.25
    assert rows[5]["status"] == "absent" and rows[5]["anchor_smooth_x_px"] == ""


def test_pandas_reads_both(files):
    pandas = pytest.importorskip("pandas")
    table = pandas.read_csv(files[1])
    assert table["anchor_x_px"].isna().tolist() == [True, False, False, True, False, True]
    anchors = pandas.DataFrame(json.loads(files[0].read_text())["anchors"])
    assert anchors["raw_x"].isna().tolist() == [True, False, False, True, False, True]


def test_neither_file_is_left_if_writing_fails(tmp_path, monkeypatch):
    export.write(found(), tmp_path, "walk")
    before = (tmp_path / "walk_pose.json").read_bytes()
    monkeypatch.setattr(export, "_points", lambda pose: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export.write(found(), tmp_path, "walk")
    assert (tmp_path / "walk_pose.json").read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["walk_pose.csv", "walk_pose.json"]


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.pop("anchors"),
        lambda told: told["anchors"].pop(),
        lambda told: told.update(person=7),
        lambda told: told["all_keypoints"][0]["keypoints"].pop(),
        lambda told: told["all_keypoints"][0].update(frame="first"),
        lambda told: told["video_info"].update(lens="wide"),
    ],
)
def test_a_foreign_or_damaged_file_is_told_in_one_line(files, change):
    told = json.loads(files[0].read_text())
    change(told)
    files[0].write_text(json.dumps(told))
    with pytest.raises(InputError, match=r"walk_pose\.json"):
        export.load_poses(files[0])


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff\xfe", b'{"video_info": 3}', b"[" * 9999]
)
def test_what_is_no_poses_is_told_in_one_line(tmp_path, content):
    file = tmp_path / "other.json"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.json: no poses in JSON"):
        export.load_poses(file)
