"""Which file is the video, what lies beside it, and what both say together."""

import os
import shutil
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from dvs_jax import camera_path, quaternion, video
from dvs_jax import clip as clips
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.flow import FlowFolder, FlowPair
from dvs_jax.recordings import write_plain
from dvs_jax.sensors import FrameTimes

LONG_NAME = "x" * 300


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def as_images(walk: Path, folder: str = "frames") -> Path:
    """Replace the clip's video by a folder of its frames."""
    images = walk / folder
    images.mkdir()
    for index, frame in enumerate(video.read_frames(walk / "walking.mp4")):
        cv2.imwrite(str(images / f"{index}.png"), frame[..., ::-1])
    (walk / "walking.mp4").unlink()
    return images


def rewrite(log: Path, lines: slice) -> None:
    log.write_text("\n".join(log.read_text().splitlines()[lines]) + "\n")


def rotation_since_start(path: camera_path.CameraPath) -> np.ndarray:
    start = quaternion.conjugate(path.quaternion[0])
    return quaternion.to_rotation_vector(
        quaternion.multiply(path.quaternion, np.broadcast_to(start, path.quaternion.shape))
    )


def test_a_clip_is_its_video_with_its_sensors(walk, caplog):
    clip = load_clip(walk)
    assert clip.name == "walking"
    assert clip.video.path == walk / "walking.mp4"
    assert (clip.size, clip.frame_count) == ((192, 108), 30)
    assert clip.sensors.ois is not None
    assert clip.flow is None
    assert not said(caplog)
    frames = list(clips.read_frames(clip))
    assert len(frames) == 30
    assert frames[0].shape == (108, 192, 3)


def test_the_real_path_is_the_true_one(walk):
    real, true = clips.real_path(load_clip(walk)), camera_path.read(walk / "walking_truth.txt")
    np.testing.assert_array_equal(real.time_ns, true.time_ns)
    # The gyro does not know how the camera stood at first, so only turns can be compared.
    error = rotation_since_start(real) - rotation_since_start(true)
    assert np.abs(rotation_since_start(true)).max() > 0.01
    assert np.abs(error).max() < 1e-4


@pytest.mark.parametrize(
    "name", ["walking.mp4", "my walk (1).mp4", "прогулка 散歩.mp4", "a:b#c.MP4"]
)
def test_a_video_may_be_named_itself_whatever_its_name(walk, name):
    stem = name.rpartition(".")[0]
    for file in walk.glob("walking*"):
        file.rename(walk / file.name.replace("walking.mp4", name).replace("walking", stem))
    clip = load_clip(walk / name)
    assert (clip.name, clip.frame_count) == (stem, 30)
    assert load_clip(str(walk)).video.path == walk / name


@pytest.mark.parametrize("suffix", [".MTS", ".m2ts", ".ts", ".mxf", ".3gp", ".insv", ".MPG"])
def test_a_camcorders_video_is_found_in_its_folder(walk, suffix):
    (walk / "walking.mp4").rename(walk / f"walking{suffix}")
    clip = load_clip(walk)
    assert (clip.video.path.suffix, clip.frame_count) == (suffix, 30)
    assert clip.sensors is not None


@pytest.mark.parametrize("place", [".", "..", "walking.mp4"])
def test_a_clip_may_be_named_from_inside(walk, monkeypatch, place):
    (walk / "out").mkdir()
    monkeypatch.chdir(walk / "out" if place == ".." else walk)
    assert load_clip(place).name == "walking"


def test_what_the_released_data_and_earlier_runs_hold_besides_is_passed_over(walk):
    released = ("_no_ois", "_no_shutter", "_gimbal", "_grid", "_flo")
    of_subject = ("_subject", "_compare", "_skeleton", "_mask")
    for end in ("_stab", "_stab_crop", *released, *of_subject):
        shutil.copy(walk / "walking.mp4", walk / f"walking{end}.mp4")
    shutil.copy(walk / "walking.mp4", walk / "._walking.mp4")
    cv2.imwrite(str(walk / "walking.jpg"), np.zeros((8, 8, 3), np.uint8))
    cv2.imwrite(str(walk / "other.jpg"), np.zeros((8, 8, 3), np.uint8))
    assert load_clip(walk).video.path == walk / "walking.mp4"


