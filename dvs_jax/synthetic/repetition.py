"""A long clip from a short one, without rendering: the same frames and motion, over and over."""

from collections.abc import Iterator
from pathlib import Path

import av

from dvs_jax.video import NANOSECONDS
from dvs_jax.video.container import fraction

_LOGS = {"frame": ((0, 4), 1), "gyro": ((0,), 1_000), "ois": ((2,), 1)}
"""For each log, the time columns, and the nanoseconds in their unit."""


def repeat(clip: Path, out: Path, times: int) -> Path:
    """Repeat a clip several times; the image jumps at each repetition.

    Args:
        clip: a video as `synthesize` wrote it, its logs beside it.
        out: folder for the long video and its logs; made if it is not there.
        times: number of repetitions.

    Returns:
        The long video.
    """
    out.mkdir(parents=True, exist_ok=True)
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        period_ns = round(stream.frames * NANOSECONDS / fraction(stream.average_rate))
    for name, (columns, unit_ns) in _LOGS.items():
        log = clip.parent / f"{clip.stem}_{name}.txt"
        if log.exists():
            _repeat_log(log, out / log.name, columns, period_ns // unit_ns, times)
    _repeat_video(clip, out / clip.name, period_ns, times)
    return out / clip.name


def _repeat_log(log: Path, out: Path, columns: tuple[int, ...], period: int, times: int) -> None:
    rows = [line.split() for line in log.read_text().splitlines()]
    # Sensor logs extend beyond the frames; times after the last frame are left to the next repeat.
    end = int(rows[0][columns[0]]) + period
    inside = [row for row in rows if int(row[columns[0]]) < end]
    with out.open("w") as file:
        for number in range(times):
            for row in rows if number == times - 1 else inside:
                file.write(" ".join(_later(row, columns, number * period)) + "\n")


def _later(row: list[str], columns: tuple[int, ...], by: int) -> Iterator[str]:
    for column, value in enumerate(row):
        yield str(int(value) + by) if column in columns else value


def _repeat_video(clip: Path, out: Path, period_ns: int, times: int) -> None:
    with av.open(str(out), "w") as output:
        for number in range(times):
            with av.open(str(clip)) as source:
                stream = source.streams.video[0]
                if number == 0:
                    target = output.add_stream_from_template(stream)
                later = round(number * period_ns / NANOSECONDS / fraction(stream.time_base))
                for packet in source.demux(stream):
                    # The last packet has no time and only flushes the stream.
                    if packet.pts is None or packet.dts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                    packet.stream = target
                    output.mux(packet)
