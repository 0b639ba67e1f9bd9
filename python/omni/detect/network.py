"""A detection network in onnxruntime, with the settings that fit several streams on few cores."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from omni.detect.free_size import freed
from omni.detect.heads import Outputs, Signature, Size
from omni.detect.runtime import load_onnxruntime
from omni.errors import ModelError
from omni.types import Float32

if TYPE_CHECKING:
    import onnxruntime as ort

logger = logging.getLogger(__name__)
_ERRORS_ONLY, _FATAL_ONLY = 3, 4
CPU = "CPUExecutionProvider"
_PROVIDERS = {
    "CPU": CPU,
    "CUDA": "CUDAExecutionProvider",
    "TensorRT": "TensorrtExecutionProvider",
    "OpenVINO": "OpenVINOExecutionProvider",
    "CoreML": "CoreMLExecutionProvider",
}
"""Short names of onnxruntime's execution providers."""
_TARGET_SIZES = "orig_target_sizes"
"""Second input of exported DETRs: (width, height) of the picture that the boxes shall refer to."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class RunsOn:
    """What runs a network: asked for and got.

    Attributes:
        model: its name.
        asked: onnxruntime's names of the providers asked for, best first.
        nodes: how many of its nodes each provider runs, by onnxruntime's name; what runs none is not in use.
    """

    model: str
    asked: tuple[str, ...]
    nodes: Mapping[str, int]

    def document(self) -> dict[str, Any]:
        """As it stands in the status."""
        return {
            "model": self.model,
            "providers_asked": list(self.asked),
            "providers_in_use": list(self.nodes),
            "nodes": dict(self.nodes),
        }


class Network:
    """One ONNX model: a picture in, arrays out. It may be run by several threads at once.

    Attributes:
        size: (width, height) of its picture, where it was made for one.
        any_size: whether it takes pictures of other sizes, sides of a multiple of ``STEP``; as far as it says, see
            ``takes``.
        runs_on: what runs it.
        signature: what it takes and gives.
        batches: whether it takes several pictures at once and gives the outputs of each.
    """

    def __init__(
        self,
        path: Path,
        providers: Sequence[str],
        *,
        free_size: Size,
        channels: int = 3,
        threads: int = 1,
        allow_fallback: bool = False,
        free: bool = False,
    ) -> None:
        """Load a model and run it once on a black picture.

        Args:
            path: the ONNX file.
            providers: best first: CPU, CUDA, TensorRT, OpenVINO, CoreML, or any other by onnxruntime's name.
            free_size: (width, height) to use where the model leaves its size open.
            channels: of its picture.
            threads: that one inference uses.
            allow_fallback: go on with the CPU where a provider cannot be had.
            free: let it take pictures of any size, where its graph can be made to; on a CPU only, as others prepare for
                each size anew.

        Raises:
            ModelError: the file cannot be loaded or run, or a provider asked for is not in use.
        """
        asked = tuple(_PROVIDERS.get(provider, provider) for provider in providers)
        self._path = path
        made_free = freed(path) if free and asked[:1] == (CPU,) else None
        self._session = _open_session(path, made_free and made_free.model, asked, threads, allow_fallback)
        inputs = [value.name for value in self._session.get_inputs()]
        if not inputs or inputs[1:] not in ([], [_TARGET_SIZES]):
            found = ", ".join(inputs) or "none"
            raise ModelError(f"{path}: expected a picture (and {_TARGET_SIZES}) as inputs, found {found}")
        self._picture, *others = self._session.get_inputs()
        self.size = _picture_size(path, self._picture, made_free.size if made_free else free_size, channels)
        self.any_size = free and not any(isinstance(side, int) for side in self._picture.shape[-2:]) and not others
        first = self._picture.shape[0] if len(self._picture.shape) == 4 else 1
        self.runs_on = RunsOn(path.stem, asked, _nodes(self._session))
        _require(path, asked[:1], list(self.runs_on.nodes), "in use", allow_fallback)
        self._other_inputs = {other.name: np.array([self.size], np.int64) for other in others}
        self._output_names = [output.name for output in self._session.get_outputs()]
        self._channels = channels
        self._threads = threads
        self.signature = self.signature_at(self.size)
        self.batches = not isinstance(first, int) and self._gives_one_each()

    @property
    def accelerated(self) -> bool:
        """Whether something else than the CPU runs most of it."""
        return next(iter(self.runs_on.nodes)) != CPU

    @property
    def side_by_side(self) -> int:
        """How many runs at the same time carry the most: an accelerator does one after the other, a core of its own
        each.
        """
        return 1 if self.accelerated else max(1, cores() // self._threads)

    def run(self, blob: Float32, options: ort.RunOptions | None = None) -> Outputs:
        """The outputs for pictures (n, C, H, W)."""
        picture = blob if len(self._picture.shape) == 4 else blob[0]
        feed: dict[str, npt.NDArray[Any]] = {self._picture.name: picture, **self._other_inputs}
        return dict(zip(self._output_names, self._session.run(self._output_names, feed, options), strict=True))

    def run_many(self, blobs: Sequence[Float32]) -> list[Outputs]:
        """The outputs for each of several pictures (1, C, H, W) of one size, at once where that can be done."""
        if not self.batches or len(blobs) < 2 or len({blob.shape for blob in blobs}) > 1:
            return [self.run(blob) for blob in blobs]
        together = self.run(np.concatenate(blobs))
        return [{name: value[i : i + 1] for name, value in together.items()} for i in range(len(blobs))]

    def _gives_one_each(self) -> bool:
        """Whether two pictures give two of each output, so that each can be told from the other."""
        width, height = self.size
        try:
            outputs = self.run(np.zeros((2, self._channels, height, width), np.float32), _unlogged())
        except Exception:  # onnxruntime's errors share no base but Exception; a size that is free in name only
            return False
        return all(
            np.shape(value)[:1] == (2,) and np.shape(value)[1:] == self.signature.outputs[name][1:]
            for name, value in outputs.items()
        )

    def takes(self, size: Size) -> Signature | None:
        """What it gives at another size; None where it does not run on it, though its graph leaves the size open."""
        try:
            return self.signature_at(size)
        except ModelError:
            return None

    def signature_at(self, size: Size) -> Signature:
        """What it takes and gives at another size.

        Raises:
            ModelError: it does not run on it.
        """
        width, height = size
        try:
            outputs = self.run(np.zeros((1, self._channels, height, width), np.float32), _unlogged())
        except Exception as error:  # onnxruntime's errors share no base but Exception
            raise ModelError(
                f"{self._path} fails on a black picture of {width}x{height}: {_first_line(error)}"
            ) from error
        for name, value in outputs.items():
            if np.asarray(value).dtype in (np.float16, np.float64):
                raise ModelError(f"{self._path}: expected float32 outputs, found {value.dtype} {name}")
        inputs = (self._picture.name, *self._other_inputs)
        return Signature(inputs, {name: np.shape(value) for name, value in outputs.items()}, size)


def _open_session(
    path: Path, model: bytes | None, providers: Sequence[str], threads: int, allow_fallback: bool
) -> ort.InferenceSession:
    """A session that runs where it was asked to; onnxruntime itself would silently go on with the CPU."""
    ort = load_onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    # Spinning threads make two threads slower than one as soon as another process wants the core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")

    available = ort.get_available_providers()
    usable = [provider for provider in providers if provider in available]
    _require(path, providers, available, "available", allow_fallback)
    try:
        session = ort.InferenceSession(model or str(path), options, providers=usable or [CPU])
    except Exception as error:  # onnxruntime's errors share no base but Exception
        raise ModelError(f"{path} cannot be loaded by onnxruntime: {_first_line(error)}") from error
    _require(path, usable, session.get_providers(), "loaded", allow_fallback)
    return session


def _unlogged() -> ort.RunOptions:
    """For what may fail: onnxruntime would write to the process's own stderr."""
    options = load_onnxruntime().RunOptions()
    options.log_severity_level = _FATAL_ONLY
    return options


