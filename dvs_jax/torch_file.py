"""PyTorch checkpoint files, read without PyTorch and without running anything they hold.

Two layouts of ``torch.save`` are read: the zip archive (PyTorch 1.6 and newer) and the legacy
stream before it. Both hold a pickle, whose opcodes name the Python objects to build, and beside
it the raw storages on which the tensors are views.

The pickle is executed here on plain data: a name in it is looked up in a fixed table, never
imported. The standard library's unpickler is not safe enough: its BUILD opcode sets attributes on
whatever ``find_class`` returns, and one LONG_BINPUT of five bytes makes it allocate gigabytes.
"""

import io
import math
import mmap
import os
import pickletools
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np
from jaxtyping import Shaped

from dvs_jax.bounded_file import require_regular
from dvs_jax.errors import InputError, reading

_ZIP_SIGNATURE = b"PK\x03\x04"
_TAR_SIGNATURE, _TAR_SIGNATURE_AT = b"ustar", 257
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_LEGACY_COUNT_BYTES = 8
_MOST_AXES = 64

# Limits on what a pickle may build: far more than any checkpoint needs, and under a gigabyte. An
# opcode of one byte can make an object of 200 bytes, and a few of them a list that holds itself.
_MOST_OPERATIONS = 1_000_000
_MOST_WRITTEN_OUT = 10_000_000
_DEEPEST = 100
_LONGEST_INTEGER_BITS = 1024
_LONGEST_NAME = 200
_MOST_VIEWS_OF_A_BYTE = 8

_DTYPES = {
    "torch.float64": np.dtype("<f8"),
    "torch.float32": np.dtype("<f4"),
    "torch.float16": np.dtype("<f2"),
    "torch.bfloat16": np.dtype(ml_dtypes.bfloat16),
    "torch.int64": np.dtype("<i8"),
    "torch.int32": np.dtype("<i4"),
    "torch.int16": np.dtype("<i2"),
    "torch.int8": np.dtype("i1"),
    "torch.uint8": np.dtype("u1"),
    "torch.bool": np.dtype("?"),
}
_STORAGE_DTYPES = {
    "torch.DoubleStorage": _DTYPES["torch.float64"],
    "torch.FloatStorage": _DTYPES["torch.float32"],
    "torch.HalfStorage": _DTYPES["torch.float16"],
    "torch.BFloat16Storage": _DTYPES["torch.bfloat16"],
    "torch.LongStorage": _DTYPES["torch.int64"],
    "torch.IntStorage": _DTYPES["torch.int32"],
    "torch.ShortStorage": _DTYPES["torch.int16"],
    "torch.CharStorage": _DTYPES["torch.int8"],
    "torch.ByteStorage": _DTYPES["torch.uint8"],
    "torch.BoolStorage": _DTYPES["torch.bool"],
}


class _RefusalError(Exception):
    """Why a file is refused; ``read`` adds the file's name."""


def read(path: str | os.PathLike[str]) -> dict[Any, Any]:
    """Reads a dictionary that ``torch.save`` wrote.

    Args:
        path: a file in the zip layout (PyTorch ≥ 1.6) or in the legacy layout before it.

    Returns:
        The dictionary with its nested dicts, lists, tuples, sets and scalars. An OrderedDict
        comes as dict, a torch.Size as tuple of int, a torch.device as its name ("cuda:0"), a
        torch.dtype as NumPy dtype. Each tensor or parameter is a read-only NumPy array with the
        saved axes, strides and dtype (bfloat16 from ml_dtypes); tensors that shared a storage
        share memory. What axes and units mean is up to the program that saved the file.

    Raises:
        InputError: the file cannot be read, is not a checkpoint, is damaged or cut short,
            big-endian, an old tar or a TorchScript archive, asks for a class or function
            beyond those above, none of which is imported or run, or holds itself or far more than
            its own size, which only a file made to exhaust the memory does.
    """
    path = Path(path)
    require_regular(path)
    with reading(path, "a PyTorch checkpoint damaged or cut short", "fetch it again"):
        try:
            with path.open("rb") as file:
                content = _read_layout(file)
        except _RefusalError as refusal:
            raise InputError(f"{path}: {refusal}") from refusal
    if not isinstance(content, dict):
        raise InputError(
            f"{path}: holds a {type(content).__name__}, not a dictionary; "
            "save model.state_dict() instead"
        )
    return content


