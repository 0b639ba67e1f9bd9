"""What may import what, where import-linter cannot look: the compiled module, and what an import loads."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import omni

PACKAGE = Path(omni.__file__).parent
ONLY_IN = {
    "omni._core": ("track", "fusion", "regions", "encode", "faces", "_build.py"),
    "sanic": ("service",),
    "ujson": ("service",),
    "onnxruntime": ("detect",),
}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_each_library_is_imported_only_where_it_belongs() -> None:
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).parts[0]
        names = imported(path)
        for library, places in ONLY_IN.items():
            if any(name == library or name.startswith(f"{library}.") for name in names):
                assert place in places, f"{path} imports {library}"


def test_importing_omni_loads_nothing_heavy() -> None:
    script = "import sys, omni; print(*({'cv2', 'onnxruntime', 'sanic', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_what_the_page_for_programmers_names_is_there_after_import_omni_alone() -> None:
    names = set(re.findall(r"`omni\.(\w+(?:\.\w+)*)", (PACKAGE.parents[1] / "docs" / "library.md").read_text()))
    assert {"detect.open_descriptor", "track.untangled", "webhooks.verify", "types", "errors"} <= names
    for name in sorted(names):
        script = f"import omni; omni.{name}"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (name, done.stderr)
