import cv2
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.flow import create, estimate, working_size
from dvs_jax.flow.raft import RaftEstimator
from tests.memory import traced_memory

from .textures import homography_flow, textured_frame
from .weights import published_small, untrained_small

FAST = ["dis", "farneback"]


def _inner(flow: np.ndarray) -> np.ndarray:
    return flow[20:-20, 20:-20]


@pytest.mark.parametrize("name", FAST)
def test_known_motion_is_found_both_ways(moved_pair, shake, name):
    (pair,) = estimate(moved_pair(shake), name, size=(272, 480))
    for flow, homography in ((pair.forward, shake), (pair.backward, np.linalg.inv(shake))):
        error = np.linalg.norm(flow - homography_flow(homography, 272, 480), axis=-1)
        assert np.median(_inner(error)) < 0.1
        assert flow.dtype == np.float32


def test_tvl1_finds_a_shift():
    world = textured_frame(64, 96)
    (pair,) = estimate([world[:48, :64], world[1:49, 2:66]], "tvl1", size=(48, 64))
    assert np.abs(np.median(pair.forward[8:-8, 8:-8], axis=(0, 1)) - [-2, -1]).max() < 0.1


def test_flow_is_in_pixels_of_a_quarter_of_the_frame():
    world = cv2.resize(textured_frame(120, 160), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    (pair,) = estimate([world[:400, :560], world[12:412, 8:568]], "dis")
    assert pair.forward.shape == (100, 140, 2)
    assert np.abs(np.median(pair.forward, axis=(0, 1)) - [-2, -3]).max() < 0.1
    assert working_size(1080, 1920) == (270, 480)
    assert working_size(601, 799) == (150, 200)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FAST, "raft"])
def test_identical_and_almost_identical_frames_do_not_move(name):
    estimator = RaftEstimator("raft", untrained_small(), iterations=2) if name == "raft" else name
    frame = textured_frame(64, 72)
    noise = np.random.default_rng(1).integers(-2, 3, frame.shape)
    noisy = np.clip(frame + noise, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])
    recompressed = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    brighter = cv2.add(frame, np.full_like(frame, 3))
    black = np.zeros_like(frame)
    for other in (frame, noisy, recompressed, brighter, black):
        frames = [black if other is black else frame, other]
        (pair,) = estimate(frames, estimator, size=(64, 72))
        assert max(np.abs(pair.forward).max(), np.abs(pair.backward).max()) < 0.05


def test_small_true_motion_is_not_taken_for_stillness(moved_pair):
    homography = np.array([[1.0, 0, 0.25], [0, 1, 0], [0, 0, 1]])
    (pair,) = estimate(moved_pair(homography), "dis", size=(272, 480))
    assert np.abs(np.median(_inner(pair.forward), axis=(0, 1)) - [0.25, 0]).max() < 0.1


def test_a_slow_pan_is_seen_in_small_pictures_too(moved_pair):
    """A quarter of a pixel of full HD, which 0.03 px of 160 would hide."""
    frames = moved_pair(np.array([[1.0, 0, 0.0625], [0, 1, 0], [0, 0, 1]]))
    small = [cv2.resize(frame, (160, 91), interpolation=cv2.INTER_AREA) for frame in frames]
    (pair,) = estimate(small, "dis-quick", size=(91, 160))
    assert 0.01 < np.median(pair.forward[..., 0]) < 0.05


def test_one_still_pair_leaves_its_neighbours_alone(moved_pair, shake):
    first, second = moved_pair(shake)
    pairs = list(estimate([first, second, second, first], "dis", size=(272, 480)))
    assert not pairs[1].forward.any()
    assert np.array_equal(pairs[0].forward, pairs[2].backward)
    assert np.array_equal(pairs[0].backward, pairs[2].forward)
    assert np.abs(pairs[0].forward).mean() > 1


