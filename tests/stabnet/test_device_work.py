"""Many clips at a time on devices, against each alone on the host."""

import jax
import numpy as np
import pytest

import dvs_jax
from dvs_jax import clip as clips
from dvs_jax.stabilization.devices.lanes import Program, drive
from dvs_jax.stabnet import method, seen
from dvs_jax.stabnet.method import StabNetMethod
from dvs_jax.warping import grid

from .textures import SIZE, filmed, shake

CROPS = (0.1, 0.05)


@pytest.fixture
def recorded(monkeypatch):
    """Two clips, the network looking at them in their own small size."""
    monkeypatch.setattr(seen, "LONGER_SIDE", SIZE[0])

    def clip(frames: int) -> dvs_jax.Clip:
        levels = np.round(255.0 * filmed(shake(frames, 0.01, frames), frames)).astype(np.uint8)
        return dvs_jax.Clip.from_arrays(
            list(np.repeat(levels[..., None], 3, axis=-1)), np.arange(frames) * 33_333_333
        )

    # A stretch and a part of one; and two and a part, in the lane where the other was.
    return [clip(11), clip(19)]


@pytest.mark.slow
def test_many_clips_on_devices_get_the_frames_that_one_gets(untrained, recorded):
    by_itself = StabNetMethod(untrained)
    compiled = method._begin._cache_size(), method._step._cache_size()
    wanted = [
        [frame.source for frame in by_itself.frames(clip, clips.read_pictures(clip), crop)]
        for clip, crop in zip(recorded, CROPS, strict=True)
    ]
    begin, step = compiled
    assert (method._begin._cache_size(), method._step._cache_size()) == (begin + 1, step + 1)
    work = by_itself.device_work()
    assert work.kind(recorded[0]) == work.kind(recorded[1])
    program = Program(work, work.begin, work.weights, 1, jax.local_devices()[:1])
    # What the second time goes to the device is what the driver puts there, and nothing else.
    for allowed in ("allow", "disallow"):
        tasks = [work.task(clip, crop) for clip, crop in zip(recorded, CROPS, strict=True)]
        with jax.transfer_guard_host_to_device(allowed):
            assert [each.error for each in drive(program, tasks)] == [None, None]
    assert program.compiled._cache_size() == 1
    for task, alone, clip in zip(tasks, wanted, recorded, strict=True):
        found = [frame.source for frame in task.frames()]
        assert len(found) == clip.frame_count
        np.testing.assert_array_equal(found[0], grid.output_points(5, 5).astype(np.float32))
        np.testing.assert_allclose(found, alone, atol=2e-4)
        assert np.abs(found[5] - found[0]).max() > 2e-3