def _read_layout(file: BinaryIO) -> Any:
    head = file.read(512)
    if head.startswith(_ZIP_SIGNATURE):
        with zipfile.ZipFile(file) as archive:
            return _read_zip(archive, os.fstat(file.fileno()).st_size)
    if head.startswith(_TAR_SIGNATURE, _TAR_SIGNATURE_AT):
        raise _RefusalError(
            "the tar layout of PyTorch before 0.1.10 is not supported; "
            "load it with an old PyTorch and torch.save it again"
        )
    if not head:
        raise _RefusalError("an empty file, not a PyTorch checkpoint")
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stream:
        return _read_legacy(stream)


# ------------------------------------------------------------------ the layouts and storages


@dataclass(frozen=True)
class _StorageIdentity:
    """A storage as a pickle refers to it: its key in the file, dtype and number of elements."""

    key: str
    dtype: np.dtype
    count: int

    @property
    def byte_count(self) -> int:
        return self.count * self.dtype.itemsize


@dataclass(frozen=True)
class _Storage:
    """One run of elements on which any number of tensors are views."""

    identity: _StorageIdentity
    elements: Shaped[np.ndarray, " element"]


class _Storages:
    """Every storage of a file by its key; each layout has its own way to read one."""

    def __init__(
        self, obtain: Callable[[_StorageIdentity], Shaped[np.ndarray, " element"]]
    ) -> None:
        self._obtain = obtain
        self.by_key: dict[str, _Storage] = {}

    def find(self, identity: _StorageIdentity) -> _Storage:
        if identity.key not in self.by_key:
            self.by_key[identity.key] = _Storage(identity, self._obtain(identity))
        storage = self.by_key[identity.key]
        if storage.identity != identity:
            raise _RefusalError(f"storage {identity.key} is declared with two dtypes or lengths")
        return storage


def _read_zip(archive: zipfile.ZipFile, archive_bytes: int) -> Any:
    _require_plain_records(archive.infolist(), archive_bytes)
    names = set(archive.namelist())
    folder = _checkpoint_folder(names)
    if f"{folder}/byteorder" in names:
        _require_little_endian(archive.read(f"{folder}/byteorder") == b"little")

    def obtain(identity: _StorageIdentity) -> Shaped[np.ndarray, " element"]:
        record = archive.getinfo(f"{folder}/data/{identity.key}")
        _require_length(identity, record.file_size)
        return np.ndarray(identity.count, identity.dtype, archive.read(record))

    return _Pickle(io.BytesIO(archive.read(f"{folder}/data.pkl")), _Storages(obtain)).execute()


def _require_plain_records(records: list[zipfile.ZipInfo], archive_bytes: int) -> None:
    """PyTorch does not compress, so no genuine checkpoint unpacks to more than its own size."""
    for record in records:
        stored = record.compress_type == zipfile.ZIP_STORED and not record.flag_bits & 1
        if not stored or record.file_size != record.compress_size:
            raise _RefusalError(f"its record {record.filename} is compressed or encrypted; refused")
    if sum(record.file_size for record in records) > archive_bytes:
        raise _RefusalError("its records claim more bytes than the file has; refused")


def _checkpoint_folder(names: set[str]) -> str:
    folders = [name.removesuffix("/data.pkl") for name in names if name.endswith("/data.pkl")]
    folders = [folder for folder in folders if "/" not in folder]
    if len(folders) != 1:
        raise _RefusalError("a zip archive without one data.pkl, not a PyTorch checkpoint")
    if f"{folders[0]}/constants.pkl" in names:
        raise _RefusalError(
            "a TorchScript archive, not a checkpoint; open it with torch.jit.load "
            "and torch.save its state_dict()"
        )
    return folders[0]


