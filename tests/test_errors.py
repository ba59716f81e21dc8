import json
import pickle
import struct
import zipfile
import zlib

import pytest

from dvs_jax.errors import LONGEST_MESSAGE, InputError, printable, reading


def _told(error: Exception, advice: str = "") -> str:
    with pytest.raises(InputError) as caught, reading("a.bin", "not an archive", advice):
        raise error
    assert caught.value.__cause__ is error
    return str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("odd"),
        OverflowError("odd"),
        IndexError("odd"),
        UnicodeError("odd"),
        AttributeError("odd"),
        StopIteration("odd"),
        struct.error("odd"),
        zlib.error("odd"),
        zipfile.BadZipFile("odd\nand more"),
    ],
)
def test_whatever_a_reader_raises_names_the_file(error: Exception) -> None:
    assert _told(error, "copy it again") == "a.bin: not an archive (odd); copy it again"


def test_an_error_without_a_text_is_told_by_its_name() -> None:
    assert _told(EOFError()) == "a.bin: not an archive (EOFError)"
    assert _told(ValueError("\n")) == "a.bin: not an archive (ValueError)"


def test_a_file_that_the_system_cannot_read_is_told_as_that() -> None:
    error = FileNotFoundError(2, "No such file or directory", "a.bin")
    assert _told(error) == "a.bin: cannot be read (No such file or directory)"


def test_memory_and_nesting_are_told_in_words() -> None:
    assert _told(MemoryError()) == "a.bin: not an archive (it takes more memory than there is)"
    with pytest.raises(InputError) as caught, reading("a.json", "not JSON"):
        json.loads("[" * 100_000)
    assert str(caught.value) == "a.json: not JSON (it is nested too deeply)"


def test_an_input_error_passes_unchanged() -> None:
    with pytest.raises(InputError) as caught, reading("a.bin", "not an archive"):
        raise InputError("b.bin, line 3: no number")
    assert str(caught.value) == "b.bin, line 3: no number"


def test_a_message_is_one_line_that_no_terminal_obeys() -> None:
    error = InputError("log.txt: a\x1b[2J\x1b[31m\x9b\r\nb\tc\u2028d \u202eabc \ud800")
    assert str(error) == "log.txt: a\\x1b[2J\\x1b[31m\\x9b b c d \\u202eabc \\ud800"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_letters_of_any_language_stay() -> None:
    name = "Кадр_日本_نیم‌فاصله_é_👩‍🚀.txt"
    assert printable(name) == name


def test_a_long_message_keeps_its_file_and_what_to_do() -> None:
    said = str(InputError("gyro.txt, line 1: " + "1" * 1_000_000 + " is too much; record it again"))
    assert len(said) == LONGEST_MESSAGE
    assert said.startswith("gyro.txt, line 1: 111")
    assert said.endswith("111 is too much; record it again")
