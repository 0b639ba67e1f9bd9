//! `Homography` and `MapFuser`.

use std::sync::Mutex;

use numpy::{PyArray1, PyArray2, PyArray3};
use omni_core::fusion::{self, CameraFrame, FusionConfig, MapObject, Observation};
use omni_core::geometry::{self, Lens, Polygon};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::arrays::{self, array, boxes, column, matrix3, number, numbers, points, shaped};
use crate::errors::{exception, invalid};
use crate::runtime::{detached, detached_on};

/// Map from image pixels.
#[pyclass(frozen, module = "omni._core")]
pub struct Homography(pub(crate) geometry::Homography);

#[pymethods]
impl Homography {
    #[new]
    fn new(
        py: Python<'_>,
        matrix: &Bound<'_, PyAny>,
        image_size: Option<&Bound<'_, PyAny>>,
        camera_matrix: Option<&Bound<'_, PyAny>>,
        distortion: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let matrix = matrix3("matrix", matrix)?;
        let (image_size, lens) = (arrays::image_size(image_size)?, lens(py, camera_matrix, distortion)?);
        let made = geometry::Homography::from_matrix(matrix, image_size, lens);
        made.map(Self).map_err(|error| exception(py, &error))
    }

    /// The homography with the least squared error over point pairs.
    #[staticmethod]
    fn from_points(
        py: Python<'_>,
        image_points: &Bound<'_, PyAny>,
        map_points: &Bound<'_, PyAny>,
        image_size: Option<&Bound<'_, PyAny>>,
        camera_matrix: Option<&Bound<'_, PyAny>>,
        distortion: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (pixels, places) = (points("image_points", image_points)?, points("map_points", map_points)?);
        let (image_size, lens) = (arrays::image_size(image_size)?, lens(py, camera_matrix, distortion)?);
        detached(py, || geometry::Homography::from_points(&pixels, &places, image_size, lens)).map(Self)
    }

    /// (3, 3).
    #[getter]
    fn matrix<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        shaped(py, self.0.matrix().as_flattened(), [3, 3])
    }

    /// (width, height) or None.
    #[getter]
    fn image_size(&self) -> Option<(f64, f64)> {
        self.0.image_size()
    }

    /// Error of each calibration point in map units.
    #[getter]
    fn residuals<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(py, self.0.residuals())
    }

    /// Whether the fit rests on each calibration point.
    #[getter]
    fn used<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<bool>> {
        PyArray1::from_slice(py, self.0.used())
    }

    /// Root mean square of the residuals, or None.
    #[getter]
    fn rms_error(&self) -> Option<f64> {
        self.0.rms_error()
    }

    /// The same camera with every place on the map moved.
    fn shifted(&self, py: Python<'_>, step: (f64, f64)) -> PyResult<Self> {
        if !(step.0.is_finite() && step.1.is_finite()) {
            return Err(invalid("step", "finite map units", format!("{step:?}")));
        }
        detached(py, || self.0.shifted([step.0, step.1])).map(Self)
    }

    /// Places that pixels show.
    fn map_from_image<'py>(&self, py: Python<'py>, points: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        self.each(py, points, geometry::Homography::map_from_image)
    }

    /// Pixels that show places.
    fn image_from_map<'py>(&self, py: Python<'py>, points: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        self.each(py, points, geometry::Homography::image_from_map)
    }

    /// Covariance on the map of pixels known to `pixel_sigma`.
    fn covariance<'py>(
        &self,
        py: Python<'py>,
        points: &Bound<'py, PyAny>,
        pixel_sigma: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray3<f64>>> {
        let pixel_sigma = number("pixel_sigma", pixel_sigma)?;
        if !(pixel_sigma.is_finite() && pixel_sigma >= 0.0) {
            return Err(invalid("pixel_sigma", "a number of pixels, 0 or more", pixel_sigma));
        }
        let pixels = arrays::points("points", points)?;
        let covariances: Vec<f64> = pixels
            .iter()
            .flat_map(|&pixel| self.0.covariance(pixel, [pixel_sigma; 2]).as_flattened().to_vec())
            .collect();
        shaped(py, &covariances, [pixels.len(), 2, 2])
    }
}

