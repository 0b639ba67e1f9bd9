"""What users give as the core takes it: lists and any width of number in, one dtype out; settings of their types."""

from __future__ import annotations

from dataclasses import fields
from numbers import Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)
Config = TypeVar("Config")

LEAST_FPS, MOST_FPS = 0.01, 1000
"""From a picture in two minutes to a camera for slow motion."""

MOST_PIXELS = 2.0**24
"""No box reaches further from the origin."""

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
INT32, INT64 = np.dtype(np.int32), np.dtype(np.int64)


def typed(name: str, value: npt.ArrayLike, dtype: np.dtype[Scalar]) -> npt.NDArray[Scalar]:
    """``value`` as an array of ``dtype``; no copy where it is one already, whatever its strides.

    Raises:
        TypeError: the values are no real numbers (or, for an integer ``dtype``, no integers).
        ValueError: the rows of a list differ in length, an integer does not fit, or a value is masked.
    """
    if type(value) is np.ndarray and value.dtype is dtype:
        return value  # the way of every frame, where each microsecond counts
    try:
        array: npt.NDArray[Any] = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{name}: expected an array of numbers: {error}") from None
    if np.ma.is_masked(value):
        raise ValueError(f"{name}: expected values for all, got some that are masked")
    if array.dtype == dtype:
        return np.asarray(array, order="C")
    integral = dtype.kind == "i"
    if array.size == 0 and array.dtype == FLOAT64:  # what an empty list becomes
        return np.asarray(array, dtype=dtype, order="C")
    if array.dtype.kind not in ("iu" if integral else "iuf"):
        raise TypeError(f"{name}: expected {'integers' if integral else 'real numbers'}, got {array.dtype}")
    if integral and array.size and not _fits(array, dtype):
        raise ValueError(f"{name}: expected integers that fit {dtype}, got {array.min()} to {array.max()}")
    with np.errstate(over="ignore"):  # becomes infinite, which the core refuses by name
        return np.asarray(array, dtype=dtype, order="C")


def rows(name: str, value: npt.ArrayLike, width: int, dtype: np.dtype[Scalar]) -> npt.NDArray[Scalar]:
    """``typed``, where an empty list, and the array that is made of one, are no rows of this ``width``."""
    array = typed(name, value, dtype)
    return array.reshape(0, width) if array.shape == (0,) else array


def check_fps(fps: Any) -> None:
    """Refuse what is no frame rate.

    Raises:
        TypeError: no number.
        ValueError: out of range.
    """
    if not isinstance(fps, Real):
        raise TypeError(f"fps: expected a number, got {_named(fps)}")
    if not LEAST_FPS <= float(fps) <= MOST_FPS:
        raise ValueError(f"fps: expected {LEAST_FPS} to {MOST_FPS} frames a second, got {fps}")


def check_frames(frames: Any) -> None:
    """Refuse what are no frames of a recording, one after the other or every k-th.

    Raises:
        TypeError: no range.
        ValueError: backwards.
    """
    if not isinstance(frames, range):
        raise TypeError(f"frames: expected a range, got {_named(frames)}")
    if frames.step < 1:
        raise ValueError(f"frames: expected one frame after the other, got {frames}")


def settings(config: Config | None, kind: type[Config]) -> Config:
    """``config``, or the defaults.

    Raises:
        TypeError: no ``kind``, or a setting that is neither number nor bool as its default is.
    """
    if config is None:
        return kind()
    if not isinstance(config, kind):
        raise TypeError(f"config: expected omni.{kind.__name__}, got {_named(config)}")
    for field in fields(kind):  # type: ignore[arg-type]
        value = getattr(config, field.name)
        expected: tuple[type, str] = (bool, "True or False") if isinstance(field.default, bool) else (Real, "a number")
        if not isinstance(value, expected[0]):
            raise TypeError(f"{field.name}: expected {expected[1]}, got {_named(value)}")
    return config


def _named(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def _fits(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> bool:
    limits = np.iinfo(dtype)
    return bool(int(array.min()) >= limits.min and int(array.max()) <= limits.max)
