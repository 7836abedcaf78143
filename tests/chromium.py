"""A page in headless Chromium: what it comes to, what it says to the console, and whether it stays within its width."""

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--log-level=0", "--dump-dom",
]  # fmt: skip
_PROBE = """<script>addEventListener("load", () => { parent.document.documentElement.dataset.probe = JSON.stringify({
  title: document.title, too_wide: document.documentElement.scrollWidth > innerWidth, width: innerWidth,
  fetched: performance.getEntriesByType("resource").length,
  ground: getComputedStyle(document.body).backgroundColor }) })</script></body>"""


def visit(html: str, folder: Path, width: int = 1280, dark: bool = False) -> tuple[dict, str]:
    """What a probe finds in the page after all has run, in a frame of `width` pixels, and what the console said.

    The page's own policy, which would stop the probe, is taken out: what is inert here is so without it.
    """
    policy = html[html.index("<meta http-equiv") : html.index("<title>")]
    framed = html.replace(policy, "").replace("</body>", _PROBE)
    page = folder / "frame.html"
    page.write_text(
        f'<iframe srcdoc="{escape(framed)}" style="border:0;width:{width}px;height:900px"></iframe>', "utf-8"
    )
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    where = [f"--user-data-dir={folder / 'profile'}", "--window-size=1400,1000", page.as_uri()]
    done = subprocess.run([BROWSER, *_FLAGS, scheme, *where], capture_output=True, text=True, timeout=60, check=True)
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return json.loads(unescape(re.search('data-probe="(.*?)"', done.stdout)[1])), console