@pytest.mark.parametrize(
    "name", ["flower", "my_stable_walk", "skating_grid", "walk_stab", "gas_mask"]
)
def test_a_video_that_is_named_like_a_by_product_is_found_if_it_is_the_only_one(walk, name):
    (walk / "walking.mp4").rename(walk / f"{name}.mp4")
    assert load_clip(walk).name == name
    if name != "walk_stab":
        shutil.copy(walk / f"{name}.mp4", walk / f"{name}_stab.mp4")
        assert load_clip(walk).name == name


def test_several_videos_have_to_be_told_apart(walk):
    shutil.copy(walk / "walking.mp4", walk / "again.mov")
    with pytest.raises(InputError, match=r"several videos \(again.mov, walking.mp4\); name the"):
        load_clip(walk)
    assert load_clip(walk / "walking.mp4").name == "walking"


def test_places_without_a_video(walk):
    with pytest.raises(InputError, match="nowhere: no such video or folder"):
        load_clip(walk / "nowhere")
    with pytest.raises(InputError, match=f"{LONG_NAME}: cannot be read .*name too long"):
        load_clip(walk / LONG_NAME)
    with pytest.raises(InputError, match=r"walking_gyro.txt: .*not a video"):
        load_clip(walk / "walking_gyro.txt")
    (walk / "walking.mp4").unlink()
    with pytest.raises(InputError, match=f"{walk}: holds no video .*nor a frame folder"):
        load_clip(walk)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read anything")
def test_a_folder_that_may_not_be_read(walk):
    walk.chmod(0)
    with pytest.raises(InputError, match=f"{walk}: cannot be read .Permission denied"):
        load_clip(walk)
    walk.chmod(0o755)


def test_a_folder_of_images_is_a_video(walk):
    images = as_images(walk)
    cv2.imwrite(str(walk / "thumbnail.jpg"), np.zeros((8, 8, 3), np.uint8))
    for place in (walk, images):
        clip = load_clip(place)
        assert (clip.name, clip.video.path) == ("walk", images)
        assert (clip.frame_count, clip.size) == (30, (192, 108))
        assert clip.video.frame_rate == 30


def test_a_folder_of_images_may_be_named_from_inside(walk, monkeypatch):
    monkeypatch.chdir(as_images(walk))
    clip = load_clip(".")
    assert (clip.name, clip.frame_count) == ("walk", 30)


def test_results_and_flow_are_no_frames(walk):
    images = as_images(walk)
    for folder in ("flo", "flo_back", "out"):
        (walk / folder).mkdir()
        for name in ("00000.png", "00001.png"):
            shutil.copy(images / "0.png", walk / folder / name)
    (walk / "out" / "walk_stab.mp4").write_bytes(b"")
    assert load_clip(walk).video.path == images


def test_images_have_the_times_of_the_frame_log(walk, caplog):
    log = walk / "walking_frame.txt"
    rows = np.loadtxt(log, dtype=np.int64)
    # 24 frames/s instead of 30, and one frame left out.
    rows[:, [0, 4]] = rows[0, [0, 4]] + (rows[:, [0, 4]] - rows[0, [0, 4]]) * 5 // 4
    np.savetxt(log, np.delete(rows, 20, axis=0), fmt="%d")
    images = as_images(walk)
    (images / "29.png").unlink()
    clip = load_clip(images)
    assert clip.video.frame_rate == Fraction(28, 29) * 24
    np.testing.assert_allclose(np.diff(clip.video.time_ns) * 24e-9, [1.0] * 19 + [2.0] + [1.0] * 8)
    assert not said(caplog)


