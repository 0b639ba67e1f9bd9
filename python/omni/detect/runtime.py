"""onnxruntime, loaded so that it tells nobody of its use."""

from __future__ import annotations

import os
from types import ModuleType

QUIET = "ORT_DISABLE_TELEMETRY"
"""With this environment variable set to 1 onnxruntime opens no connection and keeps no identifier of the machine."""


def load_onnxruntime() -> ModuleType:
    """The package onnxruntime, silenced.

    Since 1.29 it reports models, machine and errors to its maker, under an identifier that it keeps in the home
    folder, and reads only once, as it is loaded, whether it may. Where a program loaded it earlier, that it was loaded
    has been told; the rest is not.
    """
    os.environ[QUIET] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime
