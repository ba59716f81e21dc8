"""PyTorch files of both layouts, honest and malicious, all without PyTorch."""

import copyreg
import os
import pickle
import struct
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvs_jax import torch_file
from dvs_jax.errors import InputError
from tests.memory import traced_memory

STORAGES = {
    "DoubleStorage": np.dtype(np.float64),
    "FloatStorage": np.dtype(np.float32),
    "HalfStorage": np.dtype(np.float16),
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "LongStorage": np.dtype(np.int64),
    "IntStorage": np.dtype(np.int32),
    "ShortStorage": np.dtype(np.int16),
    "CharStorage": np.dtype(np.int8),
    "ByteStorage": np.dtype(np.uint8),
    "BoolStorage": np.dtype(np.bool_),
}


# ------------------------------------------------- a writer of checkpoints, opcode by opcode


@dataclass(frozen=True)
class Name:
    module: str
    attribute: str


@dataclass(frozen=True)
class Call:
    function: Name
    arguments: tuple


@dataclass(frozen=True)
class Persistent:
    identity: Any


@dataclass(frozen=True)
class Raw:
    opcodes: bytes


ORDERED_DICT = Name("collections", "OrderedDict")


def opcodes(value: Any) -> bytes:
    match value:
        case Raw():
            return value.opcodes
        case Name():
            return f"c{value.module}\n{value.attribute}\n".encode()
        case Call():
            return opcodes(value.function) + opcodes(value.arguments) + b"R"
        case Persistent():
            return opcodes(value.identity) + b"Q"
        case dict():
            pairs = b"".join(opcodes(key) + opcodes(item) for key, item in value.items())
            return b"}(" + pairs + b"u"
        case list():
            return b"](" + b"".join(map(opcodes, value)) + b"e"
        case tuple():
            return b"(" + b"".join(map(opcodes, value)) + b"t"
        case _:
            return pickle.dumps(value, 2)[2:-1]


def pickled(value: Any) -> bytes:
    return b"\x80\x02" + opcodes(value) + b"."


def storage(kind: str, key: str, count: Any) -> Persistent:
    return Persistent(("storage", Name("torch", kind), key, "cuda:0", count))


def tensor(of: Any, offset: Any, size: Any, stride: Any) -> Call:
    rebuild = Name("torch._utils", "_rebuild_tensor_v2")
    return Call(rebuild, (of, offset, size, stride, False, Call(ORDERED_DICT, ())))


def write_zip(path: Path, data: bytes, storages: dict[str, np.ndarray], **records: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("any name/data.pkl", data)
        archive.writestr("any name/version", "3\n")
        for key, elements in storages.items():
            archive.writestr(f"any name/data/{key}", elements.tobytes())
        for name, record in records.items():
            archive.writestr(f"any name/{name}", record)
    return path


def write_legacy(path: Path, data: bytes, storages: dict[str, np.ndarray], **system: Any) -> Path:
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}} | system
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, system)]
    parts += [data, pickle.dumps(list(storages), 2)]
    for elements in storages.values():
        parts += [struct.pack("<q", elements.size), elements.tobytes()]
    path.write_bytes(b"".join(parts))
    return path


both_layouts = pytest.mark.parametrize("write", [write_zip, write_legacy])
Writer = Callable[..., Path]

WEIGHT = np.arange(6, dtype=np.float32)
WEIGHT_STORAGE = storage("FloatStorage", "7", 6)
WEIGHT_TENSOR = tensor(WEIGHT_STORAGE, 0, (2, 3), (3, 1))


# ------------------------------------------------------------------------- honest checkpoints


