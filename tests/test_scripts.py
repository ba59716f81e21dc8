"""The shell commands in the documents about clusters: a shell can read them."""

import re
import subprocess
from pathlib import Path

import pytest

DOCUMENTS = Path(__file__).resolve().parents[1] / "docs"

FENCED = re.compile(r"^```(?:ba)?sh\n(.*?)^```$", re.M | re.S)

SCRIPTS = [
    pytest.param(text, id=f"{name} {number}")
    for name in ("accelerators", "clusters", "export", "scaling", "training")
    for number, text in enumerate(FENCED.findall((DOCUMENTS / f"{name}.md").read_text()))
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_shell_reads_it(script: str) -> None:
    read = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
    assert (read.returncode, read.stderr) == (0, "")


def test_slurm_gives_each_gpu_a_task_and_time_to_save() -> None:
    (script,) = (each.values[0] for each in SCRIPTS if "#SBATCH" in each.values[0])
    asked = dict(re.findall(r"^#SBATCH --([\w-]+)=(.+)$", script, re.M))
    assert asked["ntasks-per-node"] == asked["gpus-per-node"]
    assert asked["signal"] == "TERM@120"
    devices = int(asked["nodes"]) * int(asked["gpus-per-node"])
    assert int(re.search(r"batch_size=(\d+)", script)[1]) % devices == 0
