"""The page in a real browser: from a file, or a recording, to the download."""

import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

import av
import pytest

from dvs_jax.app import serve, stabilizing
from dvs_jax.app.stabilizing import Limits
from tests.notebook.browser import chromium

pytestmark = pytest.mark.slow

PATIENCE_MS = 120_000

CAMERA = ("--use-fake-device-for-media-stream=device-count=2", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("gradio", reason="the extra app is not installed")
    with serve(limits=Limits(megabytes=3.0, seconds=60.0)) as started:
        yield started


@pytest.fixture(scope="module")
def browser():
    with chromium(*CAMERA) as started:
        yield started


@pytest.fixture
def asked():
    """Addresses that a page has asked for."""
    return []


@pytest.fixture
def page(server, browser, asked):
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(PATIENCE_MS)
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(server.address)
    tab.locator("#run").wait_for()
    yield tab
    tab.close()


def choose(page, files, method="Exponential") -> None:
    """Choose files, and a method that is quick to compile; measure nothing."""
    page.locator("input[type=file]").first.set_input_files(files)
    page.get_by_label(Path(files[-1]).name, exact=True).wait_for()
    page.get_by_role("radio", name=method).check()
    page.get_by_label("Measure").uncheck()


def logs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.txt"))


def address_of(server, page, name: str) -> str:
    return urljoin(server.address, page.get_by_role("link", name=name).get_attribute("href"))


def fetched(address: str) -> bytes | int:
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.code


def frames_of(content: bytes, folder: Path) -> int:
    (folder / "fetched.mp4").write_bytes(content)
    with av.open(str(folder / "fetched.mp4")) as shown:
        return sum(1 for _ in shown.decode(video=0))


def test_from_a_file_to_its_download_and_no_request_leaves(page, server, walk, asked, tmp_path):
    choose(page, [*logs(walk), walk / "walking.mp4"])
    page.get_by_label("Side by side").check()
    page.locator("#run").click()
    player = page.frame_locator("#player iframe")
    player.locator("#play").click()
    player.locator("#play").get_by_text("Pause").wait_for()
    assert player.locator("#original").evaluate("canvas => canvas.width") == 320
    assert page.frame_locator("#path iframe").get_by_text("pitch (deg)").is_visible()
    assert frames_of(fetched(address_of(server, page, "Video")), tmp_path) == 24
    assert frames_of(fetched(address_of(server, page, "Side by side")), tmp_path) == 24
    assert len(fetched(address_of(server, page, "Trajectory")).splitlines()) == 24
    outside = [
        each for each in asked if not each.startswith((server.address, "data:", "blob:", "about:"))
    ]
    assert outside == []


def test_what_is_no_video_is_said(page, tmp_path):
    (tmp_path / "notes.mp4").write_text("no video")
    choose(page, [tmp_path / "notes.mp4"], "Pictures alone")
    page.locator("#run").click()
    assert page.get_by_role("alert").inner_text().startswith("notes.mp4: ")


def test_nothing_chosen_is_said(page):
    page.locator("#run").click()
    assert page.get_by_role("alert").inner_text() == "Choose a video first, or record one."


def test_a_video_that_is_too_long_is_refused(page, long):
    choose(page, [long])
    page.locator("#run").click()
    assert "lasts 700 s: at most 60 s" in page.get_by_role("alert").inner_text()


def test_an_upload_that_is_too_large_is_refused(page, server, tmp_path):
    (tmp_path / "large.mp4").write_bytes(bytes(4_000_000))
    page.locator("input[type=file]").first.set_input_files([tmp_path / "large.mp4"])
    page.get_by_text("exceed the maximum allowed size of 3.0 MB").first.wait_for()
    large = {"name": "large.mp4", "mimeType": "video/mp4", "buffer": bytes(4_000_000)}
    answer = page.request.post(
        urljoin(server.address, "gradio_api/upload"), multipart={"files": large}
    )
    assert answer.status == 413


def test_work_is_cancelled(page, alone, monkeypatch):
    def endless(folder, wish, limits, results, track):
        for _ in track(iter(int, 1), 100, "stabilising"):
            time.sleep(0.01)

    monkeypatch.setattr(stabilizing, "make", endless)
    choose(page, [alone], "Pictures alone")
    page.locator("#run").click()
    page.get_by_text("of 100 frames").wait_for()
    page.locator("#cancel").click()
    page.get_by_text("Cancelled.").wait_for()


def test_nobody_reaches_anothers_files_and_they_go_with_him(server, browser, page, walk):
    choose(page, [*logs(walk), walk / "walking.mp4"])
    page.locator("#run").click()
    page.get_by_role("link", name="Video").wait_for()
    own = address_of(server, page, "Video")
    results = Path(own.partition("file=")[2]).parent
    other = browser.new_page()
    other.set_default_timeout(PATIENCE_MS)
    other.goto(server.address)
    choose(other, [*logs(walk), walk / "walking.mp4"])
    other.locator("#run").click()
    others = address_of(server, other, "Video")
    assert results.parent.name not in others
    visitors = own.partition("file=")[0] + "file=" + str(results.parents[1])
    for address in (visitors, f"{visitors}/", f"{visitors}/*/results/walking_stab_crop.mp4"):
        assert fetched(address) in (403, 404)
    other.close()
    page.close()
    for _ in range(600):
        if not results.exists():
            break
        time.sleep(0.1)
    assert fetched(own) in (403, 404)


def test_a_recording_is_steadied_while_it_lasts(page, server):
    page.get_by_label("Measure").uncheck()
    page.get_by_role("tab", name="Live").click()
    live = page.frame_locator("#live iframe")
    live.get_by_role("button", name="Record").click()
    live.get_by_role("button", name="Stop").wait_for()
    live.get_by_text("pictures a second").wait_for()
    live.locator("#result[width]").wait_for()
    page.wait_for_timeout(1500)
    live.get_by_role("button", name="Stop").click()
    page.frame_locator("#player iframe").locator("#play").wait_for()
    address = address_of(server, page, "Video")
    assert len(fetched(address)) > 10_000


def test_pictures_of_strangers_and_floods_are_refused(page, server):
    asked = urljoin(server.address, "live/nobody/begin")
    answer = page.request.post(asked, data=b"picture")
    assert (answer.status, answer.text()) == (400, "This page is too old; load it again.")
    assert page.request.post(asked, data=bytes(5_000_000)).status == 400


def test_a_recording_is_steadied_when_it_stops(page):
    page.get_by_label("Measure").uncheck()
    page.get_by_role("tab", name="Camera").click()
    page.get_by_text("Click to Access Webcam").click()
    page.get_by_label("select input source").wait_for()
    page.get_by_label("start recording").click()
    page.get_by_role("button", name="start recording").get_by_text("Stop").wait_for()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="start recording").click()
    page.frame_locator("#player iframe").locator("#play").wait_for()
    assert page.get_by_role("link", name="Video").is_visible()
