from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omni.config.logs import log_as_configured
from omni.errors import ConfigError

logger = logging.getLogger("omni.somewhere")


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    for handler in handlers:
        root.removeHandler(handler)
    yield
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def configured(folder: Path, **document: Any) -> Path:
    (folder / "log_params.json").write_text(json.dumps(document))
    return folder


def test_lines_go_where_the_file_says_and_look_as_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_as_configured(configured(tmp_path, level="INFO", format="%(levelname)s|%(message)s", files=["a.log"], osd=1))
    logger.info("Café")
    logger.debug("nothing")
    told = [f"WARNING|{tmp_path / 'log_params.json'}: $.osd is not used by this version", "INFO|Café"]
    assert (tmp_path / "a.log").read_text(encoding="utf-8").splitlines() == told
    assert capsys.readouterr().err.splitlines() == told
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    logger.info("anew")
    assert (tmp_path / "a.log").read_text() == "INFO|anew\n"


def test_without_a_file_nothing_is_changed(tmp_path: Path) -> None:
    before = list(logging.getLogger().handlers)
    log_as_configured(tmp_path)
    assert logging.getLogger().handlers == before


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"level": "loud"}, "$.level: input should be 'debug', 'info', 'warning' or 'error', got \"loud\""),
        ({"format": "%(nothing"}, "$.format: "),
        (
            {"format": "%(nope)s"},
            "$.format: cannot be used (Formatting field not found in record: 'nope'); fields are as",
        ),
        ({"format": "%(message)d"}, "$.format: cannot be used (%d format"),
        ({"format": "{message}"}, '%(message)s, got "{message}"'),
        ({"files": ["a\0.log"]}, "$.files: must be names of files, without NUL"),
        ({"files": "a.log"}, '$.files: must be a list, got "a.log"'),
        ({"files": ["none/a.log"]}, "a.log cannot be written"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, document: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        log_as_configured(configured(tmp_path, **document))
    assert expected in str(caught.value)
    assert "log_params.json" in str(caught.value)


def test_every_field_of_a_line_can_be_used(tmp_path: Path) -> None:
    fields = "%(asctime)s %(created)f %(levelno)03d %(lineno)d %(process)d %(thread)d %(threadName)s %(message)s"
    log_as_configured(configured(tmp_path, format=fields, files=["a.log"]))
    logger.error("told")
    assert (tmp_path / "a.log").read_text().endswith(" told\n")


def test_a_name_that_is_no_text_is_logged_all_the_same(tmp_path: Path) -> None:
    log_as_configured(configured(tmp_path, format="%(message)s", files=["a.log"]))
    logger.error("%s: no such file", os.fsdecode(b"plan\xff.png"))
    assert (tmp_path / "a.log").read_text() == "plan\\udcff.png: no such file\n"
