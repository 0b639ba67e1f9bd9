"""``log_params.json`` beside ``run_params.json``: how much is logged, how, and where to (protocol, section 6)."""

from __future__ import annotations

import logging
import sys
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError, field_validator

from omni.config._base import Section
from omni.config.faults import json_path, problems_of
from omni.config.load import config_file, read_document
from omni.errors import ConfigError

logger = logging.getLogger(__name__)

FILE_NAME = "log_params.json"
FORMAT = "%(levelname)s %(name)s: %(message)s"


class LogConfig(Section):
    """What the agent logs.

    Attributes:
        level: what is less is not logged.
        format: of a line, as Python's ``logging`` has it.
        files: that lines are added to as well, relative to the file; one that is moved away is begun anew.
    """

    level: Literal["debug", "info", "warning", "error"] = "warning"
    format: str = FORMAT
    files: tuple[str, ...] = ()

    @field_validator("level", mode="before")
    @classmethod
    def _any_case(cls, level: Any) -> Any:
        return level.lower() if isinstance(level, str) else level

    @field_validator("format")
    @classmethod
    def _fits(cls, text: str) -> str:
        try:  # with a field that there is not, each line would be a traceback in its place
            logging.Formatter(text).format(logging.LogRecord("omni", logging.INFO, "", 1, "", None, None))
        except (ValueError, TypeError) as error:
            raise ValueError(f"cannot be used ({error}); fields are as %(levelname)s, %(name)s, %(message)s") from None
        return text

    @field_validator("files")
    @classmethod
    def _names(cls, files: tuple[str, ...]) -> tuple[str, ...]:
        if any("\0" in name for name in files):
            raise ValueError("must be names of files, without NUL")
        return files


def log_as_configured(source: Path) -> None:
    """Log as the file beside a configuration says; without one nothing is changed.

    Keys that are none of ours are told and passed over: what the original has in there is not known.

    Args:
        source: the configuration's folder or file.

    Raises:
        ConfigError: a value that is none, or a file that cannot be written.
    """
    path = config_file(source).with_name(FILE_NAME)
    if not path.is_file():
        return
    document = read_document(path)
    known = {key: value for key, value in document.items() if key in LogConfig.model_fields}
    try:
        config = LogConfig.model_validate(known)
        files = [
            WatchedFileHandler(path.parent / name, encoding="utf-8", errors="backslashreplace") for name in config.files
        ]
    except ValidationError as error:
        lines = [f"{json_path(loc)}: {message}" for loc, message in problems_of(document, error)]
        raise ConfigError(f"{path}: " + "; ".join(lines)) from None
    except OSError as error:
        raise ConfigError(f"{path}: $.files: {error.filename} cannot be written: {error.strerror}") from None
    logging.basicConfig(
        level=config.level.upper(),
        format=config.format,
        handlers=[logging.StreamHandler(sys.stderr), *files],
        force=True,
    )
    for key in document.keys() - known.keys():
        logger.warning("%s: $.%s is not used by this version", path, key)
