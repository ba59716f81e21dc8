import json
import multiprocessing
import signal
import threading
from collections.abc import Iterable, Iterator
from itertools import pairwise
from multiprocessing.queues import Queue
from pathlib import Path

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.flow import FlowPair, cache, create, estimate, flow_file
from dvs_jax.flow.flow_folder import FlowFolder

from .textures import textured_frame


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    world = textured_frame(100, 140)
    return [world[i : i + 64, 2 * i : 2 * i + 96] for i in range(6)]


@pytest.mark.parametrize("suffix", [".flo", ".npz"])
def test_the_cache_holds_what_the_estimator_makes(tmp_path, frames, suffix):
    folder = FlowFolder(tmp_path / "clip", suffix)
    assert list(cache.fill(frames, 5, folder, "dis", source="a.mp4")) == [0, 1, 2, 3, 4]
    assert len(folder) == 5
    for index, pair in enumerate(estimate(frames, "dis")):
        assert np.array_equal(folder.read(index).forward, pair.forward)
        assert np.array_equal(folder.read(index).backward, pair.backward)


def test_it_goes_on_where_it_stopped(tmp_path, frames):
    folder = FlowFolder(tmp_path)
    begun = cache.fill(frames, 5, folder, "dis", source="a.mp4")
    assert [next(begun) for _ in range(3)] == [0, 1, 2]
    begun.close()
    assert len(folder) == 3
    folder.backward_path(2).unlink()
    before = folder.forward_path(1).stat().st_mtime_ns
    assert list(cache.fill(frames, 5, folder, "dis", source="a.mp4")) == [0, 1, 2, 3, 4]
    assert folder.forward_path(1).stat().st_mtime_ns == before
    for index, pair in enumerate(estimate(frames, "dis")):
        assert np.array_equal(folder.read(index).backward, pair.backward)


def test_a_full_cache_reads_no_frame(tmp_path, frames):
    folder = FlowFolder(tmp_path)
    list(cache.fill(frames, 5, folder, "dis", source="a.mp4"))
    never = (pytest.fail("a frame was read") for _ in range(6))
    assert list(cache.fill(never, 5, folder, "dis", source="a.mp4")) == [0, 1, 2, 3, 4]
    (tmp_path / "flow.json").unlink()
    assert len(list(cache.fill(never, 5, folder, "dis", source="a.mp4"))) == 5


@pytest.mark.parametrize(
    ("estimator", "source", "count"),
    [("farneback", "a.mp4", 5), ("dis", "b.mp4", 5), ("dis", "a.mp4", 4)],
)
def test_flow_of_another_making_is_never_continued(tmp_path, frames, estimator, source, count):
    folder = FlowFolder(tmp_path)
    next(cache.fill(frames, 5, folder, "dis", source="a.mp4"))
    with pytest.raises(InputError, match=r"flow of 1 pairs lies there .* remove .*flo_back"):
        list(cache.fill(frames[: count + 1], count, folder, estimator, source=source))


@pytest.mark.parametrize("note", ["{", "[" * 100_000, "1" * 5000, "\0"])
def test_files_of_unknown_origin_are_not_continued(tmp_path, frames, note):
    folder = FlowFolder(tmp_path)
    next(cache.fill(frames, 5, folder, "dis", source="a.mp4"))
    (tmp_path / "flow.json").write_text(note)
    with pytest.raises(InputError, match=r"not made by dis from a\.mp4"):
        list(cache.fill(frames, 5, folder, "dis", source="a.mp4"))


@pytest.mark.parametrize("linked", ["flo", "flo_back"])
def test_flow_is_not_written_through_a_link(tmp_path, frames, linked):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / linked).symlink_to(tmp_path / "elsewhere")
    folder = FlowFolder(tmp_path / "clip")
    with pytest.raises(InputError, match=f"clip/{linked}: is a link to a folder elsewhere"):
        list(cache.fill(frames, 5, folder, "dis", source="a.mp4"))
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert [file.name for file in (tmp_path / "clip").iterdir()] == [linked]


