"""Weights by name, downloaded from a server on this machine and never from outside."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dvs_jax import pretrained, torch_file
from dvs_jax.errors import InputError

CONTENT = b"weights " * 5000
MEMBER = "models/tiny.pth"


def zipped(content: bytes, member: str = MEMBER) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(member, content)
    return archive.getvalue()


class Server:
    """Sends `body` with `status`, counting the requests."""

    def __init__(self) -> None:
        self.body, self.status, self.declared, self.requests = zipped(CONTENT), 200, None, 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests += 1
                self.send_response(server.status)
                self.send_header("Content-Length", str(server.declared or len(server.body)))
                self.end_headers()
                self.wfile.write(server.body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/models.zip"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVS_JAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def registered(server: Server, monkeypatch: pytest.MonkeyPatch) -> pretrained.Weights:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    weights = pretrained.Weights("tiny.pth", "raft-small", sha256, server.url, MEMBER)
    monkeypatch.setitem(pretrained.REGISTRY, "tiny", weights)
    return weights


@pytest.mark.usefixtures("registered")
def test_downloads_once_and_then_needs_no_server(server: Server, cache: Path):
    path = pretrained.locate("tiny")
    assert path == cache / "tiny.pth"
    assert path.read_bytes() == CONTENT
    server.status = 500
    assert pretrained.locate("tiny") == path
    assert server.requests == 1
    assert list(cache.iterdir()) == [path]


@pytest.mark.usefixtures("registered")
def test_a_file_put_there_by_hand_is_used(server: Server, cache: Path):
    cache.mkdir()
    (cache / "tiny.pth").write_bytes(CONTENT)
    assert pretrained.locate("tiny").read_bytes() == CONTENT
    assert server.requests == 0


@pytest.mark.usefixtures("registered")
def test_a_damaged_file_in_the_cache_is_replaced(server: Server, cache: Path):
    cache.mkdir()
    (cache / "tiny.pth").write_bytes(CONTENT[:-1])
    assert pretrained.locate("tiny").read_bytes() == CONTENT
    assert server.requests == 1


WRONG_BODIES = {
    "another file": zipped(CONTENT[::-1]),
    "another member": zipped(CONTENT, "models/other.pth"),
    "a web page": b"<html>too much traffic</html>",
    "half an archive": zipped(CONTENT)[:100],
    "a flipped bit": zipped(CONTENT).replace(zipped(CONTENT)[60:62], b"\xff\xff", 1),
}


@pytest.mark.parametrize("body", WRONG_BODIES)
@pytest.mark.usefixtures("registered")
def test_what_is_not_the_published_file_is_not_kept(server: Server, cache: Path, body: str):
    server.body = WRONG_BODIES[body]
    with pytest.raises(InputError, match="'tiny' are not at hand, and what the server sent is not"):
        pretrained.locate("tiny")
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("registered")
def test_a_server_that_breaks_off_leaves_nothing(server: Server, cache: Path):
    server.declared = len(server.body) + 1000
    with pytest.raises(InputError, match="no connection"):
        pretrained.locate("tiny")
    assert list(cache.iterdir()) == []


def assert_says_what_to_do(message: str, weights: pretrained.Weights, cache: Path) -> None:
    assert "\n" not in message
    wanted = f"fetch {weights.url} and put its {MEMBER} at {cache / 'tiny.pth'}"
    assert wanted in message


def test_a_missing_page_is_told(server: Server, cache: Path, registered: pretrained.Weights):
    server.status = 404
    with pytest.raises(InputError, match="the server answered 404") as caught:
        pretrained.locate("tiny")
    assert_says_what_to_do(str(caught.value), registered, cache)


def test_being_offline_is_told(cache: Path, registered: pretrained.Weights, monkeypatch):
    closed = Server()
    closed.http.server_close()
    offline = replace(registered, url=closed.url)
    monkeypatch.setitem(pretrained.REGISTRY, "tiny", offline)
    with pytest.raises(InputError, match="there is no connection to the server") as caught:
        pretrained.locate("tiny")
    assert_says_what_to_do(str(caught.value), offline, cache)

    (cache / "tiny.pth").write_bytes(b"something else")
    with pytest.raises(InputError, match="what lies there has another checksum"):
        pretrained.locate("tiny")


@pytest.mark.usefixtures("registered")
def test_an_unwritable_cache_is_told(tmp_path: Path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DVS_JAX_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match=r"cannot be written \(Not a directory\)"):
        pretrained.locate("tiny")


def test_the_platform_folder_is_the_default(monkeypatch, tmp_path: Path, server, registered):
    monkeypatch.delenv("DVS_JAX_CACHE")
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "user" / project)
    assert pretrained.locate("tiny") == tmp_path / "user" / "dvs_jax" / "tiny.pth"


def test_shipped_checkpoints_come_first(monkeypatch, tmp_path: Path, server, registered):
    monkeypatch.setattr(pretrained, "SHIPPED_FOLDER", tmp_path / "weights")
    for name in ("tiny", "fused"):
        (tmp_path / "weights" / name).mkdir(parents=True)
        assert pretrained.locate(name) == tmp_path / "weights" / name
    assert server.requests == 0


def test_an_unknown_name_lists_the_known_ones(monkeypatch, tmp_path: Path):
    (tmp_path / "weights" / "fused").mkdir(parents=True)
    monkeypatch.setattr(pretrained, "SHIPPED_FOLDER", tmp_path / "weights")
    message = (
        "no weights are named 'raft'; the known names are "
        "fused, pose-full, pose-heavy, pose-lite, raft-chairs, raft-kitti, raft-sintel, "
        "raft-small, raft-things, selfie-general, selfie-landscape"
    )
    with pytest.raises(InputError, match=message):
        pretrained.locate("raft")


def test_every_entry_has_an_official_address_and_a_checksum():
    raft = {name: each for name, each in pretrained.REGISTRY.items() if name.startswith("raft")}
    assert len({weights.sha256 for weights in raft.values()}) == 5
    for name, weights in raft.items():
        assert weights.url == "https://dl.dropboxusercontent.com/s/4j4z58wuv8o0mfz/models.zip"
        assert weights.member == f"models/{name}.pth"
        assert weights.kind == ("raft-small" if name == "raft-small" else "raft-large")
    google = {name: each for name, each in pretrained.REGISTRY.items() if name not in raft}
    assert {each.kind for each in google.values()} == {"pose", "selfie"}
    for weights in google.values():
        assert weights.url.startswith("https://storage.googleapis.com/mediapipe-")
        assert weights.member is None
    for weights in pretrained.REGISTRY.values():
        assert all(
            len(bytes.fromhex(each)) == 32 for each in (weights.sha256, *weights.other_sha256)
        )


@pytest.fixture
def bare(server: Server, monkeypatch: pytest.MonkeyPatch) -> pretrained.Weights:
    """Weights that lie at their address without an archive, published in two versions."""
    checksums = [hashlib.sha256(each).hexdigest() for each in (CONTENT[:-1], CONTENT)]
    weights = pretrained.Weights(
        "tiny.task", "pose", checksums[0], server.url, None, tuple(checksums[1:])
    )
    monkeypatch.setitem(pretrained.REGISTRY, "bare", weights)
    return weights


@pytest.mark.usefixtures("bare")
def test_a_file_that_lies_in_no_archive_is_downloaded_in_any_version(server: Server, cache: Path):
    server.body = CONTENT
    assert pretrained.locate("bare").read_bytes() == CONTENT
    assert pretrained.locate("bare") == cache / "tiny.task"
    assert server.requests == 1


@pytest.mark.usefixtures("bare")
def test_another_file_at_the_address_is_not_kept(server: Server, cache: Path):
    server.body = CONTENT[::-1]
    message = rf"what the server sent is not the published file; fetch {server.url} and put it at"
    with pytest.raises(InputError, match=message):
        pretrained.locate("bare")
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("bare")
def test_a_users_folder_comes_before_the_network(server: Server, tmp_path: Path):
    with pytest.raises(InputError, match=r"tiny\.task: no such file; fetch http"):
        pretrained.locate_in(tmp_path, "bare")
    (tmp_path / "tiny.task").write_bytes(b"a later version")
    assert pretrained.locate_in(tmp_path, "bare") == tmp_path / "tiny.task"
    assert server.requests == 0
    server.body = CONTENT
    assert pretrained.locate_in(None, "bare").read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["pose-full", "selfie-general", "selfie-landscape"])
def test_the_published_networks_have_the_checksums_on_record(
    name: str, cache: Path, published_models: Path
):
    cache.mkdir()
    file = published_models / pretrained.REGISTRY[name].file_name
    (cache / file.name).write_bytes(file.read_bytes())
    assert pretrained.locate(name) == cache / file.name


def test_the_published_small_raft_has_the_checksum_on_record(cache: Path, published_models: Path):
    cache.mkdir()
    (cache / "raft-small.pth").write_bytes((published_models / "raft-small.pth").read_bytes())
    assert len(torch_file.read(pretrained.locate("raft-small"))) == 106
