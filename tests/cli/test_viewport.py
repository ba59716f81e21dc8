"""`dvs-jax viewport …`."""

import csv
import json
from fractions import Fraction

import numpy as np
import pytest
from flax import nnx

from dvs_jax.video import VideoInfo, VideoWriter
from dvs_jax.viewport import sphere
from dvs_jax.viewport.paver import architecture, weights
from dvs_jax.viewport.paver.network import Network
from dvs_jax.viewport.saliency import stored
from dvs_jax.viewport.starvp import weights as starvp
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.network import Network as StarVP
from dvs_jax.viewport.synthetic import audience, files, recordings

from .run import assert_refused


@pytest.fixture(scope="module")
def drawn():
    return audience.draw(41, 1, 2)


@pytest.fixture(scope="module")
def sea(drawn, tmp_path_factory):
    """A folder with a video of 3 s and a recording of one who watched it on."""
    folder = tmp_path_factory.mktemp("sea")
    (video,) = drawn.videos.values()
    files.write_video(folder / "sea.mp4", video, length_s=3.0)
    (maps,) = drawn.maps.values()
    np.save(folder / "maps.npy", maps)
    recordings.write_plain(folder / "ann.csv", drawn.traces[0])
    return folder


@pytest.mark.slow
def test_predict_writes_all_it_promises(dvs, sea, drawn, tmp_path):
    run = dvs(
        *("viewport", "predict", sea / "sea.mp4", sea / "ann.csv", "--out", tmp_path),
        *("--saliency", sea / "maps.npy", "--tiles", "--video", "--at", 10),
    )
    assert run.code == 0, run.err
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {
        f"sea_{end}"
        for end in (
            *("viewport.csv", "viewport.jpg", "viewport.mp4"),
            *("error.jpg", "metrics.json", "tiles.csv"),
        )
    }
    rows = list(csv.DictReader((tmp_path / "sea_viewport.csv").open()))
    assert len(rows) == 136 * 25
    (row,) = [each for each in rows if (each["t_s"], each["horizon_s"]) == ("10.0", "1.0")]
    trace = drawn.traces[0]
    came = trace.direction[np.argmin(np.abs(trace.time_s - 11.0))]
    yaw, pitch = (np.degrees(each) for each in sphere.to_yaw_pitch(came))
    assert float(row["true_yaw_deg"]) == pytest.approx(yaw, abs=1e-3)
    assert float(row["true_pitch_deg"]) == pytest.approx(pitch, abs=1e-3)
    told = np.array([float(row[axis]) for axis in "xyz"])
    error = np.degrees(sphere.distance(told, came))
    assert float(row["error_deg"]) == pytest.approx(error, abs=1e-3)
    assert rows[-1]["error_deg"] == rows[-1]["true_yaw_deg"] == ""
    numbers = json.loads((tmp_path / "sea_metrics.json").read_text())
    found = {each["name"]: each["ranges"]["2 to 5 s"]["mean_deg"] for each in numbers["rows"]}
    assert found["viewport"] < found["damped"] - 10.0
    tiles = list(csv.DictReader((tmp_path / "sea_tiles.csv").open()))
    assert len(tiles) == len(rows) and 10 < len(tiles[0]["tiles"].split()) < 45


