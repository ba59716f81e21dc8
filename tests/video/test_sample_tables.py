import struct
from pathlib import Path

import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import probe, read_frames

from .clips import burst, level_frames, write_clip


def patched(path: Path, box: bytes, numbers: dict[int, int]) -> None:
    """Set big-endian words of the first box of a name, by their offsets from its content."""
    data = bytearray(path.read_bytes())
    at = data.find(box) + 4
    for offset, number in numbers.items():
        data[at + offset : at + offset + 4] = struct.pack(">I", number)
    path.write_bytes(data)


@pytest.mark.parametrize("faststart", [False, True])
def test_a_table_that_claims_more_samples_than_bytes_is_refused(tmp_path: Path, faststart: bool):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(30), faststart=faststart)
    many = 40_000_000  # for which FFmpeg would take 2.8 GB
    patched(clip, b"stsz", {4: 1, 8: many})
    patched(clip, b"stsc", {12: many})
    patched(clip, b"stts", {8: many})
    with pytest.raises(InputError, match=r"clip\.mp4: a table claims more"):
        probe(clip)


def test_a_run_that_claims_more_samples_than_bytes_is_refused(tmp_path: Path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(30), fragmented=True)
    assert probe(clip).frame_count == 30
    patched(clip, b"trun", {0: 1, 4: 40_000_000})
    with pytest.raises(InputError, match=r"clip\.mp4: a table claims more"):
        probe(clip)


def test_plain_sound_of_a_film_that_is_cut_off_is_no_such_claim(tmp_path: Path):
    clip = write_clip(
        tmp_path / "clip.mov",
        level_frames(30, 256, 192) * 10,
        encoder={"bf": "0"},
        sound=burst(10, 0),
        sound_codec="pcm_s16le",
        faststart=True,
    )
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    assert len(list(read_frames(clip))) == probe(clip).frame_count >= 1


def test_other_files_and_broken_boxes_pass(tmp_path: Path):
    boxes = b"\0\0\0\x08free" + b"\0\0\0\x04moov" + bytes(100)
    (tmp_path / "clip.mp4").write_bytes(boxes)
    with pytest.raises(InputError, match="cannot be read as a video"):
        probe(tmp_path / "clip.mp4")
