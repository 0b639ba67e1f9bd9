//! The floor as a second witness: who stands where a track was going to stand.
//!
//! A box tells badly how near a person is, the floor tells it well (`UCMCTrack`, Yi et al. 2024). Its word only decides
//! between pairs that the boxes allow, so a poor calibration cannot separate what overlaps.

use super::tracklet::Tracklet;
use crate::error::{Error, Result};
use crate::geometry::{BBox, Homography, Matrix2, Point2};
use crate::kalman::PointFilter;
use crate::types::Detection;

/// What full agreement on the floor is worth beside an overlap of 1.
const WEIGHT: f64 = 1.0;
/// Squared Mahalanobis distance from which on nothing agrees.
const MOST_DISTANCE: f64 = 9.0;
/// Standard deviation of the feet in the picture, in box sizes, before the noise of the stream.
const FEET_NOISE: f64 = 0.06;
/// What the boxes' lower edges and the calibration are off by on the floor, in metres.
const FLOOR_NOISE: f64 = 0.3;
/// Walkers change their velocity by this, in metres per second per square root of a second.
const ACCELERATION: f64 = 0.5;
/// Standard deviation of a newcomer's velocity, in metres per second.
const START_VELOCITY: f64 = 1.5;

/// Where a detection stands, in metres.
#[derive(Debug, Clone, Copy)]
struct Standing {
    place: Point2,
    covariance: Matrix2,
}

/// The floor of a calibrated camera that does not move.
#[derive(Debug, Clone)]
pub struct Floor {
    homography: Homography,
    metres_per_unit: f64,
    /// Of the update at hand, by detection; `None` beyond the horizon.
    standings: Vec<Option<Standing>>,
}

impl Floor {
    /// `homography` leads to the map, `metres_per_unit` from there to metres.
    pub fn new(homography: Homography, metres_per_unit: f64) -> Result<Self> {
        if metres_per_unit.is_finite() && metres_per_unit > 0.0 {
            Ok(Self { homography, metres_per_unit, standings: Vec::new() })
        } else {
            Err(Error::invalid("metres_per_unit", "a positive number", metres_per_unit))
        }
    }

    /// Places the detections of an update. `noise`: of the stream's detections.
    pub(super) fn observe(&mut self, detections: &[Detection], noise: f64) {
        let mut standings = std::mem::take(&mut self.standings);
        standings.clear();
        standings.extend(detections.iter().map(|d| self.standing(&d.bbox, noise)));
        self.standings = standings;
    }

    /// Moves a track's feet on by `dt` seconds.
    pub(super) fn predict(track: &mut Tracklet, dt: f64) {
        if let Some(feet) = &mut track.feet {
            feet.predict(dt, ACCELERATION);
        }
    }

    /// Takes in where the track was seen to stand.
    pub(super) fn correct(&self, track: &mut Tracklet) {
        let Some(seen) = self.standings.get(track.last.index).copied().flatten() else {
            return;
        };
        match &mut track.feet {
            Some(feet) => feet.correct(seen.place, &seen.covariance),
            None => track.feet = Some(PointFilter::new(seen.place, seen.covariance, START_VELOCITY)),
        }
    }

    /// How well a detection stands where the track was going: 0 to 1 times the weight of the floor.
    pub(super) fn agreement(&self, track: &Tracklet, detection: usize) -> f64 {
        match (&track.feet, self.standings.get(detection).copied().flatten()) {
            (Some(feet), Some(seen)) => {
                let distance = feet.distance(seen.place, &seen.covariance);
                WEIGHT * (1.0 - (distance / MOST_DISTANCE).min(1.0))
            }
            _ => 0.0,
        }
    }

    fn standing(&self, bbox: &BBox, noise: f64) -> Option<Standing> {
        let feet = bbox.ground_point();
        let sigma = FEET_NOISE * noise;
        let place = self.homography.map_from_image(feet).map(|v| v * self.metres_per_unit);
        let spread = self.homography.covariance(feet, [sigma * bbox.width(), sigma * bbox.height()]);
        let mut covariance = spread.map(|row| row.map(|v| v * self.metres_per_unit * self.metres_per_unit));
        for (i, row) in covariance.iter_mut().enumerate() {
            row[i] += FLOOR_NOISE * FLOOR_NOISE;
        }
        let finite = place.iter().chain(covariance.as_flattened()).all(|v| v.is_finite());
        finite.then_some(Standing { place, covariance })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tracklet::Candidate;
    use super::*;

    /// A camera that looks along the floor: the horizon at row 100, a metre is 100 pixels wide at row 200.
    fn floor() -> Floor {
        let matrix = [[1.0, 0.0, -400.0], [0.0, 0.0, 800.0], [0.0, 1.0, -100.0]];
        Floor::new(Homography::from_matrix(matrix, Some((800.0, 600.0)), None).unwrap(), 1.0).unwrap()
    }

    fn detection(x: f64, feet: f64) -> Detection {
        let bbox = BBox { x1: x - 25.0, y1: feet - 160.0, x2: x + 25.0, y2: feet };
        Detection { bbox, confidence: 0.9, class_id: 0 }
    }

    #[test]
    fn who_stands_where_the_track_was_going_agrees_and_who_stands_aside_does_not() {
        let mut floor = floor();
        let seen = |d: &Detection| Candidate { bbox: d.bbox, score: 0.9, confidence: 0.9, class_id: 0, index: 0 };
        let mut track = Tracklet::new(seen(&detection(400.0, 300.0)), 0.0, true);
        for i in 0..10 {
            let now = detection(400.0 + 10.0 * f64::from(i), 300.0); // half a metre a second to the right
            track.last = seen(&now);
            floor.observe(&[now], 1.0);
            Floor::predict(&mut track, 0.1);
            floor.correct(&mut track);
        }
        floor.observe(&[detection(500.0, 300.0), detection(500.0, 330.0), detection(800.0, 300.0)], 1.0);
        Floor::predict(&mut track, 0.1);
        let [right, nearer, aside] = [0, 1, 2].map(|i| floor.agreement(&track, i));
        assert!(right > 0.9 && right > nearer && aside.abs() < 1e-12, "{right} {nearer} {aside}");
    }

    #[test]
    fn the_sky_says_nothing() {
        let mut floor = floor();
        floor.observe(&[detection(400.0, 90.0)], 1.0);
        assert!(floor.standings[0].is_none());
    }

    #[test]
    fn a_scale_that_is_none_is_refused() {
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Floor::new(floor().homography, scale).unwrap_err().to_string().starts_with("metres_per_unit"));
        }
    }
}
