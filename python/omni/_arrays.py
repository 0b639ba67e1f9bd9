"""Users' arrays as the core takes them: lists and any width of number in, one dtype out."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)

_DTYPES: dict[type[np.generic], np.dtype[Any]] = {
    scalar: np.dtype(scalar) for scalar in (np.float32, np.float64, np.int32, np.int64)
}


def contiguous(name: str, value: npt.ArrayLike, dtype: type[Scalar]) -> npt.NDArray[Scalar]:
    """``value`` as a C-contiguous array of ``dtype``; no copy where it is one already.

    Raises:
        TypeError: the values are no real numbers (or, for an integer ``dtype``, no integers).
        ValueError: the rows of a list differ in length, or an integer does not fit.
    """
    if type(value) is np.ndarray and value.dtype is _DTYPES.get(dtype) and value.flags.c_contiguous:
        return value  # the way of every frame, where each microsecond counts
    try:
        array: npt.NDArray[Any] = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{name}: expected an array of numbers: {error}") from None
    if array.dtype == dtype:
        return np.ascontiguousarray(array)
    integral = np.issubdtype(dtype, np.integer)
    if array.size == 0 and array.dtype == np.float64:  # what an empty list becomes
        return np.ascontiguousarray(array, dtype=dtype)
    if array.dtype.kind not in ("iu" if integral else "iuf"):
        raise TypeError(f"{name}: expected {'integers' if integral else 'real numbers'}, got {array.dtype}")
    if integral and array.size and not _fits(array, dtype):
        raise ValueError(f"{name}: expected integers that fit {np.dtype(dtype)}, got {array.min()} to {array.max()}")
    with np.errstate(over="ignore"):  # becomes infinite, which the core refuses by name
        return np.ascontiguousarray(array, dtype=dtype)


def _fits(array: npt.NDArray[Any], dtype: Any) -> bool:
    limits = np.iinfo(dtype)
    return bool(int(array.min()) >= limits.min and int(array.max()) <= limits.max)
