"""What training would do on many devices, from a step on one: see `scaling_model`."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import jax
from flax import nnx
from ml_collections import ConfigDict

from dvs_jax.benchmarks import loading, scaling_model
from dvs_jax.benchmarks.loading import Loading
from dvs_jax.benchmarks.report import Column, Report, Table, Value
from dvs_jax.benchmarks.scaling_model import Link, Recipe
from dvs_jax.bounded_file import read_bytes
from dvs_jax.errors import InputError, reading
from dvs_jax.fused import configured
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.progress import Track, silently
from dvs_jax.stabgan import train as stabgan
from dvs_jax.stabnet import train as stabnet
from dvs_jax.training import configuration
from dvs_jax.training.logs import LARGEST_BYTES, METRICS_FILE
from dvs_jax.viewport import train as viewport

DEVICES = (1, 8, 64, 512)

_COLUMNS = (
    Column("devices"),
    Column("waits for"),
    Column("batch", "d"),
    Column("all-reduce, ms", ".3g"),
    Column("loading, ms", ".3g"),
    Column("efficiency", ".3f"),
)
_LOADING_COLUMNS = (
    Column("workers"),
    Column("examples/s", ".3g"),
    Column("over what 1 device takes", ".3g"),
    Column(f"{scaling_model.DEVICES_A_HOST} devices", ".3g"),
)


def measure(
    config: Path, step_s: float | None, run: Path | None, link: Link, track: Track = silently
) -> Report:
    """Time a config's loader, and predict training on more devices than one.

    Args:
        config: what is trained; its batch is that of one device.
        step_s: seconds of a step on one device; None to take them from `run`.
        run: folder of a training run of that config on one device; None if `step_s` is told.
        link: between devices.
        track: reports the loader's measurements.

    Raises:
        InputError: the config or the run cannot be used, or neither time nor run is told.
    """
    loaded = configuration.load(config)
    if (step_s is None) == (run is None):
        raise InputError("tell either --step-s or --run: how long a step takes on one device")
    step_s = step_seconds(run) if run is not None else step_s
    assert step_s is not None
    try:
        paces, unknown = loading.measure(loaded, track), ""
    except InputError as error:
        paces, unknown = [], f"The loader was not timed: {error}"
    fastest = max((pace.examples_per_s for pace in paces), default=math.inf)
    recipe = Recipe(gradient_bytes(loaded), loaded.train.batch_size, step_s, fastest)
    return report_of(config.stem, recipe, paces, link, unknown)


def step_seconds(run: Path) -> float:
    """Return the seconds of a run's step without waiting for data, the median of its log.

    The first line, before which the step was compiled, counts only where it is the last.

    Raises:
        InputError: there is no log, it is damaged, or holds no line of a pace.
    """
    file = run / METRICS_FILE
    with reading(file, "is no log of a run", "train with --workdir, and name that folder"):
        lines = [json.loads(line) for line in read_bytes(file, LARGEST_BYTES).splitlines()]
        paced = [each for each in lines if "steps_per_s" in each]
        paced = paced[1:] or paced
        return median((1.0 - each["loader_wait"]) / each["steps_per_s"] for each in paced)


def gradient_bytes(config: ConfigDict) -> int:
    """Return the bytes of all that a config trains, which every step averages over the devices."""
    shapes = jax.eval_shape(lambda: [nnx.state(each) for each in _networks(config)])
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(shapes))


def _networks(config: ConfigDict) -> Sequence[nnx.Module]:
    match config.system:
        case "stabgan":
            return stabgan.make_networks(config)
        case "stabnet":
            return [stabnet.make_network(config)]
        case "viewport":
            return [viewport.make_network(config)]
    return [FusedNetwork(configured.architecture_of(config), nnx.Rngs(config.train.seed))]


def report_of(
    name: str, recipe: Recipe, paces: Sequence[Loading], link: Link, unknown: str = ""
) -> Report:
    """Return the report of a prediction.

    Args:
        name: of the config.
        recipe: what was measured.
        paces: of its loader; none where that is not known.
        link: between devices.
        unknown: why they are not.
    """
    rows = tuple(_row(recipe, devices, link) for devices in DEVICES)
    title = f"{name}: {recipe.examples} examples a device, {recipe.gradient_bytes / 1e6:.3g} MB"
    tables = [Table(title, _COLUMNS, rows, drawn=("efficiency",))]
    if paces:
        rated = tuple(_loading_row(recipe, pace) for pace in paces)
        tables.append(Table("its loader", _LOADING_COLUMNS, rated, drawn=("examples/s",)))
    largest = DEVICES[-1]
    fewest = scaling_model.fewest_examples(recipe, largest, link)
    remarks = (
        f"Measured: {recipe.step_s:.3g} s a step on one device, and the loader. Arithmetic: the "
        f"rest, by a ring of {link.bytes_per_s / 1e9:.3g} GB/s and {1e6 * link.latency_s:.3g} µs, "
        f"and {scaling_model.DEVICES_A_HOST} devices a host.",
        f"On {largest} devices averaging takes longer than computing below {fewest:.2g} examples "
        "a device.",
        *([unknown] if unknown else []),
    )
    details = {**recipe._asdict(), **link._asdict(), "fewest_examples": fewest}
    return Report("scaling", tuple(tables), remarks=remarks, details=details)


def _row(recipe: Recipe, devices: int, link: Link) -> tuple[Value, ...]:
    averaging = scaling_model.all_reduce_s(recipe.gradient_bytes, devices, link)
    loading = scaling_model.loading_s(recipe, devices)
    waits = "data" if loading > recipe.step_s + averaging else "all-reduce" if averaging else "–"
    return (
        devices,
        waits,
        devices * recipe.examples,
        1e3 * averaging,
        1e3 * loading,
        scaling_model.efficiency(recipe, devices, link),
    )


def _loading_row(recipe: Recipe, pace: Loading) -> tuple[Value, ...]:
    fed = scaling_model.devices_fed(recipe._replace(loaded_per_s=pace.examples_per_s))
    return pace.workers, pace.examples_per_s, fed, fed / scaling_model.DEVICES_A_HOST
