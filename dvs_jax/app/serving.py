"""The server of the page."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from dvs_jax.app.live import Lives
from dvs_jax.app.stabilizing import Limits
from dvs_jax.app.visitors import Visitors
from dvs_jax.errors import InputError
from dvs_jax.whole_file import temporary

if TYPE_CHECKING:
    import gradio

_WAITING = 8
"""Visitors who may wait for the one whose video is being made."""


class Server:
    """The page while it is shown; a context manager, at whose end it is not any more.

    Attributes:
        address: of the page.
    """

    def __init__(self, address: str, open_until: ExitStack):
        self.address, self._open_until = address, open_until

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it, and delete all uploads and results."""
        self._open_until.close()


def serve(port: int | None = None, share: bool = False, limits: Limits | None = None) -> Server:
    """Show the page on this machine, at 127.0.0.1; in a notebook also below the cell.

    Args:
        port: None takes a free one.
        share: whether others reach it, through a tunnel of Gradio's servers.
        limits: of an upload.

    Raises:
        InputError: Gradio is not installed, the port is taken, or the page does not answer there.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        import gradio  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError("the page needs Gradio: pip install 'dvs-jax[app]'") from error
    from dvs_jax.app.events import Events
    from dvs_jax.app.live_routes import add_live_routes
    from dvs_jax.app.page import page

    limits = limits or Limits()
    with ExitStack() as opening:
        folder = Path(tempfile.gettempdir())
        root = opening.enter_context(temporary.unfinished(folder))
        os.environ["GRADIO_TEMP_DIR"] = str(root / "uploads")
        served = root / "visitors"
        visitors = Visitors(served)
        opening.enter_context(visitors.watched())
        blocks = page(Events(visitors, limits)).queue(max_size=_WAITING)
        opening.callback(blocks.close, verbose=False)
        address = _launched(blocks, port, share, served, limits)
        add_live_routes(blocks.app, visitors, Lives(limits.seconds))
        return Server(address, opening.pop_all())


def _launched(
    blocks: "gradio.Blocks", port: int | None, share: bool, served: Path, limits: Limits
) -> str:
    """Begin to serve, and return the address."""
    import gradio

    try:
        _, address, shared = blocks.launch(
            server_name="127.0.0.1",
            server_port=port,
            share=share,
            quiet=True,
            prevent_thread_lock=True,
            max_file_size=f"{limits.megabytes:g}mb",
            allowed_paths=[str(served)],
            css_paths=Path(__file__).with_name("page.css"),
            # By name, or they would come from Google.
            theme=gradio.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
            footer_links=[],
            ssr_mode=False,
            enable_monitoring=False,
        )
    except OSError as error:
        raise InputError(f"the page cannot be served at port {port}: it is taken") from error
    except ValueError as error:
        raise InputError(
            "the page does not answer at 127.0.0.1; where a proxy is set, leave that out of it: "
            "NO_PROXY=127.0.0.1"
        ) from error
    return shared or address
