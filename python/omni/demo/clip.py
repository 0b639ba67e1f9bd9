"""The demo's clip: vtest.avi of Debian's package opencv-doc.

It is View 001 of the PETS 2009 benchmark, sequence S2.L1 (University of Reading), shipped by Debian as sample data
of OpenCV. It is fetched by package name, without root, once.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from omni.cache import cache_folder
from omni.errors import SourceError

PACKAGE = "opencv-doc"
MEMBER = "vtest.avi"
SHA256 = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"
REMEDY = "give the clip with --video PATH (vtest.avi of Debian's package opencv-doc)"


def demo_clip(progress: Callable[[str], None]) -> Path:
    """The clip's path; fetches it when the cache does not have it.

    Args:
        progress: is told in one line what takes time.

    Raises:
        SourceError: it cannot be had here, and what to give instead.
    """
    clip = cache_folder("demo") / MEMBER
    if clip.is_file() and _sha256(clip) == SHA256:
        return clip
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise SourceError(f"the demo's clip comes from a Debian package and {tool} is not here; {REMEDY}")
    with tempfile.TemporaryDirectory(dir=clip.parent) as scratch:
        package = _download(Path(scratch), progress)
        progress(f"unpacking {MEMBER}")
        fetched = _unpack(package, Path(scratch))
        if _sha256(fetched) != SHA256:
            raise SourceError(f"{MEMBER} of {PACKAGE} is not the clip this demo knows; {REMEDY}")
        fetched.replace(clip)
    return clip


def _download(scratch: Path, progress: Callable[[str], None]) -> Path:
    """The .deb file. Where the machine's package lists are missing, lists of our own are fetched beside it."""
    progress(f"fetching Debian's package {PACKAGE} (the clip is 8 MB of it; once)")
    error = _apt(["download", PACKAGE], scratch)
    if error:
        progress("fetching package lists (this machine has none)")
        for folder in ("lists/partial", "cache/archives/partial"):
            (scratch / folder).mkdir(parents=True)
        own = ["-o", f"Dir::State::Lists={scratch / 'lists'}", "-o", f"Dir::Cache={scratch / 'cache'}"]
        error = _apt([*own, "update"], scratch) or _apt([*own, "download", PACKAGE], scratch)
    found = next(scratch.glob(f"{PACKAGE}_*.deb"), None)
    if found is None:
        raise SourceError(f"Debian's package {PACKAGE} cannot be had ({error or 'nothing came'}); {REMEDY}")
    return found


def _apt(arguments: list[str], folder: Path) -> str:
    """Run apt-get in a folder. Returns its last line of complaint, empty when it went well."""
    done = subprocess.run(
        ["apt-get", "-qq", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode == 0:
        return ""
    return next(iter(reversed(done.stderr.strip().splitlines())), f"apt-get ended with {done.returncode}")


def _unpack(package: Path, scratch: Path) -> Path:
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for member in archive:
                if member.isfile() and Path(member.name).name == MEMBER:
                    content = archive.extractfile(member)
                    assert content is not None
                    target = scratch / MEMBER
                    with target.open("wb") as file:
                        shutil.copyfileobj(content, file)
                    process.kill()
                    return target
    raise SourceError(f"{package.name} holds no {MEMBER}; {REMEDY}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
