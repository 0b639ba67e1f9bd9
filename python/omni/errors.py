"""The errors that omni raises on purpose.

A wrong array (shape, dtype, not finite) is a plain ``ValueError`` or ``TypeError``. The errors below are for what a
user can repair. Each has a stable ``slug`` for programs, and a message that says which part is concerned, what was
expected, what came, and the remedy.
"""

from __future__ import annotations

from collections.abc import Sequence


class OmniError(Exception):
    """Base of all errors of omni. ``slug`` never changes; ``exit_code`` is what the command line returns."""

    slug = "error"
    exit_code = 1


class ConfigError(OmniError, ValueError):
    """A configuration that cannot be used. The message names the JSON path, what was found and what is expected.

    Args:
        message: for people, one line for each problem.
        problems: for programs: of each problem the JSON pointer into the configuration (empty: all of it) and the
            message.
    """

    slug = "config-invalid"
    exit_code = 3

    def __init__(self, message: str, problems: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems) or (("", message),)


class FolderInUseError(ConfigError):
    """A folder that another agent uses now. The configuration itself is right."""


class CalibrationError(OmniError, ValueError):
    """Points or a matrix that give no usable homography, with the reason."""

    slug = "calibration-invalid"
    exit_code = 3


class SourceError(OmniError):
    """A camera or file that cannot be opened or read. Never carries credentials."""

    slug = "source-unavailable"
    exit_code = 3


class ModelError(OmniError):
    """A model that is missing, damaged, or whose inputs or outputs do not fit."""

    slug = "model-unusable"
    exit_code = 1


class EncodeError(OmniError):
    """An image that cannot be encoded."""

    slug = "encode-failed"


class UnknownStreamError(OmniError, LookupError):
    """A ``stream_uuid`` that this agent does not have."""

    slug = "unknown-stream"


class NotOpenError(OmniError, LookupError):
    """A request to end an external process that matches no open one."""

    slug = "external-process-not-open"


class StoppedError(OmniError, RuntimeError):
    """A call to an agent that is stopped or is stopping."""

    slug = "unavailable"


class StateError(OmniError):
    """A file of the state folder that cannot be opened, read or written."""

    slug = "state-unusable"


class UnknownLineError(OmniError, LookupError):
    """The UUID of a line that is not configured."""

    slug = "unknown-line"


class UnknownProfileError(OmniError, LookupError):
    """The UUID of a profile that the gallery does not have."""

    slug = "unknown-profile"


class PhotoError(OmniError, ValueError):
    """A photo that cannot be taken into the gallery, and why."""

    slug = "photo-refused"
    exit_code = 3


class TokenError(OmniError, ValueError):
    """A token that cannot be made or removed, and why."""

    slug = "token-refused"
    exit_code = 3


class PortInUseError(OmniError):
    """The address that the service or a receiver was told to listen on is taken."""

    slug = "port-in-use"


class UnknownEndpointError(OmniError, LookupError):
    """A webhook subscriber that this agent does not have."""

    slug = "unknown-endpoint"


class OutboxError(OmniError):
    """The outbox cannot be read or written, with the reason."""

    slug = "outbox-unavailable"