def test_images_too_close_for_a_video_are_refused(walk):
    images = as_images(walk)
    log = walk / "walking_frame.txt"
    rows = [line.split() for line in log.read_text().splitlines()]
    rows[7][0] = str(int(rows[6][0]) + 19_999)
    log.write_text("".join(" ".join(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=rf"{log.name}: two of the images are 19999 ns apart"):
        load_clip(images)


def test_images_of_29_97_frames_a_second_keep_that_rate(walk):
    log = walk / "walking_frame.txt"
    rows = np.loadtxt(log, dtype=np.int64)
    rows[:, 0] = rows[0, 0] + np.rint(np.arange(30) * 1001e9 / 30000).astype(np.int64)
    np.savetxt(log, rows, fmt="%d")
    as_images(walk)
    assert load_clip(walk).video.frame_rate == Fraction(30000, 1001)


def test_images_without_a_frame_log_are_said_to_be_guessed(walk, caplog):
    as_images(walk)
    (walk / "walking_frame.txt").unlink()
    (walk / "walking_ois.txt").unlink()
    gyro = np.loadtxt(walk / "walking_gyro.txt")
    gyro[:, 0] -= gyro[0, 0]
    np.savetxt(walk / "walking_gyro.txt", gyro)
    assert load_clip(walk).video.frame_rate == 30
    guesses = [message for message in said(caplog) if "30 frames/s are assumed" in message]
    assert len(guesses) == 1


@pytest.mark.parametrize("rows", [20, 30])
def test_the_shorter_of_video_and_frame_log_counts(walk, caplog, rows):
    rewrite(walk / "walking_frame.txt", slice(rows))
    clip = load_clip(walk)
    assert clip.frame_count == len(list(clips.read_frames(clip))) == rows
    assert len(clips.real_path(clip)) == rows
    counts = [message for message in said(caplog) if f"only the first {rows} are used" in message]
    assert len(counts) == (rows < 30)


@pytest.mark.parametrize(
    ("size", "warned"), [((1920, 1080), 0), ((1920, 1088), 0), ((1920, 1440), 1), ((1080, 1920), 1)]
)
def test_a_calibration_of_another_shape_is_told(walk, caplog, size, warned):
    width, height = size
    (walk / "camera.toml").write_text(
        f"[intrinsics]\nwidth = {width}\nheight = {height}\n"
        f"fx = 1500\nfy = 1500\ncx = {width / 2}\ncy = {height / 2}\n"
    )
    load_clip(walk)
    told = f"the camera was calibrated at {width} × {height}, the video has 192 × 108: another"
    assert [told in message for message in said(caplog)] == [True] * warned


def test_one_frame_is_no_video(walk):
    rewrite(walk / "walking_frame.txt", slice(1))
    with pytest.raises(InputError, match=r"walking\.mp4: one frame is no video"):
        load_clip(walk)


def test_flow_files_beside_the_video_are_found(walk):
    still = FlowPair(np.zeros((27, 48, 2), np.float32), np.zeros((27, 48, 2), np.float32))
    FlowFolder(walk).write(0, still)
    clip = load_clip(walk / "walking.mp4")
    assert clip.flow == FlowFolder(walk)
    assert len(clip.flow) == 1


@pytest.mark.parametrize(
    ("described", "vertical"),
    [
        ("fov = 1.25", 0.8 * 2),
        ("[intrinsics]\nwidth=192\nheight=108\nfx=150\nfy=150\ncx=96\ncy=54", 150 / 192 * 2),
        ("[intrinsics]\nwidth=96\nheight=108\nfx=75\nfy=150\ncx=48\ncy=54", 150 / 96),
    ],
)
def test_pixels_that_are_not_square_are_in_the_geometry(walk, caplog, described, vertical):
    """The stored picture is half as wide as the shown one."""
    frames = [np.ascontiguousarray(f[:, ::2]) for f in video.read_frames(walk / "walking.mp4")]
    write_anamorphic(walk / "walking.mp4", frames, Fraction(2))
    (walk / "camera.toml").write_text(described)
    clip = load_clip(walk)
    assert (clip.size, clip.video.pixel_aspect) == ((96, 108), 2)
    across, down = clip.sensors.camera.focal_length
    assert down == pytest.approx(vertical)
    assert across == pytest.approx(vertical / 2)
    assert "another shape" not in caplog.text


def write_anamorphic(path, frames, aspect):
    height, width, _ = frames[0].shape
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=30, width=width, height=height, pix_fmt="yuv420p")
        stream.codec_context.sample_aspect_ratio = aspect
        for index, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, 30)
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))


