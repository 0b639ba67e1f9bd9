//! `EmbeddingIndex`.

use numpy::{PyArray2, PyUntypedArrayMethods};
use omni_core::search::{self, Hit};
use pyo3::prelude::*;

use crate::arrays::{array, column, embeddings, shaped};
use crate::errors::{exception, invalid};
use crate::runtime::detached;

/// Owners and cosines, (M, K) each.
type Hits<'py> = (Bound<'py, PyArray2<i32>>, Bound<'py, PyArray2<f32>>);

/// What stands where there are fewer than k owners.
const NOBODY: Hit = Hit { owner: -1, cosine: -1.0 };

/// Embeddings of unit length, searched exactly.
#[pyclass(frozen, module = "omni._core")]
pub struct EmbeddingIndex(search::EmbeddingIndex);

#[pymethods]
impl EmbeddingIndex {
    #[new]
    fn new(py: Python<'_>, rows: &Bound<'_, PyAny>, owners: &Bound<'_, PyAny>) -> PyResult<Self> {
        let count = array::<i32>("owners", "int32", owners)?.len();
        let owners = column::<i32>("owners", "int32", owners, count)?;
        let (rows, dimension) = embeddings(rows, count)?;
        search::EmbeddingIndex::new(rows, dimension, &owners).map(Self).map_err(|error| exception(py, &error))
    }

    /// The k owners nearest to each query, nearest first; -1 with a cosine of -1 where there are no more.
    fn search<'py>(&self, py: Python<'py>, queries: &Bound<'py, PyAny>, k: usize) -> PyResult<Hits<'py>> {
        let count = array::<f32>("queries", "float32", queries)?.shape().first().copied().unwrap_or(0);
        let (rows, dimension) = embeddings(queries, count)?;
        if dimension != self.0.dimension() {
            return Err(invalid("queries", &format!("shape (M, {})", self.0.dimension()), format!("(M, {dimension})")));
        }
        let hits = detached(py, || self.0.search(&rows, k))?;
        let padded = hits.iter().flat_map(|row| (0..k).map(move |i| row.get(i).copied().unwrap_or(NOBODY)));
        let (owners, cosines): (Vec<i32>, Vec<f32>) = padded.map(|hit| (hit.owner, hit.cosine)).unzip();
        Ok((shaped(py, &owners, [count, k])?, shaped(py, &cosines, [count, k])?))
    }
}
