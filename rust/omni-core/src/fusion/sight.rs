//! Where a camera sees people: pillars and shelves hide parts of the floor from it, and far away its detector overlooks them.

use super::visibility::DETECTION;
use crate::geometry::Point2;

/// Side of a place, metres: about as far as a pillar hides.
const SIDE: f64 = 2.0;
/// After so many places in a row the first comes again: a camera sees no further.
const ROW: usize = 1 << 4;
/// What is known before anybody was looked for counts as so many looks.
const HALF_BELIEF: f64 = 10.0;
/// Once there are twice as many looks at a place, half are forgotten.
const MEMORY: f64 = 1000.0;

/// For each place how many people a camera saw there of those whom others saw.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    places: [Looks; ROW * ROW],
}

#[derive(Debug, Clone, Copy, Default)]
struct Looks {
    all: f64,
    seen: f64,
}

impl Default for Sight {
    fn default() -> Self {
        Self { places: [Looks::default(); ROW * ROW] }
    }
}

impl Sight {
    /// Takes in whether the camera sees somebody whom another one sees and nobody covers.
    pub(super) fn learn(&mut self, place: Point2, seen: bool) {
        let looks = &mut self.places[index(place)];
        looks.all += 1.0;
        looks.seen += f64::from(u8::from(seen));
        if looks.all >= 2.0 * MEMORY {
            *looks = Looks { all: 0.5 * looks.all, seen: 0.5 * looks.seen };
        }
    }

    /// Probability that the camera detects somebody there whom nobody covers: at most that of anywhere.
    pub(super) fn detection(&self, place: Point2) -> f64 {
        let looks = self.places[index(place)];
        ((looks.seen + DETECTION * HALF_BELIEF) / (looks.all + HALF_BELIEF)).min(DETECTION)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what wraps is far away, or a remainder too"
)]
fn index(place: Point2) -> usize {
    let [x, y] = place.map(|v| (v / SIDE).floor() as i64 as usize % ROW);
    x + ROW * y
}