def _read_legacy(stream: mmap.mmap) -> Any:
    _require_legacy_head(stream)
    declared_bytes = 0

    def obtain(identity: _StorageIdentity) -> Shaped[np.ndarray, " element"]:
        nonlocal declared_bytes
        declared_bytes += identity.byte_count
        if declared_bytes > stream.size():
            raise _RefusalError("its storages claim more bytes than the file has; refused")
        return np.zeros(identity.count, identity.dtype)

    storages = _Storages(obtain)
    content = _Pickle(stream, storages).execute()
    _fill_legacy_storages(stream, storages.by_key)
    return content


def _require_legacy_head(stream: mmap.mmap) -> None:
    try:
        magic = _plain_pickle(stream)
    except _RefusalError:
        raise
    except Exception:  # data that is not a pickle can raise any error
        magic = None
    if magic != _LEGACY_MAGIC:
        raise _RefusalError("not a PyTorch checkpoint")
    if _plain_pickle(stream) != _LEGACY_PROTOCOL:
        raise _RefusalError("an unknown version of the legacy layout; torch.save it again")
    system = _plain_pickle(stream)
    _require_little_endian(isinstance(system, dict) and system.get("little_endian"))


def _fill_legacy_storages(stream: mmap.mmap, storages: dict[str, _Storage]) -> None:
    """Reads the storages that follow the pickles: keys in order, then count and elements of each.

    Tensors are views made before their elements were read, so these are copied into place.
    """
    keys = _plain_pickle(stream)
    if _set(keys) != set(storages):
        raise _RefusalError("the storages it lists are not those its tensors use")
    for key in keys:
        identity = storages[key].identity
        count = int.from_bytes(stream.read(_LEGACY_COUNT_BYTES), "little")
        if count != identity.count:
            raise _RefusalError(f"storage {key} holds {count} elements, not {identity.count}")
        data = stream.read(identity.byte_count)
        _require_length(identity, len(data))
        storages[key].elements[:] = np.ndarray(count, identity.dtype, data)


def _plain_pickle(stream: mmap.mmap) -> Any:
    def obtain(identity: _StorageIdentity) -> Shaped[np.ndarray, " element"]:
        raise _RefusalError(f"refers to storage {identity.key} where none may be")

    return _Pickle(stream, _Storages(obtain)).execute()


def _require_length(identity: _StorageIdentity, byte_count: int) -> None:
    if byte_count != identity.byte_count:
        raise _RefusalError(
            f"storage {identity.key} should hold {identity.byte_count} bytes, "
            f"the file has {byte_count}; it is damaged or cut short, fetch it again"
        )


def _require_little_endian(little_endian: Any) -> None:
    if little_endian is not True:
        raise _RefusalError("written on a big-endian machine; torch.save it on a little-endian one")


# ------------------------------------------------------- what a pickle may name, and its result


@dataclass(frozen=True)
class _Name:
    """The name of a class or function in a pickle; nothing is imported."""

    dotted: str


def _tensor(
    storage: Any, offset: Any, size: Any, stride: Any, _grad: Any, _hooks: Any, flags: Any = None
) -> Shaped[np.ndarray, "..."]:
    """A view on a storage; ``offset`` and ``stride`` count elements, as in torch.as_strided."""
    if not isinstance(storage, _Storage):
        raise _RefusalError("a tensor is built on something that is no storage")
    if flags:
        raise _RefusalError("a tensor is lazily negated or conjugated; torch.save its .clone()")
    shape, steps, (start,) = _naturals(size), _naturals(stride), _naturals((offset,))
    _require_fit(shape, steps, start, storage.identity.count)
    dtype = storage.identity.dtype
    byte_steps = tuple(step * dtype.itemsize for step in steps)
    if 0 in shape:
        view = np.zeros(shape, dtype)
    else:
        view = np.ndarray(shape, dtype, storage.elements, start * dtype.itemsize, byte_steps)
    view.flags.writeable = False
    return view


