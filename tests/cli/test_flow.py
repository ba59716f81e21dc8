"""`dvs-jax flow`."""


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
