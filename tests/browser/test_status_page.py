"""The status page in a real browser: it renders, asks nobody for anything, and can be read by everybody."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.pipeline.status import render, view
from tests.browser.driver import Browser, browser
from tests.unit.pipeline_status.facts import HOSTS, NOW, facts, staging

CHECKOUT = Path(__file__).parents[2]
AXE = CHECKOUT / ".cache" / "axe" / "axe_playwright_python" / "axe.min.js"
TEMPLATE = CHECKOUT / "playbooks" / "templates" / "status.html.j2"
WIDE, NARROW = (1200, 1500), (390, 844)

# What makes the page wider than the window.
WIDER = """
return document.documentElement.scrollWidth <= innerWidth ? [] : [...document.body.querySelectorAll('*')]
  .filter(e => e.getBoundingClientRect().right > innerWidth).map(e => `${e.tagName} ${e.className}`);
"""
# Texts that come nearer than four pixels to the edge of the box, table or window that they stand in.
TOUCHING = """
const near = [], aside = '.hidden, caption, thead, .bar, details:not([open])';
for (const box of document.querySelectorAll('.box, .card, .verdict, td, tbody th')) {
  if (getComputedStyle(box).display === 'none') continue;
  const edge = box.getBoundingClientRect(), room = ['TD', 'TH'].includes(box.tagName) ? 0 : 4;
  const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode());) {
    if (!text.textContent.trim() || text.parentElement.closest(aside)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const at of range.getClientRects())
      if (at.right > edge.right - room || at.left < edge.left + room) near.push(text.textContent.trim());
  }
}
return near;
"""
# The contrast of every text with what lies behind it, as WCAG 2.2 computes it; what is below its limit.
FAINT = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = colour => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const luminance = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * x + .7152 * y + .0722 * z;
};
const behind = element => {
  for (let e = element; e; e = e.parentElement) {
    const colour = rgba(getComputedStyle(e).backgroundColor);
    if (colour[3] === 255) return colour;
  }
  return [255, 255, 255, 255];
};
const words = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
return [...document.body.querySelectorAll('*')].filter(e => !e.closest('svg') && words(e)).map(e => {
  const [a, b] = [rgba(getComputedStyle(e).color), behind(e)].map(luminance).sort((x, y) => y - x);
  return [e.textContent.trim().slice(0, 40), (a + .05) / (b + .05)];
}).filter(([, ratio]) => ratio < 4.5);
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "status.html"
    file.write_text(render(TEMPLATE.read_text(), view(facts(), NOW, [staging()])))
    return file


def look(chromium: Browser, page: Path, *, scheme: str = "light", size: tuple[int, int] = WIDE) -> None:
    """Open the page with the reader's colours, in a window of this size."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chromium.devtools("Emulation.setEmulatedMedia", media="screen", features=features)
    width, height = size
    chromium.devtools(
        "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
    )
    chromium.open(page)


def requests(chromium: Browser) -> set[str]:
    """The addresses that were asked for since the last call, less the browser's own pages."""
    messages = [json.loads(entry["message"])["message"] for entry in chromium.log("performance")]
    asked = {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}
    return {url for url in asked if not url.startswith(("chrome:", "data:"))}


def test_nothing_is_asked_of_anybody_and_nothing_is_complained_about(chromium: Browser, page: Path) -> None:
    chromium.log("browser")
    requests(chromium)
    look(chromium, page)
    assert requests(chromium) == {page.as_uri()}
    ours = [entry for entry in chromium.log("browser") if not entry["message"].startswith("chrome:")]
    assert ours == []
    # The log of a failed hook holds a script that would have changed it.
    title = chromium.script("return document.title")
    assert title.startswith("production, test.codeDeploy.001: status of 2026-11-23")
    assert chromium.script("return document.querySelectorAll('script').length") == 0


