"""From a clip to its files: what they hold, what they keep of the input, what failure leaves."""

import errno
import inspect
import json
import os
import resource
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from flax import nnx

import dvs_jax
from dvs_jax import camera_path, flow, metrics, plots, smoothing, video
from dvs_jax import clip as clips
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.flow import FlowFolder, FlowPair
from dvs_jax.fused import weights
from dvs_jax.fused.architecture import Architecture, FullyConnected
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.methods.covered_path import exposure_of
from dvs_jax.metrics import Metrics, MetricsTable
from dvs_jax.stabilization import Report, run, stabilize
from dvs_jax.stabilization.settings import LARGEST_CROP
from dvs_jax.video import probe

NAMES = ["walking.jpg", "walking.txt", "walking_stab.mp4", "walking_stab_crop.mp4"]
MARGIN = 2.0 / 108


def said(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(record.getMessage() for record in caplog.records)


def quickly(walk: Path, out: Path, **options) -> Report:
    options = {"preset": "ultrafast", "uncropped": True, **options}
    return stabilize(load_clip(walk), out, **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def keep_frames(walk: Path, count: int) -> None:
    log = walk / "walking_frame.txt"
    log.write_text("\n".join(log.read_text().splitlines()[:count]) + "\n")


def encode(
    file: Path,
    frames: Iterable[np.ndarray],
    rate: int = 30,
    ticks: list[int] | None = None,
    pix_fmt: str = "yuv420p",
    seconds_of_sound: float = 0.0,
    rotation: int = 0,
) -> None:
    """Write a film; ticks are its frames' times in units of 1/90000 s."""
    frames = list(frames)
    ticks = ticks or [index * 90_000 // rate for index in range(len(frames))]
    with av.open(str(file), "w") as output:
        height, width, _ = frames[0].shape
        stream = output.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.time_base = Fraction(1, 90_000)
        if rotation:
            stream.set_display_rotation(rotation)
        sound = output.add_stream("aac", rate=48_000) if seconds_of_sound else None
        for frame, tick in zip(frames, ticks, strict=True):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            picture.pts, picture.time_base = tick, Fraction(1, 90_000)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        if sound is not None:
            tone = np.sin(np.arange(round(seconds_of_sound * 48_000)) * 0.1).astype(np.float32)
            samples = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
            samples.rate = 48_000
            output.mux([*sound.encode(samples), *sound.encode(None)])


def frames_of(walk: Path) -> list[np.ndarray]:
    return list(video.read_frames(walk / "walking.mp4"))


def sound_packets(file: Path) -> list[bytes]:
    with av.open(str(file)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


# Most of a short run goes into its plot, which has tests of its own.
REAL_PLOT = plots.plot_path


@pytest.fixture(autouse=True)
def quick_plot(monkeypatch):
    monkeypatch.setattr(plots, "plot_path", lambda file, *_: file.write_bytes(b"a picture"))


# What a run makes.


@pytest.fixture(scope="module")
def measured(rendered_walk: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A whole run, metrics included, of half a second."""
    folder = tmp_path_factory.mktemp("measured")
    for file in rendered_walk.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    keep_frames(folder, 14)
    return stabilize(load_clip(folder), folder / "new" / "out", preset="ultrafast", measure=True)


def test_a_run_makes_the_files_of_the_specification(measured):
    folder = measured.trajectory.parent
    assert sorted(contents(folder)) == sorted([*NAMES, "walking_metrics.json"])
    assert [measured.plot, measured.trajectory, measured.uncropped, measured.cropped] == [
        folder / name for name in NAMES
    ]
    assert measured.metrics_file == folder / "walking_metrics.json"


def test_the_trajectory_has_a_row_a_frame(measured):
    path = camera_path.read(measured.trajectory)
    clip = load_clip(measured.trajectory.parents[2])
    np.testing.assert_array_equal(path.time_ns, clips.center_time_ns(clip))
    np.testing.assert_allclose(np.linalg.norm(path.quaternion, axis=-1), 1.0)


def test_the_plot_is_a_jpeg(measured):
    assert measured.plot.read_bytes()[:3] == b"\xff\xd8\xff"
    height, width, _ = cv2.imread(str(measured.plot)).shape
    assert (width, height) == (1100, 900)


def test_the_metrics_are_valid_json_with_null_for_what_is_unknown(measured):
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    content = json.loads(measured.metrics_file.read_text(), parse_constant=refuse)
    assert list(content) == ["kept", "gyro_explains", "input", "output"]
    assert content["kept"] == measured.kept
    for row in ("input", "output"):
        assert list(content[row]) == [field.name for field in fields(Metrics)]
        assert content[row]["frames"] == 14
        # Half a second cannot tell slow from fast.
        assert content[row]["rotation_jitter_deg"] is None
    assert content["input"]["distortion_average"] == 1.0
    output, jerk = content["output"], "angular_jerk_deg_s3"
    assert output[jerk] < 0.01 * content["input"][jerk]
    assert output["distortion_average"] == measured.metrics.output.distortion_average


def test_both_videos_play_like_the_input(measured):
    source = measured.trajectory.parents[2] / "walking.mp4"
    for file in (measured.uncropped, measured.cropped):
        info = probe(file)
        assert (info.width, info.height, info.frame_count) == (192, 108, 14)
        assert info.frame_rate == 30
        np.testing.assert_array_equal(info.time_ns, probe(source).time_ns[:14])


def test_every_part_of_the_report_and_every_argument_is_documented():
    for field in fields(Report):
        assert f"    {field.name}: " in Report.__doc__
    for name in inspect.signature(stabilize).parameters:
        assert f"        {name}: " in stabilize.__doc__


def test_the_public_call_is_the_documented_one(walk, tmp_path, monkeypatch):
    table = MetricsTable(*([Metrics(30, *([np.nan] * 23))] * 2))
    monkeypatch.setattr(metrics, "measure", lambda *_, **__: table)
    report = dvs_jax.stabilize(
        dvs_jax.load_clip(walk), f"{tmp_path}/out/", model=None, measure=True
    )
    assert report.metrics == table
    assert json.loads(report.metrics_file.read_text())["input"]["frames"] == 30


# What the pictures show.


@pytest.mark.parametrize("crop", [0.05, 0.1])
def test_no_pixel_of_the_cropped_video_is_uncovered(walk, tmp_path, crop):
    encode(walk / "walking.mp4", [np.full((108, 192, 3), 255, np.uint8)] * 30)
    report = quickly(walk, tmp_path / "out", crop=crop)
    assert 1.0 - 2.0 * crop - MARGIN <= report.kept < 1.0
    darkest = min(frame.min() for frame in video.read_frames(report.cropped))
    assert darkest > 240
    # The uncropped video shows where the frames end.
    assert min(frame.min() for frame in video.read_frames(report.uncropped)) < 20


def test_a_crop_that_cannot_cover_every_frame_says_so(walk, tmp_path, caplog):
    report = quickly(walk, tmp_path / "out", crop=0.0)
    assert report.kept == pytest.approx(1.0 - MARGIN)
    assert "not covered at a crop of 0 even by the unsmoothed path" in said(caplog)


def test_a_reflected_border_leaves_nothing_black(walk, tmp_path):
    encode(walk / "walking.mp4", [np.full((108, 192, 3), 255, np.uint8)] * 30)
    report = quickly(walk, tmp_path / "out", border="reflect")
    assert min(frame.min() for frame in video.read_frames(report.uncropped)) > 240


def test_the_cropped_video_is_the_middle_of_the_uncropped_one(walk, tmp_path):
    report = quickly(walk, tmp_path / "out", crf=1)
    whole, cropped = (next(video.read_frames(f)) for f in (report.uncropped, report.cropped))
    kept = report.kept
    to_whole = np.array([[kept, 0, (1 - kept) * 191 / 2], [0, kept, (1 - kept) * 107 / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    middle = cv2.warpAffine(whole, to_whole, (192, 108), flags=flags)
    difference = cropped.astype(float) - middle
    # Drawn from the source at once, it is sharper than the middle of a drawn picture.
    assert np.abs(difference).mean() < 4.0
    assert np.abs(difference).mean() < 0.5 * np.abs(cropped.astype(float) - whole).mean()


@pytest.mark.parametrize("name", list(smoothing.SMOOTHERS))
def test_every_smoothers_path_keeps_every_frame_covered(walk, tmp_path, name):
    crop = 0.05
    report = quickly(walk, tmp_path / "out", smoother=name, crop=crop, refine="none")
    clip = load_clip(walk)
    path = camera_path.read(report.trajectory)
    covered = smoothing.kept_fraction(exposure_of(clip), path.quaternion)
    assert covered.min() >= 1.0 - 2.0 * crop - 1e-5
    # The path is held by where pixels' centres lie, what is shown by where their edges do.
    assert report.kept == pytest.approx(covered.min() - MARGIN, abs=0.5 / 108)
    options = {"smoother": name, "crop": 0.2, "refine": "none"}
    free = camera_path.read(quickly(walk, tmp_path / "out", **options).trajectory)
    assert metrics.angular_jerk(free) < 0.5 * metrics.angular_jerk(clips.real_path(clip))


def test_arguments_that_are_impossible(walk, tmp_path, monkeypatch):
    clip, out = load_clip(walk), tmp_path / "out"
    monkeypatch.setattr(run, "drawn", lambda *_: pytest.fail("work was begun"))
    for options, complaint in (
        ({"smoother": "kalman"}, "no smoother 'kalman'; choose one of gaussian, "),
        ({"crop": 0.46}, "crop of 0.46 is impossible; give 0 to 0.45"),
        ({"crop": -0.1}, "crop of -0.1 is impossible"),
        ({"crop": np.nan}, "crop of nan is impossible"),
        ({"framing": "loose"}, "no framing 'loose'; choose one of fixed, varying, smallest"),
        ({"border": "mirror"}, "no border 'mirror'; choose one of black, reflect"),
        ({"crf": 52}, "crf 52 is impossible"),
        ({"preset": "sluggish"}, "no preset 'sluggish'"),
    ):
        with pytest.raises(InputError, match=complaint):
            stabilize(clip, out, **options)
    assert not out.exists() or not contents(out)


def test_the_largest_crop_is_possible_even_in_tiny_pictures(walk, tmp_path):
    encode(walk / "walking.mp4", [np.full((16, 16, 3), 255, np.uint8)] * 30)
    report = quickly(walk, tmp_path / "out", crop=LARGEST_CROP)
    assert 0.0 < report.kept <= 1.0


def test_framings_cut_off_what_they_say(walk, tmp_path):
    encode(walk / "walking.mp4", [np.full((108, 192, 3), 255, np.uint8)] * 30)
    reports = {
        framing: quickly(walk, tmp_path / framing, framing=framing, crop=0.2, uncropped=False)
        for framing in ("fixed", "varying", "smallest")
    }
    assert reports["fixed"].kept == pytest.approx(0.6 - MARGIN)
    assert reports["fixed"].kept < reports["smallest"].kept
    # It looks but a second ahead, and so gives way to the worst frame of a short clip as well.
    assert reports["varying"].kept == pytest.approx(reports["smallest"].kept, abs=0.02)
    for report in reports.values():
        assert min(frame.min() for frame in video.read_frames(report.cropped)) > 240
    paths = [camera_path.read(report.trajectory).quaternion for report in reports.values()]
    np.testing.assert_array_equal(paths[0], paths[1])
    np.testing.assert_array_equal(paths[0], paths[2])


@pytest.mark.slow
def test_by_flow_the_smallest_crop_takes_a_second_pass_and_the_same_path(
    walk, tmp_path, official, monkeypatch
):
    reads = []
    read = clips.read_pictures
    monkeypatch.setattr(clips, "read_pictures", lambda clip: reads.append(clip) or read(clip))
    one = quickly(walk, tmp_path / "one", model=official)
    assert len(reads) == 1
    two = quickly(walk, tmp_path / "two", model=official, framing="smallest")
    assert len(reads) == 3
    assert one.kept == pytest.approx(0.8 - MARGIN) and one.kept <= two.kept
    assert one.trajectory.read_text() == two.trajectory.read_text()


# What is kept of the input.


def test_sound_and_rotation_are_kept(walk, tmp_path):
    source = walk / "walking.mp4"
    encode(source, frames_of(walk), seconds_of_sound=1.0, rotation=90)
    report = quickly(walk, tmp_path / "out")
    for file in (report.uncropped, report.cropped):
        info = probe(file)
        assert (info.rotation, info.has_audio, info.frame_count) == (90, True, 30)
        assert sound_packets(file) == sound_packets(source)
    assert not probe(quickly(walk, tmp_path / "out", audio=False).cropped).has_audio


@pytest.mark.slow
def test_a_portrait_clip_stays_one(walk, tmp_path):
    encode(walk / "walking.mp4", [frame.swapaxes(0, 1) for frame in frames_of(walk)])
    info = probe(quickly(walk, tmp_path / "out", force=True).cropped)
    assert (info.width, info.height, info.frame_count) == (108, 192, 30)


def test_an_odd_size_loses_a_row_and_a_column(walk, tmp_path):
    odd = [frame[:-1, :-1] for frame in frames_of(walk)]
    encode(walk / "walking.mp4", odd, pix_fmt="yuv444p")
    assert load_clip(walk).size == (191, 107)
    info = probe(quickly(walk, tmp_path / "out").cropped)
    assert (info.width, info.height, info.frame_count) == (190, 106, 30)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["24 frames/s", "variable rate", "starts late"])
def test_times_are_kept(walk, tmp_path, kind):
    steps = {"24 frames/s": [3750] * 30, "variable rate": [2500, 3500, 4000] * 10}
    start = 90_000 if kind == "starts late" else 0
    ticks = start + np.cumsum([0, *steps.get(kind, [3000] * 30)[:-1]])
    rate = 24 if kind == "24 frames/s" else 30
    source = walk / "walking.mp4"
    encode(source, frames_of(walk), rate=rate, ticks=ticks.tolist())
    # The gyro's clock starts with the video, whose times now count.
    (walk / "walking_frame.txt").unlink()
    (walk / "walking_ois.txt").unlink()
    gyro = np.loadtxt(walk / "walking_gyro.txt")
    gyro[:, 0] -= 83_000_000
    np.savetxt(walk / "walking_gyro.txt", gyro)
    before = probe(source)
    report = quickly(walk, tmp_path / "out", force=True)
    after = probe(report.cropped)
    assert (after.frame_count, after.frame_rate) == (30, before.frame_rate)
    np.testing.assert_allclose(after.time_ns, before.time_ns, atol=1)
    path = camera_path.read(report.trajectory)
    np.testing.assert_allclose(path.time_ns, before.time_ns - before.time_ns[0] + 15_000_000)


def test_a_folder_of_images_becomes_a_video_at_the_logs_rate(walk, tmp_path):
    images = walk / "frames"
    images.mkdir()
    for index, frame in enumerate(frames_of(walk)):
        cv2.imwrite(str(images / f"{index:03}.png"), frame[..., ::-1])
    (walk / "walking.mp4").unlink()
    report = quickly(walk, tmp_path / "out")
    info = probe(report.cropped)
    assert (info.path.name, info.frame_count, info.frame_rate) == ("walk_stab_crop.mp4", 30, 30)
    with pytest.raises(InputError, match=f"{images}: the results would lie among the frames"):
        quickly(images, images)


def test_results_in_the_clips_own_folder_are_not_taken_for_its_video(walk):
    first = contents(quickly(walk, walk).trajectory.parent)
    second = contents(quickly(walk, walk).trajectory.parent)
    assert sorted(first) == sorted(second)
    assert set(NAMES) < set(first)
    assert first["walking.txt"] == second["walking.txt"]


@pytest.mark.parametrize("ending", [".jpg", ".txt"])
def test_a_photo_or_notes_of_the_videos_name_are_never_replaced(walk, ending, monkeypatch):
    own = walk / f"walking{ending}"
    own.write_text("the user's own")
    before = contents(walk)
    monkeypatch.setattr(run, "_draw", lambda *_: pytest.fail("work was begun"))
    with pytest.raises(InputError, match=rf"walking\{ending}: is no result .* another folder"):
        quickly(walk, walk)
    assert contents(walk) == before


@pytest.mark.slow
@pytest.mark.parametrize("rows", [20, 40])
def test_frames_that_only_the_log_or_only_the_video_has_are_left_out(walk, tmp_path, caplog, rows):
    log = walk / "walking_frame.txt"
    times = np.loadtxt(log, dtype=np.int64)
    more = np.arange(rows)[:, None] * [33_333_333, 0, 0, 0, 33_333_333]
    np.savetxt(log, times[0] + more, fmt="%d")
    encode(walk / "walking.mp4", frames_of(walk), seconds_of_sound=1.0)
    report = quickly(walk, tmp_path / "out")
    count = min(rows, 30)
    assert f"{rows} frames in the log, 30 in the video; only the first {count}" in said(caplog)
    assert probe(report.cropped).frame_count == len(camera_path.read(report.trajectory)) == count


# Networks.


@pytest.fixture(scope="module")
def official(golden: Path) -> FusedNetwork:
    return weights.load(golden / "dvs" / "random.checkpoint")


@pytest.fixture
def gyro_only(tmp_path: Path) -> FusedNetwork:
    small = Architecture(flow=False, lstm=(16,), fully_connected=(FullyConnected(4),))
    weights.save(FusedNetwork(small, nnx.Rngs(0)), tmp_path / "gyro_only")
    return dvs_jax.load_model(tmp_path / "gyro_only")


def write_flow(walk: Path, pairs: int, pixels: float) -> None:
    moving = np.full((27, 48, 2), pixels, np.float32)
    for index in range(pairs):
        FlowFolder(walk).write(index, FlowPair(moving, -moving))


@pytest.mark.slow
def test_flow_is_made_on_the_fly_for_a_network_that_wants_it(walk, tmp_path, caplog, official):
    caplog.set_level("INFO", "dvs_jax")
    report = quickly(walk, tmp_path / "out", model=official, crop=0.05)
    path = camera_path.read(report.trajectory)
    covered = smoothing.kept_fraction(exposure_of(load_clip(walk)), path.quaternion)
    assert len(path) == probe(report.cropped).frame_count == 30
    assert covered.min() >= 0.9 - 1e-5
    assert "optical flow: " in said(caplog)


@pytest.mark.slow
def test_flow_files_beside_the_clip_are_used(walk, tmp_path, monkeypatch, official):
    def fail(*_: object, **__: object) -> None:
        pytest.fail("flow lies beside the clip")

    monkeypatch.setattr(flow, "estimate", fail)
    paths = []
    for pixels in (0.0, 40.0):
        write_flow(walk, 29, pixels)
        report = quickly(walk, tmp_path / "out", model=official, crop=0.45)
        paths.append(camera_path.read(report.trajectory).quaternion)
    assert np.abs(paths[0] - paths[1]).max() > 1e-5


@pytest.mark.slow
def test_too_few_flow_files_are_made_anew(walk, tmp_path, caplog, official):
    write_flow(walk, 10, 40.0)
    quickly(walk, tmp_path / "out", model=official)
    assert "flow files for 10 of 29 pairs of frames; flow is made anew" in said(caplog)
    assert len(list((walk / "flo").iterdir())) == 10


@pytest.mark.slow
def test_a_network_without_flow_needs_none(walk, tmp_path, monkeypatch, gyro_only):
    monkeypatch.setattr(flow, "estimate", lambda *_, **__: pytest.fail("nobody wants flow"))
    report = quickly(walk, tmp_path / "out", model=gyro_only)
    smoothed = quickly(walk, tmp_path / "smoothed")
    path, other = (camera_path.read(each.trajectory) for each in (report, smoothed))
    np.testing.assert_array_equal(path.time_ns, other.time_ns)
    assert np.abs(path.quaternion - other.quaternion).max() > 1e-6


# What failure leaves.


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """Let files grow to so many bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "file"), [(1_000, "out"), (300_000, "walking_stab")])
def test_a_full_disk_leaves_older_results_as_they_were(walk, tmp_path, monkeypatch, limit, file):
    monkeypatch.setattr(plots, "plot_path", REAL_PLOT)
    out = tmp_path / "out"
    quickly(walk, out)
    before = contents(out)
    # Lossless, the videos are larger than the plot.
    with file_size_limit(limit), pytest.raises(InputError, match=f"{file}.*too large") as caught:
        quickly(walk, out, smoother="gaussian", crf=0)
    assert "\n" not in str(caught.value)
    assert contents(out) == before
    with file_size_limit(limit), pytest.raises(InputError):
        quickly(walk, tmp_path / "new", crf=0)
    assert contents(tmp_path / "new") == {}


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (camera_path, "write"),
        (plots, "plot_path"),
        (video.VideoWriter, "_finish"),
        (Path, "replace"),
    ],
)
def test_no_space_at_any_step_is_one_line(walk, tmp_path, monkeypatch, place, name):
    out = tmp_path / "out"
    quickly(walk, out)
    before = contents(out)
    monkeypatch.setattr(place, name, no_space)
    with pytest.raises(InputError, match="No space left on device") as caught:
        quickly(walk, out, smoother="gaussian")
    assert "\n" not in str(caught.value)
    assert contents(out) == before


def test_metrics_that_cannot_be_written_leave_the_new_videos_and_no_older_metrics(
    walk, tmp_path, monkeypatch
):
    table = MetricsTable(*([Metrics(30, *([0.5] * 23))] * 2))
    monkeypatch.setattr(metrics, "measure", lambda *_, **__: table)
    out = tmp_path / "out"
    quickly(walk, out, measure=True)
    before = contents(out)
    monkeypatch.setattr(Path, "write_text", no_space)
    monkeypatch.setattr(camera_path, "write", lambda path, file: file.write_bytes(b"path"))
    with pytest.raises(InputError, match=r"walking_metrics\.json: cannot be written: No space"):
        quickly(walk, out, smoother="gaussian", measure=True)
    assert sorted(contents(out)) == NAMES
    assert contents(out)["walking_stab.mp4"] != before["walking_stab.mp4"]


def test_a_run_without_metrics_removes_those_of_another_path(walk, tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    (out / "walking_metrics.json").write_text("{}")
    (out / "other_metrics.json").write_text("{}")
    quickly(walk, out)
    assert sorted(contents(out)) == sorted([*NAMES, "other_metrics.json"])


def test_a_run_without_the_uncropped_video_removes_that_of_another_path(walk, tmp_path):
    out = tmp_path / "out"
    quickly(walk, out)
    report = quickly(walk, out, uncropped=False)
    assert report.uncropped is None
    assert sorted(contents(out)) == ["walking.jpg", "walking.txt", "walking_stab_crop.mp4"]


def interrupted_at(stage: str):
    def track(items: Iterable, total: int, label: str) -> Iterator:
        for count, item in enumerate(items):
            if (label, count) == (stage, 5):
                raise KeyboardInterrupt
            yield item

    return track


def test_an_interrupted_run_leaves_nothing(walk, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        quickly(walk, out, track=interrupted_at("stabilising"))
    assert contents(out) == {}
    quickly(walk, out)
    before = contents(out)
    with pytest.raises(KeyboardInterrupt):
        quickly(walk, out, smoother="gaussian", track=interrupted_at("stabilising"))
    assert contents(out) == before


@pytest.mark.slow
def test_interrupted_measuring_leaves_the_videos(walk, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        quickly(walk, out, measure=True, track=interrupted_at("measuring"))
    assert sorted(contents(out)) == NAMES
    assert probe(out / "walking_stab_crop.mp4").frame_count == 30


def test_an_out_that_cannot_be_a_folder_is_refused_at_once(walk, tmp_path):
    (tmp_path / "file").write_text("")

    def fail(*_: object) -> None:
        pytest.fail("the work should not have begun")

    for out in ("file", "file/out"):
        with pytest.raises(InputError, match=f"{tmp_path}/{out}: .*(is a file|Not a directory)"):
            quickly(walk, tmp_path / out, track=fail)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_is_refused_at_once(walk, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    with pytest.raises(InputError, match=f"{folder}: cannot be written: Permission denied"):
        quickly(walk, folder)


@pytest.mark.slow
def test_a_gyro_that_does_not_fit_the_pictures_is_told(walk, tmp_path, caplog):
    right = stabilize_quickly(walk, tmp_path / "right")
    assert right.explained > 0.9
    assert "explains" not in caplog.text
    (walk / "camera.toml").write_text('[gyro]\naxes = ["x", "y", "z"]\n')
    with pytest.raises(InputError, match=r"the gyro explains .* --sensors none .* --force"):
        stabilize_quickly(walk, tmp_path / "wrong")
    assert not list((tmp_path / "wrong").iterdir())
    wrong = stabilize_quickly(walk, tmp_path / "wrong", force=True)
    assert wrong.explained < 0.5
    assert "the gyro explains" in caplog.text and "dvs-jax calibrate" in caplog.text


def stabilize_quickly(walk, out, **options):
    return dvs_jax.stabilize(dvs_jax.load_clip(walk), out, preset="ultrafast", **options)
