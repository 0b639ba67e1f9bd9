"""Which build this is: version, git commit and date, as ``GET /about`` tells them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

try:
    __version__ = version("omni-analytics")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"


@cache
def build_info() -> dict[str, str]:
    """``version``, ``full_version_with_hash``, ``build_hash`` (git commit or ``unknown``), ``build_date`` (ISO, UTC).

    The date is that of the compiled core, the one part that is really built.
    """
    commit = _git_commit()
    core = next(Path(__file__).parent.glob("_core*.so"), Path(__file__))
    built = datetime.fromtimestamp(core.stat().st_mtime, UTC)
    return {
        "version": __version__,
        "full_version_with_hash": f"{__version__}+{commit[:12]}",
        "build_hash": commit,
        "build_date": built.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _git_commit() -> str:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return "unknown"
    try:
        found = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return found.stdout.strip() or "unknown"


def rust_version() -> str:
    """The compiler that built the core."""
    from omni import _core

    return _core.RUST_VERSION
