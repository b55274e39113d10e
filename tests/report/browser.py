"""A headless browser: what it makes of a page, what it says on its console, how it looks."""

import base64
import importlib.util
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 240
"""Of one call; a loaded machine may take long."""

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n')


def require(present: bool, reason: str) -> None:
    """Skip a test that lacks a tool; fail it in continuous integration, which installs all."""
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (not skipped: CI is set)")
    pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser with a profile of its own."""

    program: str
    home: Path

    def _call(self, page: Path, *options: str) -> tuple[str, str]:
        done = subprocess.run(
            [
                self.program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--disable-dev-shm-usage", "--no-first-run", "--enable-logging=stderr",
                f"--user-data-dir={self.home}", *options, page.as_uri(),
            ],
            capture_output=True, encoding="utf-8", check=False, timeout=SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout, done.stderr

    def document(self, page: Path, width: int = 1280) -> tuple[str, list[str]]:
        """Return the document that the browser made, and the lines on its console."""
        out, err = self._call(page, f"--window-size={width},900", "--dump-dom")
        return out, [line for line in err.splitlines() if "CONSOLE" in line]

    def picture(self, page: Path, target: Path, width: int, height: int) -> None:
        """Write a picture of the top of the page, a PNG."""
        self._call(page, f"--window-size={width},{height}", f"--screenshot={target}")
        assert target.is_file()

    def answer(self, page: Path, script: str, width: int | None = None) -> Any:
        """Return what a script gives that is added to a copy of the page.

        script: the body of an asynchronous function, whose value goes through JSON; width: of the
        frame that the page stands in, which may be narrower than any window.
        """
        asked = page.with_name(f"asked-{page.name}")
        text = POLICY.sub("", page.read_text(encoding="utf-8"))
        text = text.replace("</body>", f"{_ASK.replace('SCRIPT', script)}</body>")
        if width is not None:
            text = (
                "<!DOCTYPE html><title>frame</title>"
                f'<iframe style="width: {width}px; height: 844px; border: 0"'
                f' srcdoc="{escape(text)}"></iframe>'
            )
        asked.write_text(text, encoding="utf-8")
        out, _ = self._call(asked, "--virtual-time-budget=60000", "--dump-dom")
        found = re.search(r' data-answer="([^"]*)"', out)
        assert found is not None, "the browser gave no answer"
        return json.loads(base64.b64decode(found[1]))


_ASK = """<script>
(async () => { SCRIPT })().catch(fault => ({fault: String(fault)})).then(value => {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  top.document.documentElement.dataset.answer = btoa(String.fromCharCode(...bytes));
});
</script>
"""


def find_browser(home: Path) -> Browser:
    """Return the browser of this machine; require that there is one."""
    found = next((path for path in map(shutil.which, BROWSERS) if path is not None), None)
    require(found is not None, "no chromium is installed")
    assert found is not None
    return Browser(found, home)


def accessibility_rules() -> str:
    """Return the script of axe-core, which a package for tests brings."""
    found = importlib.util.find_spec("axe_core_python")
    require(found is not None, "axe-core-python is not installed; pip install 'spikeref[test]'")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8")
