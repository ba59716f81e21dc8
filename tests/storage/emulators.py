"""Servers on this machine that stand in for the object stores, and commands that use them."""

import contextlib
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

BOX = "box"
"""The bucket that is there."""

_PATIENCE_S = 60.0

_MADE_UP = {
    "AWS_ACCESS_KEY_ID": "made-up",
    "AWS_SECRET_ACCESS_KEY": "made-up",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens to."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def s3() -> Iterator[dict[str, str]]:
    """Start moto's server with an empty bucket; yield the variables that lead to it."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _serving(command, port):
        variables = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", **_MADE_UP}
        make = "import s3fs; s3fs.S3FileSystem().mkdir('box')"
        subprocess.run([sys.executable, "-c", make], env=os.environ | variables, check=True)
        yield variables


@contextlib.contextmanager
def gs() -> Iterator[dict[str, str]]:
    """Start a storage emulator with an empty bucket; yield the variables that lead to it."""
    port = free_port()
    start = "from gcp_storage_emulator.__main__ import main; main()"
    where = [
        "start",
        "--host=127.0.0.1",
        f"--port={port}",
        "--in-memory",
        f"--default-bucket={BOX}",
    ]
    with _serving([sys.executable, "-c", start, *where], port):
        yield {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}


@contextlib.contextmanager
def _serving(command: list[str], port: int) -> Iterator[None]:
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + _PATIENCE_S
        while True:
            assert server.poll() is None, f"{command} has ended"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
                break
            assert time.monotonic() < end, f"{command} does not answer"
            time.sleep(0.1)
        yield
    finally:
        server.kill()
        server.wait()


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """Serve what answers 401 to whatever it is asked; yield its address."""

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(401, "Anonymous caller does not have storage.objects.list access")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def start(arguments: list[object], variables: dict[str, str], scratch: Path) -> subprocess.Popen:
    """Start dvs-jax, with temporary files and a cache of its own in a folder."""
    (scratch / "tmp").mkdir(parents=True, exist_ok=True)
    (scratch / "here").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "dvs_jax", *map(str, arguments)],
        env={
            **os.environ,
            **variables,
            "JAX_PLATFORMS": "cpu",
            "PYTHONPATH": os.pathsep.join([str(TESTS.parent), os.environ.get("PYTHONPATH", "")]),
            "TMPDIR": str(scratch / "tmp"),
            "DVS_JAX_CACHE": str(scratch / "cache"),
        },
        cwd=scratch / "here",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(arguments: list[object], variables: dict[str, str], scratch: Path) -> tuple[int, str]:
    """Run dvs-jax to its end; return its code and all that it printed."""
    process = start(arguments, variables, scratch)
    out, told = process.communicate(timeout=300)
    return process.returncode, out + told
