"""Methods of other kinds than a camera path go through the same pipeline: an affine one, a mesh."""

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import av
import cv2
import numpy as np
import pytest

import dvs_jax
from dvs_jax import camera_path, video
from dvs_jax.clip import Clip, between, load_clip
from dvs_jax.errors import InputError
from dvs_jax.methods import Frame, GivenPath, Smoothed, fingerprint, require
from dvs_jax.stabilization import Settings, stabilize_by
from dvs_jax.stabilization.batch import Job, on_devices, one_by_one
from dvs_jax.stabilization.framing import Shares
from dvs_jax.warping import coverage, grid

WIDTH, HEIGHT, COUNT = 192, 128, 40
EXACT = {"crf": 0, "framing": "fixed"}


def texture() -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(size=(400, 500)), (0, 0), 3)
    grey = cv2.normalize(noise, None, 60, 235, cv2.NORM_MINMAX, cv2.CV_8U)
    return np.repeat(grey[..., None], 3, axis=-1)


def shifts() -> np.ndarray:
    """Where a shaken camera looks, whole pixels (x, y) [frame, 2]."""
    return np.random.default_rng(1).integers(-8, 9, (COUNT, 2))


def shaken() -> Clip:
    world = texture()
    frames = [world[100 + y : 100 + y + HEIGHT, 100 + x : 100 + x + WIDTH] for x, y in shifts()]
    time_ns = (np.arange(COUNT) * 1e9 / 30).astype(np.int64)
    return Clip.from_arrays(
        [np.ascontiguousarray(frame) for frame in frames], time_ns, name="shaken"
    )


@dataclass(frozen=True)
class Affine:
    """Undoes the shifts by a matrix a frame; looks at no picture."""

    scale: float = 1.0
    needs = frozenset()
    look_ahead_s = 0.0

    def frames(self, clip, pictures, crop):
        points = grid.output_points(2, 2)
        for shift in shifts():
            matrix = np.array([[self.scale, 0.0], [0.0, self.scale]])
            source = points @ matrix.T - shift / (WIDTH, HEIGHT)
            yield Frame(source.astype(np.float32))


class Mesh:
    """Undoes the shifts and a wave that only a mesh can undo; looks at all pictures first."""

    needs = frozenset()
    look_ahead_s = np.inf

    def frames(self, clip, pictures, crop):
        seen = sum(1 for _ in pictures)
        points = grid.output_points(9, 13)
        for shift in shifts()[:seen]:
            source = points - shift / (WIDTH, HEIGHT)
            source[..., 0] += 0.02 * np.sin(2.0 * np.pi * points[..., 1])
            yield Frame(source.astype(np.float32))


def middle_of(frames: np.ndarray) -> np.ndarray:
    """The part that every frame covers, as numbers."""
    return frames[:, 16:-16, 16:-16].astype(float)


def drawn_by(method, tmp_path, **options) -> np.ndarray:
    options = {"crop": 0.0, "uncropped": True, **EXACT, **options}
    report = dvs_jax.stabilize(shaken(), tmp_path / "out", method=method, **options)
    assert report.trajectory is None and report.plot is None
    assert np.isnan(report.explained)
    return np.array(list(video.read_frames(report.uncropped)))


def test_an_affine_method_holds_the_picture_still(tmp_path, monkeypatch):
    monkeypatch.setattr("dvs_jax.stabilization.viewing.framed_by", without_limit)
    still = middle_of(drawn_by(Affine(), tmp_path))
    wanted = texture()[100 + 16 : 100 + HEIGHT - 16, 100 + 16 : 100 + WIDTH - 16]
    before = middle_of(np.array(shaken().images))
    assert np.abs(before - wanted).mean() > 15.0
    assert np.abs(still - wanted).mean() < 2.0


def test_a_mesh_bends_the_picture(tmp_path, monkeypatch):
    monkeypatch.setattr("dvs_jax.stabilization.viewing.framed_by", without_limit)
    bent = middle_of(drawn_by(Mesh(), tmp_path))
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    at = x + 0.02 * WIDTH * np.sin(2.0 * np.pi * (y + 0.5) / HEIGHT).astype(np.float32)
    straight = texture()[100 : 100 + HEIGHT, 90 : 110 + WIDTH]
    wanted = cv2.remap(straight, at + 10.0, y, cv2.INTER_LINEAR)[16:-16, 16:-16]
    assert np.abs(bent - wanted).mean() < 2.5


