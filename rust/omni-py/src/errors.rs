//! Errors of the core as Python exceptions.

use omni_core::Error;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// The exception for an error of the core.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Calibration(_) => of_omni(py, "CalibrationError", message),
        Error::Encode(_) => of_omni(py, "EncodeError", message),
        _ => PyValueError::new_err(message),
    }
}

/// A `ValueError` in the words of the core.
pub fn invalid(name: &str, expected: &str, got: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("{name}: expected {expected}, got {got}"))
}

/// A `TypeError` in the same words.
pub fn wrong_type(name: &str, expected: &str, got: &Bound<'_, PyAny>) -> PyErr {
    let dtype = got.getattr("dtype").map(|dtype| format!("an array of {dtype}"));
    let got = dtype.or_else(|_| got.get_type().name().map(|name| name.to_string()));
    let got = got.unwrap_or_else(|_| "something else".into());
    PyTypeError::new_err(format!("{name}: expected {expected}, got {got}"))
}

fn of_omni(py: Python<'_>, class: &str, message: String) -> PyErr {
    let made =
        py.import("omni.errors").and_then(|module| module.getattr(class)).and_then(|class| class.call1((message,)));
    made.map_or_else(|error| error, PyErr::from_value)
}
