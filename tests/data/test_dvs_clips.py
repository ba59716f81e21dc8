import functools
import http.server
import shutil
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds
from typer.testing import CliRunner

import data.dvs_clips.__main__ as command
from data.dataset_builder import build
from data.dvs_clips import DvsClips, dvs_clips
from dvs_jax import clip as clips
from dvs_jax.camera_path import pose_at
from dvs_jax.errors import InputError
from dvs_jax.flow import FlowFolder, FlowPair
from dvs_jax.fused import loader, record
from dvs_jax.fused.record import Record
from dvs_jax.sensors.integration import with_pre_roll


@pytest.fixture
def release(rendered_walk: Path, tmp_path: Path) -> Path:
    """The released layout with two training clips and a test clip."""
    folder = tmp_path / "dataset_release"
    for clip in ("training/s_1", "training/s_2", "test/s_3"):
        shutil.copytree(rendered_walk, folder / clip)
    return folder


def built(source: Path, out: Path, config: str = "poses") -> Path:
    builder = DvsClips(source=source, config=config, data_dir=out, file_format="array_record")
    return build(builder)


def stored(folder: Path, split: str) -> list[Record]:
    elements = tfds.builder_from_directory(folder).as_data_source(split)
    return [record.from_example(each) for each in elements]


def test_records_hold_what_the_clips_say(release: Path, tmp_path: Path) -> None:
    folder = built(release, tmp_path / "out")
    training, test = stored(folder, "training"), stored(folder, "test")
    assert [each.name for each in training] == ["s_1", "s_2"]
    assert [each.name for each in test] == ["s_3"]
    clip, made = clips.load_clip(release / "test" / "s_3"), test[0]
    np.testing.assert_array_equal(made.time_ns, clips.center_time_ns(clip))
    np.testing.assert_array_equal(made.gyro_time_ns, clip.sensors.gyro.time_ns)
    np.testing.assert_array_equal(made.gyro_pose, clip.sensors.gyro.quaternion)
    np.testing.assert_allclose(made.true_pose, clips.real_path(clip).quaternion, atol=1e-7)
    assert tuple(made.size) == (192, 108)
    np.testing.assert_allclose(made.focal, [1 / 1.27, 192 / 108 / 1.27], rtol=1e-6)
    assert made.flow.shape == (29, 0, 0, 4)
    assert 0.3 < made.shake_deg < 5.0


def test_the_loader_reads_it(release: Path, tmp_path: Path) -> None:
    built(release, tmp_path / "out")
    shares = [loader.Share(tmp_path / "out")]
    batch = next(loader.load(shares, steps=29, batch_size=2, seed=0))
    clip = clips.load_clip(release / "training" / "s_1")
    expected = pose_at(with_pre_roll(clip.sensors.gyro), clips.center_time_ns(clip), "hold")
    np.testing.assert_array_equal(batch.camera_pose[0], expected.astype(np.float32))


def test_flow_files_are_read_and_normalised(release: Path, tmp_path: Path) -> None:
    shutil.rmtree(release / "training")
    flow = FlowFolder(release / "test" / "s_3")
    for index in range(29):
        forward, backward = np.zeros((2, 27, 48, 2), np.float32)
        forward[..., 0], backward[..., 1] = 0.1 * index, 2.7
        flow.write(index, FlowPair(forward, backward))
    (made,) = stored(built(release, tmp_path / "out", "quarter"), "test")
    assert made.flow.shape == (29, 68, 120, 4)
    np.testing.assert_allclose(made.flow[..., 0].mean((1, 2)), np.arange(29) / 480, atol=1e-4)
    np.testing.assert_allclose(made.flow[..., 3], 0.1, atol=1e-4)
    np.testing.assert_array_equal(made.flow[..., 1:3], 0.0)


def test_flow_is_made_where_there_is_none(release: Path, tmp_path: Path) -> None:
    shutil.rmtree(release / "training")
    (made,) = stored(built(release, tmp_path / "out", "full"), "test")
    assert made.flow.shape == (29, 270, 480, 4)
    # In a distant scene all motion is the camera's turning: the picture moves against it.
    turn = np.diff(made.true_pose, axis=0)[:, 1]
    sideways = np.median(made.flow[..., 0].astype(float), axis=(1, 2))
    assert np.corrcoef(turn, sideways)[0, 1] > 0.9