impl Homography {
    fn each<'py>(
        &self,
        py: Python<'py>,
        values: &Bound<'py, PyAny>,
        work: fn(&geometry::Homography, [f64; 2]) -> [f64; 2],
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let values = points("points", values)?;
        let results: Vec<f64> = values.iter().flat_map(|&point| work(&self.0, point)).collect();
        shaped(py, &results, [values.len(), 2])
    }
}

fn lens(
    py: Python<'_>,
    camera_matrix: Option<&Bound<'_, PyAny>>,
    distortion: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<Lens>> {
    let Some(camera_matrix) = camera_matrix else {
        return match distortion {
            Some(_) => Err(invalid("camera_matrix", "the camera's matrix, as distortion is given", "None")),
            None => Ok(None),
        };
    };
    let mut numbers = [0.0; 5];
    if let Some(distortion) = distortion {
        numbers.copy_from_slice(&column_of_five(distortion)?);
    }
    let lens = Lens::new(&matrix3("camera_matrix", camera_matrix)?, numbers);
    lens.map(Some).map_err(|error| exception(py, &error))
}

fn column_of_five(value: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    let numbers = numbers(array::<f64>("distortion", "float64", value)?);
    if numbers.len() == 5 {
        Ok(numbers)
    } else {
        Err(invalid("distortion", "5 numbers k1, k2, p1, p2, k3", numbers.len()))
    }
}

/// Time, object ids, positions, velocities, covariances, scores, ages; then for each object a dict from the names of the
/// cameras that see it to the positions in what they gave.
type Columns<'py> = (
    f64,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray3<f64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyTuple>,
);

/// Camera, time of the frame, xyxy, confidence, track ids or None.
type CameraBoxes<'py> = (usize, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Option<Bound<'py, PyAny>>);

type Offset = ([f64; 2], [f64; 2], [f64; 2], f64, u64);

/// Places the people of many cameras on one map. Cameras are numbers here; the wrapper knows their names.
#[pyclass(frozen, module = "omni._core")]
pub struct MapFuser(Mutex<fusion::MapFuser>);

