"""What is said on the command line, as it is said on the page, which has no options."""

import re

_BY_PICTURES = "choose Pictures alone as the method"

_INSTEAD = {
    r"--sensors none goes by the pictures alone(, --force goes on)?": _BY_PICTURES,
    r"stabilise with --sensors none": _BY_PICTURES,
    r"; --sensors always takes it all the same": "",
    r" \(dvs-jax calibrate finds them, or [^)]*\)": "",
    r"leave --horizon-lock out": "leave the horizon as it is",
}


def on_page(message: str) -> str:
    """Return a message with what to do on the page in place of what to type."""
    for typed, done in _INSTEAD.items():
        message = re.sub(typed, done, message)
    return message
