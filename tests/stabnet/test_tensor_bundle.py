"""`tensorflow/tiny.*` was written by TensorFlow 2.21's Saver."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.stabnet import tensor_bundle
from dvs_jax.stabnet.crc32c import crc32c, masked

from . import bundles

WRITTEN = Path(__file__).parent / "tensorflow"


@pytest.fixture
def tiny(tmp_path):
    shutil.copytree(WRITTEN, tmp_path, dirs_exist_ok=True)
    return tmp_path / "tiny.index"


def test_checksums_are_those_of_the_standard():
    # RFC 3720, appendix B.4.
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0 and crc32c(b"a") == 0xC1D04330


def test_long_data_are_joined_from_parts():
    """Each length gives other parts; a byte at a time is what they have to agree with."""
    data = np.random.default_rng(0).integers(0, 256, 3000, dtype=np.uint8).tobytes()

    def plain(data):
        register = 0xFFFFFFFF
        for byte in data:
            register ^= byte
            for _ in range(8):
                register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
        return register ^ 0xFFFFFFFF

    for length in (4, 5, 255, 256, 1023, 3000):
        assert crc32c(data[:length]) == plain(data[:length])


def test_what_tensorflow_wrote_is_read(tiny):
    bundle = tensor_bundle.read_index(tiny)
    assert {"scope/layer/weights", "scope/layer/weights/Adam", "scale"} <= bundle.entries.keys()
    weights = bundle.read("scope/layer/weights")
    assert weights.dtype == np.float32
    assert weights.tolist() == [[0.0, 0.25, 0.5], [0.75, 1.0, 1.25]]
    assert bundle.read("scope/layer/biases").tolist() == [-1.0, 0.5, 2.0]
    assert bundle.read("scale").tolist() == 0.25
    for name in ("global_step", "sliced"):
        with pytest.raises(InputError, match=f"the variable {name} is no whole array of float32"):
            bundle.read(name)


def test_what_is_written_here_is_what_tensorflow_writes(tmp_path):
    variables = {"a/b": np.ones((2, 3), np.float32), "a/c": np.zeros(700, np.float32)}
    bundle = tensor_bundle.read_index(bundles.write(tmp_path / "x.index", variables))
    assert list(bundle.entries) == ["a/b", "a/c"]
    assert all((bundle.read(name) == value).all() for name, value in variables.items())


def refused(index, name="scope/layer/weights"):
    with pytest.raises(InputError) as caught:
        tensor_bundle.read_index(index).read(name)
    assert str(index.with_suffix("")) in str(caught.value)
    return str(caught.value)


def test_damage_is_told_in_one_line(tiny):
    data = tiny.with_suffix(".data-00000-of-00001")
    valid, stored = tiny.read_bytes(), data.read_bytes()
    offset = tensor_bundle.read_index(tiny).entries["scope/layer/weights"].offset
    data.write_bytes(stored[: offset + 3])
    assert "is cut short: it ends within scope/layer/weights" in refused(tiny)
    data.write_bytes(stored[:offset] + b"\1" + stored[offset + 1 :])
    assert "is damaged: scope/layer/weights fails its checksum" in refused(tiny)
    data.unlink()
    assert refused(tiny) == f"{data}: no such file"
    tiny.write_bytes(valid[:-1])
    assert "no TensorFlow checkpoint's index" in refused(tiny)
    tiny.write_bytes(valid[:9] + b"\7" + valid[10:])
    assert "a checksum is wrong" in refused(tiny)
    tiny.write_bytes(b"")
    assert "does not end as such files do" in refused(tiny)


def test_lies_in_the_index_are_found(tmp_path):
    variables = {"w": np.ones((2, 3), np.float32)}

    def read(**changed):
        return refused(bundles.write(tmp_path / "x.index", variables, **changed), "w")

    assert "is cut short" in read(offset=2**60)
    assert "no whole array of float32" in read(size=2**50)
    assert "no whole array of float32" in read(kind=2)
    assert "a data file that there is not" in read(shard=1)
    assert "checksum" in read(crc=5)


def test_a_compressed_table_is_refused(tmp_path):
    file = tmp_path / "x.index"
    block = bundles.block([(b"\xff", bundles.handle(0, 0))], compression=1)
    footer = bundles.handle(0, 0) + bundles.handle(0, len(block) - 5)
    file.write_bytes(block + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db"))
    with pytest.raises(InputError, match="it is compressed"):
        tensor_bundle.read_index(file)


def test_masked_checksums_are_turned_and_moved():
    assert masked(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) % 2**32
    assert struct.unpack("<I", bundles.block([])[-4:])[0] == masked(bundles.block([])[:-4])
