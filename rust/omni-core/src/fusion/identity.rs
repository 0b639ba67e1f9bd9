//! Ids of the people who were reported.

/// A box: the time of its moment (as bits, which compare), its camera, and its position in what that gave.
pub(super) type Seen = (u64, usize, usize);

/// Gives ids, and gives the same one again where a moment is gone through once more.
#[derive(Debug, Clone, Default)]
pub(super) struct Identities {
    last: i64,
    recent: Vec<Identity>,
}

/// Somebody whom late frames may yet bring back.
#[derive(Debug, Clone)]
struct Identity {
    id: i64,
    /// What they were seen by until they had the id.
    boxes: Vec<Seen>,
    given: f64,
}

impl Identity {
    /// How many boxes only one of the two has; `None` where none is of both.
    fn difference(&self, boxes: &[Seen]) -> Option<usize> {
        let shared = self.boxes.iter().filter(|seen| boxes.contains(seen)).count();
        (shared > 0).then(|| self.boxes.len() + boxes.len() - 2 * shared)
    }
}

impl Identities {
    /// The id of the person of these boxes: that of whom some of them were before, unless somebody else has it now.
    pub(super) fn of(&mut self, boxes: Vec<Seen>, now: f64, is_taken: impl Fn(i64) -> bool) -> i64 {
        let like = |known: &Identity| known.difference(&boxes).filter(|_| !is_taken(known.id));
        let known = self.recent.iter().enumerate().filter_map(|(i, known)| Some((like(known)?, i))).min();
        if let Some((_, i)) = known {
            self.recent[i].boxes = boxes;
            return self.recent[i].id;
        }
        self.last += 1;
        self.recent.push(Identity { id: self.last, boxes, given: now });
        self.last
    }

    /// Forgets whom no late frame can bring back.
    pub(super) fn forget_before(&mut self, timestamp: f64) {
        self.recent.retain(|known| known.given >= timestamp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Seen = (1, 0, 0);
    const B: Seen = (1, 1, 0);
    const C: Seen = (1, 2, 0);

    #[test]
    fn of_two_who_were_one_each_has_an_id_and_keeps_it_whoever_is_asked_for_first() {
        let mut identities = Identities::default();
        assert_eq!(identities.of(vec![A, B], 0.0, |_| false), 1);
        assert_eq!(identities.of(vec![A], 0.0, |_| false), 1);
        assert_eq!(identities.of(vec![B], 0.0, |id| id == 1), 2);
        assert_eq!(identities.of(vec![B, C], 0.0, |_| false), 2);
        assert_eq!(identities.of(vec![A], 0.0, |id| id == 2), 1);
    }

    #[test]
    fn who_was_there_before_as_a_late_frame_shows_is_who_they_were() {
        let mut identities = Identities::default();
        assert_eq!(identities.of(vec![A, B], 0.0, |_| false), 1);
        assert_eq!(identities.of(vec![(0, 2, 0), A, B], 0.0, |_| false), 1);
        assert_eq!(identities.of(vec![C], 0.0, |_| false), 2);
        identities.forget_before(1.0);
        assert_eq!(identities.of(vec![A, B], 1.0, |_| false), 3);
    }
}
