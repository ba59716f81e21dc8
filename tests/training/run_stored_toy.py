"""Trains the toy in a process of its own, and in a store: python -m training.run_stored_toy.

As `run_toy`, but the run is s3://box/run, and FOLDER/store is in the place of the store. Temporary
files go into FOLDER/tmp.
"""

import json
import sys
import tempfile
from pathlib import Path

import pytest
from storage import folder_store

MODULE = "training.run_stored_toy"


def main(folder, changes):
    from dvs_jax import checkpoint
    from dvs_jax.training import loop, model, parallel, stored_run

    from . import toy

    (folder / "tmp").mkdir(exist_ok=True)
    tempfile.tempdir = str(folder / "tmp")

    @stored_run.anywhere
    def train(config, workdir):
        part = parallel.own_part(config.train.batch_size)
        batches = toy.Stream(config.train.batch_size, part)
        params = loop.train(config, workdir, toy.params(), toy.loss, batches)
        return model.write(workdir, lambda made: checkpoint.save(made, params, {"kind": "toy"}))

    with pytest.MonkeyPatch.context() as patch:
        folder_store.put_in_place(patch, folder / "store")
        train(toy.config(**changes), "s3://box/run")


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
