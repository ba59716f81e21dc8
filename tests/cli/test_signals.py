"""An interrupt ends the command at once, whatever it is at, and leaves nothing behind."""

import shutil
import signal
import sys
import time
from pathlib import Path

import interrupting
import pytest

INT, TERM = signal.SIGINT, signal.SIGTERM
QUICK = ("--smoother", "gaussian", "--encoder-preset", "ultrafast")
STABILIZE = ("stabilize", "{walk}", "--out", "{out}", *QUICK)
BY_FLOW = ("stabilize", "{walk}", "--out", "{out}", "--encoder-preset", "ultrafast")
FLOW = ("flow", "{walk}", "--estimator", "dis")


def assert_prompt(end: interrupting.End, number: int) -> None:
    assert (end.code, end.told, end.left) == (128 + number, ["interrupted"], [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("event", "arguments", "number"),
    [
        ("at_import", STABILIZE, INT),
        ("at_import", STABILIZE, TERM),
        ("at_garbage_collection", STABILIZE, INT),
        ("at_compilation", BY_FLOW, INT),
        ("at_decoding", STABILIZE, TERM),
        ("at_encoding", STABILIZE, INT),
        ("at_flow", FLOW, TERM),
        ("at_a_process", ("synthesize", "{out}"), INT),
    ],
)
def test_it_ends_in_the_middle_of_what_no_exception_reaches(
    walk: Path, tmp_path: Path, event: str, arguments: tuple[str, ...], number: int
):
    out, reached = tmp_path / "out", tmp_path / "reached"
    named = [each.format(walk=walk, out=out) for each in arguments]
    process = interrupting.start(["stopping_at", event, reached, *named], tmp_path / "scratch")
    interrupting.wait_until(reached.exists, process)
    end = interrupting.interrupt(process, number, walk, out, tmp_path / "scratch")
    assert_prompt(end, number)
    assert not out.exists() or list(out.iterdir()) == []
    assert len(list(walk.glob("flo*/*"))) == (6 if event == "at_flow" else 0)


@pytest.mark.slow
def test_an_ignored_signal_stays_ignored(tmp_path: Path):
    out = tmp_path / "out"
    size = ("--seconds", "1", "--width", "192", "--height", "108")
    command = [sys.executable, "-m", "dvs_jax", "synthesize", str(out), *size]
    ignoring = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command]
    process = interrupting.run_in_session(ignoring, tmp_path / "scratch")
    interrupting.wait_until(lambda: list(out.glob(".unfinished-*")), process)
    process.send_signal(INT)
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    assert (out / "handheld.mp4").exists()


def test_a_closed_pipe_does_not_keep_it_from_ending(tmp_path: Path):
    reached = tmp_path / "reached"
    arguments = ["stopping_at", "at_import", reached, "stabilize", tmp_path / "absent"]
    process = interrupting.start(arguments, tmp_path / "scratch")
    interrupting.wait_until(reached.exists, process)
    assert process.stderr is not None
    process.stderr.close()
    process.send_signal(TERM)
    assert process.wait(timeout=120) == 143


@pytest.mark.slow
def test_forty_interrupts_at_even_moments(walk: Path, tmp_path: Path):
    """From the first import to the last frame, SIGINT and SIGTERM in turns."""

    def begin(name: str) -> interrupting.Process:
        arguments = [each.format(walk=walk, out=tmp_path / name / "out") for each in BY_FLOW]
        return interrupting.start(["dvs_jax", *arguments], tmp_path / name)

    # What the first compiles, those after it find in the cache that tests share.
    for name in ("first", "whole"):
        start = time.monotonic()
        whole = begin(name)
        assert whole.wait(timeout=300) == 0
        whole.communicate()
        whole_s = time.monotonic() - start
    ended = 0
    for index in range(40):
        process, number = begin(str(index)), (INT, TERM)[index % 2]
        # Python's own start is not ours to interrupt.
        interrupting.wait_for_handlers(process)
        time.sleep(whole_s * index / 40)
        end = interrupting.interrupt(process, number, tmp_path / str(index))
        ended += end.code == 128 + number
        # One that had made its results before its signal came is no failure: Python gives the
        # signals back to the system while it ends.
        made = any((tmp_path / str(index)).rglob("*_stab_crop.mp4"))
        assert end.code in (128 + number, *((0, -number) if made else ())), end
        assert end.left == [], end
        assert end.told in ([], ["interrupted"]), end
        shutil.rmtree(tmp_path / str(index))
    assert ended > 20