def without_limit(clip, frames, *_):
    from dvs_jax.stabilization.framing import Shown

    return (Shown(frame, 1.0) for frame in frames)


@pytest.mark.parametrize("method", [Affine(), Affine(1.3), Mesh()], ids=["shift", "zoom", "mesh"])
@pytest.mark.parametrize("crop", [0.0, 0.05])
def test_no_method_shows_a_border_at_any_crop(tmp_path, method, crop):
    report = dvs_jax.stabilize(shaken(), tmp_path, method=method, crop=crop, **EXACT)
    for frame in video.read_frames(report.cropped):
        edges = [frame[0], frame[-1], frame[:, 0], frame[:, -1]]
        assert min(edge.max(axis=-1).min() for edge in edges) > 20


def test_frames_are_led_back_no_further_than_they_must(tmp_path):
    """Where a method keeps to the crop by itself, nothing of it is changed."""
    frames = list(Affine().frames(shaken(), iter(()), 0.1))
    shares = Shares(0.1, (WIDTH, HEIGHT))
    reach = np.asarray(coverage.furthest(np.stack([f.source for f in frames]), shares.covered))
    assert (reach == 1.0).all()


def test_what_a_method_needs_is_said():
    with pytest.raises(InputError, match="shaken: this needs the gyro; give the clip its sensors"):
        dvs_jax.stabilize(shaken(), "nowhere", method=Smoothed("gaussian"))

    class NeedsFlow(Affine):
        needs = frozenset({"flow"})

    with pytest.raises(InputError, match="optical flow files, and there are none"):
        require(NeedsFlow(), shaken())


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (np.zeros((3, 3), np.float32), r"grid is float32 \(3, 3\)"),
        (np.zeros((1, 3, 2), np.float32), "2 × 2 or more"),
        (np.zeros((3, 3, 2), np.int64), "float32 .* is needed"),
    ],
)
def test_a_grid_that_is_none_is_told_with_its_frame(tmp_path, source, complaint):
    class Bad(Affine):
        def frames(self, clip, pictures, crop):
            good = Frame(grid.output_points(3, 3).astype(np.float32))
            yield from [good, good, Frame(source)]

    with pytest.raises(InputError, match=f"shaken, frame 2: .*{complaint}"):
        dvs_jax.stabilize(shaken(), tmp_path, method=Bad())
    assert list(tmp_path.iterdir()) == []


def test_a_method_that_stops_early_leaves_no_short_video(tmp_path):
    class Short(Affine):
        def frames(self, clip, pictures, crop):
            yield from list(super().frames(clip, pictures, crop))[:-5]

    with pytest.raises(InputError, match="told of 35 frames, and the clip has 40"):
        dvs_jax.stabilize(shaken(), tmp_path, method=Short())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_more_frames_than_the_clip_has_are_refused(tmp_path):
    class Endless(Affine):
        def frames(self, clip, pictures, crop):
            while True:
                yield Frame(grid.output_points(3, 3).astype(np.float32))

    for framing in ("fixed", "varying", "smallest"):
        with pytest.raises(InputError, match="frame 40: the clip has no such frame"):
            dvs_jax.stabilize(shaken(), tmp_path, method=Endless(), framing=framing)


@pytest.mark.parametrize("pose", [np.zeros(4), np.ones(3), np.full(4, np.nan)], ids=str)
def test_a_pose_that_is_none_is_told_with_its_frame(tmp_path, pose):
    class Bad(Affine):
        def frames(self, clip, pictures, crop):
            yield Frame(grid.output_points(3, 3).astype(np.float32), pose)

    with pytest.raises(InputError, match="frame 0: the method's pose is no unit quaternion"):
        dvs_jax.stabilize(shaken(), tmp_path, method=Bad())


def test_a_picture_is_taken_before_its_frame_is_told(tmp_path):
    class Late(Affine):
        def frames(self, clip, pictures, crop):
            yield Frame(grid.output_points(3, 3).astype(np.float32))
            yield from (Frame(grid.output_points(3, 3).astype(np.float32)) for _ in pictures)

    with pytest.raises(InputError, match="takes the picture after it has told the frame"):
        dvs_jax.stabilize(shaken(), tmp_path, method=Late())


