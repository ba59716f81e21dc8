from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from dvs_jax import camera_path, quaternion, sensors, video
from dvs_jax.errors import InputError
from dvs_jax.synthetic import (
    A_CLIP,
    SyntheticClip,
    record,
    render_frame,
    synthesize,
    true_path,
    view_of,
)
from dvs_jax.synthetic.clip import seconds_since_start
from dvs_jax.synthetic.motion import pose_at
from dvs_jax.whole_file import locked

CLIP = SyntheticClip(size=(270, 480), frame_rate=24.0, duration_s=0.5, seed=9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip") / "new"
    assert synthesize(CLIP, folder) == folder / "handheld.mp4"
    return folder


def test_equal_descriptions_give_equal_clips(folder, tmp_path):
    synthesize(CLIP, tmp_path / "again")
    for ending in ("gyro", "ois", "frame", "truth"):
        name = f"handheld_{ending}.txt"
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    first, second = record(CLIP), record(CLIP)
    assert np.array_equal(render_frame(first, 4), render_frame(second, 4))


def test_another_seed_gives_another_clip(folder):
    other = record(replace(CLIP, seed=10))
    assert np.abs(render_frame(other, 0) - render_frame(record(CLIP), 0).astype(float)).mean() > 10
    assert quaternion.angle_between(
        true_path(other).quaternion[0], true_path(record(CLIP)).quaternion[0]
    ) > np.radians(0.1)


def test_the_video_shows_the_frames(folder):
    info = video.probe(folder / "handheld.mp4")
    assert (info.width, info.height, info.frame_rate, info.frame_count) == (270, 480, 24, 12)
    recording = record(CLIP)
    for index, frame in enumerate(video.read_frames(folder / "handheld.mp4")):
        assert np.abs(frame.astype(float) - render_frame(recording, index)).mean() < 3.0


def test_a_cameras_noise_differs_from_pixel_to_pixel_and_from_frame_to_frame():
    clean = record(SyntheticClip(motion="still", size=(96, 64), seed=5))
    noisy = record(replace(clean.clip, picture_noise=3.0))
    clean_frame = render_frame(clean, 1)
    errors = [render_frame(noisy, index).astype(int) - clean_frame for index in (0, 1)]
    assert [error.std() for error in errors] == pytest.approx([3.0, 3.0], rel=0.1)
    assert all(abs(error.mean()) < 0.2 for error in errors)
    assert abs(np.corrcoef(*(error[..., 1].ravel() for error in errors))[0, 1]) < 0.05
    np.testing.assert_array_equal(render_frame(noisy, 1).astype(int) - errors[1], clean_frame)


def test_files_have_their_roles_by_name(folder):
    names = sorted(file.name for file in folder.iterdir())
    assert names == [
        "handheld.mp4",
        "handheld_frame.txt",
        "handheld_gyro.txt",
        "handheld_ois.txt",
        "handheld_truth.txt",
    ]
    for role in ("gyro", "ois", "frame"):
        assert [name for name in names if role in name] == [f"handheld_{role}.txt"]


def test_the_true_path_has_the_pose_at_each_frames_center(folder):
    path = camera_path.read(folder / "handheld_truth.txt")
    recording = record(CLIP)
    assert np.array_equal(path.time_ns - recording.frames.time_ns, np.full(12, 15_000_000))
    rows = view_of(recording, 3).back_projection
    forward = rows[239:241].mean(axis=0) @ [134.5, 239.5, 1.0]
    # The lens shift is small, so the middle pixel looks along the camera's axis to a degree or so.
    axis = quaternion.to_matrix(quaternion.conjugate(path.quaternion[3]))[:, 2]
    assert np.degrees(np.arccos(forward @ axis / np.linalg.norm(forward))) < 2.0


def test_the_logs_as_read_give_the_true_pose_and_lens_shift_of_every_row(folder):
    file = folder / "handheld.mp4"
    log = sensors.load(file, video.probe(file).time_ns)
    recording = record(CLIP)
    assert np.array_equal(log.frames.time_ns, recording.frames.time_ns)
    pose, shift = sensors.row_poses(log, rows=480)
    time_ns = log.frames.time_ns[:, None] + np.linspace(0, 30e6, 480)
    truth = pose_at(recording.motion, seconds_since_start(time_ns))
    start = quaternion.multiply(quaternion.conjugate(pose[:1, :1]), truth[:1, :1])
    expected = quaternion.multiply(pose, np.broadcast_to(start, pose.shape))
    # Slerp between two samples of the gyro is not the smooth path, by a hundredth of a pixel.
    assert quaternion.angle_between(expected, truth).max() < 2e-5
    views = [view_of(recording, index) for index in range(12)]
    center = np.array([134.5, 239.5]) + shift * [270, 480]
    drawn = np.stack([view.projection @ np.swapaxes(view.projection, -1, -2) for view in views])
    # K·R·(K·R)ᵀ = K·Kᵀ, whose last column is the principal point.
    assert np.allclose(drawn[..., :2, 2], center, atol=1e-6)


def test_an_earlier_clip_is_replaced_with_all_its_files(tmp_path):
    synthesize(CLIP, tmp_path)
    (tmp_path / ".unfinished-killed").mkdir()
    short = replace(CLIP, ois=False, duration_s=0.25)
    synthesize(short, tmp_path)
    assert not (tmp_path / "handheld_ois.txt").exists()
    assert video.probe(tmp_path / "handheld.mp4").frame_count == 6


def test_the_flow_of_an_earlier_clip_is_removed(tmp_path):
    short = replace(CLIP, duration_s=0.125)
    synthesize(short, tmp_path)
    names = {file.name for file in tmp_path.iterdir()}
    for name in ("flo/00000.flo", "flo/00001.npz", "flo_back/00000.png", "flow.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("stale")
    synthesize(short, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == names


@pytest.mark.parametrize("name", ["flo/00000.flo", "flow.json", "flo/notes.txt"])
def test_flow_that_is_not_an_earlier_clips_is_left_alone(tmp_path, name):
    if name == "flo/notes.txt":
        synthesize(replace(CLIP, duration_s=0.125), tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("the user's own")
    with pytest.raises(InputError, match=r"holds flo.* already"):
        synthesize(CLIP, tmp_path)
    assert (tmp_path / name).read_text() == "the user's own"


@pytest.mark.parametrize("size", [(64, 64), (640, 64), (64, 480)])
def test_any_shape_of_frame_can_be_drawn(size):
    recording = record(replace(CLIP, size=size, motion="walking"))
    for index in range(0, 12, 4):
        frame = render_frame(recording, index)
        assert frame.shape == (size[1], size[0], 3)
        assert frame.dtype == np.uint8
        assert frame.std() > 10


def test_progress_sees_every_frame(tmp_path):
    seen = []

    def note(frames):
        for frame in frames:
            seen.append(frame)
            yield frame

    synthesize(replace(CLIP, duration_s=0.125), tmp_path, note)
    assert seen == [0, 1, 2]


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "other_gyro.txt").write_text("0 0 0 0\n")
    with pytest.raises(InputError, match=r"other_gyro\.txt"):
        synthesize(CLIP, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["other_gyro.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        synthesize(CLIP, tmp_path / "file")


def test_nothing_is_left_when_the_making_is_broken_off(tmp_path):
    def interrupt(frames):
        yield 0
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(CLIP, tmp_path, interrupt)
    assert not list(tmp_path.iterdir())


def test_a_second_run_into_the_same_folder_is_refused(tmp_path):
    refused = pytest.raises(InputError, match="another run is writing a synthetic clip there")
    with ThreadPoolExecutor(1) as other, locked(tmp_path, A_CLIP), refused:
        other.submit(synthesize, CLIP, tmp_path).result()
    assert list(tmp_path.iterdir()) == []


def test_flow_that_is_a_link_is_left_alone(tmp_path):
    short = replace(CLIP, duration_s=0.125)
    synthesize(short, tmp_path / "clip")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "00000.flo").write_text("flow")
    (tmp_path / "clip" / "flo").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="clip/flo: is a link; remove it"):
        synthesize(short, tmp_path / "clip")
    assert (tmp_path / "elsewhere" / "00000.flo").read_text() == "flow"