def _require_fit(
    shape: tuple[int, ...], steps: tuple[int, ...], start: int, available: int
) -> None:
    """Raises unless the view lies within its storage and holds no more elements than it."""
    if len(shape) > _MOST_AXES:
        raise _RefusalError(f"a tensor has {len(shape)} axes; NumPy allows {_MOST_AXES}")
    last = start + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    if 0 not in shape and (last >= available or math.prod(shape) > available):
        raise _RefusalError(
            f"a tensor of size {shape}, stride {steps} and offset {start} does not fit "
            f"its storage of {available} elements; call .contiguous() before saving it"
        )


def _parameter(tensor: Any, *_gradient: Any) -> Shaped[np.ndarray, "..."]:
    if not isinstance(tensor, np.ndarray):
        raise _RefusalError("a parameter is built on something that is no tensor")
    return tensor


def _naturals(values: Any) -> tuple[int, ...]:
    if not isinstance(values, tuple) or not all(map(_is_natural, values)):
        raise _RefusalError("a size, stride, offset or count is not made of natural numbers")
    return values


def _is_natural(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _ordered_dict(*pairs: Any) -> dict[Any, Any]:
    """Python 2 passes a list of pairs, Python 3 nothing."""
    return {_key(key): value for key, value in _list(*pairs)}


def _set(*items: Any) -> set[Any]:
    return {_key(item) for item in _list(*items)}


def _list(*arguments: Any) -> list[Any]:
    if not arguments:
        return []
    (items,) = arguments
    if type(items) is not list:
        raise _RefusalError(f"builds a container from a {type(items).__name__}, not a list")
    return items


def _device(kind: Any, *index: Any) -> str:
    if not isinstance(kind, str) or len(kind) > _LONGEST_NAME:
        raise _RefusalError("names a device by something that is no name")
    return ":".join([kind, *map(str, _naturals(index))])


_BUILDERS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch.Size": _naturals,
    "torch.device": _device,
    "collections.OrderedDict": _ordered_dict,
    "builtins.set": _set,
    "__builtin__.set": _set,
}


def _resolve(dotted: str) -> Any:
    if dotted in _DTYPES:
        return _DTYPES[dotted]
    if dotted in _BUILDERS or dotted in _STORAGE_DTYPES:
        return _Name(dotted)
    raise _RefusalError(
        f"asks for {dotted}, which no plain checkpoint needs; nothing was run. "
        "If you trust its source, load it in PyTorch and torch.save only its state_dict()"
    )


def _storage_identity(persistent_id: Any) -> _StorageIdentity:
    """Reads ("storage", class, key, device, element count), optionally with a view of None."""
    if not isinstance(persistent_id, tuple) or not 5 <= len(persistent_id) <= 6:
        raise _RefusalError("refers to something outside the pickle that is no storage")
    label, kind, key, _, count, *view = persistent_id
    if type(label) is not str or label != "storage" or type(key) is not str:
        raise _RefusalError("refers to something outside the pickle that is no storage")
    if any(part is not None for part in view):
        raise _RefusalError("a storage is a view on another one; torch.save it with PyTorch ≥ 1.6")
    if not isinstance(kind, _Name) or kind.dotted not in _STORAGE_DTYPES:
        raise _RefusalError("refers to a storage of no known kind")
    (count,) = _naturals((count,))
    return _StorageIdentity(key, _STORAGE_DTYPES[kind.dotted], count)


def _key(value: Any) -> Any:
    """A key of a dict or item of a set: scalars only, since hashing nested tuples can be slow."""
    if not isinstance(value, str | int | float | None):
        kind = type(value).__name__
        raise _RefusalError(f"uses a {kind} as a key, which no plain checkpoint needs")
    return value


