//! What goes into the tracker.

use crate::error::{Error, Result};
use crate::geometry::{BBox, MOST_PIXELS};

/// The most detections that one update takes; more is a broken detector, not a crowd.
pub const MAX_DETECTIONS: usize = 20_000;

/// The least side of a picture: 1 where boxes are told relative to it, and room below.
const LEAST_SIDE: f64 = 1e-3;

/// One thing that a detector saw in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Where, in pixels.
    pub bbox: BBox,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// What, by the detector's own numbers.
    pub class_id: i32,
}

/// Refuses more than [`MAX_DETECTIONS`], boxes that are too far away or turned inside out, confidences outside 0 to 1.
pub fn check_detections<'a>(boxes: impl ExactSizeIterator<Item = (&'a BBox, f64)>) -> Result<()> {
    if boxes.len() > MAX_DETECTIONS {
        return Err(Error::invalid("xyxy", format!("at most {MAX_DETECTIONS} boxes"), boxes.len()));
    }
    for (i, (bbox, confidence)) in boxes.enumerate() {
        if !bbox.is_valid() {
            let expected = format!("pixels from -{MOST_PIXELS} to {MOST_PIXELS} with x1 <= x2 and y1 <= y2");
            return Err(Error::invalid(format!("xyxy[{i}]"), expected, bbox));
        }
        if !(0.0..=1.0).contains(&confidence) {
            return Err(Error::invalid(format!("confidence[{i}]"), "a number from 0 to 1", confidence));
        }
    }
    Ok(())
}

/// Refuses a size that no picture has.
pub fn check_image_size(image_size: Option<(f64, f64)>) -> Result<()> {
    let sides = LEAST_SIDE..=MOST_PIXELS;
    match image_size {
        Some((w, h)) if !(sides.contains(&w) && sides.contains(&h)) => {
            let expected = format!("a width and height from {LEAST_SIDE} to {MOST_PIXELS}");
            Err(Error::invalid("image_size", expected, format!("{w} x {h}")))
        }
        _ => Ok(()),
    }
}

/// Refuses a time that is not finite or not after `previous`.
pub fn check_timestamp(timestamp: f64, previous: Option<f64>) -> Result<()> {
    if !timestamp.is_finite() {
        return Err(Error::invalid("timestamp", "finite seconds", timestamp));
    }
    match previous {
        Some(previous) if timestamp <= previous => {
            let expected = format!("more than {previous}, that of the previous update");
            Err(Error::invalid("timestamp", expected, timestamp))
        }
        _ => Ok(()),
    }
}
