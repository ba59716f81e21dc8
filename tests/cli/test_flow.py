"""`dvs-jax flow`."""

from itertools import islice
from pathlib import Path

import av

from dvs_jax.clip import find_video


def test_flow_fills_the_cache_and_goes_on_where_it_stopped(dvs, walk):
    run = dvs("flow", walk, "--estimator", "dis")
    assert (run.code, run.err) == (0, "")
    assert f"flow: {walk.absolute()}/flo by dis" in run.out
    for folder in ("flo", "flo_back"):
        assert len(list((walk / folder).glob("*.flo"))) == 29
    first = (walk / "flo/00000.flo").stat().st_mtime_ns
    lost = walk / "flo/00028.flo"
    before = lost.read_bytes()
    lost.unlink()
    assert dvs("flow", walk / "walking.mp4", "--estimator", "dis").code == 0
    assert lost.read_bytes() == before
    assert (walk / "flo/00000.flo").stat().st_mtime_ns == first


def test_flow_needs_no_logs_and_knows_its_formats(dvs, walk):
    (walk / "walking_gyro.txt").unlink()
    run = dvs("flow", walk, "--format", ".npz")
    assert run.code == 0
    assert run.lines("note") == ["note: optical flow: dis"]
    assert (walk / "flo/00028.npz").is_file()


def test_pictures_are_of_tvl1_and_leave_the_clip_a_clip(dvs, walk):
    keep_frames(walk, 3)
    run = dvs("flow", walk, "--pictures")
    assert (run.code, run.err) == (0, "")
    assert "/flo by tvl1" in run.out
    assert f"pictures: {walk.absolute()}/flow_pictures" in run.out
    made = {path.parent.name: path.name for path in sorted(walk.glob("flow_pictures/*/*"))}
    assert made == {"features": "000002.jpg", "u": "000001.jpg", "v": "000001.jpg"}
    assert find_video(walk) == walk / "walking.mp4"


def keep_frames(walk: Path, count: int) -> None:
    with av.open(str(walk / "walking.mp4")) as stored:
        frames = [
            frame.to_ndarray(format="rgb24") for frame in islice(stored.decode(video=0), count)
        ]
    with av.open(str(walk / "walking.mp4"), "w") as output:
        stream = output.add_stream("libx264", rate=30, width=192, height=108, pix_fmt="yuv420p")
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        output.mux(stream.encode(None))
