"""What can be set and called is documented, and what is documented is there."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from omni.cli import parser
from omni.config import NEEDS_RESTART, AgentConfig, MapTrackingConfig, StreamConfig, SubscriberConfig, ViewConfig

ROOT = Path(__file__).parents[2]


def verbs(root: argparse.ArgumentParser, path: str = "omni") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    inner = [a for a in root._actions if isinstance(a, argparse._SubParsersAction)]
    if not inner:
        yield path, root
    for action in inner:
        for name, child in action.choices.items():
            yield from verbs(child, f"{path} {name}")


def test_every_verb_and_option_is_documented_and_has_json_and_help() -> None:
    rows = {
        match[1]: line
        for line in (ROOT / "docs" / "cli.md").read_text().splitlines()
        if (match := re.match(r"\| `(omni [a-z-]+(?: [a-z]+)?)", line))
    }
    found = dict(verbs(parser()))
    assert set(rows) == set(found)
    for path, verb in found.items():
        options = {o for a in verb._actions for o in a.option_strings if o.startswith("--")}
        assert {"--json", "--help"} <= options, path
        for option in options - {"--help"}:
            assert option in rows[path], f"{path} {option} is not in docs/cli.md"


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "config.md").read_text() + (ROOT / "docs" / "webhooks.md").read_text()
    models: list[type[BaseModel]] = [AgentConfig, StreamConfig, ViewConfig, MapTrackingConfig, SubscriberConfig]
    for model in models:
        for name, field in model.model_fields.items():
            shown = field.alias or name
            assert f"`{shown}`" in text or f'"{shown}"' in text, f"{model.__name__}.{shown} is not documented"


def test_what_needs_a_restart_is_documented_as_the_code_has_it() -> None:
    text = (ROOT / "docs" / "config.md").read_text()
    [row] = re.findall(r"^\| (.*) \| nothing: taken at the next start \|$", text, re.MULTILINE)
    assert {"/" + name.replace(".", "/") for name in re.findall(r"`([^`]+)`", row)} == set(NEEDS_RESTART)


def test_the_schema_beside_the_configuration_is_the_codes() -> None:
    beside = json.loads((ROOT / "config" / "run_params.schema.json").read_text())
    assert beside == AgentConfig.model_json_schema()


def test_every_fault_of_a_camera_has_the_test_that_is_named() -> None:
    named = set(re.findall(r"`(test_\w+)` \|$", (ROOT / "docs" / "cameras.md").read_text(), re.MULTILINE))
    files = [
        "chaos/test_cameras.py",
        "chaos/test_clock.py",
        "e2e/test_endings.py",
        *(f"unit/sources/test_{of}.py" for of in ("handshake", "live", "opening", "sources")),
    ]
    faults, *others = [set(re.findall(r"def (test_\w+)", (ROOT / "tests" / file).read_text())) for file in files]
    assert faults <= named
    assert named <= faults.union(*others)


@pytest.mark.parametrize("page", ["library.md", "testing.md"])
def test_the_pages_for_programmers_run(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(block, f"docs/{page}", "exec"), {})


def test_the_example_of_a_part_in_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    _, part = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    exec(compile(part, "README.md", "exec"), {})
    assert capsys.readouterr().out.count("[1]") == 3


def test_every_page_is_found_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text()))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} <= linked
    assert [link for link in linked if not (ROOT / link).exists()] == []


def test_every_link_of_a_page_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
            name, _, heading = link.partition("#")
            target = page.parent / name if name else page
            assert target.exists(), f"{page}: {link}"
            assert not heading or heading in headings(target), f"{page}: {link}"


def headings(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    found = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_the_recipes_for_receivers_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipes = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "webhooks.md").read_text(), flags=re.DOTALL)
    assert len(recipes) == 3
    for recipe in recipes:
        names: dict[str, Any] = {}
        try:
            exec(compile(recipe, "docs/webhooks.md", "exec"), names)
        except ModuleNotFoundError as error:
            assert error.name in ("fastapi", "flask")  # noqa: PT017 -- no dependency of ours
            continue
        if "KEEP" in names:
            for finalized, record in ((False, "begin"), (True, "end"), (False, "begin, sent again")):
                names["seen"].connection.execute(names["KEEP"], ("one", finalized, record))
            assert names["seen"].connection.execute("SELECT * FROM process").fetchall() == [("one", 1, "end")]
        names["seen"].close()


def test_every_setting_has_its_meaning_in_the_schema() -> None:
    schema = AgentConfig.model_json_schema()
    sections = {"": schema, **schema["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, section in sections.items()
        for key, setting in section.get("properties", {}).items()
        if "description" not in setting and key != "$schema"
    ]
    assert silent == []


def test_the_unit_of_systemd_starts_what_there_is(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    [unit] = re.findall(r"^```ini\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    [command] = re.findall(r"^ExecStart=/opt/omni/bin/omni (.*)$", unit, re.MULTILINE)
    options = parser().parse_args(command.split())
    assert options.config == Path("/var/lib/omni")
    for line in re.findall(r"^    .*?/opt/omni/bin/omni (.*)$", text, re.MULTILINE):
        parser().parse_args(line.split())
    if (verify := shutil.which("systemd-analyze")) is None:
        pytest.skip("systemd-analyze is not installed: what systemd thinks of the unit is not asked")
    file = tmp_path / "omni.service"
    file.write_text(unit.replace("/opt/omni/bin/omni", "/bin/true"))
    told = subprocess.run([verify, "verify", "--man=no", file], capture_output=True, text=True, check=False, timeout=30)
    assert "omni.service" not in told.stderr, told.stderr
    assert told.returncode == 0, told.stderr