@both_layouts
def test_reads_containers_scalars_parameters_and_an_adam_state(write: Writer, tmp_path: Path):
    parameter = Call(Name("torch._utils", "_rebuild_parameter"), (WEIGHT_TENSOR, True, None))
    step = tensor(storage("LongStorage", "8", 1), 0, (), ())
    adam = {
        "state": {0: {"step": step, "exp_avg": WEIGHT_TENSOR, "exp_avg_sq": WEIGHT_TENSOR}},
        "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999), "amsgrad": False, "params": [0]}],
    }
    content = {
        "state_dict": Raw(opcodes(Call(ORDERED_DICT, ())) + opcodes("w") + opcodes(parameter) + b"s"
                          + opcodes({"_metadata": {"": {"version": 1}}}) + b"b"),
        "optim_dict": adam,
        "size": Call(Name("torch", "Size"), ((2, 3),)),
        "device": [Call(Name("torch", "device"), place) for place in (("cuda", 1), ("cpu",))],
        "dtype": Name("torch", "bfloat16"),
        "set": Call(Name("__builtin__", "set"), ([1, 2],)),
        "epoch": 7,
        "loss": 0.25,
        "none": None,
    }  # fmt: skip
    path = write(tmp_path / "x.pt", pickled(content), {"7": WEIGHT, "8": np.array([5])})

    read = torch_file.read(path)

    np.testing.assert_array_equal(read["state_dict"].pop("w"), WEIGHT.reshape(2, 3))
    assert read["state_dict"] == {}
    state = read["optim_dict"]["state"][0]
    assert state["step"] == 5 and state["step"].shape == () and state["step"].dtype == np.int64
    np.testing.assert_array_equal(state["exp_avg"], WEIGHT.reshape(2, 3))
    assert read["optim_dict"]["param_groups"] == adam["param_groups"]
    assert read["size"] == (2, 3)
    assert read["device"] == ["cuda:1", "cpu"]
    assert read["dtype"] == ml_dtypes.bfloat16
    assert read["set"] == {1, 2}
    assert (read["epoch"], read["loss"], read["none"]) == (7, 0.25, None)


@both_layouts
def test_shared_storages_share_memory_and_arrays_are_read_only(write: Writer, tmp_path: Path):
    row = tensor(WEIGHT_STORAGE, 3, (3,), (1,))
    transposed = tensor(WEIGHT_STORAGE, 0, (3, 2), (1, 3))
    content = {"all": WEIGHT_TENSOR, "row": row, "transposed": transposed}
    read = torch_file.read(write(tmp_path / "x.pt", pickled(content), {"7": WEIGHT}))

    np.testing.assert_array_equal(read["row"], [3, 4, 5])
    np.testing.assert_array_equal(read["transposed"], WEIGHT.reshape(2, 3).T)
    assert np.shares_memory(read["all"], read["row"])
    with pytest.raises(ValueError, match="read-only"):
        read["row"][0] = 1


@both_layouts
@pytest.mark.parametrize("protocol", range(6))
def test_reads_plain_values_of_every_pickle_protocol(write: Writer, protocol: int, tmp_path: Path):
    plain = {"a": [1, -70000, 2**70, 1.5, True, None], "b": ("x", (), {}), "": {1: "é"}}
    if protocol >= 4:
        plain["set"] = {1, "x"}
    assert torch_file.read(write(tmp_path / "x.pt", pickle.dumps(plain, protocol), {})) == plain


@both_layouts
def test_reads_the_ordered_dict_of_python_2(write: Writer, tmp_path: Path):
    data = pickled(Call(ORDERED_DICT, ([["a", 1], ["b", 2]],)))
    assert torch_file.read(write(tmp_path / "x.pt", data, {})) == {"a": 1, "b": 2}


@st.composite
def strided(draw: st.DrawFn) -> tuple[str, np.ndarray, int, tuple[int, ...], tuple[int, ...]]:
    """A storage, and a view on it: any axis order, gaps and offset."""
    kind = draw(st.sampled_from(sorted(STORAGES)))
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=4)))
    order = draw(st.permutations(range(len(shape))))
    strides, step = [0] * len(shape), draw(st.integers(1, 3))
    for axis in order:
        strides[axis] = step
        step *= max(shape[axis], 1) + draw(st.integers(0, 1))
    offset = draw(st.integers(0, 5))
    last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True) if n)
    seed = draw(st.integers(0, 2**32 - 1))
    values = np.random.default_rng(seed).integers(0, 2 if kind == "BoolStorage" else 100, last + 1)
    return kind, values.astype(STORAGES[kind]), offset, shape, tuple(strides)


