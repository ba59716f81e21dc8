"""From paths to footage: videos with their logs, and datasets of records."""

from collections.abc import Callable, Iterable
from pathlib import Path

from dvs_jax import storage
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation.footage import Footage, RecordFlow, of_clip, of_record
from dvs_jax.flow import Estimator
from dvs_jax.fused.loader import Records, Share

DATASET_FILE = "dataset_info.json"
"""The file by which a folder is recognised as a dataset stored by TFDS."""

SPLIT = "test"


def load(
    paths: Iterable[Path], flow_estimator: str | Estimator = "auto"
) -> tuple[list[Footage], dict[str, str]]:
    """Return the footage of clips and datasets, and the names that cannot be read, with the reason.

    Args:
        paths: what `load_clip` reads; or the folder of a dataset of records, whose test split is
            taken.
        flow_estimator: computes flow for clips without flow files, if a network reads it.
    """
    footage, left_out = [], {}
    for path in paths:
        try:
            footage += _footage(path, flow_estimator)
        except (InputError, OSError) as error:
            left_out[str(path)] = str(error)
    return footage, left_out


def _footage(path: Path, flow_estimator: str | Estimator) -> list[Footage]:
    if not _holds_dataset(path):
        return [of_clip(load_clip(path), flow_estimator)]
    records = Records(Share(path, split=SPLIT))
    return [of_record(records[i], _flow_reader(records, i)) for i in range(len(records))]


def _holds_dataset(path: Path) -> bool:
    """Return whether there is a dataset at a path, or in its variant and version subfolders."""
    address = storage.address_of(path)
    if address is not None:
        return any(Path(each).name == DATASET_FILE for each in storage.listing(address, depth=3))
    patterns = (DATASET_FILE, f"*/{DATASET_FILE}", f"*/*/{DATASET_FILE}")
    return any(any(path.glob(pattern)) for pattern in patterns)


def _flow_reader(records: Records, index: int) -> Callable[[], RecordFlow]:
    return lambda: records[index].flow