#[pymethods]
impl MapFuser {
    #[new]
    #[pyo3(signature = (*, metres_per_unit, minimum_confidence, birth_confidence, detection, pixel_noise, floor_noise_m,
        confirm_seconds, coast_seconds, lost_seconds, merge_distance_m, late_seconds))]
    #[expect(clippy::too_many_arguments, reason = "one keyword a setting")]
    fn new(
        py: Python<'_>,
        metres_per_unit: f64,
        minimum_confidence: f64,
        birth_confidence: f64,
        detection: f64,
        pixel_noise: f64,
        floor_noise_m: f64,
        confirm_seconds: f64,
        coast_seconds: f64,
        lost_seconds: f64,
        merge_distance_m: f64,
        late_seconds: f64,
    ) -> PyResult<Self> {
        let config = FusionConfig {
            metres_per_unit,
            minimum_confidence,
            birth_confidence,
            detection,
            pixel_noise,
            floor_noise_m,
            confirm_seconds,
            coast_seconds,
            lost_seconds,
            merge_distance_m,
            late_seconds,
        };
        let fuser = fusion::MapFuser::new(config).map_err(|error| exception(py, &error))?;
        Ok(Self(Mutex::new(fuser)))
    }

    /// Adds a camera or replaces its homography; `visible_area`: corners on the map.
    fn set_camera(
        &self,
        py: Python<'_>,
        camera: usize,
        homography: &Homography,
        visible_area: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let corners = visible_area.map(|corners| points("visible_area", corners)).transpose()?;
        let area = corners.map(|corners| Polygon::on_map("visible_area", corners)).transpose();
        let (area, homography) = (area.map_err(|error| exception(py, &error))?, homography.0.clone());
        detached_on(py, &self.0, |fuser| {
            fuser.set_camera(camera, &homography, area.as_ref());
            Ok(())
        })
    }

    /// How many frames of a camera came too late.
    fn dropped_frames(&self, py: Python<'_>, camera: usize) -> PyResult<u64> {
        detached_on(py, &self.0, |fuser| Ok(fuser.dropped_frames(camera)))
    }

    /// Place (2), offset (2) and its standard deviation (2) in metres, delay in seconds, residuals; or None.
    fn offset(&self, py: Python<'_>, camera: usize) -> PyResult<Option<Offset>> {
        let offset = detached_on(py, &self.0, |fuser| Ok(fuser.offset(camera)))?;
        Ok(offset.map(|o| (o.place, o.offset, o.sigma, o.delay, o.residuals)))
    }

    /// Takes in what the cameras saw; `names` are those of the cameras, by their numbers.
    fn update<'py>(
        &self,
        py: Python<'py>,
        cameras: Vec<CameraBoxes<'py>>,
        timestamp: &Bound<'py, PyAny>,
        names: &Bound<'py, PyList>,
    ) -> PyResult<Columns<'py>> {
        let timestamp = number("timestamp", timestamp)?;
        let of_stream = |camera: usize, error: PyErr| match names.get_item(camera) {
            Ok(name) => PyErr::from_type(error.get_type(py), format!("{name}: {}", error.value(py))),
            Err(other) => other,
        };
        let mut frames = Vec::with_capacity(cameras.len());
        for boxes in cameras {
            let camera = boxes.0;
            frames.push(camera_frame(boxes).map_err(|error| of_stream(camera, error))?);
        }
        let told = detached_on(py, &self.0, |fuser| {
            Ok(fuser.update(frames, timestamp).map(|objects| (fuser.timestamp().unwrap_or(timestamp), objects)))
        })?;
        let (newest, objects) = told.map_err(|error| match error {
            omni_core::Error::OfCamera { camera, error } => of_stream(camera, exception(py, &error)),
            error => exception(py, &error),
        })?;
        columns(py, newest, &objects, names)
    }
}

fn camera_frame((camera, timestamp, xyxy, confidence, track_id): CameraBoxes<'_>) -> PyResult<CameraFrame> {
    let timestamp = number("timestamp", &timestamp)?;
    let boxes = boxes(&xyxy)?;
    let confidence = column::<f32>("confidence", "float32", &confidence, boxes.len())?;
    let track_id = track_id.map(|ids| column::<i64>("track_id", "int64", &ids, boxes.len())).transpose()?;
    let seen = boxes.iter().zip(confidence).enumerate().map(|(i, (&bbox, confidence))| Observation {
        bbox,
        confidence: confidence.into(),
        track_id: track_id.as_ref().map(|ids| ids[i]).filter(|&id| id >= 0),
    });
    Ok(CameraFrame { camera, timestamp, observations: seen.collect() })
}

fn columns<'py>(
    py: Python<'py>,
    newest: f64,
    objects: &[MapObject],
    names: &Bound<'py, PyList>,
) -> PyResult<Columns<'py>> {
    let n = objects.len();
    let sources = objects.iter().map(|object| {
        let sources = PyDict::new(py);
        for &(camera, index) in &object.sources {
            sources.set_item(names.get_item(camera)?, index)?;
        }
        Ok(sources)
    });
    let sources: Vec<Bound<'py, PyDict>> = sources.collect::<PyResult<_>>()?;
    let position: Vec<_> = objects.iter().map(|o| o.position).collect();
    let velocity: Vec<_> = objects.iter().map(|o| o.velocity).collect();
    let covariance: Vec<_> = objects.iter().map(|o| o.covariance).collect();
    Ok((
        newest,
        PyArray1::from_iter(py, objects.iter().map(|o| o.id)),
        shaped(py, position.as_flattened(), [n, 2])?,
        shaped(py, velocity.as_flattened(), [n, 2])?,
        shaped(py, covariance.as_flattened().as_flattened(), [n, 2, 2])?,
        PyArray1::from_iter(py, objects.iter().map(|o| o.score)),
        PyArray1::from_iter(py, objects.iter().map(|o| o.age)),
        PyTuple::new(py, sources)?,
    ))
}
