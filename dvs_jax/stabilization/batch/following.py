"""The grids of many clips, computed by a method that can run on devices."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

from dvs_jax import clip as clips
from dvs_jax.methods import Method, Refined
from dvs_jax.methods.device import DeviceWork, FrameTask, device_work
from dvs_jax.stabilization.batch.lanes_per_device import lanes_for
from dvs_jax.stabilization.batch.work import Work
from dvs_jax.stabilization.devices.lanes import Program, drive


def find_frames(works: Sequence[Work], method: Method, crop: float, lanes: int) -> None:
    """Set each clip's `frames`, computed on devices where the method can, or its `error`.

    Args:
        works: the clips.
        method: computes their grids.
        crop: the most that may be cut off at each side, as a fraction of width and height.
        lanes: how many clips a device processes at a time.
    """
    on_devices = device_work(method)
    if on_devices is not None:
        _follow(works, on_devices, crop, lanes)
        if isinstance(method, Refined):
            for work in works:
                if work.frames is not None:
                    work.frames = method.behind(work.frames, work.clip, crop)
    for work in works:
        if work.frames is None and work.error is None:
            with work.noting_errors():
                # Taken while they are drawn: a method that reads pictures decodes them once more.
                pictures = clips.read_pictures(work.clip)
                work.frames = method.frames(work.clip, pictures, crop)


def _follow(works: Sequence[Work], on_devices: DeviceWork, crop: float, lanes: int) -> None:
    by_kind: dict[Hashable, dict[FrameTask, Work]] = defaultdict(dict)
    for work in works:
        with work.noting_errors():
            task = on_devices.task(work.clip, crop)
            if task is not None:
                by_kind[on_devices.kind(work.clip)][task] = work
    for tasks in by_kind.values():
        begin, weights = on_devices.begin, on_devices.weights
        program = Program(on_devices, begin, weights, lanes_for(len(tasks), lanes))
        for task, error in drive(program, tasks):
            tasks[task].error = error
            if error is None:
                tasks[task].frames = task.frames()
