"""What a command's exit code tells the shell, besides 0."""

CLIPS_FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
