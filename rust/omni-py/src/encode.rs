//! `encode_jpeg` and `encode_jpeg_base64`.

use std::borrow::Cow;
use std::cell::RefCell;

use omni_core::encode::{self, JpegEncoder, Pixels};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::with_pixels;
use crate::runtime::detached;

thread_local! {
    /// One for each thread, as memory only: what comes out does not depend on what came before.
    static ENCODER: RefCell<Option<JpegEncoder>> = const { RefCell::new(None) };
}

/// Has `work` done on the JPEG file of a picture, without the GIL.
fn with_jpeg<T: Send>(
    py: Python<'_>,
    image: &Bound<'_, PyAny>,
    quality: i32,
    work: impl Fn(Cow<'_, [u8]>) -> T + Send + Sync,
) -> PyResult<T> {
    let encode = |pixels: Pixels<'_>| {
        ENCODER.with_borrow_mut(|kept| {
            // Taken out, and put back only if all went well.
            let mut encoder = kept.take().map_or_else(JpegEncoder::new, Ok)?;
            let done = work(encoder.encode(pixels, quality)?);
            *kept = Some(encoder);
            Ok(done)
        })
    };
    with_pixels(image, |pixels| detached(py, || encode(pixels)))
}

/// JPEG file of a picture.
#[pyfunction]
#[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself is of one lifetime only")]
pub fn encode_jpeg<'py>(py: Python<'py>, image: &Bound<'py, PyAny>, quality: i32) -> PyResult<Bound<'py, PyBytes>> {
    with_jpeg(py, image, quality, |jpeg| jpeg.into_owned()).map(|jpeg| PyBytes::new(py, &jpeg))
}

/// JPEG file of a picture as base64 text.
#[pyfunction]
pub fn encode_jpeg_base64(py: Python<'_>, image: &Bound<'_, PyAny>, quality: i32) -> PyResult<String> {
    with_jpeg(py, image, quality, |jpeg| encode::encode_base64(&jpeg))
}
