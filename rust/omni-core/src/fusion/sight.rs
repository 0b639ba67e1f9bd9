//! Where a camera sees people: pillars and shelves hide some from it, and far away its detector overlooks them.

use super::visibility::DETECTION;
use crate::geometry::BBox;

/// The picture has so many parts along each side.
const PARTS: usize = 16;
/// What is known before anybody was looked for counts as so many looks.
const HALF_BELIEF: f64 = 10.0;
/// Once there are twice as many looks at a part, half are forgotten.
const MEMORY: f64 = 1000.0;

/// A part of a camera's picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part(usize);

impl Part {
    /// The part in which somebody stands whose silhouette this is.
    pub(super) fn of(body: &BBox, picture: &BBox) -> Self {
        let [column, row] = [
            (f64::midpoint(body.x1, body.x2) - picture.x1) / picture.width(),
            (body.y2 - picture.y1) / picture.height(),
        ];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let [column, row] = [column, row].map(|share| (share.clamp(0.0, 1.0) * PARTS as f64) as usize);
        Self(column.min(PARTS - 1) + PARTS * row.min(PARTS - 1))
    }
}

/// For each part of the picture how many people a camera saw there of those whom others saw.
#[derive(Debug, Clone)]
pub(super) struct Sight([Looks; PARTS * PARTS]);

#[derive(Debug, Clone, Copy, Default)]
struct Looks {
    all: f64,
    seen: f64,
}

impl Default for Sight {
    fn default() -> Self {
        Self([Looks::default(); PARTS * PARTS])
    }
}

impl Sight {
    /// Takes in whether the camera sees somebody whom another one sees and nobody covers.
    pub(super) fn learn(&mut self, Part(part): Part, seen: bool) {
        let looks = &mut self.0[part];
        looks.all += 1.0;
        looks.seen += f64::from(u8::from(seen));
        if looks.all >= 2.0 * MEMORY {
            *looks = Looks { all: 0.5 * looks.all, seen: 0.5 * looks.seen };
        }
    }

    /// Probability that the camera detects somebody there whom nobody covers: at most that of anywhere.
    pub(super) fn detection(&self, Part(part): Part) -> f64 {
        let looks = self.0[part];
        ((looks.seen + DETECTION * HALF_BELIEF) / (looks.all + HALF_BELIEF)).min(DETECTION)
    }
}
