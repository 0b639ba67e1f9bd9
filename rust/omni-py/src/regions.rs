//! `Region` and `RegionMonitor`: the regions and lines of one stream.

use std::sync::Mutex;

use numpy::{PyArray1, PyArray3};
use omni_core::geometry::Polygon;
use omni_core::regions::{self, RegionEvent, Sight, Sighting};
use pyo3::prelude::*;

use crate::arrays::{array, column, numbers, points, shaped};
use crate::errors::{exception, invalid};
use crate::runtime::detached_on;

/// Kind, region, track, and four sights of x, y, timestamp, frame: before, entered, last, after; NaN where there is none.
type Columns<'py> =
    (Bound<'py, PyArray1<u8>>, Bound<'py, PyArray1<i32>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray3<f64>>);

/// A polygon and what is told of it.
#[pyclass(frozen, module = "omni._core")]
pub struct Region(regions::Region);

#[pymethods]
impl Region {
    #[new]
    #[pyo3(signature = (points, *, presence, direction))]
    fn new(py: Python<'_>, points: &Bound<'_, PyAny>, presence: bool, direction: Option<(f64, f64)>) -> PyResult<Self> {
        let region = Polygon::new(self::points("points", points)?)
            .and_then(|polygon| regions::Region::new(polygon, presence, direction.map(|(x, y)| [x, y])));
        region.map(Self).map_err(|error| exception(py, &error))
    }
}

/// Watches the regions and lines of one stream.
#[pyclass(frozen, module = "omni._core")]
pub struct RegionMonitor(Mutex<regions::RegionMonitor>);

#[pymethods]
impl RegionMonitor {
    #[new]
    #[pyo3(signature = (regions, *, inertia_frames))]
    #[expect(clippy::needless_pass_by_value, reason = "a list of Python objects comes as a Vec")]
    fn new(py: Python<'_>, regions: Vec<Py<Region>>, inertia_frames: u32) -> PyResult<Self> {
        let regions = regions.iter().map(|region| region.get().0.clone()).collect();
        let monitor = regions::RegionMonitor::new(regions, inertia_frames);
        monitor.map(|monitor| Self(Mutex::new(monitor))).map_err(|error| exception(py, &error))
    }

    /// Takes in where people are seen in one frame and gives what happened.
    #[pyo3(signature = (track_id, points, heights, *, timestamp, frame))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        track_id: &Bound<'py, PyAny>,
        points: &Bound<'py, PyAny>,
        heights: &Bound<'py, PyAny>,
        timestamp: f64,
        frame: i64,
    ) -> PyResult<Columns<'py>> {
        let points = self::points("points", points)?;
        let heights = self::points("heights", heights)?;
        if heights.len() != points.len() {
            return Err(invalid("heights", &format!("{} rows, as many as points", points.len()), heights.len()));
        }
        let track_id = column::<i64>("track_id", "int64", track_id, points.len())?;
        let sightings: Vec<Sighting> = track_id
            .into_iter()
            .zip(points)
            .zip(heights)
            .map(|((track_id, point), height)| Sighting { track_id, point, height })
            .collect();
        let events = detached_on(py, &self.0, |monitor| monitor.update(&sightings, timestamp, frame))?;
        columns(py, &events)
    }

    /// Goes on with other regions and gives what the end of those that are gone brings.
    #[pyo3(signature = (regions, kept, *, inertia_frames))]
    #[expect(clippy::needless_pass_by_value, reason = "lists of Python objects come as Vecs")]
    fn replace<'py>(
        &self,
        py: Python<'py>,
        regions: Vec<Py<Region>>,
        kept: Vec<Option<usize>>,
        inertia_frames: u32,
    ) -> PyResult<Columns<'py>> {
        let regions: Vec<regions::Region> = regions.iter().map(|region| region.get().0.clone()).collect();
        let events = detached_on(py, &self.0, |monitor| monitor.replace(regions, &kept, inertia_frames))?;
        columns(py, &events)
    }

    /// Who is inside now: their entries, with the latest sight inside as `last`.
    fn stays<'py>(&self, py: Python<'py>) -> PyResult<Columns<'py>> {
        let events = detached_on(py, &self.0, |monitor| Ok(monitor.stays()))?;
        columns(py, &events)
    }

    /// What the end of these tracks brings.
    fn forget<'py>(&self, py: Python<'py>, track_id: &Bound<'py, PyAny>) -> PyResult<Columns<'py>> {
        let track_ids = numbers(array::<i64>("track_id", "int64", track_id)?);
        let events = detached_on(py, &self.0, |monitor| Ok(monitor.forget(&track_ids)))?;
        columns(py, &events)
    }

    /// What the end of all tracks brings; time may begin anew.
    fn forget_all<'py>(&self, py: Python<'py>) -> PyResult<Columns<'py>> {
        let events = detached_on(py, &self.0, |monitor| Ok(monitor.forget_all()))?;
        columns(py, &events)
    }
}

#[expect(clippy::cast_precision_loss, reason = "frame numbers are far below 2^52")]
fn columns<'py>(py: Python<'py>, events: &[RegionEvent]) -> PyResult<Columns<'py>> {
    let sight =
        |sight: Option<Sight>| sight.map_or([f64::NAN; 4], |s| [s.point[0], s.point[1], s.timestamp, s.frame as f64]);
    let sights: Vec<f64> = events
        .iter()
        .map(|event| event.passage)
        .flat_map(|p| [p.before, Some(p.entered), Some(p.last), p.after])
        .flat_map(sight)
        .collect();
    Ok((
        PyArray1::from_iter(py, events.iter().map(|e| e.kind as u8)),
        PyArray1::from_iter(py, events.iter().map(|e| i32::try_from(e.region).unwrap_or(i32::MAX))),
        PyArray1::from_iter(py, events.iter().map(|e| e.track_id)),
        shaped(py, &sights, [events.len(), 4, 4])?,
    ))
}
