//! NumPy arrays in and out. Small arrays are copied, pictures are borrowed for the length of a call.

use std::fmt::Arguments;

use numpy::{Element, PyArray, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods, ToPyArray, ndarray};
use omni_core::encode::{self, Pixels};
use omni_core::geometry::BBox;
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;

use crate::errors::{exception, invalid, wrong_type};

/// A real number; infinite, which the core refuses by name, where it is too large.
pub fn number(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    value.extract().or_else(|error: PyErr| {
        let too_large = error.is_instance_of::<PyOverflowError>(value.py());
        if too_large { Ok(f64::INFINITY) } else { Err(wrong_type(name, "a real number", value)) }
    })
}

/// Width and height of a picture, from any two numbers in a row.
pub fn image_size(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<(f64, f64)>> {
    let Some(value) = value else { return Ok(None) };
    let numbers = value.try_iter().and_then(|sides| sides.take(3).map(|side| side?.extract()).collect());
    let numbers: Vec<f64> = numbers.map_err(|_| wrong_type("image_size", "(width, height) in pixels", value))?;
    if let [width, height] = *numbers {
        return Ok(Some((width, height)));
    }
    let got = value.len().unwrap_or(numbers.len());
    Err(invalid("image_size", "(width, height) in pixels", format!("{got} numbers")))
}

/// `value` as an array of `T`, whatever its shape and strides.
pub fn array<'a, 'py, T: Element>(
    name: &str,
    dtype: &str,
    value: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyArrayDyn<T>>> {
    value.cast().map_err(|_| wrong_type(name, &format!("a numpy array of {dtype}"), value))
}

/// A copy of its numbers, row by row. It is made at once, so nobody has to be told that the array is in use.
pub fn numbers<T: Element + Copy>(array: &Bound<'_, PyArrayDyn<T>>) -> Vec<T> {
    let packed = if array.is_c_contiguous() { array.to_vec().ok() } else { None };
    packed.unwrap_or_else(|| array.to_owned_array().iter().copied().collect())
}

/// Boxes of an (N, 4) float32 array.
pub fn boxes(value: &Bound<'_, PyAny>) -> PyResult<Vec<BBox>> {
    let array = array::<f32>("xyxy", "float32", value)?;
    check_shape("xyxy", format_args!("(N, 4)"), array.shape(), |shape| matches!(shape, [_, 4]))?;
    let bbox = |corners: &[f32; 4]| {
        let [x1, y1, x2, y2] = corners.map(f64::from);
        BBox { x1, y1, x2, y2 }
    };
    Ok(numbers(array).as_chunks().0.iter().map(bbox).collect())
}

/// An (N,) array for `count` boxes.
pub fn column<T: Element + Copy>(name: &str, dtype: &str, value: &Bound<'_, PyAny>, count: usize) -> PyResult<Vec<T>> {
    let array = array::<T>(name, dtype, value)?;
    check_shape(name, format_args!("({count},), as many as boxes"), array.shape(), |shape| shape == [count])?;
    Ok(numbers(array))
}

/// Numbers and row length of an (N, D) float32 array for `count` boxes; D may be 0 where there are none.
pub fn embeddings(value: &Bound<'_, PyAny>, count: usize) -> PyResult<(Vec<f32>, usize)> {
    let array = array::<f32>("embeddings", "float32", value)?;
    let fits = |shape: &[usize]| matches!(shape, [n, d] if *n == count && (*d > 0 || count == 0));
    check_shape("embeddings", format_args!("({count}, D), one row a box"), array.shape(), fits)?;
    Ok((numbers(array), array.shape()[1]))
}

/// Points of a (K, 2) float64 array.
pub fn points(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<[f64; 2]>> {
    let array = array::<f64>(name, "float64", value)?;
    check_shape(name, format_args!("(K, 2)"), array.shape(), |shape| matches!(shape, [_, 2]))?;
    Ok(numbers(array).as_chunks().0.to_vec())
}

/// A (3, 3) float64 array.
pub fn matrix3(name: &str, value: &Bound<'_, PyAny>) -> PyResult<[[f64; 3]; 3]> {
    let array = array::<f64>(name, "float64", value)?;
    check_shape(name, format_args!("(3, 3)"), array.shape(), |shape| shape == [3, 3])?;
    let numbers = numbers(array);
    Ok(std::array::from_fn(|i| std::array::from_fn(|j| numbers[3 * i + j])))
}

/// Numbers as an array of `shape`, which holds as many; copied, as one object of Python's is made sooner than three.
pub fn shaped<'py, T: Element, D: ndarray::Dimension>(
    py: Python<'py>,
    values: &[T],
    shape: impl Into<ndarray::StrideShape<D>>,
) -> PyResult<Bound<'py, PyArray<T, D>>> {
    let view = ndarray::ArrayView::from_shape(shape, values);
    view.map(|view| view.to_pyarray(py)).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The picture in an (H, W), (H, W, 1) or (H, W, 3) uint8 array, without a copy where rows are packed.
pub fn with_pixels<T>(value: &Bound<'_, PyAny>, work: impl FnOnce(Pixels<'_>) -> PyResult<T>) -> PyResult<T> {
    let array = array::<u8>("image", "uint8", value)?;
    let array =
        array.try_readonly().map_err(|_| invalid("image", "an array that nobody is writing to", "one in use"))?;
    let (height, width, channels) = match *array.shape() {
        [height, width] => (height, width, 1),
        [height, width, channels @ (1 | 3)] => (height, width, channels),
        ref shape => return Err(invalid("image", "shape (H, W), (H, W, 1) or (H, W, 3)", format!("{shape:?}"))),
    };
    encode::check_sides(width, height).map_err(|error| exception(value.py(), &error))?;
    let Some(pitch) = row_pitch(array.strides(), width, height, channels) else {
        let bytes: Vec<u8> = array.as_array().iter().copied().collect();
        return work(Pixels { bytes: &bytes, width, height, pitch: width * channels, channels });
    };
    let length = pitch * (height - 1) + width * channels;
    // SAFETY: strides are positive, pixels of a row are packed and rows are `pitch` bytes apart, so the first byte to the
    // last of the array lie in its one allocation and are `length` bytes. `array` keeps it alive.
    #[expect(unsafe_code, reason = "ndarray has no slice over a view with gaps between the rows")]
    let bytes = unsafe { std::slice::from_raw_parts(array.data(), length) };
    work(Pixels { bytes, width, height, pitch, channels })
}

/// Bytes from row to row, if the pixels of each row are packed and the rows follow each other downwards.
fn row_pitch(strides: &[isize], width: usize, height: usize, channels: usize) -> Option<usize> {
    let packed = match *strides {
        [_, x] => x == 1 || width == 1,
        [_, x, c] => (usize::try_from(x) == Ok(channels) || width == 1) && (c == 1 || channels == 1),
        _ => false,
    };
    let pitch = if height == 1 { width * channels } else { usize::try_from(strides[0]).ok()? };
    (packed && pitch >= width * channels).then_some(pitch)
}

fn check_shape(
    name: &str,
    expected: Arguments<'_>,
    shape: &[usize],
    fits: impl FnOnce(&[usize]) -> bool,
) -> PyResult<()> {
    if fits(shape) { Ok(()) } else { Err(invalid(name, &format!("shape {expected}"), format!("{shape:?}"))) }
}
