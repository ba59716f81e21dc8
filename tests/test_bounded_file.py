import json
import os

import pytest

from dvs_jax.bounded_file import read_bytes, read_json
from dvs_jax.errors import InputError


def test_no_more_is_read_than_may_be_there(tmp_path):
    file = tmp_path / "note"
    file.write_bytes(b"123")
    assert read_bytes(file, 3) == b"123"
    with pytest.raises(InputError, match="note: has 3 bytes, and such a file at most 2"):
        read_bytes(file, 2)


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: is a pipe"):
        read_bytes(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a folder, not a file"):
        read_bytes(tmp_path)
    with pytest.raises(InputError, match=r"absent: no such file"):
        read_bytes(tmp_path / "absent")


def test_json_is_read(tmp_path):
    value = {"name": "ß", "numbers": [1, 2.5, None]}
    (tmp_path / "note").write_text(json.dumps(value))
    assert read_json(tmp_path / "note") == value


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "1" * 5000, "\xff", '{"a":' * 100_000])
def test_what_is_not_json_names_its_file(tmp_path, text):
    (tmp_path / "note.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"note\.json: not JSON \("):
        read_json(tmp_path / "note.json")
