import numpy as np
import pytest
from flax import nnx

from dvs_jax import clip as clips
from dvs_jax import metrics
from dvs_jax.camera_path import CameraPath
from dvs_jax.fused import reach, strength
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.method import FusedMethod
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.strength import Strength
from dvs_jax.fused.weights import load_model

CROP = 0.1


def by_itself(clip) -> float:
    return reach.strength_of(CROP, clip.sensors.camera, clip.size)


@pytest.mark.slow
def test_the_strength_is_the_one_that_leaves_least_shake(walk, monkeypatch):
    clip, network = clips.load_clip(walk), load_model("gyro_only")
    chosen = strength.for_crop(network, clip, CROP)

    def restlessness(wanted: Strength) -> float:
        monkeypatch.setattr(strength, "for_crop", lambda *_: wanted)
        frames = FusedMethod(network).frames(clip, iter(()), CROP)
        pose = np.stack([frame.pose for frame in frames])
        return metrics.restlessness(CameraPath(clips.center_time_ns(clip), pose))

    assert chosen.network > by_itself(clip)
    assert chosen.deviation_s > 0.0
    left = restlessness(chosen)
    assert left < 0.5 * restlessness(Strength(by_itself(clip), chosen.deviation_s))
    assert left < 0.5 * restlessness(Strength(chosen.network))


@pytest.mark.parametrize("official", [True, False])
def test_a_wanted_strength_goes_before_the_choice(walk, official):
    clip = clips.load_clip(walk)
    network = FusedNetwork(Architecture(lstm=(4,), flow=False, official=official), nnx.Rngs(0))
    found = strength.for_crop(network, clip, CROP, 2.5)
    assert found.network == pytest.approx(2.5 * (1.0 if official else by_itself(clip)))
    assert found.deviation_s == 0.0


@pytest.mark.slow
def test_a_method_with_a_strength_smooths_by_it(walk):
    clip, network = clips.load_clip(walk), load_model("gyro_only")
    by_two = FusedMethod(network, strength=2.0)
    assert by_two.fingerprint() == {**FusedMethod(network).fingerprint(), "strength": 2.0}
    on_devices = by_two.device_work().strength_for(clip, CROP)
    assert on_devices.network == pytest.approx(2.0 * by_itself(clip))
    weak, strong = (
        np.stack([frame.pose for frame in each.frames(clip, iter(()), CROP)])
        for each in (FusedMethod(network, strength=0.1), by_two)
    )
    time_ns = clips.center_time_ns(clip)
    left = [metrics.restlessness(CameraPath(time_ns, pose)) for pose in (weak, strong)]
    assert left[1] < 0.7 * left[0]
    real = clips.real_path(clip).quaternion
    apart = [np.linalg.norm(np.abs(pose) - np.abs(real), axis=-1).mean() for pose in (weak, strong)]
    assert apart[0] < 0.5 * apart[1]


@pytest.mark.slow
def test_flow_is_not_needed_to_choose(walk):
    clip = clips.load_clip(walk)
    found = [strength.for_crop(load_model(name), clip, CROP) for name in ("fused", "gyro_only")]
    np.testing.assert_allclose(found[0], found[1])


@pytest.mark.parametrize(("official", "crop"), [(True, CROP), (False, CROP), (False, 0.0)])
def test_what_cannot_be_chosen_stays(walk, official, crop):
    """Official weights have one strength; a core that reads flow needs it; no crop leaves none."""
    clip = clips.load_clip(walk)
    wanted = Architecture(lstm=(4,), flow=crop > 0.0, official=official)
    found = strength.for_crop(FusedNetwork(wanted, nnx.Rngs(0)), clip, crop)
    small = reach.strength_of(max(crop, 0.005), clip.sensors.camera, clip.size)
    assert found.network == (1.0 if official else small)
    assert found.deviation_s == 0.0


def test_of_a_long_clip_pieces_are_tried(walk, monkeypatch):
    clip = clips.load_clip(walk)
    monkeypatch.setattr(strength, "PIECE_S", 0.25)
    monkeypatch.setattr(strength, "PIECES", 2)
    pieces = strength._pieces(clip)
    assert [piece.stop - piece.start for piece in pieces] == [8, 7]
    assert pieces[0].start == 0 and pieces[1].stop >= clip.frame_count - 1
