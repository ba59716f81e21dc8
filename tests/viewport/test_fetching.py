"""Videos fetched from a server on this machine."""

import http.server
import threading
from typing import ClassVar
from urllib.parse import urlsplit

import pytest

from dvs_jax.errors import InputError
from dvs_jax.viewport import fetching

CONTENT = bytes(range(256)) * 8000


class Handler(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list] = []

    def do_GET(self):
        parts = urlsplit(self.path)
        self.asked.append((parts.path, parts.query, self.headers.get("Range")))
        if parts.path == "/dead":
            self.send_error(404)
        elif parts.path == "/page":
            self.answer(200, b"<html>sign in</html>", "text/html")
        elif parts.path == "/short":
            self.answer(200, CONTENT[:1000], "video/mp4", length=len(CONTENT))
        elif self.headers.get("Range"):
            begin = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if begin >= len(CONTENT):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
                self.end_headers()
            else:
                self.answer(206, CONTENT[begin:], "video/mp4")
        else:
            self.answer(200, CONTENT, "video/webm" if "webm" in parts.path else "video/mp4")

    def answer(self, code, content, kind, length=None):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.asked = []
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}"
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.fixture
def listed(tmp_path, server):
    table = tmp_path / "Formated_Data" / "Experiment_1" / "videoMeta.csv"
    table.parent.mkdir(parents=True)
    places = ["one?dl=0", "dead?dl=0", "page", "short", "two.webm?dl=0", "one?dl=0"]
    rows = [f"{i},a film,{server}/{place}" for i, place in enumerate(places)]
    table.write_text("\n".join(["VideoNo,Content,DropboxLink", *rows]) + "\n")
    return tmp_path


def test_what_can_be_fetched_is_and_the_rest_is_told(listed):
    wanted = fetching.addresses(listed)
    assert [each.name for each in wanted] == [f"Experiment_1_{i}" for i in range(1, 6)]
    out = listed / "videos"
    found = {each.name[-1]: each for each in fetching.fetch(wanted, out)}
    assert [found[each].state for each in "12345"] == [
        "fetched", "failed", "failed", "failed", "fetched",
    ]  # fmt: skip
    assert found["2"].reason == "the server answered 404"
    assert found["3"].reason == "the server sends a page (text/html), not a video"
    assert "of 2048000 bytes came; call again" in found["4"].reason
    assert (out / "Experiment_1_1.mp4").read_bytes() == CONTENT
    assert (out / "Experiment_1_5.webm").read_bytes() == CONTENT
    assert ("/one", "dl=1", None) in Handler.asked
    again = {each.name[-1]: each.state for each in fetching.fetch(wanted, out)}
    assert again["1"] == again["5"] == "there already"


@pytest.mark.parametrize("have", [700_000, len(CONTENT)])
def test_what_was_begun_is_gone_on_with(listed, have):
    wanted = fetching.addresses(listed)[:1]
    out = listed / "videos"
    out.mkdir()
    (out / "Experiment_1_1.part").write_bytes(CONTENT[:have])
    assert [each.state for each in fetching.fetch(wanted, out)] == ["fetched"]
    assert (out / "Experiment_1_1.mp4").read_bytes() == CONTENT
    assert Handler.asked == [("/one", "dl=1", f"bytes={have}-")]


def test_without_a_server_each_is_told(tmp_path):
    wanted = [fetching.Address("one", "http://127.0.0.1:9/one")]
    (outcome,) = fetching.fetch(wanted, tmp_path)
    assert outcome.state == "failed" and "refused" in outcome.reason.lower()


def test_without_a_table_it_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no videoMeta\.csv, which names the videos' addr"):
        fetching.addresses(tmp_path)
    (tmp_path / "videoMeta.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="has no column DropboxLink"):
        fetching.addresses(tmp_path)
