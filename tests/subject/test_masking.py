"""A run's masks: another background, and their video."""

from types import SimpleNamespace

import numpy as np
import pytest

from dvs_jax import clip as clips
from dvs_jax.clip import Clip, load_clip
from dvs_jax.errors import InputError
from dvs_jax.subject import Settings, masking
from dvs_jax.subject.networks import PoseNetworks
from dvs_jax.video import VideoWriter, probe, read_frames
from dvs_jax.video.picture import planes
from tests.subject import redness
from tests.subject.test_background import like
from tests.subject.test_person_masks import PATH, SIZE, clip, disc, poses

NETWORKS = PoseNetworks(redness.NETWORK, redness.NETWORK)


@pytest.fixture
def filmed(tmp_path) -> Clip:
    """Who walks for eight frames, whose times are uneven, filmed by a turned camera."""
    info = like(width=SIZE[1], height=SIZE[0], rotation=90)
    with VideoWriter(tmp_path / "walk.mp4", info, SIZE[1], SIZE[0], crf=5) as writer:
        for index, picture in enumerate(clip()[:8]):
            writer.write(np.rot90(picture, -1).copy(), 33_000_000 * index + 5_000_000 * (index > 3))
    return load_clip(tmp_path / "walk.mp4")


def edited(filmed, folder, **settings):
    plan = SimpleNamespace(path=SimpleNamespace(place=PATH))
    found = SimpleNamespace(cuts=[])
    with masking.editing(filmed, NETWORKS, found, plan, Settings(**settings), folder) as edit:
        if edit is None:
            return None
        stored = clips.read_pictures(filmed)
        both = zip(stored, poses(missing=(5,)), strict=False)
        return [edit(picture, pose, index) for index, (picture, pose) in enumerate(both)]


def test_nothing_is_changed_unless_wanted(filmed, tmp_path):
    assert edited(filmed, tmp_path) is None


@pytest.mark.slow
def test_masks_are_written_with_the_clips_times_and_rotation(filmed, tmp_path):
    stored = edited(filmed, tmp_path, write_masks=True)
    assert len(stored) == 8
    written = probe(tmp_path / "walk_mask.mp4")
    assert written.rotation == filmed.video.rotation and not written.has_audio
    assert (written.time_ns == filmed.video.time_ns).all()
    for index, mask in enumerate(read_frames(tmp_path / "walk_mask.mp4")):
        upright = np.rot90(mask)
        assert np.ptp(upright, axis=-1).max() <= 1
        true = disc(index)
        assert np.abs(upright[..., 0] / 255 - true).sum() < 0.25 * true.sum()
        assert upright[~true].min() == 0


def test_the_background_is_removed_in_stored_pictures(filmed, tmp_path):
    pictures = edited(filmed, tmp_path, background="remove")
    for index, picture in enumerate(pictures):
        luma = np.rot90(planes(picture)[0])
        assert (luma[:, -15:] == 16).all() and (luma[:, :10] == 16).all()
        x, y = PATH[index].astype(int)
        assert luma[y, x] > 60
    assert not (tmp_path / "walk_mask.mp4").exists()


def test_the_person_of_each_frame_after_a_run(filmed):
    told = SimpleNamespace(time_s=filmed.video.time_ns * 1e-9, anchor=SimpleNamespace(place=PATH))
    seen = poses(missing=(5,))
    everyone = SimpleNamespace(pose_at=seen.__getitem__)
    report = SimpleNamespace(poses=told, everyone=everyone, cuts=frozenset())
    found = list(masking.people(filmed, report, NETWORKS))
    assert len(found) == 8
    for index, person in enumerate(found):
        x, y = PATH[index].astype(int)
        assert person.mask[y, x] > 0.98 and person.picture[y, x, 0] > 180
        assert person.picture[:, -15:].max() == 0


def test_after_a_run_nothing_of_a_mask_goes_on_over_a_cut(filmed):
    told = SimpleNamespace(time_s=filmed.video.time_ns * 1e-9, anchor=SimpleNamespace(place=PATH))
    everyone = SimpleNamespace(pose_at=poses(missing=(5,)).__getitem__)
    for cuts, is_there in ((frozenset(), True), (frozenset({5}), False)):
        report = SimpleNamespace(poses=told, everyone=everyone, cuts=cuts)
        found = list(masking.people(filmed, report, NETWORKS))
        assert (found[5] is not None) == is_there


def test_a_wrong_setting_is_told(filmed, tmp_path):
    with pytest.raises(InputError, match="there is no mask 'best'"):
        Settings(mask="best")
    with pytest.raises(InputError, match="'fog' is no background"):
        edited(filmed, tmp_path, background="fog")
