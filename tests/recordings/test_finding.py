"""Which file, or the video itself, tells of a video's gyro."""

import shutil

import pytest

from dvs_jax.errors import InputError
from dvs_jax.recordings import file_of, find

from .gopro_files import write
from .test_gopro import packets

PLAIN = "t_s,wx,wy,wz\n" + "".join(f"{0.005 * i:.3f},0.1,0.2,0.3\n" for i in range(400))
PHONE = PLAIN.replace("t_s,wx,wy,wz", '"Time (s)","X (rad/s)","Y (rad/s)","Z (rad/s)"')
GYROFLOW = "GYROFLOW IMU LOG\ntscale,0.005\ngscale,0.1\nt,gx,gy,gz\n" + "".join(
    f"{i},1,2,3\n" for i in range(400)
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write(tmp_path_factory.mktemp("gopro") / "walk.mp4", packets([200, 200]))


@pytest.fixture
def video(made, tmp_path):
    return shutil.copy(made, tmp_path / "walk.mp4")


def kind(video):
    found = find(video)
    return None if found is None else found.kind.split(":")[0].split(" of ")[0]


def test_the_videos_own_log_goes_first_then_what_is_inside_it(video, tmp_path):
    inside = "Camera telemetry inside the video"
    assert kind(video) == inside
    (tmp_path / "Raw Data.csv").write_text(PHONE)
    (tmp_path / "notes.csv").write_text("when,what\n1,2\n")
    (tmp_path / "walk.txt").write_text(PHONE)  # where a run writes its path
    assert kind(video) == inside
    (tmp_path / "walk.csv").write_text(PHONE)
    assert kind(video) == "phyphox"
    (tmp_path / "walk.gcsv").write_text(GYROFLOW)
    assert kind(video) == "Gyroflow's log (.gcsv)"
    (tmp_path / "walk_gyro.csv").write_text(PLAIN)
    assert kind(video) == ""
    assert file_of(video) == tmp_path / "walk_gyro.csv"


def test_a_log_of_no_other_video_will_do(tmp_path):
    video = write(tmp_path / "walk.mp4", [b"nothing"])
    assert find(video) is None and file_of(video) is None
    (tmp_path / "Raw Data.csv").write_text(PHONE)
    assert kind(video) == "phyphox"
    (tmp_path / "Raw Data.csv").rename(tmp_path / "run.csv")
    (tmp_path / "run.mp4").touch()
    assert find(video) is None
    (tmp_path / "log.gcsv").write_text(GYROFLOW)
    assert kind(video) == "Gyroflow's log (.gcsv)"


def test_several_logs_have_to_be_told_apart(tmp_path):
    video = write(tmp_path / "walk.mp4", [b"nothing"])
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(PHONE)
    with pytest.raises(InputError, match=r"several gyro logs beside it \(a.csv, b.csv\)"):
        find(video)


def test_the_logs_of_phones_apps_by_their_names(tmp_path):
    video = write(tmp_path / "VID_1.mp4", [b"nothing"])
    write(tmp_path / "VID_2.mp4", [b"nothing"])
    for name in ("VID_1gyro.csv", "VID_2gyro.csv"):
        (tmp_path / name).write_text(PHONE)
    assert file_of(video).name == "VID_1gyro.csv"
    for name in ("VID_1gyro.csv", "VID_2gyro.csv"):
        (tmp_path / name).unlink()
    for name in ("Gyroscope.csv", "GyroscopeUncalibrated.csv"):
        (tmp_path / name).write_text(PHONE)
    assert file_of(video).name == "Gyroscope.csv"


def test_a_folder_of_images_has_logs_beside_it(tmp_path):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames.gcsv").write_text(GYROFLOW)
    assert file_of(tmp_path / "frames").name == "frames.gcsv"
