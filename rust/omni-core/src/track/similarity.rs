//! How much a predicted track and a detection look like the same person.

use crate::geometry::BBox;

/// Boxes are widened by this many standard deviations of the prediction,
const WIDENING: f64 = 0.6;
/// but by no more than this share of the box on each side.
const MOST_WIDENING: f64 = 0.5;

/// How far a track's box is widened in x and y, from the spread of its prediction in box sizes.
pub(super) fn widening(spread: [f64; 2]) -> [f64; 2] {
    spread.map(|s| (WIDENING * s).min(MOST_WIDENING))
}

/// Overlap of two boxes, both widened, weighed by how well they agree in height: 0 to 1.
pub(super) fn similarity(track: &BBox, widening: [f64; 2], detection: &BBox) -> f64 {
    let [x, y] = widening;
    let overlap = track.widened(x, y).iou(&detection.widened(x, y));
    let shared = track.y2.min(detection.y2) - track.y1.max(detection.y1);
    if overlap <= 0.0 || shared <= 0.0 {
        return 0.0;
    }
    let whole = track.y2.max(detection.y2) - track.y1.min(detection.y1);
    // To the power of 3/4: people at different distances differ most in height.
    let root = (shared / whole).sqrt();
    overlap * root * root.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_box_is_one_and_uncertainty_reaches_further() {
        let track = BBox::from_centre(0.0, 0.0, 10.0, 20.0);
        assert!((similarity(&track, [0.0; 2], &track) - 1.0).abs() < 1e-12);
        let aside = track.shifted(11.0, 0.0);
        assert!(similarity(&track, [0.0; 2], &aside) <= 0.0);
        assert!(similarity(&track, widening([0.5, 0.0]), &aside) > 0.1);
    }
}
