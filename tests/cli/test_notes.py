"""What the library has to say while a command runs."""

import logging
from pathlib import Path

import pytest

from dvs_jax import video

from .run import QUICK, VIDEO


@pytest.mark.slow
def test_a_warning_that_every_reading_repeats_is_said_once(dvs, walk, tmp_path, monkeypatch):
    def complaining(read):
        def reading(path: Path):
            logging.getLogger("dvs_jax").warning("%s: 3 frames could not be decoded", path.name)
            return read(path)

        return reading

    for name in ("read_frames", "read_pictures"):
        monkeypatch.setattr(video, name, complaining(getattr(video, name)))
    run = dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK[:2], "--metrics")
    assert run.err.count(f"warning: {VIDEO}: 3 frames could not be decoded\n") == 1
