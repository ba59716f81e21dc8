"""The player: what it is made of, and that both monitors show the same moment in a browser."""

import base64
import html
from html.parser import HTMLParser

import av
import pytest

from dvs_jax import notebook
from tests.notebook.browser import NARROW, WIDE, chromium
from tests.notebook.conftest import FRAMES, RATE, SIZE, number_of


class Elements(HTMLParser):
    def __init__(self, page: str):
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.found[named.get("id", tag)] = {"tag": tag, **named}


@pytest.fixture(scope="module")
def page(counting):
    return notebook.player(*counting, labels=("<before>", "after"))


def test_it_has_two_monitors_and_one_of_each_control(page):
    found = Elements(page.content).found
    assert found["original"]["tag"] == found["result"]["tag"] == "canvas"
    assert found["original"]["aria-label"] == "<before>"
    for name in ("play", "compare", "sound"):
        assert found[name]["tag"] == "button"
    for name in ("time", "wipe"):
        assert found[name]["type"] == "range" and found[name]["aria-label"]
    assert "playsinline" in found["video"]
    assert "hidden" in found["sound"], "the clip is silent"


def test_nothing_but_the_video_is_loaded(page):
    assert page.content.count("src=") == 1
    assert "http" not in page.content and "import" not in page.content


def test_both_are_in_one_video_that_browsers_play(page, tmp_path):
    encoded = Elements(page.content).found["video"]["src"].removeprefix("data:video/mp4;base64,")
    (tmp_path / "both.mp4").write_bytes(base64.b64decode(encoded))
    with av.open(str(tmp_path / "both.mp4")) as shown:
        stream = shown.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        frames = [each.to_ndarray(format="gray") for each in shown.decode(video=0)]
    assert len(frames) == FRAMES
    assert frames[0].shape == (SIZE[1], 2 * SIZE[0])
    for index in (0, 37, FRAMES - 1):
        row = frames[index][SIZE[1] // 2].tolist()
        assert [number_of(row[: SIZE[0]]), number_of(row[SIZE[0] :])] == [index, index]


def test_a_long_video_is_cut_and_a_large_one_reduced(counting, tmp_path):
    shown = notebook.write_preview(*counting, tmp_path / "both.mp4", longest_side=160, seconds=0.5)
    assert (shown.width, shown.height, shown.frame_count) == (160, 90, 15)
    with av.open(str(tmp_path / "both.mp4")) as both:
        assert sum(1 for _ in both.decode(video=0)) == 15


def test_it_is_a_frame_of_its_own_in_a_notebook(page):
    shown = page._repr_html_()
    assert shown.count("<iframe") == 1
    assert html.escape(page.content) in shown


READ = """id => {
  const canvas = document.getElementById(id), width = canvas.width;
  const levels = canvas.getContext("2d").getImageData(0, canvas.height >> 1, width, 1).data;
  return Array.from({length: width}, (_, x) => levels[4 * x]);
}"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def shown(browser, page):
    tab = browser.new_page(viewport=dict(zip(("width", "height"), WIDE, strict=True)))
    tab.set_content(page.content)
    tab.wait_for_function("document.getElementById('original').width == 320")
    yield tab
    tab.close()


def numbers(tab) -> list[int]:
    """Read both monitors in one step, so that nothing is drawn meanwhile."""
    rows = tab.evaluate(f"['original', 'result'].map({READ})")
    return [number_of(row) for row in rows]


def settled(tab, frame: int) -> list[int]:
    """Wait until a frame, or one beside it, is shown; return what both monitors show then."""
    for _ in range(200):
        seen = numbers(tab)
        if abs(seen[0] - frame) <= 1:
            break
        tab.wait_for_timeout(25)
    return seen


def test_both_show_the_same_frame_while_it_plays_after_a_pause_and_after_seeks(shown):
    seen = set()
    shown.click("#play")
    for _ in range(12):
        left, right = numbers(shown)
        assert abs(left - right) <= 1
        seen.add(left)
        shown.wait_for_timeout(60)
    assert len(seen) > 1
    assert shown.inner_text("#play") == "Pause"
    shown.click("#play")
    shown.wait_for_function("document.getElementById('video').paused")
    left, right = numbers(shown)
    assert abs(left - right) <= 1
    for frame in (50, 3, 29):
        seconds = (frame + 0.5) / RATE
        shown.evaluate(
            "seconds => { const time = document.getElementById('time'); time.value = seconds;"
            "time.dispatchEvent(new Event('input')); }",
            seconds,
        )
        left, right = settled(shown, frame)
        assert abs(left - right) <= 1
        assert abs(left - frame) <= 1


def test_the_wipe_lays_the_result_on_the_original(shown):
    shown.click("#compare")
    original, result = (shown.locator(f"#{name}").bounding_box() for name in ("original", "result"))
    assert original == result
    assert original["width"] > 1200
    shown.locator("#wipe").evaluate(
        "wipe => { wipe.value = 0.25; wipe.dispatchEvent(new Event('input')); }"
    )
    cut = "getComputedStyle(document.getElementById('result')).clipPath"
    assert shown.evaluate(cut) == "inset(0px 0px 0px 25%)"
    shown.click("#compare")
    left, right = (shown.locator(f"#{name}").bounding_box() for name in ("original", "result"))
    assert right["x"] >= left["x"] + left["width"]


def test_on_a_phone_one_monitor_is_below_the_other_and_nothing_is_cut_off(shown):
    shown.set_viewport_size(dict(zip(("width", "height"), NARROW, strict=True)))
    left, right = (shown.locator(f"#{name}").bounding_box() for name in ("original", "result"))
    assert right["y"] >= left["y"] + left["height"]
    assert shown.evaluate("document.documentElement.scrollWidth") <= NARROW[0]


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_it_is_as_light_or_dark_as_the_page_around_it(browser, page, scheme, dark):
    tab = browser.new_page(color_scheme=scheme)
    colour = "#111" if dark else "#fff"
    tab.set_content(f"<body style='background: {colour}'>{page.framed()}</body>")
    inner = tab.frame_locator("iframe").locator("html")
    inner.locator("#play").wait_for()
    assert ("dark" in (inner.get_attribute("class") or "")) == dark
    height = tab.locator("iframe").bounding_box()["height"]
    assert height > 200
    tab.close()