def test_complete_flow_is_read_through_a_link(tmp_path, frames):
    list(cache.fill(frames, 5, FlowFolder(tmp_path / "elsewhere"), "dis", source="a.mp4"))
    (tmp_path / "clip").mkdir()
    for name in ("flo", "flo_back"):
        (tmp_path / "clip" / name).symlink_to(tmp_path / "elsewhere" / name)
    folder = FlowFolder(tmp_path / "clip")
    assert len(list(cache.fill(frames, 5, folder, "dis", source="a.mp4"))) == 5


def test_a_second_run_is_refused_while_one_makes_flow(tmp_path, frames):
    folder, ended = FlowFolder(tmp_path), []

    def second() -> None:
        # After the last pair it is complete, and the other's.
        with pytest.raises(InputError, match=r"another run is writing flow|not made by farneback"):
            list(cache.fill(frames, 5, folder, "farneback", source="a.mp4"))
        ended.append(True)

    for _ in cache.fill(frames, 5, folder, "dis", source="a.mp4"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(ended) == 5
    assert json.loads((tmp_path / "flow.json").read_text())["estimator"] == "dis"
    for index, pair in enumerate(estimate(frames, "dis")):
        assert np.array_equal(folder.read(index).forward, pair.forward)
    assert {file.name for file in tmp_path.iterdir()} == {"flo", "flo_back", "flow.json"}


def test_one_frame_is_named(tmp_path, frames):
    with pytest.raises(InputError, match=r"a\.mp4: flow needs at least two frames"):
        list(cache.fill(frames[:1], 0, FlowFolder(tmp_path), "dis", source="a.mp4"))


def test_the_note_says_what_made_the_flow(tmp_path, frames):
    folder = FlowFolder(tmp_path)
    list(cache.fill(frames, 5, folder, create("auto"), source="videos/a.mp4"))
    note = json.loads((tmp_path / "flow.json").read_text())
    assert note == {"estimator": "dis", "iterations": None, "video": "a.mp4", "pairs": 5}


def test_other_iterations_do_not_go_on_with_what_was_begun(tmp_path, frames):
    folder, marked = FlowFolder(tmp_path), _Marked()
    marked.iterations = 12
    next(cache.fill(frames, 5, folder, marked, source="a.mp4"))
    marked.iterations = 4
    with pytest.raises(InputError, match="not made by marked"):
        list(cache.fill(frames, 5, folder, marked, source="a.mp4"))


class _Marked:
    """Flow whose every value is the mark of its frame, so that a wrong or short file shows."""

    name = "marked"
    reads_color = True

    def pairs(self, frames: Iterable[np.ndarray]) -> Iterator[FlowPair]:
        for first, second in pairwise(int(frame[0, 0, 0]) for frame in frames):
            yield FlowPair(*(np.full((270, 480, 2), mark, np.float32) for mark in (first, second)))


def _marked_frames(count: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(0)
    for index in range(count):
        frame = generator.integers(0, 256, (64, 64, 3), np.uint8)
        frame[:8, :8] = index
        yield frame


def _fill(clip: Path, count: int, done: Queue) -> None:
    folder = FlowFolder(clip)
    for index in cache.fill(_marked_frames(count), count - 1, folder, _Marked(), source="a.mp4"):
        done.put(index)


@pytest.mark.slow
def test_it_survives_being_killed_again_and_again(tmp_path):
    spawn, folder = multiprocessing.get_context("spawn"), FlowFolder(tmp_path)
    for until in (5, 90):
        done = spawn.Queue()
        filling = spawn.Process(target=_fill, args=(tmp_path, 200, done))
        filling.start()
        while done.get(timeout=120) < until:
            pass
        filling.kill()
        filling.join()
        assert filling.exitcode == -signal.SIGKILL
        assert until < len(folder) < 199
        assert {flow_file.read(path).shape for path in tmp_path.glob("flo*/[0-9]*")} == {
            (270, 480, 2)
        }
    list(cache.fill(_marked_frames(200), 199, folder, _Marked(), source="a.mp4"))
    for index in range(199):
        pair = folder.read(index)
        assert (pair.forward == index).all()
        assert (pair.backward == index + 1).all()
