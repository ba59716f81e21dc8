"""The dataset of viewers of 360° videos."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from data.dataset_builder import build
from data.viewport_traces import ViewportTraces
from data.viewport_traces.__main__ import app
from dvs_jax.errors import InputError
from dvs_jax.training import configuration
from dvs_jax.viewport import dataset, record, train
from dvs_jax.viewport.synthetic import audience, recordings


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    folder = tmp_path_factory.mktemp("viewers")
    return build(ViewportTraces(config="smoke", data_dir=folder, file_format="array_record"))


def test_made_up_viewers_come_back_as_they_were_drawn(smoke):
    training, test = (record.load(smoke, split) for split in record.SPLITS)
    assert (len(training), len(test)) == (2, 1)
    assert not {each.video for each in training} & {each.video for each in test}
    trace = audience.draw(0, 2, 2).traces[1]
    track = training[0].tracks()[1]
    assert (track.viewer, track.video) == (trace.viewer, trace.video)
    np.testing.assert_allclose(track.direction[35], trace.direction[350], atol=1e-6)
    assert track.valid.all() and training[0].points.shape == (150, 128, 4)


def test_training_reads_it(smoke, request):
    config = configuration.load(request.config.rootpath / "configs/viewport_smoke.py")
    of = train.network_of(config)
    found = dataset.recorded(record.load(smoke, "training"), 5, of)
    assert len(found) == 2 * 2 * 23
    example = found.examples(np.array([50]), np.zeros(1, np.uint32))
    assert example.points.shape == (1, 40, 8, 4) and example.known.all()


def test_recorded_viewers_are_split_and_told_nothing_of_themselves(tmp_path):
    trace = audience.draw(1, 1, 1).traces[0]
    turned = [replace(trace, direction=np.roll(trace.direction, 100 * i, axis=0)) for i in range(6)]
    for viewer, each in enumerate(turned):
        for video in range(3):
            file = tmp_path / "data/Experiment_1" / str(viewer) / f"video_{video}.csv"
            recordings.write_wu(file, each)
    folder = build(
        ViewportTraces(
            source=tmp_path / "data",
            config="wu",
            data_dir=tmp_path / "out",
            file_format="array_record",
        )
    )
    training, test = (record.load(folder, split) for split in record.SPLITS)
    viewers = [{name for each in part for name in each.viewers} for part in (training, test)]
    videos = [{each.video for each in part} for part in (training, test)]
    assert not viewers[0] & viewers[1] and not videos[0] & videos[1]
    # Two records of each of two videos, of two viewers each.
    assert [len(each.viewers) for each in training] == [2, 2, 2, 2]
    for each in training:
        away = [
            np.abs(each.points[:100, 0, :3] - track.direction[:100]).max()
            for track in each.tracks()
        ]
        assert min(away) > 0.2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "wu"], "unpack it yourself and give the folder as --source"),
        (["--config", "smoke", "--source", "x"], "smoke is made up; leave --source away"),
    ],
)
def test_what_is_missing_or_superfluous_is_told(tmp_path, arguments, message):
    run = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out")])
    assert run.exit_code == 2 and message in run.output


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds 0 datasets where one is expected"):
        record.load(tmp_path, "training")
