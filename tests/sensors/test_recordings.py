"""Real recordings through the public interface, against what their makers and pictures say."""

import itertools
import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from dvs_jax import camera, camera_path, quaternion, sensors
from dvs_jax.errors import InputError

FRAMES = 102
FIRST_FRAME = 100
BANDS = 10
SIZE = (800, 600)

DESCRIPTION = """
readout_time_ms = 33.313

[intrinsics]
width = 800
height = 600
fx = 573.85
fy = 575.04
cx = 406.01
cy = 309.01

[gyro]
axes = ["y", "x", "z"]
clock_offset_ms = {offset_ms}
"""


@pytest.fixture(scope="module")
def load_drive(recordings, tmp_path_factory):
    folder = recordings / "phone_drive"
    clip = tmp_path_factory.mktemp("clip")
    stamps = (folder / "framestamp.txt").read_text().split()
    stamps = stamps[FIRST_FRAME - 1 : FIRST_FRAME - 1 + FRAMES]
    (clip / "clip_frame.csv").write_text("\n".join(["t_s", *stamps]))
    (clip / "clip_gyro.csv").write_text("wx,wy,wz,t_s\n" + (folder / "gyro.txt").read_text())

    def load(offset_ms):
        (clip / "camera.toml").write_text(DESCRIPTION.format(offset_ms=offset_ms))
        return sensors.load(clip / "clip.mp4", np.arange(FRAMES) * 33_333_333)

    return load


def corner_errors(log, expected):
    """Return how far apart, in pixels, two homographies of each pair and band put each corner."""
    delay = np.rint(log.frames.readout_ns[:, None] * np.arange(BANDS) / BANDS).astype(np.int64)
    pose = camera_path.pose_at(log.gyro, log.frames.time_ns[:, None] + delay, outside="hold")
    still = np.zeros((FRAMES - 1, BANDS, 2))
    found = camera.homography(log.camera, SIZE, pose[:-1], pose[1:], still, still)
    corners = np.array([[0, 0], [799, 0], [0, 599], [799, 599]], float)
    place = [camera.apply_homography(h[..., None, :, :], corners) for h in (found, expected)]
    return np.linalg.norm(place[0] - place[1], axis=-1)


@pytest.mark.parametrize(
    # The authors hold each angular velocity until the next sample, we since the previous one: over
    # a steady log that is a clock one sample (2.426 ms) apart.
    ("offset_ms", "mean", "largest"),
    [(2.426, 0.005, 0.05), (0.0, 0.2, 1.1)],
)
def test_homographies_agree_with_the_authors(load_drive, recordings, offset_ms, mean, largest):
    file = recordings / "phone_drive" / "gyro_homo_h33_source.npy"
    expected = np.load(file).reshape(FRAMES - 1, BANDS, 3, 3)
    errors = corner_errors(load_drive(offset_ms), expected)
    assert errors.mean() < mean
    assert errors.max() < largest


def test_the_drive_is_read_to_the_nanosecond(load_drive, caplog):
    log = load_drive(0.0)
    assert log.frames.time_ns[0] == 4328043724210000  # 4.328043724209999666e+06 s
    assert len(log.frames) == FRAMES
    assert "1 gaps, the longest 235 ms" in caplog.text


def test_a_log_with_its_time_elsewhere_is_explained(recordings, tmp_path):
    (tmp_path / "gyro.txt").write_bytes((recordings / "phone_drive" / "gyro.txt").read_bytes())
    with pytest.raises(InputError, match="is the time in that column"):
        sensors.load(tmp_path / "clip.mp4", np.arange(FRAMES) * 33_333_333)


def load_gopro(recordings, folder, name, time_ns):
    shutil.copy(recordings / "gopro" / f"{name}_gyro.csv", folder)
    shutil.copy(Path(__file__).with_name(f"{name}.toml"), folder)
    return sensors.load(folder / f"{name}.mp4", time_ns)


def turns(pose):
    """Return the rotation vectors, radians, from each pose to the next."""
    return quaternion.to_rotation_vector(
        quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
    )


def center_turns(log):
    center = sensors.center_time_ns(log.frames)
    return turns(camera_path.pose_at(log.gyro, center, outside="hold"))


def test_the_walking_camera_s_own_orientations_agree(recordings, tmp_path):
    """The camera's orientation, w x y z, is a pose in this package's sense: axes and signs."""
    file = recordings / "gopro" / "max-heromode_orientation.csv"
    rows = np.loadtxt(file, delimiter=",", skiprows=1)
    log = load_gopro(recordings, tmp_path, "max-heromode", np.rint(rows[:, 0] * 1e9).astype(int))
    found, expected = center_turns(log), turns(rows[:, [2, 3, 4, 1]])
    for axis in range(3):
        assert np.corrcoef(found[:, axis], expected[:, axis])[0, 1] > 0.998
    assert np.linalg.norm(found - expected) < 0.05 * np.linalg.norm(expected)


@pytest.mark.slow
def test_the_pan_agrees_with_the_picture(recordings, tmp_path):
    with av.open(str(recordings / "gopro" / "karma.mp4")) as video:
        frames = list(video.decode(video=0))
    time_ns = np.array([round(frame.time * 1e9) for frame in frames])
    log = load_gopro(recordings, tmp_path, "karma", time_ns)
    pan = [frame.to_ndarray(format="gray") for frame in frames[-30:]]
    shift = [horizontal_shift(*pair) for pair in itertools.pairwise(pan)]
    turn = center_turns(log)[-29:, 1]
    assert np.corrcoef(shift, turn)[0, 1] > 0.98
    seen = np.polyfit(turn, shift, 1)[0]
    assert seen == pytest.approx(log.camera.focal_length[0], rel=0.1)


def horizontal_shift(before, after):
    """Return the median shift of features about the middle, in image widths."""
    middle = np.zeros_like(before)
    middle[160:320, 227:627] = 1
    points = cv2.goodFeaturesToTrack(before, 200, 0.005, 8, mask=middle)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None)
    return np.median((moved - points)[found == 1, 0]) / before.shape[1]
