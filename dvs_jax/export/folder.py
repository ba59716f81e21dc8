"""Writes exported functions into a folder, with what tells how to run them."""

from collections.abc import Iterable
from pathlib import Path

from dvs_jax.errors import InputError
from dvs_jax.export import reading
from dvs_jax.export.function import Function, exported
from dvs_jax.progress import Track, silently
from dvs_jax.whole_file import replacing_together


def write(
    functions: Iterable[Function], out: str | Path, name: str, track: Track = silently
) -> list[Path]:
    """Write each function as an artefact of `jax.export`, a README.md, and an example.py.

    Args:
        functions: to export.
        out: a folder, made if it is missing; files of the same names are replaced.
        name: of the network, for the readers.
        track: reports the functions.

    Returns:
        The artefacts.

    Raises:
        InputError: flatbuffers is not installed, or the folder cannot be written to.
    """
    _require_flatbuffers()
    out, chosen = Path(out), list(functions)
    with replacing_together(out) as unfinished:
        artefacts = [exported(each) for each in track(chosen, len(chosen), "functions")]
        for function, artefact in zip(chosen, artefacts, strict=True):
            (unfinished / f"{function.name}{reading.SUFFIX}").write_bytes(artefact.serialize())
        texts = {
            "README.md": reading.readme(name, chosen, artefacts),
            "example.py": reading.example(chosen[0]),
        }
        for file, text in texts.items():
            (unfinished / file).write_text(text, encoding="utf-8")
    return [out / f"{function.name}{reading.SUFFIX}" for function in chosen]


def _require_flatbuffers() -> None:
    try:
        import flatbuffers  # noqa: F401
    except ImportError as error:
        raise InputError(
            "exporting needs flatbuffers, which is not installed: pip install 'dvs-jax[export]'"
        ) from error
