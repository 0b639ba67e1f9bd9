//! Ids of the people who were reported.

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
    first_timestamp: f64,
    /// Camera and position of the boxes that put them on the map.
    boxes: Vec<(usize, usize)>,
    given: f64,
}

impl Identities {
    /// The id of the person whom these boxes (or some of them) put on the map.
    pub(super) fn of(&mut self, first_timestamp: f64, boxes: Vec<(usize, usize)>, now: f64) -> i64 {
        let same = |known: &&Identity| {
            known.first_timestamp.total_cmp(&first_timestamp).is_eq() && known.boxes.iter().any(|b| boxes.contains(b))
        };
        if let Some(known) = self.recent.iter().find(same) {
            return known.id;
        }
        self.last += 1;
        self.recent.push(Identity { id: self.last, first_timestamp, boxes, given: now });
        self.last
    }

    /// Forgets whom no late frame can bring back.
    pub(super) fn forget_before(&mut self, timestamp: f64) {
        self.recent.retain(|known| known.given >= timestamp);
    }
}
