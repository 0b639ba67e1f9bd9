"""What time alone brings about, whether a camera looks or not."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from omni.config import AgentConfig
from omni.errors import StateError
from omni.faces.engine import FaceEngine
from omni.faces.gallery import FILE_NAME, Gallery
from omni.faces.recognition import DAY_S

logger = logging.getLogger(__name__)

LOOK_S = 60.0


class Upkeep:
    """Deletes faces that are kept for too long, also where none are looked for any more: a thread of its own.

    Args:
        config: tells the configuration of now.
        faces: tells what is in use for faces; None: nothing is.
    """

    def __init__(self, config: Callable[[], AgentConfig], faces: Callable[[], FaceEngine | None]) -> None:
        self._config = config
        self._faces = faces
        self._unused: tuple[tuple[str, float], Gallery] | None = None
        self._problem = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def look(self) -> None:
        """Delete what is too old now."""
        try:
            gallery = self._gallery()
            if gallery is not None:
                gallery.refresh(time.time())
        except (OSError, StateError) as error:  # a full disk: it is deleted when it can be
            if str(error) != self._problem:
                logger.error("faces: what is too old is not deleted: %s", error)
            self._problem = str(error)
        else:
            self._problem = ""

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(LOOK_S)

    def _gallery(self) -> Gallery | None:
        """That of the networks that run, else the file; None where nothing can grow too old."""
        config, faces = self._config(), self._faces()
        folder, days = config.state_folder, config.pipelines.face.retention_days
        if faces is not None or folder is None or days is None or not (Path(folder) / FILE_NAME).exists():
            self._unused = None
            return None if faces is None else faces.recognition.gallery
        if self._unused is None or self._unused[0] != (folder, days):
            self._unused = (folder, days), Gallery(folder, retention_s=days * DAY_S)
        return self._unused[1]
