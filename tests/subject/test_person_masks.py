"""Masks through a clip, by a network that takes whoever is red for a person."""

from pathlib import Path

import numpy as np
import pytest

from dvs_jax.subject import background
from dvs_jax.subject.orientation import Orientation
from dvs_jax.subject.person_masks import Editing, PersonMasks, people
from dvs_jax.video.conversion import ToRgb, ToYuv
from dvs_jax.video.picture import planes
from tests.subject import redness
from tests.subject.test_background import like

SIZE, COUNT = (120, 80), 24
PATH = np.stack([30.0 + 2.5 * np.arange(COUNT), np.full(COUNT, 40.0)], axis=-1)
TIME_S = np.arange(COUNT) / 30


def masks(**changed):
    return PersonMasks(redness.NETWORK, None, TIME_S, PATH.copy(), **changed)


def clip():
    return [redness.picture(x, y, 11, SIZE) for x, y in PATH]


def poses(missing=()):
    return [
        None if index in missing else redness.standing(x, y, 11.0)
        for index, (x, y) in enumerate(PATH)
    ]


def disc(index):
    across, down = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    return np.hypot(across - PATH[index, 0], down - PATH[index, 1]) < 11


@pytest.mark.slow
def test_the_person_and_the_mask_of_each_frame():
    for index, person in enumerate(people(masks(), clip(), poses())):
        true = disc(index)
        assert person.mask.shape == true.shape and person.mask.dtype == np.float32
        assert np.abs(person.mask - true).sum() < 0.25 * true.sum()
        inside = np.hypot(*(np.indices(true.shape)[::-1] - PATH[index][:, None, None])) < 8
        assert np.abs(person.picture[inside].astype(int) - (220, 20, 40)).max() <= 6
        assert person.picture[~true & (person.mask == 0)].max() == 0


def test_where_the_person_is_not_seen_the_mask_goes_on_with_the_anchor():
    found = list(people(masks(), clip(), poses(missing=range(4, 8))))
    for index in range(4, 8):
        assert np.abs(found[index].mask - disc(index)).sum() < 0.25 * disc(index).sum()
    found = list(people(masks(), clip(), poses(missing=range(4, COUNT))))
    # Half a second after frame 3.
    assert [person is None for person in found] == [index > 18 for index in range(COUNT)]


def test_nothing_goes_on_over_a_cut_or_where_the_anchor_is_absent():
    found = list(people(masks(cuts=frozenset({6})), clip(), poses(missing=range(4, 9))))
    assert [index for index, person in enumerate(found) if person is None] == [6, 7, 8]
    absent = masks()
    absent.anchor[5:8] = np.nan
    found = list(people(absent, clip(), poses(missing=range(4, 9))))
    assert [index for index, person in enumerate(found) if person is None] == [5, 6, 7, 8]


@pytest.mark.parametrize(("quarters", "mirrored"), [(0, False), (1, False), (3, True)])
def test_stored_pictures_get_another_background(quarters, mirrored):
    orientation = Orientation(quarters, mirrored)
    stored = [ToYuv(like().color)(orientation.stored(picture)) for picture in clip()[:3]]
    width, height = stored[0].width, stored[0].height
    info = like(width=width, height=height, rotation=90 * quarters, mirrored=mirrored)
    written = []
    to_rgb = ToRgb(Path("a.mp4"))
    edit = Editing(
        masks(),
        to_rgb,
        orientation,
        background.parse("remove", info),
        lambda mask, index: written.append((index, mask)),
    )
    for index, (picture, pose) in enumerate(zip(stored, poses(), strict=False)):
        luma = orientation.upright(planes(edit(picture, pose, index))[0])
        before = orientation.upright(planes(picture)[0])
        true = disc(index)
        inside = np.hypot(*(np.indices(true.shape)[::-1] - PATH[index][:, None, None])) < 7
        assert np.abs(luma[inside].astype(int) - before[inside]).max() <= 1
        assert (luma[:, :8] == 16).all() and (luma[:, -20:] == 16).all()
        assert written[index][0] == index
        mask = orientation.upright(written[index][1])
        assert mask[inside].min() > 250 and mask[:, -20:].max() == 0


def test_without_a_mask_a_picture_stays_as_it_is():
    written = []
    edit = Editing(
        masks(),
        ToRgb(Path("a.mp4")),
        Orientation(0, False),
        background.blurred,
        lambda mask, index: written.append(mask),
    )
    picture = ToYuv(like().color)(clip()[0])
    assert edit(picture, None, 0) is picture
    assert written[0].max() == 0
