"""Exported functions of DVS's networks give what the package gives, read back from their files."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx
from jax import export as jax_export

from dvs_jax import export, quaternion
from dvs_jax.errors import InputError
from dvs_jax.export import fused
from dvs_jax.export.models import functions
from dvs_jax.fused import inference, rollout
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.rollout import StepFeatures
from dvs_jax.stabilization.models import load_model

pytest.importorskip("flatbuffers")

FRAMES = 24

MADE = jax.__version__


@pytest.fixture(scope="module")
def network() -> FusedNetwork:
    return load_model("gyro_only").network


@pytest.fixture(scope="module")
def folder(network, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("exported")
    export.write(fused.functions(network), out, "gyro_only")
    return out


def read(folder: Path, name: str) -> jax_export.Exported:
    return jax_export.deserialize(bytearray((folder / f"{name}.stablehlo").read_bytes()))


def features(network: FusedNetwork, seed: int) -> StepFeatures:
    """A shaking camera's."""
    rng = np.random.default_rng(seed)
    shapes = fused._features(network, FRAMES - 1)
    drawn = {name: np.zeros(each.shape, np.float32) for name, each in shapes.items()}
    turns = rng.normal(scale=0.02, size=(FRAMES - 1, shapes["real"].shape[1], 3))
    drawn["real"] = quaternion.from_rotation_vector(turns).astype(np.float32)
    anchor = np.cumsum(rng.normal(scale=0.02, size=(FRAMES - 1, 3)), axis=0)
    drawn["anchor"] = quaternion.from_rotation_vector(anchor).astype(np.float32)
    drawn["interval_s"] += np.float32(1.0 / 30.0)
    drawn["strength"] += 1.0
    return StepFeatures(**drawn)


@pytest.mark.slow
def test_whole_clips_have_the_packages_path(network, folder):
    """Of another number of clips and steps than were ever named."""
    clips = [features(network, seed) for seed in range(3)]
    times = [np.arange(FRAMES) * 33_333_333 for _ in clips]
    wanted = inference.predict(network, clips, times)
    batch = jax.tree.map(lambda *arrays: np.stack(arrays), *clips)._asdict()
    pose = np.asarray(read(folder, "path").call(batch)["pose"])
    for found, path in zip(pose, wanted, strict=True):
        np.testing.assert_allclose(found, path.quaternion, atol=1e-6)


@pytest.mark.slow
def test_steps_one_by_one_make_the_same_path(network, folder):
    clip = features(network, 0)._asdict()
    step = read(folder, "step")
    state = read(folder, "begin").call({name: each[0] for name, each in clip.items()})
    poses = []
    for number in range(FRAMES - 1):
        state, told = step.call(state, {name: each[number] for name, each in clip.items()})
        poses.append(told["pose"])
    batch = {name: each[None] for name, each in clip.items()}
    path = np.asarray(read(folder, "path").call(batch)["pose"])[0]
    np.testing.assert_allclose(np.stack(poses), path[1:], atol=1e-6)


def test_they_are_for_three_platforms(folder):
    assert read(folder, "path").platforms == ("cpu", "cuda", "tpu")


@pytest.mark.slow
def test_the_example_runs_without_the_package(folder):
    """Neither the package nor Flax can be imported there."""
    hidden = "import sys; sys.modules.update(dict.fromkeys(['dvs_jax', 'flax']))"
    run = f"{hidden}; import runpy; runpy.run_path('{folder / 'example.py'}')"
    made = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    assert "pose" in made.stdout


@pytest.mark.parametrize(
    ("stub", "told"),
    [
        # As of a real 0.8.2, which reads the file and fails when it compiles.
        (
            "jax.__version__, jax.__version_info__ = '0.8.2', (0, 8, 2)",
            f"older ones do not run, and this is 0.8.2: pip install flatbuffers 'jax>={MADE}'",
        ),
        # As of releases that no longer read what is as old.
        (
            "jax.__version__ = '9.0.0'; jax.export.deserialize = lambda _: [].index('too old')",
            f"('too old' is not in list), and this is 9.0.0: pip install flatbuffers jax=={MADE}",
        ),
    ],
    ids=["older", "much newer"],
)
def test_a_jax_that_cannot_run_it_is_told_in_one_line(folder, stub, told):
    run = f"import jax, jax.export; {stub}; import runpy; runpy.run_path('{folder / 'example.py'}')"
    made = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True)
    assert made.returncode == 1
    (line,) = made.stderr.splitlines()
    assert line.startswith(f"made by JAX {MADE}") and line.endswith(told)


def test_no_file_tells_where_the_package_lay(folder):
    for artefact in folder.glob("*.stablehlo"):
        assert str(Path(rollout.__file__).parent).encode() not in artefact.read_bytes()


def test_the_readme_names_every_array(network, folder):
    text = (folder / "README.md").read_text()
    for name in StepFeatures._fields:
        assert f"| `features` | `{name}` | float32 | [clips, steps" in text
    assert "| `state` | `lstm.0.0` | float32 | [2, 128] |" in text
    assert "Of shapes: `pose` [clips, steps + 1, 4]" in text


@pytest.mark.slow
def test_flow_is_encoded_as_in_the_package():
    wanted = dataclasses.replace(load_model("fused").network.architecture)
    network = FusedNetwork(wanted, nnx.Rngs(0))
    (encode,) = (each for each in fused.functions(network) if each.name == "encode")
    columns, rows = wanted.flow_size
    flow = np.random.default_rng(0).normal(scale=0.01, size=(2, rows, columns, 4))
    focal = np.array([0.8, 1.4], np.float32)
    told = jax_export.export(jax.jit(encode.call))(
        *(jax.ShapeDtypeStruct(each.shape, np.float32) for each in (flow, focal))
    ).call(flow.astype(np.float32), focal)["flow"]
    # Compiled, as the package does it: step by step, its numbers up to 2.3 are rounded more often.
    encoder = nnx.jit(lambda network, each: network.encoder(each, focal))
    expected = [encoder(network, each) for each in flow.astype(np.float32)]
    np.testing.assert_allclose(told, np.stack(expected), atol=1e-6)


@pytest.mark.slow
def test_official_networks_are_exported_too():
    architecture = Architecture(official=True)
    network = FusedNetwork(architecture, nnx.Rngs(0))
    network.eval()
    names = [each.name for each in fused.functions(network)]
    assert names == ["path", "begin", "step", "encode"]


def test_a_model_that_is_not_exported_is_named():
    with pytest.raises(InputError, match="theirs: networks as they were published"):
        functions(object(), "theirs")
