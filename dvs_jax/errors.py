"""The one exception that means: the input is at fault, and here is what to do about it."""


class InputError(ValueError):
    """Input that cannot be used.

    The message names what is wrong, the file (with its line where there is one), and what to do.
    The command line prints it as one line and exits with code 2; no traceback is shown.
    """
