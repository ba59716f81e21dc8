"""Which files beside a video are its logs."""

import pytest

from dvs_jax.errors import InputError
from dvs_jax.sensors.folder import find_logs


@pytest.fixture
def found(tmp_path):
    def names(video, *files):
        for file in (*files, video):
            (tmp_path / file).touch()
        logs = find_logs(tmp_path / video)
        roles = (logs.gyro, logs.ois, logs.frame, logs.camera)
        return [path and path.name for path in roles]

    return names


def test_the_released_names(found):
    stem = "ControlCam_20200930_104820"
    logs = [f"{stem}_{role}.txt" for role in ("gyro", "ois", "frame")]
    assert found(f"{stem}.mp4", *logs) == [*logs, None]


def test_names_without_the_video_s(found):
    files = ["Gyro.CSV", "OIS.txt", "framestamp.txt", "camera.toml", "notes.txt", "gyro.png"]
    assert found("clip.mov", *files) == ["Gyro.CSV", "OIS.txt", "framestamp.txt", "camera.toml"]


def test_a_video_s_own_files_win(found):
    files = ["gyro.txt", "a_gyro.txt", "b_gyro.txt", "b.mp4", "camera.toml", "a.toml"]
    assert found("a.mp4", *files) == ["a_gyro.txt", None, None, "a.toml"]


def test_another_video_s_log_is_not_taken(found):
    files = ["b.mp4", "b_gyro.txt", "a_long.mp4", "a_long_frame.txt", "ois.csv"]
    assert found("a.mp4", *files) == [None, "ois.csv", None, None]


def test_a_video_whose_name_contains_a_role(found):
    files = ["turquoise_frame_gyro.txt", "turquoise_frame.txt", "turquoise_frame_ois.csv"]
    assert found("turquoise_frame.mp4", *files) == [files[0], files[2], None, None]


def test_hidden_files_are_not_logs(found):
    assert found("a.mp4", "._a_gyro.txt", "a_gyro.txt")[0] == "a_gyro.txt"


def test_images_have_their_logs_beside_their_folder(tmp_path):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "gyro.txt").touch()
    for name in ("framestamp.txt", "gyro.txt"):
        (tmp_path / name).touch()
    logs = find_logs(tmp_path / "frames")
    assert logs.gyro == tmp_path / "gyro.txt"
    assert logs.frame == tmp_path / "framestamp.txt"


@pytest.mark.parametrize("name", ["phone_gyro_test", "frames of may", "ois"])
def test_the_path_of_an_earlier_run_is_no_log(tmp_path, name):
    clip = tmp_path / name
    (clip / "images").mkdir(parents=True)
    for file in (f"{name}.txt", f"{name}_metrics.json", "gyro.txt"):
        (clip / file).touch()
    logs = find_logs(clip / "images")
    assert (logs.gyro, logs.ois, logs.frame) == (clip / "gyro.txt", None, None)


def test_the_path_of_an_earlier_run_over_a_video_is_no_log(found):
    files = ["phone_gyro.txt", "gyro.txt", "frame.csv"]
    assert found("phone_gyro.mp4", *files) == ["gyro.txt", None, "frame.csv", None]


def test_logs_may_be_called_no_more_than_the_folder(tmp_path):
    (tmp_path / "gyro" / "frames").mkdir(parents=True)
    for name in ("gyro.csv", "frames.csv"):
        (tmp_path / "gyro" / name).touch()
    logs = find_logs(tmp_path / "gyro" / "frames")
    assert (logs.gyro.name, logs.ois, logs.frame.name) == ("gyro.csv", None, "frames.csv")


def test_logs_may_be_named_after_the_folder_around_the_images(tmp_path):
    clip = tmp_path / "phone_gyro_test"
    (clip / "images").mkdir(parents=True)
    for file in ("phone_gyro_test_gyro.txt", "phone_gyro_test_frame.txt", "phone_gyro_test.toml"):
        (clip / file).touch()
    logs = find_logs(clip / "images")
    assert logs.camera == clip / "phone_gyro_test.toml"
    assert logs.gyro == clip / "phone_gyro_test_gyro.txt"
    assert logs.frame == clip / "phone_gyro_test_frame.txt"


def test_several_candidates_are_listed(found):
    with pytest.raises(InputError, match=r"several gyro logs \(gyro.csv, gyro.txt\); keep one"):
        found("a.mp4", "gyro.txt", "gyro.csv")


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(InputError, match="nowhere: no such folder"):
        find_logs(tmp_path / "nowhere" / "a.mp4")
