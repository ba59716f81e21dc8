"""What is an address in an object store, what a local path, and what neither."""

from pathlib import Path

import pytest

from dvs_jax.errors import InputError
from dvs_jax.storage import address_of
from dvs_jax.whole_file import make_folder


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("s3://box/runs/dvs", "s3://box/runs/dvs"),
        ("gs://box/runs//dvs/", "gs://box/runs/dvs"),
        ("gs://box", "gs://box"),
        (Path("s3://box/runs") / "dvs", "s3://box/runs/dvs"),
        (Path("runs/dvs"), None),
        ("trips/a:b/*.mp4", None),
        ("C:/trips", None),
        ("fused", None),
    ],
)
def test_an_address_is_told_from_a_path(path, address):
    assert address_of(path) == address


@pytest.mark.parametrize(
    "typo",
    ["gcs://box/x", "s3:box/x", "S3://box/x", "s3://", "gs://Box/x", "s4://box", "gs:///box"],
)
def test_a_typo_is_told(typo):
    with pytest.raises(InputError, match=r"is no address in an object store; write gs://BUCKET"):
        address_of(typo)


def test_what_writes_to_no_store_makes_no_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^s3://box/x: this is not written to object stores"):
        make_folder(Path("s3://box/x"))
    assert not list(tmp_path.iterdir())
