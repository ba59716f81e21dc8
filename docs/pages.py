"""What the site has beside the pages in docs/, and links that are right there as on GitHub."""

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

ELSEWHERE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "data/README.md": "data.md",
} | {
    str(PurePosixPath(card.relative_to(ROOT))): f"weights/{card.parent.name}.md"
    for card in sorted(ROOT.glob("dvs_jax/weights/*/MODEL_CARD.md"))
}
"""Documents outside docs/, and the pages that they become."""

LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)#]+)")


def on_config(config: MkDocsConfig) -> None:
    """Give headings the anchors that GitHub gives them."""
    config.mdx_configs["toc"] = {"permalink": True, "slugify": anchor}


def anchor(heading: str, separator: str) -> str:
    """Return a heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", separator)


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the documents outside docs/ and what they link to."""
    for source, page in ELSEWHERE.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text("utf-8")))
    for target in sorted({each for text in texts() for each in linked(*text)}):
        if published(target).startswith("repository/") and (ROOT / target).is_file():
            address = str(ROOT / target)
            files.append(File.generated(config, published(target), abs_src_path=address))


def texts() -> list[tuple[str, str]]:
    """Return path and text of each document."""
    names = [f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")] + list(ELSEWHERE)
    return [(name, (ROOT / name).read_text("utf-8")) for name in names]


def linked(source: str, text: str) -> list[str]:
    """Return the files of the repository that a document links to."""
    return [within(source, link) for link in LINK.findall(text)]


def within(source: str, link: str) -> str:
    """Return from the repository's root what a document names from its own folder."""
    return os.path.normpath(PurePosixPath(source).parent / link).replace(os.sep, "/")


def published(target: str) -> str:
    """Return where the site has a file of the repository."""
    if target in ELSEWHERE:
        return ELSEWHERE[target]
    return target.removeprefix("docs/") if target.startswith("docs/") else f"repository/{target}"


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Lead links to where the site has their targets, and name the file of an example."""
    here = page.file.src_uri
    source = next((file for file, uri in ELSEWHERE.items() if uri == here), f"docs/{here}")
    text = LINK.sub(lambda link: relative(published(within(source, link[1])), here), markdown)
    return re.sub(r"^```(\w+) file=(\S+)$", r'```\1 title="\2"', text, flags=re.M)


def relative(target: str, page: str) -> str:
    """Return the link from one of the site's files to another."""
    return os.path.relpath(target, PurePosixPath(page).parent).replace(os.sep, "/")
