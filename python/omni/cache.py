"""The user's cache: models and the demo's clip."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """A folder of the cache, made when it is not there.

    ``$OMNI_CACHE``, else ``$XDG_CACHE_HOME/omni``, else ``~/.cache/omni``.
    """
    own = os.environ.get("OMNI_CACHE")
    base = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "omni"
    folder = base / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
