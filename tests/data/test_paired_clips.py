import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow_datasets as tfds
from typer.testing import CliRunner

from data.dataset_builder import build
from data.paired_clips import PairedClips
from data.paired_clips.__main__ import app
from data.paired_clips.paired_clips import clip_of
from data.paired_clips.pairing import CROP, lattice, paired_record
from dvs_jax.training import paired_record as records
from dvs_jax.training.paired_record import PairedRecord

CONFIGS = {config.name: config for config in PairedClips.BUILDER_CONFIGS}
SIZE = np.array([128, 72])


@pytest.fixture(scope="module")
def walk() -> PairedRecord:
    clip = clip_of(CONFIGS["smoke"], 0, "training", 0)
    clip = dataclasses.replace(clip, motion="walking", scene="depth", strength=1.0, frame_rate=30.0)
    return paired_record(clip, "online", "walk")


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paired")
    return build(PairedClips(config="smoke", data_dir=folder, file_format="array_record"))


def stored(folder: Path, split: str) -> list[PairedRecord]:
    source = tfds.builder_from_directory(folder).as_data_source(split)
    return [records.from_example(each) for each in source]


def to_pixels(positions: np.ndarray) -> np.ndarray:
    return (positions + 1) / 2 * SIZE - 0.5


def pixel_error(source: np.ndarray, target: np.ndarray) -> float:
    """Return the mean difference of two pictures away from the edges, in levels."""
    return float(np.abs(source.astype(float) - target)[12:-12, 16:-16].mean())


def test_the_vertices_bring_the_shaky_frame_onto_the_steady_one(walk):
    corners = lattice(5, 5)[[0, 4, 20, 24]]
    for frame in (4, 9, 14):
        shown = walk.vertices[frame].reshape(-1, 2)[[0, 4, 20, 24]]
        homography = cv2.getPerspectiveTransform(
            to_pixels(corners).astype(np.float32), to_pixels(shown).astype(np.float32)
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpPerspective(walk.shaky[frame], homography, (128, 72), flags=flags)
        unwarped = pixel_error(walk.shaky[frame], walk.steady[frame])
        assert pixel_error(warped, walk.steady[frame]) < 0.4 * unwarped


def test_the_steady_frame_stays_within_the_shaky_ones_crop(walk):
    off = walk.vertices - lattice(5, 5).reshape(5, 5, 2)
    assert 0.02 < np.abs(off).max() < 2 * CROP + 0.05


def test_affines_are_next_to_the_vertices(walk):
    points = np.column_stack([lattice(5, 5), np.ones(25)])
    told = np.einsum("fij,pj->fpi", walk.affine, points).reshape(-1, 5, 5, 2)
    assert (np.abs(told - walk.vertices) * SIZE / 2).max() < 1.0
    assert (
        np.abs(told - walk.vertices).mean()
        < 0.1 * np.abs(walk.vertices - lattice(5, 5).reshape(5, 5, 2)).mean()
    )


def test_matches_lie_where_the_vertices_say(walk):
    corners = lattice(2, 2)
    for frame in (4, 14):
        landed = walk.vertices[frame].reshape(-1, 2)[[0, 4, 20, 24]]
        homography = cv2.getPerspectiveTransform(corners.astype(np.float32), landed)
        points, expected = np.split(walk.matches[frame], 2, axis=-1)
        told = cv2.perspectiveTransform(points[None], homography)[0]
        np.testing.assert_allclose(told, expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["steady", "shaky"])
def test_flow_leads_from_each_frame_to_the_next(walk, kind):
    frames, flow = getattr(walk, kind), getattr(walk, f"{kind}_flow").astype(np.float32)
    assert flow.shape == (len(frames) - 1, 18, 32, 2)
    column, row = np.meshgrid(np.arange(128, dtype=np.float32), np.arange(72, dtype=np.float32))
    errors, without = [], []
    for index in range(len(flow)):
        full = cv2.resize(flow[index], (128, 72)) * SIZE.astype(np.float32)
        place = column + full[..., 0], row + full[..., 1]
        fetched = cv2.remap(frames[index + 1], *place, cv2.INTER_LINEAR)
        errors.append(pixel_error(fetched, frames[index]))
        without.append(pixel_error(frames[index + 1], frames[index]))
    # What parallax uncovers is in no earlier frame.
    assert np.mean(errors) < 0.75 * np.mean(without)


def test_the_steady_camera_shakes_less(walk):
    def unevenness(flow: np.ndarray) -> float:
        mean = flow.astype(np.float32).mean(axis=(1, 2))
        return float(np.abs(np.diff(mean, axis=0)).mean())

    assert unevenness(walk.steady_flow) < 0.6 * unevenness(walk.shaky_flow)


@pytest.mark.slow
def test_what_is_written_is_read_again(smoke):
    training, test = stored(smoke, "training"), stored(smoke, "test")
    assert (len(training), len(test)) == (2, 1)
    again = paired_record(clip_of(CONFIGS["smoke"], 0, "test", 0), "online", test[0].name)
    for ours, theirs in zip(test[0], again, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert isinstance(ours, str) or ours.dtype == theirs.dtype
    index = tfds.builder_from_directory(smoke).info.metadata["training"]
    assert list(index["name"]) == [each.name for each in training]
    assert list(index["frames"]) == [len(each.steady) for each in training]


def test_training_and_test_clips_differ_and_seeds_do():
    seeds = {
        clip_of(CONFIGS["small"], seed, split, index).seed
        for seed in (0, 1)
        for split in ("training", "test")
        for index in range(20)
    }
    assert len(seeds) == 80


def test_the_command_says_where_the_dataset_is_and_refuses_to_overwrite_it(tmp_path, smoke):
    command = ["--config", "smoke", "--out", str(smoke.parents[2])]
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 2
    assert "a dataset lies there already" in refused.output
