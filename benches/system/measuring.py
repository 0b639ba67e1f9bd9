"""What the programs here need beyond the project, and how one ends that lacks it or is interrupted."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("OMNI_DATA", ROOT.parent / "shared" / "data"))
INTERRUPTED = 130


def need(*names: str, packages: tuple[str, ...] = ()) -> None:
    """Ends the program with one line where folders (or files) of the measuring data, or packages, are not here."""
    sys.path.append(str(ROOT / ".peers"))  # looked for last
    program = Path(sys.argv[0]).name
    if missing := [name for name in names if not (DATA / name).exists()]:
        sys.exit(f"{program}: no {', '.join(missing)} in {DATA} (OMNI_DATA; see docs/benchmarks/README.md)")
    if missing := [name for name in packages if importlib.util.find_spec(name) is None]:
        sys.exit(f"{program}: no package {', '.join(missing)} (`make bench` installs those of benches/peers.txt)")


def run(main: Callable[[], int]) -> NoReturn:
    """The program; whoever interrupts it is not shown where it was."""
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print(f"{Path(sys.argv[0]).name}: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
