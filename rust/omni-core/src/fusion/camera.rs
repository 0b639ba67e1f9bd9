//! What a camera says of the floor: where its boxes stand, and whom it should see.

use super::FusionConfig;
use crate::geometry::linear::{Matrix2, Point2, scale2};
use crate::geometry::{BBox, BoxIndex, Homography};

/// A box whose bottom is hidden, by the border of the picture or a nearer person: standard deviation as a share of its
/// height.
const HIDDEN_NOISE: f64 = 0.35;
/// A box ends at the border if its bottom is nearer to it than this, in pixels.
const BORDER: f64 = 4.0;
/// Points less certain than this, in metres, say nothing of where somebody stands.
const MOST_SPREAD_M: f64 = 8.0;

/// One box of one camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Where, in pixels.
    pub bbox: BBox,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// The camera's own track, if it tracks.
    pub track_id: Option<i64>,
}

/// An observation on the floor.
#[derive(Debug, Clone, Copy)]
pub(super) struct GroundPoint {
    pub(super) position: Point2,
    pub(super) covariance: Matrix2,
    pub(super) confidence: f64,
    pub(super) track_id: Option<i64>,
    /// The camera, and the position in what it gave.
    pub(super) camera: usize,
    pub(super) index: usize,
}

/// What one camera saw at one time.
pub(super) struct View<'a> {
    pub(super) points: Vec<GroundPoint>,
    camera: usize,
    homography: &'a Homography,
    metres_per_unit: f64,
    boxes: Vec<BBox>,
    index: BoxIndex,
}

impl<'a> View<'a> {
    pub(super) fn new(
        camera: usize,
        homography: &'a Homography,
        observations: &[Observation],
        config: &FusionConfig,
    ) -> Self {
        let boxes: Vec<BBox> = observations.iter().map(|o| o.bbox).collect();
        let index = BoxIndex::new(boxes.iter().copied());
        let metres_per_unit = config.metres_per_unit;
        let mut view = Self { points: Vec::new(), camera, homography, metres_per_unit, boxes, index };
        let sure = |o: &Observation| o.track_id.is_some() || o.confidence >= config.minimum_confidence;
        let usable = observations.iter().enumerate().filter(|(_, o)| sure(o));
        view.points = usable.filter_map(|(index, o)| view.ground_point(index, o, config)).collect();
        view
    }

    /// Where an observation stands; `None` at the horizon, or too far away to tell.
    fn ground_point(&self, index: usize, observation: &Observation, config: &FusionConfig) -> Option<GroundPoint> {
        let bbox = &observation.bbox;
        if bbox.area() <= 0.0 {
            return None;
        }
        let pixel = bbox.ground_point();
        let cut = self.homography.image_size().is_some_and(|(_, height)| bbox.y2 >= height - BORDER);
        let across = config.pixel_noise * bbox.height();
        let along = if cut || self.is_hidden(pixel) { HIDDEN_NOISE * bbox.height() } else { across };
        let scale = self.metres_per_unit;
        let position = self.homography.map_from_image(pixel).map(|v| v * scale);
        let mut covariance = scale2(&self.homography.covariance(pixel, [across, along]), scale * scale);
        for (i, row) in covariance.iter_mut().enumerate() {
            row[i] += config.floor_noise_m * config.floor_noise_m;
        }
        let spread = (covariance[0][0] + covariance[1][1]).sqrt();
        let known = position.iter().all(|v| v.is_finite()) && spread <= MOST_SPREAD_M;
        known.then_some(GroundPoint {
            position,
            covariance,
            confidence: observation.confidence,
            track_id: observation.track_id,
            camera: self.camera,
            index,
        })
    }

    /// Whether somebody nearer to the camera stands before this pixel: a box around it that ends below it.
    fn is_hidden(&self, [x, y]: Point2) -> bool {
        let here = BBox { x1: x, y1: y, x2: x, y2: y };
        self.index.meeting(here).any(|i| self.boxes[i].y2 > y)
    }

    /// The camera.
    pub(super) fn camera(&self) -> usize {
        self.camera
    }

    /// How surely this camera sees somebody who stands at `place` (metres).
    pub(super) fn visibility(&self, place: Point2) -> Visibility {
        let pixel = self.homography.image_from_map(place.map(|v| v / self.metres_per_unit));
        let inside = self.homography.image_size().is_some_and(|(width, height)| {
            (BORDER..width - BORDER).contains(&pixel[0]) && (BORDER..height - BORDER).contains(&pixel[1])
        });
        match inside {
            false => Visibility::Outside,
            true if self.is_hidden(pixel) => Visibility::Hidden,
            true => Visibility::Open,
        }
    }
}

/// Whether a camera should see somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visibility {
    /// Beyond its picture, or nobody knows how large that is.
    Outside,
    /// Behind somebody nearer.
    Hidden,
    /// In full view.
    Open,
}