# ---------------------------------------------------------------- how much a pickle may hold


@dataclass(frozen=True)
class _Extent:
    """A value's size; what it contains several times counts several times.

    Attributes:
        depth: nesting depth of containers.
        length: approximate characters of the value's repr.
        array_bytes: bytes of its tensors, at 4 or more per element.
    """

    depth: int = 0
    length: int = 1
    array_bytes: int = 0


class _Extents:
    """Measures values, and raises on those that a few bytes of pickle make too large."""

    def __init__(self, stored_bytes: int) -> None:
        self._most_array_bytes = _MOST_VIEWS_OF_A_BYTE * stored_bytes
        self._known: dict[int, _Extent] = {}

    def measure(self, value: Any, place: tuple[Any, ...] = ()) -> _Extent:
        """Return the extent of a value that lies at a place: the keys and indices to it."""
        if not isinstance(value, dict | list | tuple | set):
            return self._leaf(value, place)
        if len(place) > _DEEPEST:
            raise _refused(place, f"a list in itself, or nested more than {_DEEPEST} deep")
        if id(value) not in self._known:
            self._known[id(value)] = self._sum(value, place)
        extent = self._known[id(value)]
        if len(place) + extent.depth > _DEEPEST:
            raise _refused(place, f"nested more than {_DEEPEST} deep")
        return extent

    def _sum(self, container: Any, place: tuple[Any, ...]) -> _Extent:
        parts = container.items() if isinstance(container, dict) else enumerate(container)
        depth, length, array_bytes = 0, 1, 0
        for key, part in parts:
            extent = self.measure(part, (*place, key))
            depth = max(depth, extent.depth)
            length += extent.length + self._leaf(key, place).length
            array_bytes += extent.array_bytes
            if length > _MOST_WRITTEN_OUT:
                raise _refused(place, "the same lists again and again: millions of characters")
            if array_bytes > self._most_array_bytes:
                raise _refused(place, "tensors that show the same numbers again and again")
        return _Extent(depth + 1, length, array_bytes)

    def _leaf(self, value: Any, place: tuple[Any, ...]) -> _Extent:
        match value:
            case np.ndarray():
                return _Extent(array_bytes=value.size * max(value.itemsize, 4))
            case str() | bytes():
                return _Extent(length=1 + len(value))
            case int() if value.bit_length() > _LONGEST_INTEGER_BITS:
                raise _refused(place, "an integer of hundreds of digits")
            case _:
                return _Extent()


def _refused(place: tuple[Any, ...], fault: str) -> _RefusalError:
    """An error about a value that is not quoted, since it may be too large."""
    name = ".".join(str(key) for key in place[:3] if type(key) is not int or abs(key) < 2**63)
    return _RefusalError(f"{name or 'what it holds'} is {fault}; refused")


# ------------------------------------------------------------------------------- the pickle

