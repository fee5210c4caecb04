# ruff: noqa: INP001  a script, no package
"""Makes the pictures in ``docs/images`` anew: ``.venv/bin/python docs/screenshots.py``.

The browser tests walk over every page on a real Airflow and take the pictures on their way, so that none shows what the
tests do not see. It takes about two minutes and needs Chromium.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"


def main() -> int:
    """Run the browser tests with a folder for their pictures; returns pytest's exit code."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    before = {path: path.stat().st_mtime_ns for path in IMAGES.glob("*.png")}
    environment = {**os.environ, "BROWSER_PICTURES": str(IMAGES)}
    command = [sys.executable, "-m", "pytest", "tests/browser", *sys.argv[1:]]
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603  our own command
    made = sorted(path.name for path in IMAGES.glob("*.png") if before.get(path) != path.stat().st_mtime_ns)
    print(f"{len(made)} pictures in {IMAGES}: {', '.join(made) or 'none'}")
    old = sorted(path.name for path in before if path.name not in made)
    if old:
        print(f"Not made anew: {', '.join(old)}")
    return code if made else code or 1


if __name__ == "__main__":
    sys.exit(main())
