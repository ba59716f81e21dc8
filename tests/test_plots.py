"""The picture of a run: that it shows the rotation it is given, and appears whole or not at all."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from dvs_jax import plots, quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError

FRAMES = 90
TIME_NS = 7_000_000_000 + np.arange(FRAMES, dtype=np.int64) * 33_333_333


def _path(angle_deg: np.ndarray) -> CameraPath:
    return CameraPath(TIME_NS, quaternion.from_rotation_vector(np.radians(angle_deg)))


def _turning_about_y(angle_deg: np.ndarray) -> CameraPath:
    return _path(np.stack([0 * angle_deg, angle_deg, 0 * angle_deg], axis=-1))


@pytest.fixture
def shaky() -> CameraPath:
    return _path(3.0 * np.sin(np.arange(FRAMES)[:, None] * np.array([[0.7, 0.9, 1.1]])))


@pytest.fixture
def steady() -> CameraPath:
    return _path(np.zeros((FRAMES, 3)))


def test_angles_do_not_wrap_over_two_turns():
    real = _turning_about_y(np.linspace(0.0, 720.0, FRAMES))
    virtual = _turning_about_y(np.linspace(0.0, 720.0, FRAMES) + 2.0)
    flipped = np.where(np.arange(FRAMES)[:, None] % 2 == 0, -1.0, 1.0) * virtual.quaternion
    before, after = plots.angles(real.quaternion, flipped)
    np.testing.assert_allclose(before[:, 1], np.linspace(0.0, 720.0, FRAMES), atol=1e-9)
    np.testing.assert_allclose(after[:, 1], before[:, 1] + 2.0, atol=1e-9)
    np.testing.assert_allclose(after[:, [0, 2]], 0.0, atol=1e-9)


def test_the_gap_between_the_curves_is_the_correction(shaky, steady):
    before, after = plots.angles(shaky.quaternion, steady.quaternion)
    undone = quaternion.conjugate(shaky.quaternion)
    expected = np.degrees(quaternion.to_rotation_vector(undone))
    np.testing.assert_allclose(after - before, expected, atol=1e-9)


def test_picture_holds_both_colours_and_a_panel_for_each_signal(tmp_path: Path, shaky, steady):
    ois = (TIME_NS, 0.01 * np.sin(np.arange(FRAMES))[:, None] * np.ones((1, 2)))
    plots.plot_path(tmp_path / "with.jpg", shaky, steady, ois, "walk")
    plots.plot_path(tmp_path / "without.png", shaky, steady, None, "walk")
    with_ois = cv2.imread(str(tmp_path / "with.jpg"))
    without = cv2.imread(str(tmp_path / "without.png"))
    assert with_ois.shape == (900, 1100, 3)
    assert without.shape == (540, 1100, 3)
    for color in ((208, 95, 31), (44, 160, 44)):
        exact = (without == np.array(color).reshape(1, 1, 3)).all(axis=-1)
        assert exact.sum() > 500
    assert sorted(file.name for file in tmp_path.iterdir()) == ["with.jpg", "without.png"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("frames", [1, 2])
def test_few_frames_are_drawn_without_a_warning(tmp_path: Path, shaky, frames):
    short = CameraPath(shaky.time_ns[:frames], shaky.quaternion[:frames])
    plots.plot_path(tmp_path / "short.jpg", short, short, None, "short")
    assert (tmp_path / "short.jpg").stat().st_size > 1000


def test_a_title_is_not_read_as_mathematics(tmp_path: Path, shaky):
    plots.plot_path(tmp_path / "title.jpg", shaky, shaky, None, r"cost $\frac$ and $")
    assert (tmp_path / "title.jpg").exists()


@pytest.mark.filterwarnings("error")
def test_letters_the_font_lacks_and_bytes_that_are_none_are_drawn_in_silence(tmp_path, shaky):
    for title in ("散歩", os.fsdecode(b"walk \xff")):
        plots.plot_path(tmp_path / "title.jpg", shaky, shaky, None, title)
        assert cv2.imread(str(tmp_path / "title.jpg")).shape == (540, 1100, 3)


@pytest.mark.parametrize("name", ["missing/picture.jpg", "file/picture.jpg", "picture.xyz"])
def test_an_unwritable_picture_is_named_and_leaves_nothing(tmp_path: Path, shaky, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=Path(name).name) as refusal:
        plots.plot_path(tmp_path / name, shaky, shaky, None, "walk")
    assert str(refusal.value).count(Path(name).name) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_failed_picture_keeps_the_old_one(tmp_path: Path, shaky, monkeypatch):
    file = tmp_path / "picture.jpg"
    file.write_bytes(b"old")

    def full_disk(_: object, part: Path, **__: object) -> None:
        assert tmp_path in part.parents
        part.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full_disk)
    with pytest.raises(InputError, match="No space left"):
        plots.plot_path(file, shaky, shaky, None, "walk")
    assert file.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["picture.jpg"]


def test_paths_must_share_their_times(tmp_path: Path, shaky):
    longer = CameraPath(np.append(TIME_NS, TIME_NS[-1] + 1), shaky.quaternion[[*range(FRAMES), 0]])
    with pytest.raises(InputError, match=r"90 poses.*91 poses"):
        plots.plot_path(tmp_path / "picture.jpg", shaky, longer, None, "walk")
    empty = CameraPath(TIME_NS[:0], shaky.quaternion[:0])
    with pytest.raises(InputError, match="nothing to draw"):
        plots.plot_path(tmp_path / "picture.jpg", empty, empty, None, "walk")
