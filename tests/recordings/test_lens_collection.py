"""The collection of lens profiles, fetched from a server on this machine and searched."""

import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dvs_jax.errors import InputError
from dvs_jax.recordings import lens_collection
from tests.sensors.test_lens_profile import PROFILE

FILES = {
    "AKASO/AKASO_V50 Pro_wide__4k_16by9.json": json.dumps(PROFILE),
    "GoPro/GoPro_HERO10 Black_Wide_4by3.json": json.dumps(PROFILE | {"camera_brand": "GoPro"}),
    "GoPro/GoPro_HERO10 Black_Super.json": json.dumps(
        PROFILE | {"digital_lens": "gopro_superview"}
    ),
    "README.md": "Profiles.",
}


def zipped():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in FILES.items():
            opened.writestr(f"lens_profiles-main/{name}", content)
    return archive.getvalue()


@pytest.fixture
def collection(tmp_path):
    with zipfile.ZipFile(io.BytesIO(zipped())) as opened:
        opened.extractall(tmp_path / "profiles")
    return tmp_path / "profiles"


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Start a server that sends a body, counting the requests; return its address and count."""
    monkeypatch.setenv("DVS_JAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    started = []

    def start(body):
        requests = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                requests.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((http, thread))
        return f"http://127.0.0.1:{http.server_port}/main.zip", requests

    yield start
    for http, thread in started:
        http.shutdown()
        thread.join()
        http.server_close()


def test_it_is_fetched_once(serve, tmp_path):
    url, requests = serve(zipped())
    folder = lens_collection.fetch(url)
    assert folder == tmp_path / "cache" / "lens_profiles"
    assert lens_collection.fetch(url) == folder
    assert len(requests) == 1
    assert [path.name for path in folder.parent.iterdir()] == ["lens_profiles"]
    assert len(list(lens_collection.search(folder, ["hero10", "wide"]))) == 1


def test_what_is_no_archive_leaves_nothing_behind(serve, tmp_path):
    url, _ = serve(b"<html>busy</html>")
    with pytest.raises(InputError, match=r"cannot be fetched .*some other way.*--collection"):
        lens_collection.fetch(url)
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_a_server_it_says_what_to_do(serve):
    url, _ = serve(b"")
    with pytest.raises(InputError, match="are not at hand and cannot be fetched"):
        lens_collection.fetch(url.replace("http://127.0.0.1:", "http://127.0.0.1:1"))


def test_all_words_have_to_be_there(collection):
    found = list(lens_collection.search(collection, ["V50", "PRO", "16by9"]))
    assert [profile.camera for _, profile in found] == ["AKASO V50 Pro"]
    assert list(lens_collection.search(collection, ["V50", "gopro"])) == []
    both = [profile for _, profile in lens_collection.search(collection, ["hero10"])]
    assert isinstance(both[0], InputError)
    assert both[1].camera == "GoPro V50 Pro"
    with pytest.raises(InputError, match="no such folder"):
        next(lens_collection.search(collection / "none", []))
