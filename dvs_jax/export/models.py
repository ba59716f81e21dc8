"""What is exported of a loaded network, by its kind."""

from pathlib import Path

from dvs_jax import checkpoint, pretrained
from dvs_jax.errors import InputError
from dvs_jax.export import fused, stabgan, stabnet, subject, viewport
from dvs_jax.export.function import Function
from dvs_jax.fused.method import FusedMethod
from dvs_jax.methods import Method
from dvs_jax.stabgan.method import StabGanMethod
from dvs_jax.stabilization.models import load_model
from dvs_jax.stabnet.method import StabNetMethod
from dvs_jax.viewport.starvp import weights as starvp


def functions_of(which: str) -> tuple[Function, ...]:
    """Load a network and return its functions.

    Args:
        which: as `load_model` takes it; or the name or folder of a network for viewports, or a
            file of TensorFlow Lite.

    Raises:
        InputError: it is none of these, or its networks are not exported.
    """
    path = Path(which) if Path(which).exists() else Path(pretrained.locate(which))
    if path.suffix in (subject.FILE, subject.BUNDLE):
        return subject.functions(path)
    if path.is_dir() and checkpoint.metadata(path).get("kind") == starvp.KIND:
        return viewport.functions(starvp.load(path))
    return functions(load_model(which), which)


def functions(model: Method, name: str) -> tuple[Function, ...]:
    """Return the functions of a network.

    Args:
        model: as `load_model` returns it.
        name: of the network, for the message.

    Raises:
        InputError: there are none for such a model.
    """
    if isinstance(model, FusedMethod):
        return fused.functions(model.network)
    if isinstance(model, StabNetMethod):
        return stabnet.functions(model.network)
    if isinstance(model, StabGanMethod):
        return stabgan.functions(model.generator)
    raise InputError(
        f"{name}: networks as they were published for other systems than DVS are not exported; "
        "name one of this package's"
    )
