//! `Tracker`: one stream.

use std::sync::Mutex;

use numpy::{PyArray1, PyArray2};
use omni_core::Detection;
use omni_core::track::{self, Embeddings, Floor, Track, TrackerConfig};
use pyo3::prelude::*;

use crate::arrays::{self, boxes, column, embeddings as rows, number, shaped};
use crate::errors::exception;
use crate::fusion::Homography;
use crate::runtime::{detached_on, detached_unless_brief};

/// Boxes up to which an update is brief: some 4 microseconds. Where the GIL is given up for 5 boxes, two trackers in two
/// threads have 0.6 to 1.4 times the throughput of one, for 20 boxes 1.3 to 1.7 times: it depends on how near the cores are.
const BRIEF: usize = 8;

/// Timestamp, and the columns of `omni.types.Tracks`.
type Columns<'py> = (
    f64,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray1<f32>>,
    Bound<'py, PyArray1<i32>>,
    Bound<'py, PyArray1<u8>>,
    Bound<'py, PyArray1<i32>>,
    Bound<'py, PyArray1<f64>>,
);

/// Follows the people of one stream.
#[pyclass(frozen, module = "omni._core")]
pub struct Tracker(Mutex<track::Tracker>);

#[pymethods]
impl Tracker {
    #[new]
    #[pyo3(signature = (*, track_activation_threshold, high_confidence_threshold, low_confidence_threshold,
        minimum_matching_threshold, lost_track_seconds, relink_seconds, reident_confidence, reident_seconds,
        covered_track_seconds, adapt_confidence,
        homography, metres_per_unit))]
    #[expect(clippy::too_many_arguments, reason = "one keyword a setting")]
    fn new(
        py: Python<'_>,
        track_activation_threshold: f64,
        high_confidence_threshold: f64,
        low_confidence_threshold: f64,
        minimum_matching_threshold: f64,
        lost_track_seconds: f64,
        relink_seconds: f64,
        reident_confidence: f64,
        reident_seconds: f64,
        covered_track_seconds: f64,
        adapt_confidence: bool,
        homography: Option<PyRef<'_, Homography>>,
        metres_per_unit: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let config = TrackerConfig {
            track_activation_threshold,
            high_confidence_threshold,
            low_confidence_threshold,
            minimum_matching_threshold,
            lost_track_seconds,
            relink_seconds,
            reident_confidence,
            reident_seconds,
            covered_track_seconds,
            adapt_confidence,
        };
        let tracker = floor(homography, number("metres_per_unit", metres_per_unit)?)
            .and_then(|floor| track::Tracker::new(config, floor))
            .map_err(|error| exception(py, &error))?;
        Ok(Self(Mutex::new(tracker)))
    }

    /// Gives the tracker another floor, or none.
    #[pyo3(signature = (homography, metres_per_unit))]
    fn set_homography(
        &self,
        py: Python<'_>,
        homography: Option<PyRef<'_, Homography>>,
        metres_per_unit: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let floor =
            floor(homography, number("metres_per_unit", metres_per_unit)?).map_err(|error| exception(py, &error))?;
        detached_on(py, &self.0, |tracker| {
            tracker.set_floor(floor);
            Ok(())
        })
    }

    /// Takes in the detections of a frame and gives the tracks that it supports.
    #[pyo3(signature = (xyxy, confidence, class_id, timestamp, embeddings, image_size))]
    #[expect(clippy::too_many_arguments, reason = "one argument a column")]
    fn update<'py>(
        &self,
        py: Python<'py>,
        xyxy: &Bound<'py, PyAny>,
        confidence: &Bound<'py, PyAny>,
        class_id: Option<&Bound<'py, PyAny>>,
        timestamp: &Bound<'py, PyAny>,
        embeddings: Option<&Bound<'py, PyAny>>,
        image_size: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Columns<'py>> {
        let timestamp = number("timestamp", timestamp)?;
        let image_size = arrays::image_size(image_size)?;
        let boxes = boxes(xyxy)?;
        let confidence = column::<f32>("confidence", "float32", confidence, boxes.len())?;
        let class_id = match class_id {
            Some(class_id) => column::<i32>("class_id", "int32", class_id, boxes.len())?,
            None => vec![0; boxes.len()],
        };
        let embeddings = embeddings.map(|value| rows(value, boxes.len())).transpose()?;
        let embeddings = embeddings.filter(|(values, _)| !values.is_empty());
        let brief = boxes.len() <= BRIEF && embeddings.is_none();
        let told = detached_unless_brief(py, brief, &self.0, |tracker| {
            let detections: Vec<Detection> = boxes
                .iter()
                .zip(confidence)
                .zip(class_id)
                .map(|((&bbox, confidence), class_id)| Detection { bbox, confidence: confidence.into(), class_id })
                .collect();
            let embeddings = embeddings
                .as_ref()
                .map(|(values, dimension)| Embeddings::new(values, *dimension, detections.len()))
                .transpose()?;
            Ok(Told::of(tracker.update(&detections, embeddings, timestamp, image_size)?))
        })?;
        told.columns(py, timestamp)
    }

    /// Tracks that the latest update did not support and that may come back.
    fn lost<'py>(&self, py: Python<'py>) -> PyResult<Columns<'py>> {
        let (timestamp, told) =
            detached_on(py, &self.0, |tracker| Ok((tracker.timestamp(), Told::of(&tracker.lost()))))?;
        told.columns(py, timestamp.unwrap_or(f64::NAN))
    }

    /// Tracks that the latest update gave up for good.
    fn removed<'py>(&self, py: Python<'py>) -> PyResult<Columns<'py>> {
        let (timestamp, told) =
            detached_on(py, &self.0, |tracker| Ok((tracker.timestamp(), Told::of(tracker.removed()))))?;
        told.columns(py, timestamp.unwrap_or(f64::NAN))
    }

    /// Forgets everything but which ids were used.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        detached_on(py, &self.0, |tracker| {
            tracker.reset();
            Ok(())
        })
    }
}

