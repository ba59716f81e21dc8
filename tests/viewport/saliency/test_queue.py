"""Saliency of videos one by one."""

import shutil

import numpy as np
import pytest

from dvs_jax import video as videos
from dvs_jax.errors import InputError
from dvs_jax.viewport.saliency import motion, obtaining, queue, stored
from dvs_jax.viewport.saliency.queue import Work
from dvs_jax.viewport.synthetic import audience, files


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    (drawn,) = audience.draw(31, 1, 1).videos.values()
    file = tmp_path_factory.mktemp("videos") / "sea.mp4"
    files.write_video(file, drawn, length_s=1.5)
    return file


@pytest.fixture
def folder(made, tmp_path):
    shutil.copy(made, tmp_path / "a.mp4")
    shutil.copy(made, tmp_path / "c.mp4")
    (tmp_path / "b.mp4").write_bytes(made.read_bytes()[: made.stat().st_size * 4 // 5])
    (tmp_path / "d.mp4").write_bytes(b"no video at all")
    return tmp_path


def told(outcomes):
    return {each.video.name[0]: each for each in outcomes}


@pytest.mark.slow
def test_a_folder_is_worked_off_and_what_is_corrupt_is_passed_over(folder):
    work = Work(motion.maps, "motion", keep_maps=True, draw=True)
    found = told(queue.run(queue.find(folder), work))
    assert {name: each.state for name, each in found.items()} == {
        **{"a": "done", "b": "passed over"},
        **{"c": "done", "d": "passed over"},
    }
    assert "is cut off or damaged: " in found["b"].reason and "fetch it again" in found["b"].reason
    assert "d.mp4" in found["d"].reason
    kept = stored.read(folder / "a_salxyz.npz")
    assert kept.points.shape == (8, 128, 4) and kept.source == "motion"
    np.testing.assert_allclose(np.linalg.norm(kept.points[..., :3], axis=-1), 1.0, atol=1e-5)
    with np.load(folder / "a_saliency.npz") as maps:
        assert maps["saliency"].shape == (8, 64, 128) and maps["saliency"].dtype == np.float16
        np.testing.assert_allclose(maps["time_s"], np.arange(8) / 5)
    np.testing.assert_allclose(
        stored.points_of(folder / "a_saliency.npz")[:, 0, 3], kept.points[:, 0, 3], atol=1e-3
    )
    drawn = videos.probe(folder / "a_saliency.mp4")
    assert (drawn.frame_count, drawn.width) == (videos.probe(folder / "a.mp4").frame_count, 512)
    again = told(queue.run(queue.find(folder), work))
    assert (again["a"].state, again["b"].state) == ("skipped", "passed over")
    shutil.copy(folder / "a.mp4", folder / "x.mp4")
    (folder / "c_salxyz.npz").write_bytes(b"damaged")
    again = told(queue.run(queue.find(folder), Work(motion.maps, "motion")))
    assert (again["c"].state, again["x"].state) == ("done", "done")
    assert not list(folder.glob(".unfinished*"))


def test_points_are_told_once_and_then_found(made, tmp_path):
    first = obtaining.points(made, tmp_path)
    changed = stored.read(tmp_path / "sea_salxyz.npz")
    stored.write(tmp_path / "sea_salxyz.npz", changed._replace(points=2.0 * first))
    np.testing.assert_array_equal(obtaining.points(made, tmp_path), 2.0 * first)


def test_maps_of_another_rate_are_taken_where_they_are_nearest(tmp_path):
    maps = np.zeros((21, 32, 64), np.float32)
    maps[np.arange(21), 16, 3 * np.arange(21)] = 1.0
    np.save(tmp_path / "maps.npy", maps)
    found = stored.points_of(tmp_path / "maps.npy", rate=10.0)
    assert found.shape == (11, 128, 4)
    azimuth = np.arctan2(found[:, 0, 1], found[:, 0, 0]) % (2 * np.pi)
    np.testing.assert_allclose(azimuth * 64 / (2 * np.pi) - 0.5, 6 * np.arange(11), atol=1e-3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((4, 8)), "holds no maps of saliency"),
        (np.full((2, 32, 64), np.nan), "entry 0 holds a value that is no number"),
        (np.zeros((2, 4, 8)), "are too small; give 32 × 64"),
    ],
)
def test_what_is_no_saliency_is_refused(tmp_path, content, message):
    np.save(tmp_path / "maps.npy", content)
    with pytest.raises(InputError, match=message):
        stored.points_of(tmp_path / "maps.npy")


def test_other_files_and_folders_are_refused(tmp_path):
    (tmp_path / "a_salxyz.npz").write_bytes(b"x")
    with pytest.raises(InputError, match="holds no salient points"):
        stored.points_of(tmp_path / "a_salxyz.npz")
    with pytest.raises(InputError, match="holds no video"):
        queue.find(tmp_path)
    with pytest.raises(InputError, match="there is no such file or folder"):
        queue.find(tmp_path / "nowhere")