def _nodes(session: ort.InferenceSession) -> dict[str, int]:
    """How many nodes of the graph each provider runs, most first.

    A provider may be loaded and yet run nothing. Where onnxruntime cannot tell (it is older than 1.24, or has folded
    the whole graph into constants), what is loaded counts as used, with no nodes.
    """
    counts: Counter[str] = Counter()
    if hasattr(session, "get_provider_graph_assignment_info"):
        for part in session.get_provider_graph_assignment_info():
            counts[part.ep_name] += len(part.get_nodes())
    return dict(counts.most_common()) or dict.fromkeys(session.get_providers(), 0)


def _require(path: Path, asked: Sequence[str], found: Sequence[str], what: str, allow_fallback: bool) -> None:
    """Refuse to go on with less than what was asked for, or warn where that is allowed."""
    missing = [provider for provider in asked if provider not in found]
    if not missing:
        return
    message = f"{path.name}: {', '.join(missing)} cannot be had, {what} are {', '.join(found)}"
    if not allow_fallback:
        raise ModelError(f"{message}: install the onnxruntime that has it, or set allow_fallback")
    logger.warning("%s; going on with these", message)


def _picture_size(path: Path, picture: ort.NodeArg, free_size: Size, channels: int) -> Size:
    shape = picture.shape
    one = len(shape) == 3 or (len(shape) == 4 and (shape[0] == 1 or not isinstance(shape[0], int)))
    if picture.type != "tensor(float)" or not one or shape[-3] not in (channels, None, ""):
        raise ModelError(
            f"{path}: expected a float32 picture (1, {channels}, H, W) as input, "
            f"found {picture.type} {picture.name} {shape}"
        )
    height, width = shape[-2:]
    return (width if isinstance(width, int) else free_size[0], height if isinstance(height, int) else free_size[1])


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
