"""Synthetic clips with ground truth.

A textured town square, filmed by a camera that shakes, walks or pans, with a rolling shutter and an
OIS. A `SyntheticClip` describes a clip and determines everything else:

    clip = SyntheticClip(motion="walking", seed=3)
    synthesize(clip, Path("walk"))                      # video, sensor logs and true path as files
    recording = record(clip)                            # or in memory:
    image = render_frame(recording, 0)
    flow, visible = flow_between(recording, 0, 1)
    path = true_path(recording)

In bulk, without frames:

    clip = draw(rng, duration_s=6.0)                    # random motion, ordinary sensors
    sensors, truth = sensor_log(clip), aligned_true_path(clip)
    for flow in bulk_flow(clip, (120, 68)):             # exact, of a world of planes
        estimated = spoil(flow, draw_flow_faults(rng), rng)

Turning as a real camera did:

    turned = replace(clip, angles=recorded_angles(gyro_path, begin_ns, start_ns, end_ns))

With people who walk through it, for what follows them:

    walk = make_walk(clip, [Walker(start_m=(-2.0, 6.0), velocity_m_s=(1.2, 0.0))])
    image, points = render_walk(walk, 0), tracks(walk)
"""

from dvs_jax.synthetic.bulk_flow import bulk_flow
from dvs_jax.synthetic.clip import SyntheticClip
from dvs_jax.synthetic.flow_faults import FlowFaults, draw_flow_faults, spoil
from dvs_jax.synthetic.recorded import recorded_angles
from dvs_jax.synthetic.recording import (
    A_CLIP,
    Recording,
    flow_between,
    flow_pairs,
    record,
    render_frame,
    synthesize,
    true_path,
    turned_view,
    view_of,
)
from dvs_jax.synthetic.sensing import aligned_true_path, lens_shift, sensor_log, shown_path
from dvs_jax.synthetic.variety import draw, draw_action_camera
from dvs_jax.synthetic.walk import (
    Panel,
    Walk,
    Walker,
    make_walk,
    render_walk,
    silhouette,
    tracks,
)

__all__ = [
    "A_CLIP",
    "FlowFaults",
    "Panel",
    "Recording",
    "SyntheticClip",
    "Walk",
    "Walker",
    "aligned_true_path",
    "bulk_flow",
    "draw",
    "draw_action_camera",
    "draw_flow_faults",
    "flow_between",
    "flow_pairs",
    "lens_shift",
    "make_walk",
    "record",
    "recorded_angles",
    "render_frame",
    "render_walk",
    "sensor_log",
    "shown_path",
    "silhouette",
    "spoil",
    "synthesize",
    "tracks",
    "true_path",
    "turned_view",
    "view_of",
]
