"""Writes the repository's address into the notebooks: the badge on top, and the install cell.

python colab/badges.py owner/name
"""

import json
import re
import sys
from pathlib import Path

_HOST = "https://github.com"
_COLAB = "https://colab.research.google.com"
_BADGE = f"[![Open In Colab]({_COLAB}/assets/colab-badge.svg)]"


def set_address(notebook: Path, repository: str) -> None:
    """Write the address into a notebook, in place of an earlier one.

    Args:
        notebook: its file.
        repository: "owner/name".
    """
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = {cell["id"]: cell for cell in content["cells"]}
    page = f"{_COLAB}/github/{repository}/blob/main/colab/{notebook.name}"
    lines = [line for line in cells["title"]["source"] if not line.startswith(_BADGE)]
    while not lines[0].strip():
        del lines[0]
    cells["title"]["source"] = [f"{_BADGE}({page})\n", "\n", *lines]
    address = f'REPOSITORY = "{_HOST}/{repository}"'
    cells["install"]["source"] = [
        re.sub(r'^REPOSITORY = ".*?"', address, line) for line in cells["install"]["source"]
    ]
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
    notebook.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Write the address that is given into all notebooks."""
    repository = sys.argv[1] if len(sys.argv) == 2 else ""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise SystemExit("name the repository: make badges REPOSITORY=owner/name")
    for notebook in sorted(Path(__file__).parent.glob("*.ipynb")):
        set_address(notebook, repository)


if __name__ == "__main__":
    main()