_LITERALS = frozenset(
    {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
    | {"STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"}
    | {"UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
)
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_SET": set,
    "EMPTY_TUPLE": tuple,
}


class _Pickle:
    """Executes one pickle, opcode by opcode, leaving the stream behind its STOP.

    The opcodes are those of the standard library's ``pickletools``; those that import, call or
    set attributes act on the table above, and those no checkpoint needs are refused.
    """

    def __init__(self, stream: io.BytesIO | mmap.mmap, storages: _Storages) -> None:
        self._stream = stream
        self._storages = storages
        self._stack: list[Any] = []
        self._stacks_below_marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._operations_left = _MOST_OPERATIONS

    def execute(self) -> Any:
        for opcode, argument, _ in pickletools.genops(self._stream):  # type: ignore[arg-type]
            self._take(1)
            if opcode.name in _LITERALS:
                self._push(argument)
            elif opcode.name in _CONSTANTS:
                self._push(_CONSTANTS[opcode.name])
            elif opcode.name in _EMPTY:
                self._push(_EMPTY[opcode.name]())
            else:
                self._execute_operation(opcode.name, argument)
        content = self._stack.pop()
        stored_bytes = sum(each.identity.byte_count for each in self._storages.by_key.values())
        _Extents(stored_bytes).measure(content)
        return content

    def _take(self, operations: int) -> None:
        self._operations_left -= operations
        if self._operations_left < 0:
            raise _RefusalError(f"its pickle takes more than {_MOST_OPERATIONS} steps; refused")

    def _execute_operation(self, name: str, argument: Any) -> None:
        match name:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case "MARK":
                self._stacks_below_marks.append(self._stack)
                self._stack = []
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = self._stack[-1]
            case "MEMOIZE":
                self._memo[len(self._memo)] = self._stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                self._push(self._memo[argument])
            case "GLOBAL" | "STACK_GLOBAL" | "INST" | "REDUCE" | "BUILD" | "BINPERSID":
                self._execute_named(name, argument)
            case _:
                self._execute_container(name)

    def _execute_named(self, name: str, argument: Any) -> None:
        match name:
            case "GLOBAL":
                self._push(_resolve(argument.replace(" ", ".")))
            case "INST":
                arguments = tuple(self._pop_to_mark())
                self._call(_resolve(argument.replace(" ", ".")), arguments)
            case "STACK_GLOBAL":
                names = self._pop(2)
                if not all(isinstance(name, str) for name in names):
                    raise _RefusalError("asks for something that is no name")
                self._push(_resolve(".".join(names)))
            case "REDUCE":
                self._call(*self._pop(2))
            case "BUILD":
                # The state of an OrderedDict is PyTorch's note of module versions.
                self._stack.pop()
                self._require_top(dict)
            case "BINPERSID":
                self._push(self._storages.find(_storage_identity(self._stack.pop())))

    def _execute_container(self, name: str) -> None:
        match name:
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                self._push(tuple(self._pop(int(name[-1]))))
            case "TUPLE":
                self._push(tuple(self._pop_to_mark()))
            case "LIST":
                self._push(self._pop_to_mark())
            case "DICT":
                self._push(_dict_of(self._pop_to_mark()))
            case "APPEND":
                item = self._stack.pop()
                self._require_top(list).append(item)
            case "APPENDS":
                items = self._pop_to_mark()
                self._require_top(list).extend(items)
            case "ADDITEMS":
                items = self._pop_to_mark()
                self._require_top(set).update(_set(items))
            case "SETITEM":
                items = self._pop(2)
                self._require_top(dict).update(_dict_of(items))
            case "SETITEMS":
                items = self._pop_to_mark()
                self._require_top(dict).update(_dict_of(items))
            case _:
                raise _RefusalError(f"uses the opcode {name}, which no plain checkpoint needs")

    def _call(self, function: Any, arguments: Any) -> None:
        # Each call iterates over its argument, which may be the same long list each time.
        if isinstance(arguments, tuple):
            self._take(len(arguments))
            self._take(sum(len(each) for each in arguments if isinstance(each, list | tuple)))
        self._push(_build(function, arguments))

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise IndexError("pickle stack is too short")
        items = self._stack[-count:]
        del self._stack[-count:]
        return items

    def _pop_to_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._stacks_below_marks.pop()
        return items

    def _require_top(self, kind: type) -> Any:
        top = self._stack[-1]
        if type(top) is not kind:
            raise _RefusalError(f"treats something else as a {kind.__name__}")
        return top


def _build(function: Any, arguments: Any) -> Any:
    if not isinstance(function, _Name) or function.dotted not in _BUILDERS:
        raise _RefusalError("calls something that is no function")
    if not isinstance(arguments, tuple):
        raise _RefusalError(f"calls {function.dotted} with something that is no tuple")
    return _BUILDERS[function.dotted](*arguments)


def _dict_of(items: list[Any]) -> dict[Any, Any]:
    """Makes a dict of a flat list of alternating keys and values."""
    return {_key(key): value for key, value in zip(items[::2], items[1::2], strict=True)}
