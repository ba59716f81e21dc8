"""The examples of docs/methods.md: a method of one's own, and one with a network of one's own."""

from pathlib import Path

import pytest

from dvs_jax import synthetic
from tests.test_documents import ROOT, blocks

DOCUMENT = ROOT / "docs/methods.md"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What the examples leave behind, run in their order beside a clip called walk."""
    folder = tmp_path_factory.mktemp("workplace")
    shake = {"motion": "walking", "scene": "distant", "ois": False, "duration_s": 2.5}
    clip = synthetic.SyntheticClip(size=(320, 180), seed=4, **shake)
    synthetic.synthesize(clip, folder / "walk")
    names, reports = {}, []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for example in blocks(DOCUMENT, language="python"):
            exec(example.text, names)
            reports.append(names["report"])
    return folder, names, reports


def assert_steadied(report):
    """The methods shift the picture; its roll, which the rotation's jitter counts, stays."""
    rows = report.metrics.input, report.metrics.output
    before, after = (row.residual_shift_px for row in rows)
    assert after < 0.4 * before


@pytest.mark.slow
def test_the_method_of_twenty_lines_steadies_the_picture(made):
    folder, _, (report, _) = made
    assert (folder / report.cropped).is_file()
    assert report.trajectory is None and report.plot is None
    assert_steadied(report)


def test_its_body_has_about_twenty_lines():
    lines = blocks(DOCUMENT, language="python")[0].text.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("class Steadied"))
    end = next(i for i, line in enumerate(lines) if line.startswith("clip ="))
    assert len([line for line in lines[begin:end] if line.strip()]) <= 20


@pytest.mark.slow
def test_the_trained_network_steadies_it_too(made):
    folder, _, (_, report) = made
    assert (folder / "run" / "checkpoints").is_dir()
    assert_steadied(report)


@pytest.mark.slow
def test_a_run_that_has_ended_is_not_begun_anew(made, monkeypatch):
    """The same call goes on from the newest checkpoint: here, from the end."""
    folder, names, _ = made
    monkeypatch.chdir(folder)
    arguments = (names["config"], Path("run"), names["params"], names["loss"], names["Paths"](32))
    again = names["loop"].train(*arguments)
    for name, value in names["trained"].items():
        assert (again[name] == value).all()