@settings(max_examples=60, deadline=None)
@given(case=strided(), write=st.sampled_from([write_zip, write_legacy]))
def test_every_dtype_shape_and_stride_comes_back(tmp_path_factory, case, write):
    kind, elements, offset, shape, strides = case
    content = {"x": tensor(storage(kind, "0", elements.size), offset, shape, strides)}
    path = tmp_path_factory.mktemp("strided") / "x.pt"
    (read,) = torch_file.read(write(path, pickled(content), {"0": elements})).values()

    byte_strides = tuple(stride * elements.itemsize for stride in strides)
    expected = np.lib.stride_tricks.as_strided(elements[offset:], shape, byte_strides)
    assert read.dtype == elements.dtype
    np.testing.assert_array_equal(read, expected)


def recipe(state: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    expected = {}
    for key in sorted(state):
        shape = state[key].shape
        scale = 1 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.02
        expected[key] = (generator.standard_normal(shape) * scale).astype(np.float32)
    return expected


def test_official_zip_checkpoint_equals_its_recipe(golden: Path):
    read = torch_file.read(golden / "dvs" / "random.checkpoint")

    core = recipe(read["state_dict"], 1001)
    core["fcs.1.fc.weight"] *= np.float32(0.05)
    core["fcs.1.fc.bias"] = np.array([0, 0, 0, 1], np.float32)
    for state, expected in ((read["state_dict"], core), (read["unet"], recipe(read["unet"], 2001))):
        assert state.keys() == expected.keys()
        for key in expected:
            assert state[key].dtype == np.float32
            np.testing.assert_array_equal(state[key], expected[key], err_msg=key)
    lstm = {f"rnns.{i}.LSTM.{part}_{side}" for i in (0, 1) for part in ("weight", "bias")
            for side in ("ih", "hh")}  # fmt: skip
    dense = {f"fcs.{i}.fc.{part}" for i in (0, 1) for part in ("weight", "bias")}
    assert read["state_dict"].keys() == lstm | dense
    assert sum(tensor.size for tensor in read["state_dict"].values()) == 3_605_764
    assert read["epoch"] == 7
    assert read["fc"]["layers"] == [[256, True], [4, True]]


def test_published_legacy_checkpoint_has_the_official_tensors(golden: Path, published_models: Path):
    read = torch_file.read(published_models / "raft-small.pth")

    lines = (golden / "raft" / "raft_small_keys.txt").read_text().splitlines()
    wanted = dict(line.split(" ", 1) for line in lines)
    assert {key: str(tensor.shape) for key, tensor in read.items()} == {
        f"module.{key}": shape for key, shape in wanted.items()
    }
    assert sum(tensor.size for tensor in read.values()) == 990_162
    assert all(tensor.dtype == np.float32 and np.isfinite(tensor).all() for tensor in read.values())


# ---------------------------------------------------------------------- malicious checkpoints


class Evil:
    """What pickle would run on loading."""

    def __init__(self, function: Any, *arguments: Any):
        self.reduced = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.reduced


def write_bare(path: Path, data: bytes, _: dict[str, np.ndarray]) -> Path:
    path.write_bytes(data)
    return path


every_way_in = pytest.mark.parametrize("write", [write_zip, write_legacy, write_bare])


@every_way_in
@pytest.mark.parametrize("protocol", range(6))
def test_os_system_is_named_and_never_run(write: Writer, protocol: int, tmp_path: Path):
    marker = tmp_path / "run"
    data = pickle.dumps({"x": Evil(os.system, f"touch {marker}")}, protocol)
    path = write(tmp_path / "x.pt", data, {})
    with pytest.raises(InputError, match=rf"x\.pt: asks for {os.name}\.system"):
        torch_file.read(path)
    assert not marker.exists()


@every_way_in
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_eval_is_named_and_never_run(write: Writer, protocol: int, tmp_path: Path):
    marker = tmp_path / "run"
    data = pickle.dumps(Evil(eval, f"open({str(marker)!r}, 'w')"), protocol)
    with pytest.raises(InputError, match=r"asks for (__builtin__|builtins)\.eval"):
        torch_file.read(write(tmp_path / "x.pt", data, {}))
    assert not marker.exists()


@both_layouts
def test_a_named_module_is_not_imported(write: Writer, tmp_path: Path, monkeypatch):
    (tmp_path / "imported_by_pickle.py").write_text("open('run', 'w')\nclass Net: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "x.pt", pickled(Name("imported_by_pickle", "Net")), {})
    with pytest.raises(InputError, match=r"imported_by_pickle\.Net.*state_dict"):
        torch_file.read(path)
    assert "imported_by_pickle" not in sys.modules
    assert not (tmp_path / "run").exists()


REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
SYSTEM = Name("posix", "system")
TEXT_SYSTEM = b"X\x05\x00\x00\x00posixX\x06\x00\x00\x00system\x93"

ATTACKS = {
    "nested in a tensor's arguments": (
        tensor(WEIGHT_STORAGE, 0, (2,), Call(SYSTEM, ("true",))),
        r"posix\.system",
    ),
    "nested in an ordered dict": (
        Call(ORDERED_DICT, ([["a", Call(Name("builtins", "exec"), ("1",))]],)),
        r"builtins\.exec",
    ),
    "copyreg": (
        Call(Name("copyreg", "_reconstructor"), (Name("subprocess", "Popen"), 1, None)),
        r"copyreg\._reconstructor",
    ),
    "getattr": (Call(Name("builtins", "getattr"), (REBUILD, "__globals__")), r"builtins\.getattr"),
    "attribute path": (
        Name("torch._utils", "_rebuild_tensor_v2.__globals__"),
        r"_rebuild_tensor_v2\.__globals__",
    ),
    "stack global": (Raw(TEXT_SYSTEM), r"posix\.system"),
    "inst": (Raw(b"(X\x04\x00\x00\x00trueiposix\nsystem\n"), r"posix\.system"),
    "obj": (Raw(b"(" + opcodes(ORDERED_DICT) + b"o"), "opcode OBJ"),
    "newobj": (Raw(opcodes(ORDERED_DICT) + b")\x81"), "opcode NEWOBJ"),
    "extension registry": (Raw(b"\x82\xf0"), "opcode EXT1"),
    "build on a function": (
        Raw(opcodes(REBUILD) + opcodes((None, {"__defaults__": (1,)})) + b"b"),
        "treats something else as a dict",
    ),
    "build on a tensor": (
        Raw(opcodes(WEIGHT_TENSOR) + opcodes({"__setstate__": SYSTEM}) + b"b"),
        r"posix\.system",
    ),
    "setstate on a tensor": (
        Raw(opcodes(WEIGHT_TENSOR) + opcodes({"__setstate__": 1}) + b"b"),
        "treats something else as a dict",
    ),
    "items on a tensor": (
        Raw(opcodes(WEIGHT_TENSOR) + opcodes(0) + opcodes(1.0) + b"s"),
        "treats something else as a dict",
    ),
    "call of a storage class": (Call(Name("torch", "FloatStorage"), (10**12,)), "no function"),
    "call of a value": (Raw(b"K\x01)R"), "no function"),
    "call with a list": (Raw(opcodes(ORDERED_DICT) + b"]R"), "no tuple"),
    "persistent text": (Raw(b"Pstorage\n"), "opcode PERSID"),
    "persistent module": (
        Persistent(("module", ORDERED_DICT, "net.py", "import os", 1)),
        "outside the pickle",
    ),
    "persistent call": (Persistent(Call(SYSTEM, ("true",))), r"posix\.system"),
    "persistent name": (Persistent(("storage", ORDERED_DICT, "7", "cpu", 6)), "no known kind"),
    "persistent path": (
        Persistent(("storage", Name("torch", "FloatStorage"), ("7",), "cpu", 6)),
        "outside the pickle",
    ),
    "persistent view": (
        Persistent(("storage", Name("torch", "FloatStorage"), "7", "cpu", 6, ("8", 0, 1))),
        "view on another",
    ),
    "two lengths": (
        [WEIGHT_TENSOR, tensor(storage("ShortStorage", "7", 12), 0, (1,), (1,))],
        "two dtypes or lengths",
    ),
    "tensor as storage": (tensor(WEIGHT_TENSOR, 0, (2,), (1,)), "no storage"),
    "lazy negation": (
        Call(REBUILD, (*WEIGHT_TENSOR.arguments, {"neg": True})),
        "lazily negated",
    ),
    "parameter of a number": (
        Call(Name("torch._utils", "_rebuild_parameter"), (1, True, None)),
        "no tensor",
    ),
    "size beyond the storage": (tensor(WEIGHT_STORAGE, 0, (7,), (1,)), "does not fit"),
    "stride beyond the storage": (tensor(WEIGHT_STORAGE, 0, (2, 3), (4, 1)), "does not fit"),
    "offset beyond the storage": (tensor(WEIGHT_STORAGE, 6, (1,), (1,)), "does not fit"),
    "stride 0": (tensor(WEIGHT_STORAGE, 0, (10**9, 10**9), (0, 0)), "does not fit"),
    "negative stride": (tensor(WEIGHT_STORAGE, 5, (6,), (-1,)), "natural numbers"),
    "negative size": (tensor(WEIGHT_STORAGE, 0, (-1, -6), (1, 1)), "natural numbers"),
    "huge size": (tensor(WEIGHT_STORAGE, 0, (2**64, 2**64), (1, 1)), "natural numbers"),
    "huge empty": (tensor(WEIGHT_STORAGE, 0, (0, 2**62), (1, 1)), "damaged"),
    "many axes": (tensor(WEIGHT_STORAGE, 0, (1,) * 65, (1,) * 65), "65 axes"),
    "boolean size": (tensor(WEIGHT_STORAGE, 0, (True,), (1,)), "natural numbers"),
    "size and stride differ": (tensor(WEIGHT_STORAGE, 0, (2,), ()), "damaged"),
    "count beyond the file": (tensor(storage("ByteStorage", "7", 10**15), 0, (1,), (1,)), "7|file"),
    "too few arguments": (Call(REBUILD, (WEIGHT_STORAGE,)), "damaged"),
    "stack underflow": (Raw(b"Kd0R"), "damaged|opcode"),
    "no mark": (Raw(b"t"), "damaged"),
    "unknown memo": (Raw(b"h\x09"), "damaged"),
    "unhashable key": (Raw(b"}]K\x01s"), "list as a key"),
}  # fmt: skip


@both_layouts
@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_refused(write: Writer, attack: str, tmp_path: Path):
    value, message = ATTACKS[attack]
    path = write(tmp_path / "x.pt", pickled({"x": value}), {"7": WEIGHT})
    with pytest.raises(InputError, match=rf"x\.pt: .*({message})"):
        torch_file.read(path)
    good = write(tmp_path / "good.pt", pickled({"x": WEIGHT_TENSOR}), {"7": WEIGHT})
    np.testing.assert_array_equal(torch_file.read(good)["x"], WEIGHT.reshape(2, 3))


def test_a_registered_extension_is_not_used(tmp_path: Path):
    copyreg.add_extension("posix", "system", 240)
    try:
        with pytest.raises(InputError, match="EXT1"):
            torch_file.read(write_zip(tmp_path / "x.pt", pickled(Raw(b"\x82\xf0")), {}))
    finally:
        copyreg.remove_extension("posix", "system", 240)


def test_a_key_that_takes_ages_to_hash_is_refused(tmp_path: Path):
    tuples = b")" + b"q\x00h\x00\x86" * 60
    data = b"\x80\x02}" + tuples + b"K\x01s."
    with pytest.raises(InputError, match="tuple as a key"):
        torch_file.read(write_zip(tmp_path / "x.pt", data, {}))
    with pytest.raises(InputError, match="again and again"):
        keys = b"\x80\x02](" + tuples + b"e."
        path = write_legacy(tmp_path / "y.pt", pickled({}), {})
        path.write_bytes(path.read_bytes().removesuffix(pickle.dumps([], 2)) + keys)
        torch_file.read(path)


def text(value: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value


def dictionary(value: bytes) -> bytes:
    return b"\x80\x02}" + text(b"a") + value + b"s."


DOUBLED = b"](h\x00h\x00eq\x00"
BOMBS = {
    "a list in itself": (dictionary(b"]q\x00h\x00a"), "a list in itself"),
    "a list in a list it holds": (dictionary(b"]q\x00](h\x00ea"), "a list in itself"),
    "lists in lists": (dictionary(b"]" * 5000 + b"a" * 4999), "more than 100 deep"),
    "lists in lists, first met one by one": (
        dictionary(b"(]q\x00" + b"](h\x00eq\x00" * 200 + b"t"),
        "more than 100 deep",
    ),
    "each list twice in the next": (
        b"\x80\x02]q\x00" + DOUBLED * 60 + b"}" + text(b"a") + b"h\x00s.",
        "a.0.0 is the same lists again and again",
    ),
    "a long text often": (
        dictionary(b"(" + text(b"x" * 10_000) + b"q\x00" + b"h\x00" * 2000 + b"l"),
        "again and again",
    ),
    "an integer of 5,000 digits": (
        dictionary(b"\x8b" + struct.pack("<I", 2100) + b"\x7f" * 2100),
        "a is an integer of hundreds of digits",
    ),
    "an endless pickle": (b"\x80\x02" + b"(" * 20_001, "more than 20000 steps"),
    "a set of one list again and again": (
        dictionary(b"(](" + b"K\x01" * 2000 + b"eq\x01c__builtin__\nset\nq\x02"
                   + b"h\x02h\x01\x85R" * 10 + b"t"),
        "more than 20000 steps",
    ),
    "a name that is a list of lists": (
        b"\x80\x04]q\x00" + DOUBLED * 60 + b"h\x00h\x00\x93.", "asks for something that is no name",
    ),
    "a device that is a list": (
        dictionary(b"ctorch\ndevice\n(]K\x01tR"), "something that is no name",
    ),
}  # fmt: skip


@both_layouts
@pytest.mark.parametrize("name", BOMBS)
def test_a_pickle_that_builds_a_giant_is_refused(
    write: Writer, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(torch_file, "_MOST_OPERATIONS", 20_000)
    data, message = BOMBS[name]
    path = write(tmp_path / "x.pt", data, {})
    with traced_memory() as taken, pytest.raises(InputError, match=rf"x\.pt: .*{message}"):
        torch_file.read(path)
    assert taken() < 20_000_000


@both_layouts
def test_one_tensor_under_many_names_is_refused(write: Writer, tmp_path: Path):
    def content(count: int) -> bytes:
        return pickled({str(i): WEIGHT_TENSOR for i in range(count)})

    assert len(torch_file.read(write(tmp_path / "tied.pt", content(8), {"7": WEIGHT}))) == 8
    with pytest.raises(InputError, match="the same numbers again and again"):
        torch_file.read(write(tmp_path / "x.pt", content(9), {"7": WEIGHT}))


def test_a_pipe_in_place_of_a_checkpoint_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "x.pt")
    with pytest.raises(InputError, match="is a pipe"):
        torch_file.read(tmp_path / "x.pt")


def test_a_huge_memo_index_costs_nothing(tmp_path: Path):
    data = b"\x80\x02}r\xff\xff\xff\xff."
    assert torch_file.read(write_zip(tmp_path / "x.pt", data, {})) == {}


def test_a_compressed_bomb_is_refused_unopened(tmp_path: Path):
    path = tmp_path / "x.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", pickled({"x": tensor(storage("ByteStorage", "0", 10**7), 0,
                                                            (10**7,), (1,))}))  # fmt: skip
        archive.writestr("a/data/0", bytes(10**7))
    with pytest.raises(InputError, match="compressed"):
        torch_file.read(path)


def test_records_that_overlap_are_refused(tmp_path: Path):
    """The same bytes under many names would unpack to more than the file."""
    path = write_zip(tmp_path / "x.pt", pickled({}), {"0": np.zeros(1000)})
    with zipfile.ZipFile(path, "a") as archive:
        record = archive.getinfo("any name/data/0")
        archive.infolist().extend([record] * 5)
        archive._didModify = True
    with pytest.raises(InputError, match="more bytes than the file"):
        torch_file.read(path)


# ------------------------------------------------------------------------ what is no checkpoint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff\xe0 a picture", "not a PyTorch checkpoint"),
        (b"time,x,y,z\n1,2,3,4\n" * 100, "not a PyTorch checkpoint"),
        (pickle.dumps({"weight": 1}, 2), "not a PyTorch checkpoint"),
        (pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1000, 2), "unknown version"),
        (b"storages".ljust(257, b"\0") + b"ustar  \0".ljust(255, b"\0"), "old PyTorch"),
    ],
)
def test_other_files_are_told_from_checkpoints(content: bytes, message: str, tmp_path: Path):
    path = tmp_path / "x.pt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"x\.pt: .*{message}"):
        torch_file.read(path)


