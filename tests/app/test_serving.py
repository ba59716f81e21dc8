"""How the page is started: without its extra, and by the command."""

import subprocess
import sys

import pytest

from dvs_jax.app import serve
from dvs_jax.errors import InputError


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(InputError) as caught:
        serve()
    assert str(caught.value) == "the page needs Gradio: pip install 'dvs-jax[app]'"


@pytest.mark.slow
def test_gradio_is_imported_by_the_page_alone():
    code = "import sys, dvs_jax.app, dvs_jax.cli.program; print('gradio' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_a_port_that_is_taken_is_said():
    pytest.importorskip("gradio", reason="the extra app is not installed")
    with serve() as server, pytest.raises(InputError, match="it is taken"):
        serve(port=int(server.address.rstrip("/").rpartition(":")[2]))
