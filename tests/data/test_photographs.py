import csv
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from data.photographs import __main__ as program
from data.photographs import gather as gathering
from data.photographs.gather import gather
from data.photographs.listed import LIST, Listed, photographs
from data.photographs.packages import fetch, run
from dvs_jax.errors import InputError

WOOD = Listed("woods", "share/Oak.png", "train", "A. Planter", "CC0-1.0")
HELD = Listed("woods", "share/Elm.png", "held_out", "B. Planter", "CC-BY-4.0")
GONE = Listed("woods", "share/Ash.png", "train", "C. Planter", "CC0-1.0")


def fetch_woods(package: str, folder: Path) -> Path:
    (folder / "share").mkdir()
    Image.new("RGB", (5000, 2500), (200, 20, 20)).save(folder / "share" / "Oak.png")
    Image.new("L", (300, 200), 128).save(folder / "share" / "Elm.png")
    return folder


def test_photographs_are_written_by_use_and_no_larger_than_needed(tmp_path):
    gathered, missing = gather([WOOD, HELD, GONE], tmp_path / "out", fetch_woods)
    assert (gathered, missing) == ([WOOD, HELD], [GONE])
    oak = Image.open(tmp_path / "out" / "train" / "woods-Oak.jpg")
    elm = Image.open(tmp_path / "out" / "held_out" / "woods-Elm.jpg")
    assert (oak.size, oak.mode) == ((2560, 1280), "RGB")
    assert (elm.size, elm.mode) == ((300, 200), "RGB")


def test_each_written_photograph_has_its_author_and_licence(tmp_path):
    gather([WOOD, HELD, GONE], tmp_path, fetch_woods)
    with (tmp_path / "licences.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["picture"], row["author"], row["licence"]) for row in rows] == [
        ("train/woods-Oak.jpg", "A. Planter", "CC0-1.0"),
        ("held_out/woods-Elm.jpg", "B. Planter", "CC-BY-4.0"),
    ]


def test_a_folder_with_files_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        gather([WOOD], tmp_path, fetch_woods)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_the_list_tells_photographs_from_drawings():
    with LIST.open(newline="") as lines:
        listed = [Listed(**row) for row in csv.DictReader(lines)]
    uses = [picture.use for picture in listed]
    assert set(uses) == {"train", "held_out", "drawing", "unclear"}
    assert (uses.count("train"), uses.count("held_out")) == (53, 9)
    assert all(picture.author and picture.licence for picture in listed)
    assert len({(picture.package, picture.file) for picture in listed}) == len(listed)


def test_no_photograph_is_written_over_another_and_packages_are_fetched_once():
    listed = photographs()
    assert len({picture.name for picture in listed}) == len(listed) == 62
    runs = [each for each, _ in gathering.groupby(listed, lambda picture: picture.package)]
    assert len(runs) == len(set(runs))


def test_a_client_that_is_not_installed_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"apt-get: not found; .*or train on a folder of your own"):
        fetch("mate-backgrounds", tmp_path)


def test_a_client_that_fails_is_quoted(tmp_path):
    with pytest.raises(InputError, match=r"failed \(no such package\)"):
        run(["sh", "-c", "echo hm >&2; echo no such package >&2; exit 100"], tmp_path)


def test_the_command_says_what_this_release_lacks(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "photographs", lambda: [WOOD, GONE])
    monkeypatch.setattr(program, "fetch", fetch_woods)
    shown = CliRunner().invoke(program.app, [str(tmp_path / "out")])
    assert shown.exit_code == 0
    assert "not in this release's package: woods share/Ash.png" in shown.output
    assert shown.output.endswith(f"{tmp_path / 'out'}: 1 photographs\n")
