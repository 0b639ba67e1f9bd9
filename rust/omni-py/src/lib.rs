//! The module `omni._core`: omni-core for Python, arrays in and arrays out.
//!
//! Thin on purpose. `runtime` is the one place that releases the GIL, `errors` the one that makes exceptions, `arrays`
//! the one that looks into memory of NumPy. What changes is behind a mutex or belongs to one thread, so no GIL is needed
//! (`gil_used = false`). The Python packages `omni.track`, `omni.fusion`, `omni.regions` and
//! `omni.encode` wrap it.

use mimalloc::MiMalloc;

mod arrays;
mod encode;
mod errors;
mod fusion;
mod regions;
mod runtime;
mod search;
mod tracker;
mod turns;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[pyo3::pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use crate::encode::{encode_jpeg, encode_jpeg_base64};
    #[pymodule_export]
    use crate::fusion::{Homography, MapFuser};
    #[pymodule_export]
    use crate::regions::{Region, RegionMonitor};
    #[pymodule_export]
    use crate::search::EmbeddingIndex;
    #[pymodule_export]
    use crate::tracker::Tracker;

    /// The compiler that built this module.
    #[pymodule_export]
    const RUST_VERSION: &str = env!("OMNI_RUST_VERSION");
}
