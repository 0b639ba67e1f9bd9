//! Who has left, and is known again by the look.

use super::appearance::{Appearance, cosine};
use super::tracklet::Tracklet;

/// The log likelihood ratio must speak this much for the same person, more by the logarithm of how many are remembered,
const LEAST_LOG_RATIO: f64 = 3.0;
/// and by so much more than for anybody else.
const LEAST_LEAD: f64 = 1.0;
/// People remembered; the longest gone are forgotten first.
const MOST_REMEMBERED: usize = 1000;

/// Somebody who has left.
#[derive(Debug, Clone)]
struct Departed {
    id: i64,
    class_id: i32,
    look: Box<[f32]>,
    left: f64,
}

/// The people who have left a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    departed: Vec<Departed>,
}

impl Memory {
    /// Forgets who left before `since`, in seconds.
    pub(super) fn forget_before(&mut self, since: f64) {
        self.departed.retain(|departed| departed.left >= since);
    }

    /// Remembers a track that is given up, if it was told of and its look is known.
    pub(super) fn keep(&mut self, track: &Tracklet) {
        if let (Some(id), Some(look)) = (track.id, &track.look) {
            if self.departed.len() == MOST_REMEMBERED {
                self.departed.remove(0);
            }
            let (class_id, left) = (track.last.class_id, track.last_timestamp);
            self.departed.push(Departed { id, class_id, look: look.clone(), left });
        }
    }

    /// The number under which the newcomer was known, who is then no longer among the departed.
    pub(super) fn recognise(&mut self, newcomer: &Tracklet, appearance: &Appearance, least_cosine: f64) -> Option<i64> {
        let look = newcomer.look.as_ref()?;
        // Somebody who was still in view when the newcomer was first seen is somebody else.
        let possible = |d: &&Departed| d.class_id == newcomer.last.class_id && d.left < newcomer.first_timestamp;
        let ratio = |d: &Departed| appearance.log_ratio(cosine(look, &d.look));
        let best = self.departed.iter().filter(possible).max_by(|a, b| ratio(a).total_cmp(&ratio(b)))?;
        let least = LEAST_LOG_RATIO + libm::log(self.departed.len() as f64);
        // Departed who look like the best are the same person, under a number that was lost in between.
        let is_other = |d: &&Departed| appearance.log_ratio(cosine(&best.look, &d.look)) < LEAST_LOG_RATIO;
        let others = self.departed.iter().filter(possible).filter(is_other).map(ratio);
        let lead = ratio(best) - others.fold(f64::NEG_INFINITY, f64::max);
        let known = cosine(look, &best.look) >= least_cosine && ratio(best) >= least && lead >= LEAST_LEAD;
        let id = best.id;
        if !known {
            return None;
        }
        self.departed.retain(|departed| departed.id != id);
        Some(id)
    }
}