def test_a_long_stream_needs_no_more_memory():
    world = textured_frame(80, 400)

    def peak(count: int) -> int:
        frames = (np.ascontiguousarray(world[:, i : i + 100]) for i in range(count))
        with traced_memory() as peak:
            for _ in estimate(frames, "dis", size=(80, 100)):
                pass
        return peak()

    peak(5)
    assert peak(200) < 1.5 * peak(20)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "at least two frames"),
        ([np.zeros((64, 64, 3), np.uint8)], "at least two frames"),
        (
            [np.zeros((64, 64, 3), np.uint8), np.zeros((64, 80, 3), np.uint8)],
            "frame 1 is 80 × 64 px, those before it are 64 × 64",
        ),
        ([np.zeros((64, 64, 4), np.uint8)] * 2, "frame 0 is uint8"),
        ([np.zeros((64, 64, 3), np.float32)] * 2, "frame 0 is float32"),
        ([np.zeros((60, 800, 3), np.uint8)] * 2, "200 × 15 px is too small"),
    ],
)
def test_unusable_frames_are_named(frames, message):
    with pytest.raises(InputError, match=r"shaky\.mp4: ") as caught:
        list(estimate(frames, "dis", source="shaky.mp4"))
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["dis", "dis-quick"])
@pytest.mark.parametrize("size", [(16, 16), (16, 40), (16, 200), (200, 16), (17, 45)])
def test_the_smallest_sizes_do_not_end_the_process(name, size):
    """OpenCV's DIS reads outside its arrays on flat, wide frames of fewer than 16 rows."""
    world = textured_frame(size[0] + 1, size[1] + 1)
    (pair,) = estimate([world[:-1, :-1], world[1:, 1:]], name, size=size)
    assert pair.forward.shape == (*size, 2)


def test_grey_frames_serve_estimators_that_read_no_colours(moved_pair, shake):
    frames = moved_pair(shake)
    greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    (expected,) = estimate(frames, "dis", size=frames[0].shape[:2])
    (pair,) = estimate(greys, "dis", size=frames[0].shape[:2])
    np.testing.assert_array_equal(pair.forward, expected.forward)
    with pytest.raises(InputError, match=r"frame 0 is uint8 .* flow takes uint8 RGB"):
        next(estimate(greys, RaftEstimator("raft", untrained_small())))


def test_estimators_go_by_name():
    assert create("farneback").name == "farneback"
    assert create("auto").name == "dis"
    with pytest.raises(
        InputError, match="no flow estimator is called 'magic'; there are auto, dis"
    ):
        estimate([], "magic")


def test_raft_goes_by_the_name_of_its_weights(published_models, tmp_path, monkeypatch):
    path = published_small(published_models)
    assert create("raft-small", weights=path).name == "raft-small"
    monkeypatch.setenv("DVS_JAX_CACHE", str(published_models))
    assert create("raft-small").name == "raft-small"
    with pytest.raises(InputError, match="'dis' takes no weights"):
        create("dis", weights=path)


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_auto_takes_dis_without_an_accelerator_or_weights(monkeypatch, caplog, backend):
    def offline(name):
        raise InputError(f"the weights {name!r} are not at hand")

    monkeypatch.setattr("dvs_jax.pretrained.locate", offline)
    monkeypatch.setattr("jax.default_backend", lambda: backend)
    caplog.set_level("INFO", "dvs_jax")
    assert create("auto").name == "dis"
    assert "optical flow: dis" in caplog.text
    assert ("'raft-things' are not at hand" in caplog.text) == (backend == "gpu")


def test_auto_takes_raft_on_an_accelerator(published_models, monkeypatch, caplog):
    path = published_small(published_models)
    monkeypatch.setattr("dvs_jax.pretrained.locate", lambda name: path)
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    caplog.set_level("INFO", "dvs_jax")
    assert create("auto").name == "raft-things"
    assert "optical flow: raft-things" in caplog.text


def test_flow_that_is_not_finite_is_not_passed_on(moved_pair, shake):
    class Broken:
        name = "broken"
        reads_color = True

        def pairs(self, frames):
            for pair in create("dis").pairs(frames):
                pair.forward[3, 4] = np.nan
                yield pair

    with pytest.raises(InputError, match="broken made flow that is not finite between frames 0"):
        list(estimate(moved_pair(shake), Broken(), size=(272, 480)))
