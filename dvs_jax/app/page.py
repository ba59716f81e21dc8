"""The page in Gradio: what is where, and what happens when."""

from typing import Any

import gradio as gr

from dvs_jax.app.events import OUTPUTS, Events
from dvs_jax.app.methods import CHOICES
from dvs_jax.app.showing import CAMERA
from dvs_jax.app.stabilizing import Limits
from dvs_jax.app.visitors import KEPT_S
from dvs_jax.sensors.folder import VIDEO_SUFFIXES
from dvs_jax.stabilization.settings import DEFAULT_CROP, LARGEST_CROP

_LOGS = [".csv", ".txt", ".toml", ".gcsv", ".json", ".bbl", ".bfl"]

_STRENGTHS = [
    ("as the video needs", 0.0),
    *((f"{each:g} ×", each) for each in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)),
]


_STALE = (600, int(KEPT_S))
"""How often uploads are looked through, and how old they are then deleted, in seconds."""


def page(events: Events) -> gr.Blocks:
    """Return the page."""
    with gr.Blocks(title="Steady a video", analytics_enabled=False, delete_cache=_STALE) as blocks:
        gr.Markdown("# Steady a video\nThe original and the result play in step below.")
        with gr.Row():
            files, recording, live = _sources(events.limits)
            wishes = _wishes()
        with gr.Row():
            run = gr.Button("Steady the video", variant="primary", elem_id="run")
            cancel = gr.Button("Cancel", elem_id="cancel")
        steadied_live = gr.Button(elem_id="live-ended", elem_classes="dvs-unseen")
        shown = [gr.HTML(padding=False, elem_id=name) for name in OUTPUTS]
        gr.Markdown(
            "Your files stay on the machine that shows this page, where nobody else can reach "
            "them. They are deleted when you leave, after an hour at the latest."
        )
        # A recording has no event of its own that comes once it is here.
        for begun, work, sources in (
            (run.click, events.run, [files]),
            (recording.change, events.recorded, [recording]),
            (steadied_live.click, events.steadied_live, []),
        ):
            begun(
                work,
                [*sources, *wishes],
                shown,
                concurrency_id="work",
                concurrency_limit=1,
                show_progress="hidden",
                api_visibility="private",
            )
        blocks.load(events.look, None, live, queue=False, api_visibility="private")
        files.upload(events.come, files, queue=False, api_visibility="private")
        cancel.click(events.cancel, queue=False, api_visibility="private")
        blocks.unload(events.leave)
    return blocks


def _sources(limits: Limits) -> tuple[gr.File, gr.Video, gr.HTML]:
    """Lay out what a video comes from."""
    with gr.Column(min_width=300):
        with gr.Tab("File"):
            files = gr.File(
                label=f"A video with its gyro log, if there is one; up to {limits.seconds:g} s, "
                f"{limits.megabytes:g} MB",
                file_count="multiple",
                file_types=[*VIDEO_SUFFIXES, *_LOGS],
                height=220,
            )
        with gr.Tab("Camera"):
            recording = gr.Video(
                label="Steadied when the recording stops",
                sources=["webcam"],
                webcam_options=gr.WebcamOptions(mirror=False, constraints={"video": CAMERA}),
                height=320,
            )
            # Gradio's own would call a program to take sound away, of which there is none.
            vars(recording)["preprocess"] = _path_of
        with gr.Tab("Live"):
            gr.Markdown("Steadied by StabNet while it records, at a crop of 0.1.")
            live = gr.HTML(padding=False, elem_id="live")
    return files, recording, live


def _path_of(payload: Any) -> str | None:
    return None if payload is None else payload.path


def _wishes() -> list[Any]:
    """Lay out what can be chosen, in the order of `Wish`'s attributes."""
    with gr.Column(min_width=300):
        methods = [(choice.label, name) for name, choice in CHOICES.items()]
        return [
            gr.Radio(methods, value="auto", label="Method", elem_id="methods"),
            gr.Slider(
                0.0, LARGEST_CROP, DEFAULT_CROP, step=0.01, label="Crop: most cut off at each side"
            ),
            gr.Dropdown(_STRENGTHS, value=0.0, label="Strength"),
            gr.Checkbox(label="Keep the horizon level, by the accelerometer"),
            gr.Checkbox(label="Side by side as a video, too"),
            gr.Checkbox(value=True, label="Measure input and output, some frames a second"),
        ]
