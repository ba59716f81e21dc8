import contextlib
import io
import os
import struct
import zipfile
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvs_jax.errors import InputError
from dvs_jax.flow import flow_file
from tests.memory import traced_memory


@pytest.fixture
def flow() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 20, (5, 7, 2)).astype(np.float32)


@pytest.mark.parametrize("suffix", [".flo", ".npz"])
def test_flow_comes_back_bit_for_bit(tmp_path, flow, suffix):
    path = tmp_path / "deep" / f"a{suffix}"
    flow_file.write(path, flow)
    assert np.array_equal(flow_file.read(path), flow)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_kitti_png_keeps_a_64th_of_a_pixel(tmp_path, flow):
    flow_file.write(tmp_path / "a.png", flow)
    assert np.abs(flow_file.read(tmp_path / "a.png") - flow).max() <= 1 / 128


def test_flo_has_middleburys_bytes(tmp_path):
    flow_file.write(tmp_path / "a.flo", np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    content = (tmp_path / "a.flo").read_bytes()
    assert content == b"PIEH" + struct.pack("<ii4f", 2, 1, 1.0, 2.0, 3.0, 4.0)


def test_kitti_png_has_kittis_channels(tmp_path):
    flow_file.write(tmp_path / "a.png", np.array([[[1.0, -2.0]]]))
    blue_green_red = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert blue_green_red.tolist() == [[[1, 2**15 - 128, 2**15 + 64]]]


@pytest.mark.parametrize("suffix", [".flo", ".npz", ".png"])
def test_unknown_flow_stays_unknown(tmp_path, flow, suffix):
    flow[2, 3] = np.nan
    flow_file.write(tmp_path / f"a{suffix}", flow)
    unknown = np.isnan(flow_file.read(tmp_path / f"a{suffix}"))
    assert unknown[2, 3].all()
    assert unknown.sum() == 2
    with pytest.raises(InputError, match=r"a\.flo: the flow of 1 of 35 pixels is unknown"):
        flow_file.require_known(flow, "a.flo")


def _flo(width: int, height: int, values: np.ndarray, magic: bytes = b"PIEH") -> bytes:
    return magic + struct.pack("<ii", width, height) + values.astype("<f4").tobytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated"),
        (b"PIEH\x01", "truncated"),
        (_flo(2, 2, np.zeros(8), b"HEIP"), "starts with b'HEIP'"),
        (_flo(2, 2, np.zeros(7)), "truncated .flo file, 40 bytes where 2 × 2 needs 44"),
        (_flo(2, 2, np.zeros(9)), "too long, 48 bytes where 2 × 2 needs 44"),
        (_flo(0, 2, np.zeros(0)), "impossible size"),
        (_flo(-3, 2, np.zeros(0)), "impossible size"),
        (_flo(2**30, 2**30, np.zeros(0)), "impossible size"),
        (_flo(1, 1, np.array([np.nan, 0])), "not finite"),
        (_flo(1, 1, np.array([np.inf, 0])), "not a finite flow at row 0, column 0"),
    ],
)
def test_damaged_flo_is_named(tmp_path, content, message):
    path = tmp_path / "bad.flo"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.flo: ") as caught:
        flow_file.read(path)
    assert message in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=60), suffix=st.sampled_from([".flo", ".npz", ".png"]))
def test_any_bytes_give_flow_or_a_named_error(tmp_path_factory, content, suffix):
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    try:
        assert flow_file.read(path).shape[2] == 2
    except InputError as error:
        assert path.name in str(error)


@pytest.mark.parametrize("suffix", [".npz", ".png"])
def test_files_cut_anywhere_are_never_read_as_other_flow(tmp_path, flow, suffix):
    path = tmp_path / f"a{suffix}"
    flow_file.write(path, flow)
    whole, content = flow_file.read(path), path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        try:
            assert np.array_equal(flow_file.read(path), whole)
        except InputError:
            continue


def test_an_npz_with_any_byte_changed_is_read_right_or_named(tmp_path, flow):
    path = tmp_path / "a.npz"
    flow_file.write(path, flow)
    content = path.read_bytes()
    for position in range(len(content)):
        path.write_bytes(
            content[:position] + bytes([content[position] ^ 0x55]) + content[position + 1 :]
        )
        try:
            assert np.array_equal(flow_file.read(path), flow)
        except InputError as error:
            assert "a.npz" in str(error)


def _archive(
    header: str, values: bytes = b"", length: int | None = None, packing: int = 8
) -> bytes:
    """An .npz whose array declares what `header` says."""
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", compression=packing) as archive:
        begin = b"\x93NUMPY\x02\x00" + struct.pack("<I", length or len(header))
        archive.writestr("flow.npy", begin + header.encode() + values)
    return stored.getvalue()


def _declared(shape: str, dtype: str = "'<f4'") -> str:
    return f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}\n"


