//! Who should be seen by a camera: inside its picture and its area, and not behind somebody nearer.

use super::camera::Outline;
use super::view::View;
use crate::geometry::{BBox, BoxIndex};

/// Probability that a camera detects somebody who is all hidden; no more than those in full view.
const HIDDEN_DETECTION: f64 = 0.3;
/// A bottom counts as covered if this share of the lowest third is.
const COVERED_BOTTOM: f64 = 0.3;
/// Nobody is detected of whom less than the first share is in the picture; the second is as good as all.
const INSIDE: (f64, f64) = (1.0 / 6.0, 5.0 / 6.0);
/// Width of a person as a share of their height in the picture.
const WIDTH: f64 = 0.4;

/// What to expect of one camera about one person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    /// Logarithm of the odds that it detects them.
    pub(super) hit: f64,
    /// Logarithm of the probability that it does not.
    pub(super) miss: f64,
    /// Whether their feet are behind somebody or below the picture.
    pub(super) feet_hidden: bool,
    /// Whether it may well have a box of them: they are in its picture, as far as anybody knows.
    pub(super) in_picture: bool,
}

impl Chance {
    /// Nobody knows whether the camera sees this place: neither outcome tells anything.
    pub(super) const UNKNOWN: Self = Self { hit: 0.0, miss: 0.0, feet_hidden: false, in_picture: true };

    /// Outside of the area that the camera tells of: neither outcome tells anything, and no box is to come.
    const OUTSIDE: Self = Self { in_picture: false, ..Self::UNKNOWN };

    /// `hidden`: the probability that it detects somebody who is all hidden.
    fn of(probability: f64, hidden: f64, feet_hidden: bool) -> Self {
        let p = probability.clamp(1e-3, 0.99);
        let in_picture = probability > 0.5 * hidden;
        Self { hit: libm::log(p / (1.0 - p)), miss: libm::log(1.0 - p), feet_hidden, in_picture }
    }
}

fn silhouette(outline: &Outline) -> BBox {
    let [middle, top, bottom] = outline.features;
    let half = 0.5 * WIDTH * outline.height();
    BBox { x1: middle - half, y1: top, x2: middle + half, y2: bottom.max(top + 1.0) }
}

/// The chances in one camera of everybody whom it should see so. Only the `real` hide others; who was `missed` last time is
/// probably hidden by something that nobody knows of.
pub(super) fn chances(
    view: &View<'_>,
    outlines: &[Option<Outline>],
    real: impl Fn(usize) -> bool,
    missed: impl Fn(usize) -> bool,
) -> Vec<Chance> {
    let mut chances = chances_anywhere(view, outlines, real, missed);
    if view.geometry.has_area() {
        for (chance, outline) in chances.iter_mut().zip(outlines) {
            if outline.as_ref().is_some_and(|outline| !view.geometry.may_tell_of(&outline.features)) {
                *chance = Chance::OUTSIDE;
            }
        }
    }
    chances
}

/// The chances if the camera may tell of every place.
fn chances_anywhere(
    view: &View<'_>,
    outlines: &[Option<Outline>],
    real: impl Fn(usize) -> bool,
    missed: impl Fn(usize) -> bool,
) -> Vec<Chance> {
    let Some(picture) = view.geometry.picture() else { return vec![Chance::UNKNOWN; outlines.len()] };
    let bodies: Vec<Option<(BBox, f64)>> = outlines
        .iter()
        .map(|outline| {
            let body = silhouette(outline.as_ref()?);
            let inside = body.intersection(picture) / body.area();
            (inside > 0.0).then_some((body, inside))
        })
        .collect();
    let in_front: Vec<BBox> =
        bodies.iter().enumerate().filter_map(|(i, body)| body.filter(|_| real(i))).map(|(body, _)| body).collect();
    let index = BoxIndex::new(in_front.iter().copied());
    let hidden = view.detection.min(HIDDEN_DETECTION);
    let in_full_view = Chance::of(view.detection, hidden, false); // as most are: their logarithms are taken once
    bodies
        .into_iter()
        .enumerate()
        .map(|(i, body)| {
            let Some((body, inside)) = body else { return Chance::of(0.0, hidden, false) };
            let lowest = BBox { y1: body.y2 - body.height() / 3.0, ..body };
            let mut covered = 0.0;
            let mut feet_hidden = body.y2 > picture.y2;
            for other in index.meeting(body).map(|i| &in_front[i]) {
                if other.y2 > body.y2 {
                    covered += body.intersection(other) / body.area();
                    feet_hidden |= lowest.intersection(other) > COVERED_BOTTOM * lowest.area();
                }
            }
            let open = if missed(i) { 0.0 } else { view.detection * (1.0 - covered) };
            let seen = open.max(hidden);
            let enough = ((inside - INSIDE.0) / (INSIDE.1 - INSIDE.0)).clamp(0.0, 1.0);
            let probability = seen * enough;
            if probability >= view.detection {
                return Chance { feet_hidden, ..in_full_view };
            }
            Chance::of(probability, hidden, feet_hidden)
        })
        .collect()
}
