"""Config files and changes to them, right and wrong."""

from pathlib import Path

import pytest

from dvs_jax.errors import InputError
from dvs_jax.training import configuration

GOOD = """
from ml_collections import ConfigDict
from dvs_jax.training.settings import settings


def get_config():
    config = ConfigDict()
    config.train = settings()
    config.train.lr = 3e-4
    config.network = ConfigDict({"hidden": (512, 512), "cell": "lstm", "limit": None})
    return config
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "good.py"
    path.write_text(GOOD)
    return path


def test_a_file_gives_its_values_and_the_defaults(file: Path):
    config = configuration.load(file)
    assert config.train.lr == 3e-4
    assert config.train.parallel == "pmap"
    assert config.network.hidden == (512, 512)


@pytest.mark.parametrize(
    ("override", "field", "value"),
    [
        ("--config.train.lr=1e-3", "train.lr", 1e-3),
        ("--config.train.lr=2", "train.lr", 2.0),
        ("--config.train.batch_size=64", "train.batch_size", 64),
        ("--config.train.several_hosts=true", "train.several_hosts", True),
        ("--config.train.several_hosts=False", "train.several_hosts", False),
        ("--config.train.parallel=shard_map", "train.parallel", "shard_map"),
        ("--config.network.cell=a=b", "network.cell", "a=b"),
        ("--config.network.hidden=(64, 32)", "network.hidden", (64, 32)),
        ("--config.network.hidden=[64]", "network.hidden", (64,)),
        ("--config.network.limit=3", "network.limit", 3),
        (
            '--config.train.loss_weights=((1, {"follow": 2.0}),)',
            "train.loss_weights",
            ((1, {"follow": 2.0}),),
        ),
    ],
)
def test_an_override_is_read_as_the_type_it_replaces(
    file: Path, override: str, field: str, value: object
):
    config = configuration.load(file, [override])
    for name in field.split("."):
        config = config[name]
    assert config == value
    assert type(config) is type(value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("--config.train.lrr=1", r"lrr=1: no such field; the nearest is --config\.train\.lr$"),
        ("--config.trian.lr=1", r"the nearest is --config\.train\.lr$"),
        ("--config.lr=1", r"no such field; the nearest is --config\.train\.lr"),
        ("--config.train=1", r"no such field; the nearest is --config\.train\."),
        ("--config.train.lr=fast", r"lr=fast: the value has to be of type float, such as 0\.0003"),
        ("--config.train.lr=nan", r"has to be of type float"),
        ("--config.train.batch_size=1.5", r"has to be of type int, such as 16"),
        ("--config.train.batch_size=True", r"has to be of type int"),
        ("--config.train.several_hosts=1", r"has to be True or False"),
        ("--config.network.hidden=512", r"has to be of type tuple, such as \(512, 512\)"),
        ("--config.network.hidden=" + "(" * 50_000, r"has to be of type tuple"),
        ("--config.network.hidden=" + "-" * 50_000 + "1", r"has to be of type tuple"),
        ("--config.network.hidden=" + "9" * 50_000, r"has to be of type tuple"),
        ("--config.network.hidden={[]: 1}", r"has to be of type tuple"),
        ("--config.network.hidden=(", r"has to be of type tuple"),
        ("--train.lr=1", r"is no change of a field; write --config\.train\.lr="),
        ("--config.train.lr", r"is no change of a field"),
    ],
)
def test_a_wrong_override_is_told(file: Path, override: str, message: str):
    with pytest.raises(InputError, match=message):
        configuration.load(file, [override])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("3e-4", "3e-4 +", r"bad\.py:9: SyntaxError: invalid syntax"),
        ("3e-4", "1 / 0", r"bad\.py:9: ZeroDivisionError: division by zero"),
        ("3e-4", "'fast'", r"bad\.py:9: TypeError: .*'lr'.*<class 'float'>"),
        ("train.lr", "train.lrr", r'bad\.py:9: AttributeError: .*Did you mean "lr"'),
        ("    return config", "", r"bad\.py: has no get_config\(\) that returns a ConfigDict"),
        ("get_config", "config", r"bad\.py: has no get_config\(\)"),
        ("import settings", "import sittings", r"bad\.py:3: ImportError: cannot import name"),
    ],
)
def test_a_fault_in_the_file_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
):
    path = tmp_path / "bad.py"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(InputError, match=message) as told:
        configuration.load(path)
    assert "\n" not in str(told.value)


def test_an_absent_file_is_told(tmp_path: Path):
    with pytest.raises(InputError, match=r"absent\.py: no such file"):
        configuration.load(tmp_path / "absent.py")


def test_a_file_may_start_from_another(file: Path):
    other = file.with_name("other.py")
    other.write_text(
        "from pathlib import Path\n"
        "from dvs_jax.training import configuration\n"
        "def get_config():\n"
        "    config = configuration.load(Path(__file__).with_name('good.py'))\n"
        "    config.train.lr = 1.0\n"
        "    return config\n"
    )
    assert configuration.load(other).train.lr == 1.0
    file.write_text("1 / 0")
    with pytest.raises(InputError, match=r"good\.py:1: ZeroDivisionError"):
        configuration.load(other)