def _png(width: int, height: int, kind: bytes = b"\x10\x02\0\0\0") -> bytes:
    header = b"IHDR" + struct.pack(">II", width, height) + kind
    checked = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + checked


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npz", _archive(_declared("(20000, 20000, 2)")), r"20000 × 20000 × 2 is too large for"),
        (
            "a.npz",
            _archive(_declared("(4, 4, 2)", "'<c8'"), bytes(256)),
            "it holds complex numbers",
        ),
        ("a.npz", _archive(_declared("(1, 1, 2)", "'|O'"), bytes(16)), "values of type object"),
        ("a.npz", _archive(_declared("(1, 1, 2)", "[('a', '<f4')]"), bytes(8)), "values of type"),
        ("a.npz", _archive(_declared("(1, 1, 2)", "'<U9'"), bytes(72)), "values of type <U9"),
        (
            "a.npz",
            _archive(_declared("(1, 1, 2)", "'<M8[s]'"), bytes(16)),
            "type datetime",
        ),
        ("a.npz", _archive(_declared("(-1, -1, 2)"), bytes(8)), "not an .npz"),
        ("a.npz", _archive(_declared(f"({'9' * 4000}, 1, 2)")), "not an .npz"),
        ("a.npz", _archive(_declared("(0, 9, 2)")), "the shape"),
        ("a.npz", _archive(" " * 100_000, length=2**32 - 1), "not an .npz"),
        ("a.npz", _archive("(" * 4000), "not an .npz"),
        (
            "a.npz",
            _archive(_declared("(1, 1, 2)"), bytes(8), packing=zipfile.ZIP_LZMA),
            "packed in another way",
        ),
        ("a.npz", _archive(_declared("(1, 1, 2)", "'<f8'"), b"\x7f" * 16), "not a finite flow"),
        ("a.npz", b"PK\x01\x02" * 2000, "more than 1000 members"),
        ("a.png", _png(100_000, 100_000), "impossible size 100000 × 100000"),
        ("a.png", _png(0, 5), "impossible size 0 × 5"),
        ("a.png", _png(5, 5), "not a readable PNG"),
        ("a.png", _png(5, 5, b"\x08\x06\0\0\0"), "three 16-bit channels"),
        ("a.png", _png(5, 5)[:20], "not a readable PNG"),
        ("a.flo", b"PIEH" + struct.pack("<ii", 99_999, 99_999), "impossible size 99999 × 99999"),
    ],
)
def test_what_a_header_declares_is_looked_at_before_it_takes_memory(
    tmp_path, name, content, message
):
    (tmp_path / name).write_bytes(content)
    # What is imported at the first error, and stays, is none of a file's.
    with contextlib.suppress(InputError):
        flow_file.read(tmp_path / name)
    with (
        traced_memory() as peak,
        pytest.raises(InputError, match=rf"{name}: ") as caught,
    ):
        flow_file.read(tmp_path / name)
    assert message in str(caught.value)
    assert peak() < 3e6


def test_an_archive_that_inflates_to_more_than_it_declares_is_not_inflated(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(_archive(_declared("(2, 1, 2)"), bytes(100_000_000)))
    with traced_memory() as peak:
        assert flow_file.read(path).shape == (2, 1, 2)
    assert peak() < 3e6


@pytest.mark.parametrize("suffix", [".flo", ".npz", ".png"])
def test_flow_larger_than_wanted_is_refused(tmp_path, flow, suffix):
    path = tmp_path / f"a{suffix}"
    flow_file.write(path, flow)
    assert flow_file.read(path, largest=35).shape == (5, 7, 2)
    with pytest.raises(InputError, match=rf"a\{suffix}: .*too large for the video"):
        flow_file.read(path, largest=34)


def test_a_pipe_is_no_flow_file(tmp_path):
    os.mkfifo(tmp_path / "a.flo")
    with pytest.raises(InputError, match=r"a\.flo: is a pipe"):
        flow_file.read(tmp_path / "a.flo")


def test_eight_bit_png_is_no_kitti_flow(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(InputError, match="three 16-bit channels"):
        flow_file.read(tmp_path / "a.png")


def test_kitti_png_refuses_flow_it_would_clip(tmp_path):
    with pytest.raises(InputError, match="512 px"):
        flow_file.write(tmp_path / "a.png", np.full((2, 2, 2), 600.0))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "array",
    [np.zeros((3, 4)), np.zeros((3, 4, 3)), np.zeros((0, 4, 2)), np.full((1, 1, 2), np.inf)],
)
def test_arrays_that_are_no_flow_are_not_written(tmp_path, array):
    with pytest.raises(InputError, match=r"a\.flo"):
        flow_file.write(tmp_path / "a.flo", array)
    assert not list(tmp_path.iterdir())


def test_missing_files_and_unknown_endings_are_named(tmp_path, flow):
    with pytest.raises(InputError, match=r"none\.flo: no such file"):
        flow_file.read(tmp_path / "none.flo")
    with pytest.raises(InputError, match=r"a\.txt: flow files end in"):
        flow_file.write(tmp_path / "a.txt", flow)


def test_a_failed_write_leaves_the_old_file(tmp_path, flow, monkeypatch):
    path = tmp_path / "a.flo"
    flow_file.write(path, flow)

    def full_disk(*_):
        raise OSError("no space left")

    monkeypatch.setattr("pathlib.Path.replace", full_disk)
    with pytest.raises(InputError, match=r"a\.flo: cannot be written: no space"):
        flow_file.write(path, flow + 1)
    assert np.array_equal(flow_file.read(path), flow)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.flo"]