fn floor(homography: Option<PyRef<'_, Homography>>, metres_per_unit: f64) -> omni_core::Result<Option<Floor>> {
    homography.map(|homography| Floor::new(homography.0.clone(), metres_per_unit)).transpose()
}

/// What is told of tracks, column by column: made without the GIL, so that with it there is only copying left.
struct Told {
    id: Vec<i64>,
    xyxy: Vec<f32>,
    confidence: Vec<f32>,
    class_id: Vec<i32>,
    state: Vec<u8>,
    detection_index: Vec<i32>,
    first_timestamp: Vec<f64>,
}

impl Told {
    #[expect(clippy::cast_possible_truncation, reason = "pixels and confidences came in as float32")]
    fn of(tracks: &[Track]) -> Self {
        let corners = |t: &Track| [t.bbox.x1, t.bbox.y1, t.bbox.x2, t.bbox.y2].map(|v| v as f32);
        let index = |t: &Track| t.detection_index.and_then(|i| i32::try_from(i).ok()).unwrap_or(-1);
        Self {
            id: tracks.iter().map(|t| t.id).collect(),
            xyxy: tracks.iter().flat_map(corners).collect(),
            confidence: tracks.iter().map(|t| t.confidence as f32).collect(),
            class_id: tracks.iter().map(|t| t.class_id).collect(),
            state: tracks.iter().map(|t| t.state as u8).collect(),
            detection_index: tracks.iter().map(index).collect(),
            first_timestamp: tracks.iter().map(|t| t.first_timestamp).collect(),
        }
    }

    fn columns<'py>(&self, py: Python<'py>, timestamp: f64) -> PyResult<Columns<'py>> {
        Ok((
            timestamp,
            PyArray1::from_slice(py, &self.id),
            shaped(py, &self.xyxy, [self.id.len(), 4])?,
            PyArray1::from_slice(py, &self.confidence),
            PyArray1::from_slice(py, &self.class_id),
            PyArray1::from_slice(py, &self.state),
            PyArray1::from_slice(py, &self.detection_index),
            PyArray1::from_slice(py, &self.first_timestamp),
        ))
    }
}