@pytest.mark.slow
def test_what_cannot_be_predicted_leaves_nothing(dvs, sea, tmp_path):
    whole = (sea / "sea.mp4").read_bytes()
    (tmp_path / "cut_off.mp4").write_bytes(whole[: len(whole) * 4 // 5])
    for video, recording, more, message in (
        (tmp_path / "cut_off.mp4", sea / "ann.csv", (), "is cut off or damaged"),
        (sea / "maps.npy", sea / "ann.csv", (), "maps.npy"),
        (sea / "sea.mp4", sea / "sea.mp4", (), "sea.mp4"),
        (sea / "sea.mp4", sea / "nobody.csv", (), "nobody.csv"),
        (sea / "sea.mp4", sea / "ann.csv", ("--model", "fused"), "holds no network that predicts"),
        (sea / "sea.mp4", sea / "ann.csv", ("--model", "nothing"), "no weights are named"),
        (sea / "sea.mp4", sea / "ann.csv", ("--at", 99), "nothing is predicted at 99 s"),
    ):
        if "cut_off" not in video.name:
            more = ("--saliency", sea / "maps.npy", *more)
        out = tmp_path / "out"
        run = dvs("viewport", "predict", video, recording, "--out", out, *more)
        assert run.code == 2 and message in run.err.splitlines()[-1]
        assert run.err.splitlines()[-1].startswith("error: ") and "Traceback" not in run.err
        assert not out.exists() or not list(out.iterdir())


@pytest.fixture(scope="module")
def paver(tmp_path_factory):
    """A small PAVER's decoder and transformer."""
    folder = tmp_path_factory.mktemp("paver")
    of = architecture.Architecture(height=32, width=16, heads=2, blocks=1, decoder_heads=2)
    network = nnx.jit(lambda: Network(of, nnx.Rngs(0)))()
    weights.save_decoder(network.decoder, folder / "decoder")
    weights.save_transformer(network.transformer, folder / "vit")
    return folder


@pytest.mark.slow
def test_saliency_is_told_by_paver_where_its_weights_are_given(dvs, sea, paver, tmp_path):
    asked = ("viewport", "saliency", sea / "sea.mp4", "--out", tmp_path)
    given = ("--paver", paver / "decoder", "--vit", paver / "vit", "--maps")
    assert "done" in dvs(*asked).out
    assert "done" in dvs(*asked, *given, "--frames", 1).out
    with np.load(tmp_path / "sea_saliency.npz") as maps:
        assert maps["saliency"].shape == (15, 32, 64)
        assert maps["saliency"].min(axis=(1, 2)) == pytest.approx(0.0, abs=1e-3)
        assert maps["saliency"].max(axis=(1, 2)) == pytest.approx(1.0, abs=1e-3)
    alone = stored.read(tmp_path / "sea_salxyz.npz")
    assert alone.source == "PAVER, decoder and vit, 1 at once" and alone.points.shape[0] == 15
    assert "done" in dvs(*asked, *given).out
    assert np.abs(stored.read(tmp_path / "sea_salxyz.npz").points - alone.points).max() > 0.01
    assert "skipped" in dvs(*asked, *given).out


def test_wrong_weights_of_paver_are_refused_in_one_line(dvs, sea, paver, tmp_path):
    decoder, vit = paver / "decoder", paver / "vit"
    (tmp_path / "no.npz").write_bytes(b"rubbish")
    for given, complaint in (
        (("--paver", decoder), "PAVER consists of two files"),
        (("--frames", 1), "PAVER consists of two files"),
        (("--paver", decoder, "--vit", vit, "--frames", 2), "2 frames about an instant have no"),
        (("--paver", tmp_path / "a.pt", "--vit", vit), "a.pt: "),
        (("--paver", decoder, "--vit", tmp_path / "b.npz"), "b.npz: "),
        (("--paver", vit, "--vit", decoder), "vit: holds no paver-decoder, but a model of"),
        (("--paver", decoder, "--vit", tmp_path / "no.npz"), "no.npz: no .npz file of arrays"),
        (("--paver", sea / "ann.csv", "--vit", vit), "ann.csv: "),
    ):
        out = tmp_path / "out"
        run = dvs("viewport", "saliency", sea / "sea.mp4", "--out", out, *given)
        assert_refused(run, complaint)
        assert not out.exists()


@pytest.mark.slow
def test_evaluate_compares_with_all_baselines(dvs, drawn, tmp_path):
    for trace in drawn.traces:
        (tmp_path / "data" / trace.viewer).mkdir(parents=True)
        recordings.write_plain(tmp_path / "data" / trace.viewer / "sea.csv", trace)
    run = dvs(
        *("viewport", "evaluate", tmp_path / "data", "--out", tmp_path / "out"),
        *("--saliency", "viewers"),
    )
    assert run.code == 0, run.err
    content = json.loads((tmp_path / "out/evaluation.json").read_text())
    assert (content["viewers"], content["videos"], content["windows"]) == (2, 1, 2 * 111)
    names = [each["name"] for each in content["rows"]]
    assert names[:5] == ["no_motion", "constant", "damped", "salient", "crowd"]
    assert (tmp_path / "out/evaluation.png").stat().st_size > 10_000
    for name in names:
        assert name in run.out


@pytest.fixture(scope="module")
def knowing(tmp_path_factory):
    """A small network that knows two viewers, untrained."""
    of = Architecture(
        points=8, lstm=8, lstm_layers=1, width=8, heads=2, mlp=8, blocks=1, position=5, gate=8,
        turn=True, residual=True, damped_prior=True, viewers=("bob", "eve"),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("models") / "knowing"
    starvp.save(nnx.jit(lambda: StarVP(of, nnx.Rngs(0)))(), folder)
    return folder


@pytest.mark.slow
def test_predict_learns_a_viewer_and_tells_what_follows(dvs, sea, knowing, tmp_path):
    file = tmp_path / "long.mp4"
    info = VideoInfo(file, 64, 32, Fraction(1), np.arange(12) * 10**9, 0, False)
    with VideoWriter(file, info, 64, 32, 20, "veryfast") as writer:
        for time_ns in info.time_ns:
            writer.write(np.zeros((32, 64, 3), np.uint8), int(time_ns))
    run = dvs(
        *("viewport", "predict", file, sea / "ann.csv", "--out", tmp_path / "out"),
        *("--model", knowing, "--saliency", sea / "maps.npy", "--adapt", 10),
    )
    assert run.code == 0, run.err
    rows = list(csv.DictReader((tmp_path / "out/long_viewport.csv").open()))
    assert (rows[0]["t_s"], rows[0]["horizon_s"], rows[-1]["t_s"]) == ("9.8", "0.2", "29.8")
    numbers = json.loads((tmp_path / "out/long_metrics.json").read_text())
    found = {each["name"]: np.mean(each["error_deg"]) for each in numbers["rows"]}
    came = [float(each["error_deg"]) for each in rows if float(each["t_s"]) < 24.9]
    assert np.mean(came) == pytest.approx(found["knowing, strangers adapted"], abs=0.01)


@pytest.mark.slow
def test_a_viewer_who_cannot_be_learned_is_refused(dvs, sea, knowing, tmp_path):
    asked = ("viewport", "predict", sea / "sea.mp4", sea / "ann.csv", "--out", tmp_path)
    given = ("--model", knowing, "--saliency", sea / "maps.npy")
    run = dvs(*asked, *given, "--adapt", 2)
    assert_refused(run, "2 s of the video leave no window to learn a viewer from")
    run = dvs(*asked, "--saliency", sea / "maps.npy", "--adapt", 10)
    assert_refused(run, "this network tells no viewers apart")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_evaluate_learns_viewers_and_tells_what_that_is_worth(dvs, sea, knowing, tmp_path):
    asked = ("viewport", "evaluate", sea / "ann.csv", "--model", knowing, "--out", tmp_path)
    assert_refused(dvs(*asked, "--adapt", "soon"), "--adapt soon: give the seconds of each video")
    assert_refused(dvs(*asked, "--adapt", "others"), "alone; learn from its first seconds")
    run = dvs(*asked, "--adapt", 10)
    assert run.code == 0, run.err
    assert "knowing: knowing viewers is worth " in run.out
    content = json.loads((tmp_path / "evaluation.json").read_text())
    assert content["windows"] == 150 - 49 - 25
    names = [each["name"] for each in content["rows"]]
    assert names[-3:] == [
        *("knowing, nobody known", "knowing, strangers as the mean"),
        "knowing, strangers adapted",
    ]
    (gain,) = content["personalisation"]["knowing"]["gain_deg"].values()
    assert abs(gain) < 5.0


def test_check_ends_with_an_error_where_all_is_refused(dvs, sea, tmp_path):
    (tmp_path / "a.csv").write_text("t_s,yaw_deg,pitch_deg\n0,0,0\n1,0,0\n")
    run = dvs("viewport", "check", tmp_path / "a.csv")
    assert run.code == 2 and "where a prediction needs 8 s" in run.out
    run = dvs("viewport", "check", sea / "ann.csv", "--viewer", "ann", "--video", "sea")
    assert run.code == 0 and "viewer ann, video sea, 30.0 s at 50 Hz" in run.out


def test_fetch_says_what_it_needs(dvs, tmp_path):
    run = dvs("viewport", "fetch", "wu", "--out", tmp_path)
    assert run.code == 2 and "holds no videoMeta.csv" in run.err
