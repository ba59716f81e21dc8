"""Recordings with bytes and words changed at random: read, or refused by one line."""

import functools
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from dvs_jax import recordings
from dvs_jax.recordings import gpmf
from dvs_jax.sensors import gyro
from tests.recordings.gopro_files import number, text, write
from tests.recordings.test_gopro import packets

from .budget import budget
from .examination import outcome
from .examiner import examiner
from .mutation import mutations
from .text_mutation import text_mutations

FEW = 30

TIMES = [5 * index for index in range(30)]

GCSV = (
    "GYROFLOW IMU LOG\nversion,1.3\nid,a_logger\norientation,yXZ\nframe_readout_time,12.5\n"
    "frame_readout_direction,0\ntscale,0.001\ngscale,0.0002663161\nascale,0.00059875488\n"
    "t,gx,gy,gz,ax,ay,az\n" + "".join(f"{time},39,86,183,-1137,-15689,-2986\n" for time in TIMES),
    "CAMERA IMU LOG\nt,gx,gy,gz\n" + "".join(f"{time},.39,-86e-2,1\n" for time in TIMES),
)

LOGS = (
    "time,seconds_elapsed,z,y,x\n" + "".join(f"{t}000000,{t},.1,.2,.3\n" for t in TIMES),
    '"Time (s)";"X (rad/s)";"Y (rad/s)";"Z (rad/s)"\n'
    + "".join(f'"0,{t:03}";"0,1";"-0,2";"0,3";\n' for t in TIMES),
    '"Product","Blackbox flight data recorder"\n"gyroScale","1.7453292519943295e-8"\n'
    '"loopIteration","time","gyroADC[0]","gyroADC[1]","gyroADC[2]","flags"\n'
    + "".join(f"{t},{1000 * t},10,-20,30,ARM\n" for t in TIMES),
    "".join(f"0.1,{(-1) ** t * 0.2},0.3,{9000000000000 + 10**6 * t}\n" for t in TIMES),
    "sep=\t\ntime\tgyro_x\tgyro_y\tgyro_z\tacc_x\tacc_y\tacc_z\nms\tdeg/s\tdeg/s\tdeg/s\tg\tg\tg\n"
    + "".join(f"{t}\t1,5\t2,5\t-3,5\t0\t0\t1\n" for t in TIMES),
)

TEXTS = {"walk.gcsv": GCSV, "log.csv": LOGS}


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of warnings would be kept."""
    caplog.set_level(logging.ERROR, "dvs_jax")


def read(path: Path) -> None:
    """Read a recording, and ask it what a clip asks."""
    found = recordings.read(path)
    assert (np.diff(found.time_ns) > 0).all()
    assert np.isfinite(gyro.poses(found, found.camera).quaternion).all()
    if found.accelerometer is not None:
        assert (np.diff(found.accelerometer.time_ns) > 0).all()
        assert np.isfinite(found.accelerometer.acceleration).all()


TABLES = [text("ORIN", "XzY"), text("ORIO", "ZXY")]

PACKETS = packets([40, 40], [80_000, 1_090_000], 85_000, *TABLES)


@functools.cache
def telemetry(folder: Path) -> bytes:
    """A GoPro's video of two seconds."""
    lens = [text("MINF", "HERO8 Black"), number("ZFOV", "f", 100.0), number("SROT", "f", 12.5)]
    return write(folder / "original.mp4", PACKETS, [*lens, text("EISE", "N")]).read_bytes()


def test_the_originals_are_read(tmp_path: Path) -> None:
    for name, originals in TEXTS.items():
        for original in originals:
            (tmp_path / name).write_text(original)
            assert outcome(read, tmp_path / name) == ""
    (tmp_path / "a.mp4").write_bytes(telemetry(tmp_path))
    assert outcome(read, tmp_path / "a.mp4") == ""


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_damaged_texts(name: str, tmp_path: Path, fuzz_examples: int | None) -> None:
    @budget(FEW, fuzz_examples)
    @given(data=text_mutations(TEXTS[name]))
    def damaged(data: bytes) -> None:
        (tmp_path / name).write_bytes(data)
        outcome(read, tmp_path / name)

    damaged()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_damaged_telemetry(tmp_path: Path, fuzz_examples: int | None) -> None:
    """Anywhere in the file, and within the packets alone."""
    valid = telemetry(tmp_path)

    @budget(FEW, fuzz_examples)
    @given(data=mutations(valid))
    def damaged(data: bytes) -> None:
        (tmp_path / "damaged.mp4").write_bytes(data)
        examine(tmp_path / "damaged.mp4")

    packet = PACKETS[0]
    place = valid.index(packet)

    @budget(FEW, fuzz_examples)
    @given(data=mutations(packet))
    def damaged_packet(data: bytes) -> None:
        list(gpmf.streams(bytes(data)))
        filled = bytes(data)[: len(packet)].ljust(len(packet), b"\0")
        file = tmp_path / "damaged.mp4"
        file.write_bytes(valid[:place] + filled + valid[place + len(packet) :])
        examine(file)

    with examiner(read, fuzz_examples) as examine:
        damaged()
        damaged_packet()
