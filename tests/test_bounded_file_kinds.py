import os
import socket
from pathlib import Path

import pytest

from dvs_jax.bounded_file import require_regular
from dvs_jax.errors import InputError


def test_a_file_and_a_link_to_it_are_sized(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert require_regular(tmp_path / "file") == require_regular(str(tmp_path / "link")) == 5


def test_what_is_no_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket has to be short
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    Path("linked").symlink_to("pipe")
    Path("folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    wanted = {
        "pipe": "is a pipe",
        "linked": "is a pipe",
        "socket": "is a socket",
        "folder": "is a folder",
        "/dev/null": "is a device",
        "none": "no such file",
        "loop": "cannot be read",
        "x" * 300: "cannot be read",
        "a\0b": "cannot be read",
    }
    for name, complaint in wanted.items():
        with pytest.raises(InputError, match=complaint):
            require_regular(name)
