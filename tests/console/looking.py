"""What is looked at on a page, whichever it is."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

QUIET_MS = 250
"""For so long nothing loads and nothing changes on a page that has come to rest."""

WATCH = """
window.__changed = performance.now();
new MutationObserver(() => { window.__changed = performance.now(); })
  .observe(document, { subtree: true, childList: true, attributes: true });
addEventListener("focusin", (event) => {
  const mark = (one) => one instanceof Element && getComputedStyle(one);
  const isSeen = (style) => style && ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
    || style.boxShadow !== "none");
  const one = event.target;
  (window.__focused ??= []).push({ one, isSeen: isSeen(mark(one)) || isSeen(mark(one.nextElementSibling)) });
});
"""
"""Put into each page before its own scripts: notes its last change, and where the focus went and was seen."""

AT_REST = """(quiet) =>
  document.querySelector("h1") !== null && document.querySelector("[data-loading], [aria-busy=true]") === null
  && performance.now() - window.__changed > quiet
"""

CONTROLS = """() => {
  const all = [...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex], audio[controls], iframe")];
  const isShown = (one) => one.checkVisibility({ visibilityProperty: true })
    && one.getClientRects().length > 0;
  const groups = new Set();
  window.__controls = all.filter((one) => {
    if (one.tabIndex < 0 || one.disabled || !isShown(one)) return false;
    if (one.type !== "radio") return true;
    if (groups.has(one.name)) return false;  // one stop of the keyboard for all of them
    groups.add(one.name);
    return true;
  });
  window.__focused = [];
  document.activeElement?.blur();
  return window.__controls.length;
}"""

MISSED = """() => {
  const name = (one) => one.outerHTML.slice(0, 140);
  const went = window.__focused.map((focused) => focused.one);
  const reached = (one) => one.type === "radio"
    ? went.some((other) => other.name === one.name) : went.includes(one);
  return [
    ...window.__controls.filter((one) => one.isConnected && !reached(one))
      .map((one) => `not reached: ${name(one)}`),
    ...window.__focused.filter((focused) => !focused.isSeen && focused.one !== document.body)
      .map((focused) => `focus not seen: ${name(focused.one)}`),
  ];
}"""

SMALL = """() => [...document.querySelectorAll("button, input, select, textarea, summary, [role=button]")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .map((one) => ({ one, box: one.getBoundingClientRect() }))
  .filter(({ box }) => box.width > 1 && (box.width < 24 || box.height < 24))
  .filter(({ one }) => {  // a label that is large enough is pressed as well
    const label = one.closest("label") ?? one.labels?.[0];
    const box = label?.getBoundingClientRect();
    return box === undefined || box.height < 24 || box.width < 24;
  })
  .map(({ one, box }) => `${box.width} x ${box.height}: ${one.outerHTML.slice(0, 140)}`)
"""

MOVING = """() => [...document.querySelectorAll("*")].filter((one) => {
    const style = getComputedStyle(one);
    const longest = (text) => Math.max(...text.split(",").map(parseFloat));
    return longest(style.animationDuration) > 0.001 || longest(style.transitionDuration) > 0.001;
  }).map((one) => one.outerHTML.slice(0, 140))
"""

OUTSIDE = """() => [...document.querySelectorAll("main h1, main h2, main button, main input, main select")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => one.closest("table, [class*=scroll]") === null)
  .filter((one) => { const box = one.getBoundingClientRect();
    return box.width > 1 && (box.left < -1 || box.right > innerWidth + 1); })
  .map((one) => one.outerHTML.slice(0, 140))
"""


@dataclass(frozen=True)
class Window:
    """A size to look at a page in, in CSS pixels."""

    name: str
    width: int
    height: int


WINDOWS = (
    Window("320 CSS pixels (WCAG 1.4.10)", 320, 640),
    Window("a phone", 360, 740),
    Window("1280 at 200 %", 640, 400),
    Window("4K", 3_840, 2_160),
)


def rest(page: Page, *, within_ms: int = 60_000) -> None:
    """Wait until a page shows its content and nothing changes any more."""
    page.wait_for_function(AT_REST, arg=QUIET_MS, polling=50, timeout=within_ms)


def missed_by_keyboard(page: Page) -> list[str]:
    """Press Tab through a whole page; give what it does not reach, and where one does not see the focus."""
    count = int(page.evaluate(CONTROLS))
    for _ in range(count + 2):
        page.keyboard.press("Tab")
    found: list[str] = page.evaluate(MISSED)
    return found


def found_in(page: Page, script: str) -> list[str]:
    """Give what one of the scripts above finds."""
    found: Any = page.evaluate(script)
    return [str(each) for each in found]
