"""What `make` leaves where its set-up fails."""

import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[1] / "Makefile"

# As on Debian without python3-venv: the folder is made, and then there is no pip to put into it.
NO_VENV = """#!/bin/sh
[ "$1" = -c ] && exit 0
mkdir -p "$3/bin"
echo "#!/bin/sh" > "$3/bin/python"
exit 1
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_virtual_environment_that_was_half_made_is_made_again(tmp_path):
    python = tmp_path / "python"
    python.write_text(NO_VENV)
    python.chmod(0o755)
    command = ["make", "-f", MAKEFILE, f"PYTHON={python}", "VENV=env", "env/bin/python"]
    for _ in range(2):
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 2
        assert "apt-get install python3-venv" in run.stderr
    assert not (tmp_path / "env" / "bin" / "python").exists()
