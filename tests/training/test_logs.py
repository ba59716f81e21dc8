"""The log of a run, gone on with after it was cut off anywhere."""

import json
from pathlib import Path

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event

from dvs_jax.errors import InputError
from dvs_jax.training.logs import Log, keep_until


def write(workdir: Path, first: int, last: int) -> None:
    with Log(workdir, first - 1, 10) as log:
        for step in range(first, last + 1):
            log.numbers(step, 1, {"total": step / 2, "error": 3.0})
            log.advance(step)


def steps(workdir: Path) -> list[int]:
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["step"] for line in lines]


def test_every_step_is_a_line(tmp_path: Path):
    write(tmp_path / "run", 1, 3)
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[1]) == {"step": 2, "epoch": 1, "total": 1.0, "error": 3.0}
    assert steps(tmp_path / "run") == [1, 2, 3]


@pytest.mark.parametrize("torn", ["", '{"step": 6, "tot', "\x00"])
def test_going_on_drops_later_lines_and_torn_ones_and_loses_none(tmp_path: Path, torn: str):
    write(tmp_path, 1, 5)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write(torn)
    write(tmp_path, 4, 8)
    assert steps(tmp_path) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    "line",
    ["hello", "[]", '{"step": 1e999}', '{"step": null}', "[" * 100_000, '{"step": ' + "9" * 5000],
)
def test_a_line_of_something_else_is_told(tmp_path: Path, line: str):
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"step": 1}}\n{line}\n')
    with pytest.raises(InputError, match=r"metrics\.jsonl:2: is no line of a log \(.*; remove it"):
        keep_until(path, 5)
    assert path.read_text() == f'{{"step": 1}}\n{line}\n'


def test_the_console_shows_a_line_a_step_and_the_progress(
    tmp_path: Path, capfd: pytest.CaptureFixture
):
    write(tmp_path, 1, 2)
    shown = capfd.readouterr().err
    assert "step 2  epoch 1  total 1  error 3" in shown
    assert "2/10 left:" in shown


def events(folder: Path) -> list[Event]:
    """What the event files hold, by file; a record is a length, a checksum, bytes, a checksum."""
    found = []
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        content = path.read_bytes()
        while content:
            length = int.from_bytes(content[:8], "little")
            found.append(Event.FromString(content[12 : 12 + length]))
            content = content[16 + length :]
    return found


def test_tensorboard_gets_numbers_and_pictures_and_is_told_where_a_run_went_on(tmp_path: Path):
    write(tmp_path, 1, 3)
    with Log(tmp_path, 2, 10) as log:
        log.numbers(3, 1, {"total": 9.0})
        log.picture(3, np.full((4, 6, 3), 200, np.uint8))
    found = events(tmp_path / "tensorboard")
    values = [(event.step, v.tag, v.simple_value) for event in found for v in event.summary.value]
    assert (2, "total", 1.0) in values
    assert values[-2][:2] == (3, "total") and values[-2][2] == 9.0
    image = found[-1].summary.value[0]
    assert (image.image.height, image.image.width) == (4, 6)
    starts = [event.step for event in found if event.HasField("session_log")]
    assert starts == [1, 3]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with Log(tmp_path, 0, 10) as log:
        # Closing it fails too, which is the log's to bear.
        monkeypatch.setattr(log, "_lines", Path("/dev/full").open("w"))  # noqa: SIM115
        with pytest.raises(InputError, match=r"the log cannot be written: No space left"):
            log.numbers(1, 1, {"total": 1.0})
