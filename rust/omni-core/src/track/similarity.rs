//! How much a predicted track and a detection look like the same person.

use crate::geometry::BBox;

/// Boxes are widened by this many standard deviations of the prediction,
const WIDENING: f64 = 0.6;
/// but by no more than this share of the box on each side.
const MOST_WIDENING: f64 = 0.5;

/// Where a track is expected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prediction {
    pub(super) bbox: BBox,
    /// How far boxes are widened in x and y, in shares of their size: as far as the prediction is unsure.
    pub(super) widening: [f64; 2],
    widened: BBox,
}

impl Prediction {
    /// `spread`: standard deviations of the box's centre in x and y, in box sizes.
    pub(super) fn new(bbox: BBox, spread: [f64; 2]) -> Self {
        let widening = spread.map(|s| (WIDENING * s).min(MOST_WIDENING));
        Self { bbox, widening, widened: bbox.widened(widening[0], widening[1]) }
    }

    /// Overlap with a detection, both widened, weighed by how well they agree in height: 0 to 1, and 0 where it is
    /// certain not to exceed `least`.
    pub(super) fn similarity(&self, detection: &BBox, least: f64) -> f64 {
        let [x, y] = self.widening;
        let widened = detection.widened(x, y);
        let meet = self.widened.intersection(&widened);
        let union = self.widened.area() + widened.area() - meet;
        let shared = self.bbox.y2.min(detection.y2) - self.bbox.y1.max(detection.y1);
        if meet <= least * union || shared <= 0.0 {
            return 0.0;
        }
        let whole = self.bbox.y2.max(detection.y2) - self.bbox.y1.min(detection.y1);
        // To the power of 3/4: people at different distances differ most in height.
        let root = (shared / whole).sqrt();
        meet / union * root * root.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_box_is_one_and_uncertainty_reaches_further() {
        let bbox = BBox::from_centre(0.0, 0.0, 10.0, 20.0);
        let sure = Prediction::new(bbox, [0.0; 2]);
        assert!((sure.similarity(&bbox, 0.2) - 1.0).abs() < 1e-12);
        let aside = bbox.shifted(11.0, 0.0);
        assert!(sure.similarity(&aside, 0.0) <= 0.0);
        assert!(Prediction::new(bbox, [0.5, 0.0]).similarity(&aside, 0.1) > 0.1);
    }
}
