"""The page: choose or record a video, see original and result in step, take the result away.

What it does is in files that know nothing of Gradio (`methods`, `job`, `stabilizing`, `visitors`,
`showing`); `page` lays it out, `serving` starts it.
"""

from dvs_jax.app.serving import serve

__all__ = ["serve"]
