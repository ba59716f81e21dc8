import numpy as np
import pytest

from dvs_jax import clip as clips
from dvs_jax import video

FRAMES, RATE, SIZE = 60, 30, (320, 180)

_BITS = 7


def numbered(index: int) -> np.ndarray:
    """Return a picture that shows its number as a row of black and white fields."""
    width, height = SIZE
    lit = [(index >> bit) & 1 for bit in range(_BITS)]
    row = np.repeat(np.array(lit, np.uint8) * 255, width // _BITS + 1)[:width]
    return np.broadcast_to(row[None, :, None], (height, width, 3)).copy()


def number_of(row: list[int]) -> int:
    """Return the number that a picture shows.

    Args:
        row: the grey levels along one row of it.
    """
    field = SIZE[0] // _BITS + 1
    middles = (np.arange(_BITS) + 0.5) * field * len(row) / SIZE[0]
    return sum((row[round(at)] > 127) << bit for bit, at in enumerate(middles.tolist()))


@pytest.fixture(scope="session")
def counting(tmp_path_factory):
    """A clip whose frames show their numbers, and a file of the same."""
    time_ns = np.arange(FRAMES, dtype=np.int64) * 1_000_000_000 // RATE
    clip = clips.Clip.from_arrays([numbered(i) for i in range(FRAMES)], time_ns, name="counting")
    file = tmp_path_factory.mktemp("counting") / "result.mp4"
    with video.VideoWriter(file, clip.video, *SIZE) as writer:
        for frame, time in zip(clip.images, time_ns.tolist(), strict=True):
            writer.write(frame, time)
    return clip, file
