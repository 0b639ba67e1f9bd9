"""What the constants of the map fusion are worth: each at half and at double.

    python benches/system/fusion_constants.py [NAME ...] [--build FOLDER]

Copies the sources, lets every constant of `rust/omni-core/src/fusion` be read from the environment, builds that, and
scores public floor truth (as `floor.py` does, which see for what it needs) once for each constant and factor. Numbers
of iterations, sizes of tables and numerical tolerances are left alone. Prints rows of a table.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from measuring import need, run

ROOT = Path(__file__).resolve().parents[2]
CONSTANT = re.compile(r"^((?:pub\(super\) )?)const (\w+): (f64|\(f64, f64\)) = ([^;]+);", re.M)
NOT_TUNED = {"TIME_TOLERANCE", "LEAST_SECONDS", "HORIZON", "BIN", "COMMON_PIXELS", "BORDER"}
READ = """
/// A constant, or what the environment has in its place.
pub(crate) fn tuned(name: &str, value: f64) -> f64 {
    std::env::var(format!("FUSION_{name}")).ok().and_then(|v| v.parse().ok()).unwrap_or(value)
}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="module.CONSTANT (default: all)")
    parser.add_argument("--build", type=Path, help="where to build, kept (default: a folder that is removed)")
    options = parser.parse_args()
    need("cmc-dev", "multiviewx-10", "traj-eth-ucy", packages=("motmetrics",))
    print("fusion_constants: building the core (minutes), then scoring", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        build = options.build or Path(folder)
        values = build_tunable(build)
        sys.path.insert(0, str(build / "source" / "python"))
        scenes = load_scenes()
        print(f"| constant | value | factor | {' | '.join(scenes)} |", flush=True)
        print(f"| | | 1 | {score_with({}, scenes)} |", flush=True)
        for name in options.names or values:
            for factor in (0.5, 2.0):
                scores = score_with({f"FUSION_{name}": str(factor * values[name])}, scenes)
                print(f"| {name} | {values[name]:g} | {factor:g} | {scores} |", flush=True)
    return 0


def build_tunable(build: Path) -> dict[str, float]:
    """Builds the core with tunable constants in ``build``; their names and values."""
    source = build / "source"
    shutil.rmtree(source, ignore_errors=True)
    for part in ("rust", "python", "benches/rust", "Cargo.toml", "Cargo.lock"):
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, _made(source / part))
    core = source / "rust" / "omni-core" / "src"
    values: dict[str, float] = {}
    for path in sorted(set((core / "fusion").glob("*.rs")) - {core / "fusion" / "tests.rs"}):
        path.write_text(_tunable(path.read_text(), path.stem, values))
    (core / "lib.rs").write_text((core / "lib.rs").read_text() + READ)
    command = ["cargo", "build", "--quiet", "--release", "--locked", "-p", "omni-py", "--lib"]
    environment = {
        "CARGO_TARGET_DIR": str(build / "target"),
        "PYO3_BUILD_EXTENSION_MODULE": "1",
        "PYO3_PYTHON": sys.executable,
        "RUSTFLAGS": "-A warnings",
    }
    subprocess.run(command, cwd=source, env={**os.environ, **environment}, check=True)
    shutil.copy(build / "target" / "release" / "libomni_core_py.so", source / "python" / "omni" / "_core.abi3.so")
    return values


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _tunable(text: str, module: str, values: dict[str, float]) -> str:
    """The text with its constants, and those of other modules that it uses, read when they are first wanted."""

    def read(name: str, value: str) -> str:
        values[f"{module}.{name}"] = float(eval(value.replace("_", ""), {"__builtins__": {}}))  # a Rust literal
        return f'crate::tuned("{module}.{name}", {value})'

    def definition(match: re.Match[str]) -> str:
        public, name, kind, value = match.groups()
        if name in NOT_TUNED:
            return match[0]
        if kind == "f64":
            made = read(name, value)
        else:
            low, high = value.strip("()").split(", ")
            made = f"({read(f'{name}.0', low)}, {read(f'{name}.1', high)})"
        return f"{public}static {name}: std::sync::LazyLock<{kind}> = std::sync::LazyLock::new(|| {made});"

    own = {name for _, name, _, _ in CONSTANT.findall(text)}
    imported = set(re.findall(r"\b[A-Z][A-Z_]+\b", "".join(re.findall(r"^use super::[^;]+;", text, re.M))))
    names = (own | imported) - NOT_TUNED
    lines = [
        CONSTANT.sub(definition, line)
        if CONSTANT.match(line)
        else line
        if line.startswith("use ") or line.lstrip().startswith("//")
        else re.sub(rf"\b({'|'.join(names)})\b", r"(*\1)", line)
        if names
        else line
        for line in text.splitlines()
    ]
    return "\n".join(lines) + "\n"


def load_scenes() -> Mapping[str, list[object]]:
    import floor_scenes as scenes
    from virtual_cameras import FIRST_FRAMES, record

    rendered = scenes.annotated("multiviewx-10", 2, 1)
    rows = np.genfromtxt(scenes.DATA / "traj-eth-ucy" / "students03.csv", delimiter=",", skip_header=1)
    return {
        "CMC1": [scenes.cmc("CMC1")],
        "CMC2, seven variants": list(scenes.variants(scenes.cmc("CMC2"))),
        "multiviewx noisy": [scenes.noisy(rendered, seed) for seed in (1, 2, 3, 4, 5)],
        "square, 7 cameras": [scenes.square(record(rows, *each), 2) for each in enumerate(FIRST_FRAMES, 1)],
    }


def score_with(environment: Mapping[str, str], scenes: Mapping[str, list[object]]) -> str:
    """The scores of all scenes in a process of its own, as constants are read once."""
    here, there = os.pipe()
    if (child := os.fork()) == 0:
        import floor

        os.environ.update(environment)
        means = [np.mean([floor.score(scene) for scene in group], 0) for group in scenes.values()]
        os.write(there, " | ".join("{:.1f} / {:.1f} / {:.1f}".format(*mean) for mean in means).encode())
        os._exit(0)
    os.close(there)
    os.waitpid(child, 0)
    with os.fdopen(here) as answer:
        return answer.read()


if __name__ == "__main__":
    run(main)
