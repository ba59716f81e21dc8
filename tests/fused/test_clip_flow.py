import numpy as np
import pytest

from dvs_jax import clip as clips
from dvs_jax import flow
from dvs_jax.fused.clip_flow import estimator_for, pairs_of, working_size


def test_each_picture_comes_with_the_flow_that_leads_to_it(walk):
    clip = clips.load_clip(walk)
    estimator = flow.create("dis")
    found = list(pairs_of(clips.read_pictures(clip), clip, estimator))
    assert len(found) == 30 and found[0] is None
    expected = list(flow.estimate(clips.read_frames(clip), "dis"))
    for pair, other in zip(found[1:], expected, strict=True):
        # Shrunk before it became RGB, and after.
        assert np.abs(pair.forward - other.forward).mean() < 0.05
        assert np.abs(pair.backward - other.backward).mean() < 0.05


def test_our_networks_get_a_quicker_flow_and_official_ones_their_own():
    assert estimator_for("auto", official=False).name == "dis-quick"
    assert estimator_for("auto", official=True).name == "dis"
    assert estimator_for("farneback", official=False).name == "farneback"


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("dis-quick", (1920, 1080), (160, 90)),
        ("dis-quick", (1080, 1920), (90, 160)),
        ("dis-quick", (128, 72), (128, 72)),
        ("dis-quick", (2400, 200), (192, 16)),
        ("dis", (1920, 1080), (480, 270)),
    ],
)
def test_the_size_at_which_flow_is_made(name, size, expected):
    assert working_size(size, flow.create(name)) == expected


def test_quick_flow_tells_the_motion_of_the_frame_within_a_thousandth_of_its_width(walk):
    clip = clips.load_clip(walk)
    sizes = []
    for name in ("dis-quick", "dis"):
        pairs = list(pairs_of(clips.read_pictures(clip), clip, flow.create(name)))
        width = pairs[1].forward.shape[1]
        sizes.append([np.median(pair.forward, axis=(0, 1)) / width for pair in pairs[1:]])
    assert np.abs(np.subtract(*sizes)).mean() < 1e-3
