"""Users' arrays as the core takes them: lists and any width of number in, one dtype out."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
INT32, INT64 = np.dtype(np.int32), np.dtype(np.int64)


def typed(name: str, value: npt.ArrayLike, dtype: np.dtype[Scalar]) -> npt.NDArray[Scalar]:
    """``value`` as an array of ``dtype``; no copy where it is one already, whatever its strides.

    Raises:
        TypeError: the values are no real numbers (or, for an integer ``dtype``, no integers).
        ValueError: the rows of a list differ in length, or an integer does not fit.
    """
    if type(value) is np.ndarray and value.dtype is dtype:
        return value  # the way of every frame, where each microsecond counts
    try:
        array: npt.NDArray[Any] = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{name}: expected an array of numbers: {error}") from None
    if array.dtype == dtype:
        return np.ascontiguousarray(array)
    integral = dtype.kind == "i"
    if array.size == 0 and array.dtype == FLOAT64:  # what an empty list becomes
        return np.ascontiguousarray(array, dtype=dtype)
    if array.dtype.kind not in ("iu" if integral else "iuf"):
        raise TypeError(f"{name}: expected {'integers' if integral else 'real numbers'}, got {array.dtype}")
    if integral and array.size and not _fits(array, dtype):
        raise ValueError(f"{name}: expected integers that fit {dtype}, got {array.min()} to {array.max()}")
    with np.errstate(over="ignore"):  # becomes infinite, which the core refuses by name
        return np.ascontiguousarray(array, dtype=dtype)


def _fits(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> bool:
    limits = np.iinfo(dtype)
    return bool(int(array.min()) >= limits.min and int(array.max()) <= limits.max)
