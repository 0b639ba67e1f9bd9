//! The one error of the crate.

/// What can go wrong. Every message names the thing, what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument or a setting that cannot be used.
    #[error("{name}: expected {expected}, got {got}")]
    Invalid {
        /// Name of the argument or setting as the user writes it.
        name: String,
        /// What would have been right.
        expected: String,
        /// What came.
        got: String,
    },
    /// Points or a matrix that give no usable homography.
    #[error("{0}")]
    Calibration(String),
    /// A picture that the JPEG encoder refused.
    #[error("{0}")]
    Encode(String),
    /// What is wrong with what one camera of several gave.
    #[error("camera {camera}: {error}")]
    OfCamera {
        /// The camera's number.
        camera: usize,
        /// What is wrong.
        error: Box<Error>,
    },
}

impl Error {
    /// An [`Error::Invalid`].
    pub fn invalid(name: impl Into<String>, expected: impl Into<String>, got: impl std::fmt::Display) -> Self {
        Self::Invalid { name: name.into(), expected: expected.into(), got: got.to_string() }
    }
}

/// Result of a call that may be refused.
pub type Result<T> = std::result::Result<T, Error>;

/// `value` of the setting `name`, if it lies in `least..=most`.
pub(crate) fn in_range(name: &str, value: f64, least: f64, most: f64) -> Result<()> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(Error::invalid(name, format!("{least} to {most}"), value))
    }
}