def test_an_error_in_a_method_names_the_stage_and_leaves_nothing(tmp_path):
    for look_ahead_s in (0.0, np.inf):

        class Failing(Affine):
            def frames(self, clip, pictures, crop):
                yield next(super().frames(clip, pictures, crop))
                raise InputError("the weights are for another size")

        Failing.look_ahead_s = look_ahead_s
        with pytest.raises(InputError, match=r"another size \(while finding the path\)$"):
            dvs_jax.stabilize(shaken(), tmp_path, method=Failing())
        assert list(tmp_path.iterdir()) == []


def test_a_grid_for_every_pixel_is_drawn_as_a_coarser_one(tmp_path):
    class Fine(Affine):
        def frames(self, clip, pictures, crop):
            points = grid.output_points(HEIGHT, WIDTH)
            yield from (Frame((points - s / (WIDTH, HEIGHT)).astype(np.float32)) for s in shifts())

    coarse, fine = (drawn_by(each, tmp_path, crop=0.1) for each in (Affine(), Fine()))
    assert np.abs(coarse.astype(int) - fine).max() <= 2


def test_a_method_is_told_from_others_by_its_class_or_what_it_says():
    assert fingerprint(Mesh()) == {"method": f"{__name__}.Mesh"}
    assert fingerprint(Smoothed("gaussian")) == {"smoother": "gaussian"}


@pytest.mark.slow
def test_every_kind_of_method_goes_through_batches_on_host_and_devices(tmp_path):
    """And a clip that its method cannot take fails alone."""
    clips = {
        name: Clip.from_arrays(shaken().images, shaken().video.time_ns, name=name) for name in "ab"
    }

    class Picky(Affine):
        def frames(self, clip, pictures, crop):
            if clip.name == "b":
                raise InputError("b: is not to my taste")
            return super().frames(clip, pictures, crop)

    for method in (Affine(), Mesh(), Picky()):
        settings = Settings(crop=0.1, crf=0, framing="fixed")
        on_host = one_by_one(partial(stabilize_by, method=method, settings=settings), clips.get)
        films = {}
        for place, process in (
            ("host", on_host),
            ("devices", on_devices(method, settings, clips.get)),
        ):
            jobs = [Job(name, tmp_path / type(method).__name__ / place / name) for name in clips]
            outcomes = {each.job.clip: each for each in process(jobs)}
            states = [outcomes[name].state for name in clips]
            assert states == ["done", "failed" if isinstance(method, Picky) else "done"]
            film = outcomes["a"].report.cropped
            films[place] = np.array(list(video.read_frames(film)), int)
        assert np.abs(films["host"] - films["devices"]).max() <= 3


def test_one_way_to_stabilise_is_enough(tmp_path):
    with pytest.raises(InputError, match="give one of them"):
        dvs_jax.stabilize(shaken(), tmp_path, Affine(), method=Mesh())


def test_clips_of_arrays_are_checked():
    good = [np.zeros((20, 30, 3), np.uint8)] * 3
    time_ns = np.arange(3) * 10**7
    clip = Clip.from_arrays(good, time_ns)
    assert (clip.size, clip.frame_count, clip.video.frame_rate) == ((30, 20), 3, Fraction(100))
    with pytest.raises(InputError, match="frame 1 is float64"):
        Clip.from_arrays([good[0], np.zeros((20, 30, 3))], time_ns[:2])
    with pytest.raises(InputError, match="one length, 2 or more"):
        Clip.from_arrays(good, time_ns[:2])
    for wrong in (time_ns[::-1], time_ns.astype(float)):
        with pytest.raises(InputError, match="whole nanoseconds that increase"):
            Clip.from_arrays(good, wrong)
    with pytest.raises(InputError, match="impossible times"):
        Clip.from_arrays(good, time_ns * 10**6)
    with pytest.raises(InputError, match="no name for files"):
        Clip.from_arrays(good, time_ns, name="../x")


# A path that is given.