@pytest.mark.parametrize("inside", ["all.zip", "file"])
def test_the_archive_is_unpacked(release: Path, tmp_path: Path, inside: str) -> None:
    archive = zipped(release, tmp_path / "archive" / "all.zip")
    source = archive.parent if inside == "all.zip" else archive
    folder = built(source, tmp_path / "out")
    assert [each.name for each in stored(folder, "training")] == ["s_1", "s_2"]
    assert len(list((tmp_path / "out" / "downloads").glob("all-*"))) == 1


def test_a_damaged_archive_is_an_error(release: Path, tmp_path: Path) -> None:
    archive = zipped(release, tmp_path / "archive" / "all.zip")
    content = archive.read_bytes()
    content = content[:5000] + bytes(100) + content[5100:]
    archive.write_bytes(content)
    with pytest.raises(InputError, match=r"all\.zip: is damaged .*fetch it again"):
        built(archive, tmp_path / "out")


def zipped(release: Path, archive: Path) -> Path:
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(release.rglob("*")):
            file.write(path, path.relative_to(release.parent))
    return archive


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which a server on this machine offers it."""
    folder = tmp_path / "served"
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_it_is_downloaded_where_no_source_is_named(
    release: Path, tmp_path: Path, served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = served
    zipped(release, folder / "all.zip")
    monkeypatch.setattr(dvs_clips, "URL", f"{address}/all.zip")
    out = tmp_path / "out"
    made = build(DvsClips(config="poses", data_dir=out, file_format="array_record"))
    assert [each.name for each in stored(made, "test")] == ["s_3"]


def test_a_failed_download_says_what_to_do(
    tmp_path: Path, served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dvs_clips, "URL", f"{served[1]}/all.zip")
    with pytest.raises(InputError, match=r"all\.zip: cannot be downloaded .* name it as source"):
        build(DvsClips(config="poses", data_dir=tmp_path / "out", file_format="array_record"))


def test_the_manual_folder_is_taken(release: Path, tmp_path: Path) -> None:
    builder = DvsClips(config="poses", data_dir=tmp_path / "out", file_format="array_record")
    config = tfds.download.DownloadConfig(manual_dir=release)
    builder.download_and_prepare(download_config=config)
    assert len(builder.as_data_source("training")) == 2


def test_a_broken_clip_is_named_and_left_out(
    release: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    next((release / "training" / "s_1").glob("*gyro*")).write_text("no numbers\n")
    folder = built(release, tmp_path / "out")
    assert [each.name for each in stored(folder, "training")] == ["s_2"]
    assert f"{release / 'training' / 's_1'}: left out" in caplog.text


def test_only_broken_clips_are_an_error(release: Path, tmp_path: Path) -> None:
    for video in (release / "training").rglob("*.mp4"):
        video.write_bytes(b"no video")
    with pytest.raises(InputError, match="the training split has no clip that can be used"):
        built(release, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.array_record*"))


def test_sources_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        built(tmp_path / "missing", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no folder training nor test"):
        built(tmp_path / "empty", tmp_path / "out")
    (tmp_path / "all.zip").write_bytes(b"PK no archive")
    with pytest.raises(InputError, match=r"all\.zip: is damaged .*fetch it again"):
        built(tmp_path / "all.zip", tmp_path / "out")


def run(*arguments: Any) -> Any:
    app = command.typer.Typer()
    app.command()(command.main)
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_the_command_writes_and_says_where(release: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("--source", release, "--config", "poses", "--out", out)
    assert result.exit_code == 0
    assert f"dataset: {out / 'dvs_clips' / 'poses' / '1.0.0'}" in result.output


def test_the_command_complains_in_a_line(tmp_path: Path) -> None:
    result = run("--source", tmp_path / "none", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "none: no such file or folder" in result.output