@pytest.fixture
def part_of_a_longer_recording(walk) -> tuple[clips.Clip, Path]:
    """A clip, and its frames from 10 on as numbered pictures beside lists of all frames' times."""
    whole = load_clip(walk)
    images = as_images(walk)
    for index in range(10):
        (images / f"{index}.png").unlink()
    gyro = np.loadtxt(walk / "walking_gyro.txt")
    np.savetxt(
        walk / "gyro.txt", gyro[:, [1, 2, 3, 0]] * [1, 1, 1, 1e-6], fmt="%.9f", delimiter=","
    )
    middle_s = whole.sensors.frames.time_ns * 1e-9
    for log in walk.glob("walking_*"):
        log.unlink()
    np.savetxt(walk / "stamps.txt", middle_s, fmt="%.9f")
    return whole, walk


def test_numbered_pictures_of_a_longer_recording(part_of_a_longer_recording):
    whole, folder = part_of_a_longer_recording
    times = FrameTimes(folder / "stamps.txt", first=11)
    clip, expected = load_clip(folder, frame_times=times), clips.between(whole, 0.32, 9)
    assert clip.frame_count == expected.frame_count == 20
    np.testing.assert_array_equal(clip.sensors.frames.time_ns, expected.sensors.frames.time_ns)
    log_ns = clip.sensors.frames.time_ns
    np.testing.assert_array_equal(clip.video.time_ns, log_ns - log_ns[0])
    pose = [camera_path.pose_at(each.sensors.gyro, log_ns, "hold") for each in (clip, expected)]
    np.testing.assert_allclose(pose[0], pose[1], atol=1e-6)


def test_a_longer_list_of_times_tells_how_its_lines_are_chosen(part_of_a_longer_recording, caplog):
    _, folder = part_of_a_longer_recording
    load_clip(folder, frame_times=FrameTimes(folder / "stamps.txt"))
    assert any(
        "30 frames in the log, 20 in" in line and "--start-number" in line for line in said(caplog)
    )
    with pytest.raises(InputError, match=r"no frame log .* --frame-times"):
        load_clip(folder, frame_times=FrameTimes(first=11))
    with pytest.raises(InputError, match="no such file"):
        load_clip(folder, frame_times=FrameTimes(folder / "nothing.txt"))


def test_without_a_gyro_pictures_still_have_the_times_that_are_named(part_of_a_longer_recording):
    whole, folder = part_of_a_longer_recording
    times = FrameTimes(folder / "stamps.txt", first=11)
    clip = load_clip(folder, read_sensors=False, frame_times=times)
    log_ns = whole.sensors.frames.time_ns[10:]
    np.testing.assert_array_equal(clip.video.time_ns, log_ns - log_ns[0])


def test_such_pictures_become_a_plain_clip(part_of_a_longer_recording, tmp_path):
    _, folder = part_of_a_longer_recording
    times = FrameTimes(folder / "stamps.txt", first=11)
    first = load_clip(folder, frame_times=times)
    imported = write_plain(folder / "frames", tmp_path / "plain", times)
    names = ["camera.toml", "frames", "frames_frame.txt", "frames_gyro.csv"]
    assert [file.name for file in imported.files] == names
    again = load_clip(tmp_path / "plain")
    np.testing.assert_array_equal(again.sensors.frames.time_ns, first.sensors.frames.time_ns)
    np.testing.assert_array_equal(again.sensors.gyro.time_ns, first.sensors.gyro.time_ns)
    pictures = [list(clips.read_frames(each)) for each in (first, again)]
    np.testing.assert_array_equal(*pictures)
