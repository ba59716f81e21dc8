"""What is exported of a loaded network, by its kind."""

from dvs_jax.errors import InputError
from dvs_jax.export import fused, stabnet
from dvs_jax.export.function import Function
from dvs_jax.fused.method import FusedMethod
from dvs_jax.methods import Method
from dvs_jax.stabnet.method import StabNetMethod


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
    raise InputError(
        f"{name}: networks as they were published for other systems than DVS are not exported; "
        "name one of this package's"
    )
