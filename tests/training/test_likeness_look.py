"""The likeness report in a real browser: fits narrow and wide, and can be read by day and by night. Skipped where no
Chromium is installed."""

from pathlib import Path

import pytest

from tests.adapters.chromium import EXECUTABLE, chromium
from training.likeness.page import write_page

from .likeness_reports import whole

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="needs Chromium")

_FAINT = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const shade = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    const part = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    return [0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b), a];
  };
  const faint = [];
  for (const one of document.querySelectorAll('body *')) {
    if (![...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()) || one.closest('title')) continue;
    if (!one.getClientRects().length) continue;
    let ground = one;
    while (ground && shade(getComputedStyle(ground).backgroundColor)[1] < 255) ground = ground.parentElement;
    const style = getComputedStyle(one);
    const ink = shade(one instanceof SVGElement ? style.fill : style.color)[0];
    const paper = shade(getComputedStyle(ground || document.body).backgroundColor)[0];
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 4.5) faint.push(`${one.textContent.slice(0, 40)}: ${contrast.toFixed(1)}`);
  }
  return faint;
})()
"""


async def test_the_page_should_fit_and_be_legible_at_every_size_by_day_and_by_night(tmp_path: Path) -> None:
    place = write_page(whole(), tmp_path / "page.html")
    async with chromium() as page:
        await page.call("Page.navigate", url=place.as_uri())
        await page.until("document.readyState === 'complete' && document.querySelector('footer')")
        await page.js("document.querySelectorAll('details').forEach(one => one.open = true)")
        for width in (1280, 390):
            size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
            await page.call("Emulation.setDeviceMetricsOverride", **size)
            for scheme in ("light", "dark"):
                media = [{"name": "prefers-color-scheme", "value": scheme}]
                await page.call("Emulation.setEmulatedMedia", features=media)
                assert await page.js("document.documentElement.scrollWidth <= innerWidth"), (width, scheme)
                assert await page.js(_FAINT) == [], (width, scheme)
            outside = await page.js(
                "[...document.querySelectorAll('section .chart-row > *, .card > *, .steps > *')].filter(one => {"
                " const box = one.getBoundingClientRect(); return box.left < 0 || box.right > innerWidth })"
                ".map(one => one.textContent.trim().slice(0, 40))"
            )
            assert outside == []
        dots = await page.js("[...document.querySelectorAll('circle')].map(one => one.getBoundingClientRect().width)")
        assert len(dots) > 40
        assert all(8 <= wide <= 15 for wide in dots)
        assert page.console == []
