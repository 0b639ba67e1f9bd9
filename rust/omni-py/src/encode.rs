//! `encode_jpeg` and `encode_jpeg_base64`.

use omni_core::encode;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::with_pixels;
use crate::runtime::detached;

/// JPEG file of a picture.
#[pyfunction]
pub fn encode_jpeg<'py>(py: Python<'py>, image: &Bound<'py, PyAny>, quality: i32) -> PyResult<Bound<'py, PyBytes>> {
    let jpeg = with_pixels(image, |pixels| detached(py, || encode::encode_jpeg(pixels, quality)))?;
    Ok(PyBytes::new(py, &jpeg))
}

/// JPEG file of a picture as base64 text.
#[pyfunction]
pub fn encode_jpeg_base64(py: Python<'_>, image: &Bound<'_, PyAny>, quality: i32) -> PyResult<String> {
    with_pixels(image, |pixels| {
        detached(py, || encode::encode_jpeg(pixels, quality).map(|jpeg| encode::encode_base64(&jpeg)))
    })
}
