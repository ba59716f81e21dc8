"""A store that is a folder, and a cache of its own."""

import pytest

from dvs_jax.cache_folder import CACHE_VARIABLE

from . import folder_store


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache's folder."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def stored(tmp_path, monkeypatch, cache):
    """The file system behind all addresses; its bucket "box" is `tmp_path / "store/box"`."""
    return folder_store.put_in_place(monkeypatch, tmp_path / "store")


@pytest.fixture
def box(stored, tmp_path):
    """The folder that is the bucket gs://box and s3://box."""
    return tmp_path / "store/box"