def test_missing_file_and_folder(tmp_path: Path):
    with pytest.raises(InputError, match=r"none\.pt: no such file"):
        torch_file.read(tmp_path / "none.pt")
    with pytest.raises(InputError, match="is a folder"):
        torch_file.read(tmp_path)


def test_other_archives_are_told_from_checkpoints(tmp_path: Path):
    script = write_zip(tmp_path / "script.pt", pickled({}), {}, **{"constants.pkl": b"."})
    with pytest.raises(InputError, match=r"TorchScript.*torch\.jit\.load"):
        torch_file.read(script)
    np.savez(tmp_path / "x.npz", a=WEIGHT)
    with pytest.raises(InputError, match=r"without one data\.pkl"):
        torch_file.read(tmp_path / "x.npz")


def test_big_endian_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="big-endian"):
        torch_file.read(write_zip(tmp_path / "x.pt", pickled({}), {}, byteorder=b"big"))
    with pytest.raises(InputError, match="big-endian"):
        torch_file.read(write_legacy(tmp_path / "y.pt", pickled({}), {}, little_endian=False))
    assert torch_file.read(write_zip(tmp_path / "z", pickled({}), {}, byteorder=b"little")) == {}


@both_layouts
def test_content_other_than_a_dictionary_is_refused(write: Writer, tmp_path: Path):
    with pytest.raises(InputError, match=r"holds a list, not a dictionary; save .*state_dict"):
        torch_file.read(write(tmp_path / "x.pt", pickled([1]), {}))


@both_layouts
def test_missing_and_short_storages_are_named(write: Writer, tmp_path: Path):
    data = pickled({"x": WEIGHT_TENSOR})
    with pytest.raises(InputError, match=r"7|storages"):
        torch_file.read(write(tmp_path / "x.pt", data, {}))
    with pytest.raises(InputError, match="storage 7"):
        torch_file.read(write(tmp_path / "y.pt", data, {"7": WEIGHT[:5]}))


@both_layouts
def test_every_cut_is_refused_and_no_flipped_bit_escapes(write: Writer, tmp_path: Path):
    state = Raw(opcodes(Call(ORDERED_DICT, ())) + opcodes("w") + opcodes(WEIGHT_TENSOR) + b"s")
    whole = write(tmp_path / "x.pt", pickled({"s": state}), {"7": WEIGHT}).read_bytes()
    path = tmp_path / "cut.pt"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            torch_file.read(path)
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        try:
            assert isinstance(torch_file.read(path), dict)
        except InputError as error:
            assert "cut.pt: " in str(error)
