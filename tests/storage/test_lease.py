"""One run at a time writes to an address."""

import os
import threading
import time

import pytest

from dvs_jax.errors import InputError
from dvs_jax.storage import lease
from dvs_jax.storage.lease import Lease

ADDRESS = "s3://box/run"


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(lease, "BEAT_S", 0.05)


@pytest.mark.slow
def test_a_second_run_is_refused_and_a_later_one_is_not(box, quick):
    with lease.alone(ADDRESS, "a training run") as held:
        message = (
            rf"^{ADDRESS}: another run \(.*, process {os.getpid()}\) is writing a training run"
        )
        with pytest.raises(InputError, match=message):
            Lease(ADDRESS, "a training run").take()
        assert not held.lost.is_set()
    with lease.alone(ADDRESS, "a training run"):
        assert len(list((box / "run" / lease.FOLDER).iterdir())) == 1
    assert not list((box / "run" / lease.FOLDER).iterdir())


def test_one_that_was_killed_long_ago_is_passed_over(box, quick):
    folder = box / "run" / lease.FOLDER
    folder.mkdir(parents=True)
    (folder / "dead").write_text("host, process 1, 1")
    os.utime(folder / "dead", (time.time() - lease.SILENT_S - 1,) * 2)
    with lease.alone(ADDRESS, "a training run"):
        assert not (folder / "dead").exists()
    # The mark stays, for the dead may come back; those of long ago do not.
    assert [each.name for each in folder.iterdir()] == ["dead.taken"]
    os.utime(folder / "dead.taken", (time.time() - lease.FORGOTTEN_S - 1,) * 2)
    with lease.alone(ADDRESS, "a training run"):
        assert not (folder / "dead.taken").exists()


@pytest.mark.slow
def test_one_that_was_killed_just_now_is_waited_for(box, quick, monkeypatch):
    monkeypatch.setattr(lease, "SILENT_S", 2.0)
    folder = box / "run" / lease.FOLDER
    folder.mkdir(parents=True)
    (folder / "dead").write_text("host, process 1, 1")
    with lease.alone(ADDRESS, "a training run"):
        assert not (folder / "dead").exists()


def test_a_run_whose_place_was_taken_learns_of_it(box, quick):
    held = Lease(ADDRESS, "a training run")
    held.take()
    (own,) = (box / "run" / lease.FOLDER).iterdir()
    own.unlink()
    keeper = threading.Thread(target=held.keep)
    keeper.start()
    assert held.lost.wait(30.0)
    keeper.join(30.0)
    assert not own.exists()


def test_a_run_whose_place_is_taken_while_it_writes_its_own_object_learns_of_it(
    box, quick, monkeypatch
):
    held, other = Lease(ADDRESS, "a training run"), Lease(ADDRESS, "a training run")
    held.take()
    write, already = lease.store.write, []

    def taking_over_first(address, content):
        if not already:
            already.append(address)
            monkeypatch.setattr(lease, "SILENT_S", -1.0)
            other.take()
        write(address, content)

    monkeypatch.setattr(lease.store, "write", taking_over_first)
    keepers = [threading.Thread(target=each.keep) for each in (held, other)]
    keepers[0].start()
    assert held.lost.wait(30.0)
    keepers[1].start()
    held.end(keepers[0])
    (left,) = (box / "run" / lease.FOLDER).iterdir()
    assert left.name == other._name
    other.end(keepers[1])
    assert not other.lost.is_set()
    assert not list((box / "run" / lease.FOLDER).iterdir())


def test_a_run_comes_back_after_the_one_that_took_its_place_has_ended(box, quick, monkeypatch):
    held = Lease(ADDRESS, "a training run")
    held.take()
    monkeypatch.setattr(lease, "SILENT_S", -1.0)
    with lease.alone(ADDRESS, "a training run"):
        pass
    held._beat()
    keeper = threading.Thread(target=held.keep)
    keeper.start()
    assert held.lost.wait(30.0)
    held.end(keeper)
    assert not list((box / "run" / lease.FOLDER).iterdir())


def test_a_run_that_is_taken_for_dead_while_it_begins_begins_anew(box, monkeypatch):
    run, write, names = Lease(ADDRESS, "a training run"), lease.store.write, []

    def taken_after(address, content):
        write(address, content)
        names.append(run._name)
        if len(names) == 1:
            write(f"{address}{lease.TAKEN}", b"")

    monkeypatch.setattr(lease.store, "write", taken_after)
    run.take()
    assert len(set(names)) == 2
    (left,) = (box / "run" / lease.FOLDER).iterdir()
    assert left.name == names[-1]
    run.end()
