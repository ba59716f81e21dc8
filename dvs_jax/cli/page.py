"""`dvs-jax app`."""

import threading
from typing import Annotated

import typer

from dvs_jax.cli import printing


def page(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Where the page is served.", show_default="a free one"),
    ] = None,
    share: Annotated[
        bool,
        typer.Option(
            "--share", help="Let others reach the page, through a tunnel of Gradio's servers."
        ),
    ] = False,
    longest: Annotated[
        float, typer.Option(min=1.0, help="The longest video that is taken, in seconds.")
    ] = 600.0,
    largest: Annotated[
        float, typer.Option(min=1.0, help="The largest upload that is taken, in MB.")
    ] = 2000.0,
) -> None:
    """Show a page that stabilises videos: choose or record one, and see both play in step.

    Only this machine reaches it, at 127.0.0.1, and it loads nothing from elsewhere. Uploads and
    results are deleted when their visitor leaves. Ctrl-C ends it. It needs the extra app:
    pip install 'dvs-jax[app]'.
    """
    from dvs_jax.app import serve
    from dvs_jax.app.stabilizing import Limits

    with serve(port, share, Limits(largest, longest)) as server:
        printing.print_line(printing.out, f"the page: {server.address}")
        threading.Event().wait()