@pytest.mark.slow
def test_the_path_of_an_earlier_run_draws_its_video_again(walk, tmp_path):
    clip = load_clip(walk)
    first = dvs_jax.stabilize(clip, tmp_path / "first", smoother="gaussian", refine="none", **EXACT)
    path = camera_path.read(first.trajectory)
    again = dvs_jax.stabilize(clip, tmp_path / "again", path=path, **EXACT)
    one, other = (np.array(list(video.read_frames(each.cropped)), int) for each in (first, again))
    assert np.abs(one - other).max() <= 2
    np.testing.assert_allclose(
        camera_path.read(again.trajectory).quaternion, path.quaternion, atol=1e-6
    )


@pytest.mark.slow
def test_a_path_that_ends_before_the_clip_is_refused(walk):
    clip = load_clip(walk)
    path = dvs_jax.predict_trajectory(dvs_jax.load_model("gyro_only"), clip)
    short = camera_path.CameraPath(path.time_ns[:-3], path.quaternion[:-3])
    with pytest.raises(InputError, match="do not span the frames"):
        list(GivenPath(short).frames(clip, iter(()), 0.1))


# A part of a clip.


def test_a_part_has_the_frames_the_sensors_and_the_times_of_that_part(walk):
    clip = load_clip(walk)
    part = between(clip, 0.3, 0.7)
    assert part.frame_count == 12 and part.first == 9
    assert part.video.time_ns[0] == 0
    np.testing.assert_array_equal(np.diff(part.video.time_ns), np.diff(clip.video.time_ns[9:21]))
    np.testing.assert_array_equal(part.sensors.frames.time_ns, clip.sensors.frames.time_ns[9:21])
    whole = list(dvs_jax.clip.read_frames(clip))
    for one, other in zip(dvs_jax.clip.read_frames(part), whole[9:21], strict=True):
        np.testing.assert_array_equal(one, other)
    again = between(part, 0.1, 0.2)
    assert (again.first, again.frame_count) == (12, 3)
    assert again.video.cut_ns == (int(clip.video.time_ns[12]), int(clip.video.time_ns[15]))


@pytest.mark.parametrize(("start", "end"), [(0.5, 0.5), (-1.0, 0.5), (0.5, 0.51), (7.0, 9.0)])
def test_parts_without_two_frames_are_refused(walk, start, end):
    with pytest.raises(InputError):
        between(load_clip(walk), start, end)


@pytest.mark.slow
def test_sound_is_cut_with_the_frames(tmp_path, walk):
    """A tone that rises every tenth of a second tells which part of it is heard."""
    with_tones(walk / "walking.mp4", tmp_path / "walking.mp4")
    for log in walk.glob("*.txt"):
        (tmp_path / log.name).write_bytes(log.read_bytes())
    part = between(load_clip(tmp_path / "walking.mp4"), 0.4, 0.7)
    report = dvs_jax.stabilize(part, tmp_path / "out", smoother="gaussian")
    with av.open(str(report.cropped)) as film:
        sound = np.concatenate([f.to_ndarray()[0] for f in film.decode(audio=0)])
        rate = film.streams.audio[0].rate
        assert float(film.duration / av.time_base) == pytest.approx(0.3, abs=0.05)
    heard = [frequency(sound[round(at * rate) :][:2048], rate) for at in (0.05, 0.15, 0.22)]
    np.testing.assert_allclose(heard, [900, 1000, 1100], atol=60)


def frequency(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()])


def with_tones(source, target) -> None:
    """Copy a video's pictures, with 500 Hz, 600 Hz, … for a tenth of a second each."""
    rate = 48_000
    seconds = np.arange(rate) / rate
    pitch = 500.0 + 100.0 * np.floor(seconds * 10.0)
    wave = (0.5 * np.sin(2.0 * np.pi * np.cumsum(pitch) / rate)).astype(np.float32)
    with av.open(str(source)) as film, av.open(str(target), "w") as copy:
        pictures = copy.add_stream_from_template(film.streams.video[0])
        sound = copy.add_stream("aac", rate=rate, layout="mono")
        for packet in film.demux(video=0):
            if packet.dts is not None:
                packet.stream = pictures
                copy.mux(packet)
        for start in range(0, rate, 1024):
            frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], "fltp", "mono")
            frame.sample_rate, frame.pts = rate, start
            copy.mux(sound.encode(frame))
        copy.mux(sound.encode(None))
