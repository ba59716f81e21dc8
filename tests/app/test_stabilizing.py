"""What the page does with an upload; no browser and no Gradio is asked."""

import json
from pathlib import Path

import av
import pytest

from dvs_jax.app import methods, showing, stabilizing
from dvs_jax.app.methods import CHOICES
from dvs_jax.app.stabilizing import Limits, Wish
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.pretrained import SHIPPED_FOLDER
from dvs_jax.progress import silently
from dvs_jax.smoothing import SMOOTHERS


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


def frames_of(file: Path) -> int:
    with av.open(str(file)) as shown:
        assert shown.streams.video[0].codec_context.name == "h264"
        return sum(1 for _ in shown.decode(video=0))


@pytest.mark.slow
def test_a_clip_with_its_gyro_is_steadied_and_measured(upload, results):
    wish = Wish("gaussian", crop=0.15, strength=2.0, side_by_side=True)
    made = stabilizing.make(upload, wish, Limits(), results, silently)
    for file in (made.preview, made.report.cropped, made.report.side_by_side):
        assert frames_of(file) == 24
    assert made.notes == []
    assert "pitch (deg)" in made.paths
    links = showing.downloads(made)
    for name in ("Video", "Trajectory", "Side by side"):
        assert f">{name}</a>" in links
    assert showing.address(made.report.trajectory) in links
    assert showing.address(made.preview) in showing.player(made)
    measured = stabilizing.measure(made, silently)
    jerks = measured.input.angular_jerk_deg_s3, measured.output.angular_jerk_deg_s3
    assert jerks[1] < 0.01 * jerks[0]
    table = showing.table(measured)
    assert "<td>{:.0f}</td><td>{:.0f}</td>".format(*jerks) in table


@pytest.mark.slow
def test_a_video_alone_goes_by_its_pictures_and_the_visitor_is_told(upload, results):
    for log in upload.glob("*.txt"):
        log.unlink()
    wish = Wish(measure=False)
    made = stabilizing.make(upload, wish, Limits(), results, silently)
    assert made.report.trajectory is None
    assert "x (px of 640)" in made.paths
    (note,) = made.notes
    assert note.startswith("walking.mp4: no gyro; the motion is read off the pictures")
    assert ">Trajectory<" not in showing.downloads(made)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish("stabnet", strength=2.0), "neither a strength nor a level horizon"),
        (Wish("pictures", horizon_lock=True), "neither a strength nor a level horizon"),
        (Wish("nothing"), "no method 'nothing'"),
        (Wish("adaptive", horizon_lock=True), "or leave the horizon as it is"),
        (Wish(crop=0.9), "crop of 0.9 is impossible"),
    ],
)
def test_what_does_not_go_together_is_said(upload, results, wish, said):
    with pytest.raises(InputError, match=said) as caught:
        stabilizing.make(upload, wish, Limits(), results, silently)
    assert str(upload) not in str(caught.value)


@pytest.mark.slow
def test_a_gyro_that_disagrees_is_told_with_what_to_do_on_the_page(upload, results):
    (upload / "camera.toml").write_text('[gyro]\naxes = ["x", "y", "z"]\nclock_offset_ms = 0\n')
    with pytest.raises(InputError, match=r"choose Pictures alone as the method$") as caught:
        stabilizing.make(upload, Wish("gaussian"), Limits(), results, silently)
    said = str(caught.value)
    assert said.startswith("walking.mp4: the gyro explains 0 % of the motion")
    assert "--" not in said and "dvs-jax" not in said


def test_what_needs_a_gyro_says_so(alone):
    with pytest.raises(InputError, match=r"Gaussian smoother: needs the gyro.*pictures alone"):
        methods.chosen("gaussian", load_clip(alone), False)


def test_automatic_is_the_network_where_there_is_a_gyro_and_the_pictures_else(upload, alone):
    clip, given = methods.chosen("auto", load_clip(upload), False)
    assert clip.sensors is not None
    assert given["model"].reads_flow
    clip, given = methods.chosen("auto", load_clip(alone), False)
    assert (clip.sensors, given) == (None, {})


def test_all_smoothers_and_shipped_networks_are_offered():
    viewers = {"viewport"}
    shipped = {each.name for each in SHIPPED_FOLDER.iterdir()} - viewers
    assert CHOICES.keys() == {"auto", "pictures"} | SMOOTHERS.keys() | shipped
    assert all(choice.good_for for choice in CHOICES.values())


def test_a_video_that_is_too_long_is_refused(long):
    with pytest.raises(InputError, match="lasts 700 s: at most 600 s"):
        stabilizing.load(long.parent, Limits())


def test_an_upload_that_is_too_large_is_refused(upload):
    with pytest.raises(InputError, match=r"MB are too much: at most 0\.01 MB"):
        stabilizing.load(upload, Limits(megabytes=0.01))


def test_what_is_no_video_is_refused_without_naming_the_servers_folders(tmp_path, results):
    upload = tmp_path / "upload"
    upload.mkdir()
    (upload / "notes.mp4").write_text(json.dumps({"no": "video"}))
    with pytest.raises(InputError, match=r"^notes\.mp4: ") as caught:
        stabilizing.make(upload, Wish(), Limits(), results, silently)
    assert str(tmp_path) not in str(caught.value)


def test_nothing_of_an_upload_is_taken_for_html():
    assert "<b>" not in showing.error("<b>.mp4: no video")
    assert "&lt;b&gt;" in showing.notes(["<b>"])