def test_the_first_thing_said_is_the_verdict(chromium: Browser, page: Path) -> None:
    look(chromium, page)
    first = chromium.script("return document.querySelector('main p').innerText")
    assert first.startswith(f"Broken: agent of {HOSTS[1]}")
    marks = "return [...document.querySelectorAll('.box.bad .kind')].map(e => e.textContent)"
    assert chromium.script(marks) == ["EC2", "Visitors"]


def test_every_event_is_a_bar_inside_its_lane(chromium: Browser, page: Path) -> None:
    look(chromium, page)
    bars: list[Any] = chromium.script(
        "return [...document.querySelectorAll('.bar')].map(bar => {"
        " const [b, l] = [bar, bar.parentElement].map(e => e.getBoundingClientRect());"
        " return [b.width, b.left - l.left, l.right - b.right]})"
    )
    # Two good deployments of seven events on two hosts, and one that failed at the fifth.
    assert len(bars) == 2 * 2 * 7 + 2 * 5
    assert all(width >= 3 and left >= -0.5 and right >= -3 for width, left, right in bars)


@pytest.mark.parametrize("width", [360, 500, 800, 961, 1001, 1200, 1600])
def test_no_text_touches_an_edge_however_wide_the_window_is(
    chromium: Browser, page: Path, width: int
) -> None:
    look(chromium, page, size=(width, 1500))
    assert chromium.script(WIDER) == []
    assert chromium.script(TOUCHING) == []


def test_assistive_technology_finds_names_and_an_order(chromium: Browser, page: Path) -> None:
    look(chromium, page)
    assert chromium.script("return document.documentElement.lang") == "en"
    headings = chromium.script("return [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert headings[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))
    for selector in (
        "ol.picture",
        "section.verdict",
        "table",
        "[role=region]",
        "article",
        "section",
        "ol.lane",
        "summary",
    ):
        found = chromium.all(f"{selector}:not(details *:not(summary))")
        assert found, selector
        assert all(chromium.name(element) for element in found), selector
    assert [chromium.role(chromium.all(each)[0]) for each in ("ol.picture", "section.verdict")] == [
        "list",
        "region",
    ]
    [lane, *_] = chromium.all("ol.lane")
    assert chromium.name(lane) == f"Lifecycle events on {HOSTS[0]}: Succeeded"


def test_all_that_scrolls_or_opens_is_reached_by_keyboard(chromium: Browser, page: Path) -> None:
    look(chromium, page, size=NARROW)
    assert chromium.script(WIDER) == []
    stuck = chromium.script(
        "return [...document.querySelectorAll('body *')].filter(e => e.tabIndex < 0"
        " && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth)"
        ".map(e => e.className)"
    )
    assert stuck == []
    summary = chromium.all("summary")[0]
    chromium.call(f"element/{summary}/value", text="\ue007")
    assert chromium.script("return document.querySelector('details').open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing(chromium: Browser, page: Path, scheme: str, size: tuple[int, int]) -> None:
    look(chromium, page, scheme=scheme, size=size)
    chromium.script("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    chromium.devtools("Runtime.evaluate", expression=AXE.read_text())
    found = chromium.wait(
        "axe.run().then(found => done({violations: found.violations, passed: found.passes.length}))"
    )
    assert found["passed"] > 20
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out(chromium: Browser, page: Path, scheme: str) -> None:
    look(chromium, page, scheme=scheme)
    paper = chromium.script("return getComputedStyle(document.documentElement).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    assert chromium.script(FAINT) == []


def test_it_prints_on_a4_in_light_colours(chromium: Browser, page: Path) -> None:
    look(chromium, page, scheme="dark")
    printed = chromium.call("print", background=True, page={"width": 21.0, "height": 29.7})
    assert len(printed) > 10_000
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    chromium.devtools("Emulation.setEmulatedMedia", media="print", features=features)
    paper = chromium.script("return getComputedStyle(document.documentElement).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    chromium.devtools(
        "Emulation.setDeviceMetricsOverride", width=690, height=1000, deviceScaleFactor=1, mobile=False
    )
    assert chromium.script(WIDER) == []
    assert chromium.script(TOUCHING) == []
