"""Exact search against brute force, and what the border of the core refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni._core import EmbeddingIndex


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 200),
    dimension=st.integers(1, 150),
    k=st.integers(0, 12),
    people=st.integers(1, 30),
)
def test_search_is_brute_force(seed: int, rows: int, dimension: int, k: int, people: int) -> None:
    random = np.random.default_rng(seed)
    embeddings = unit(random.normal(size=(rows, dimension)))
    owners = np.sort(random.integers(0, people, rows)).astype(np.int32)
    queries = unit(random.normal(size=(3, dimension)))
    found, cosines = EmbeddingIndex(embeddings, owners).search(queries, k)
    assert found.shape == cosines.shape == (3, k)
    products = queries.astype(np.float64) @ embeddings.T.astype(np.float64)
    for product, ids, values in zip(products, found, cosines, strict=True):
        best = {int(owner): float(product[owners == owner].max()) for owner in np.unique(owners)}
        expected = sorted(best.values(), reverse=True)[:k]
        assert values[: len(expected)] == pytest.approx(expected, abs=1e-5)
        assert [best[int(owner)] for owner in ids[: len(expected)]] == pytest.approx(expected, abs=1e-5)
        assert (ids[len(expected) :] == -1).all()


@pytest.mark.parametrize(
    ("rows", "owners", "error"),
    [
        (np.ones((2, 4), np.float64), np.zeros(2, np.int32), TypeError),
        (unit(np.ones((2, 4))), np.zeros(2, np.int64), TypeError),
        (unit(np.ones((2, 4))), np.zeros(3, np.int32), ValueError),
        (unit(np.ones((2, 4))), np.array([1, 0], np.int32), ValueError),
        (np.ones((2, 4), np.float32), np.zeros(2, np.int32), ValueError),
        (np.full((1, 4), np.nan, np.float32), np.zeros(1, np.int32), ValueError),
        (np.ones(4, np.float32), np.zeros(4, np.int32), ValueError),
    ],
)
def test_what_is_no_index_is_refused(rows: np.ndarray, owners: np.ndarray, error: type[Exception]) -> None:
    with pytest.raises(error):
        EmbeddingIndex(rows, owners)


def test_what_is_no_query_is_refused() -> None:
    index = EmbeddingIndex(unit(np.ones((2, 4))), np.zeros(2, np.int32))
    for query in (unit(np.ones((1, 5))), np.ones((1, 4), np.float32), np.full((1, 4), np.inf, np.float32)):
        with pytest.raises(ValueError, match="queries"):
            index.search(query, 1)
    with pytest.raises(OverflowError):
        index.search(unit(np.ones((1, 4))), -1)
