//! The search for boxes that meet another, without trying them all.

use super::BBox;

/// So few boxes need no bands.
const FEW: i32 = 16;

/// Boxes in horizontal bands, sorted by their left edge in each.
#[derive(Debug, Clone, Default)]
pub struct BoxIndex {
    boxes: Vec<(BBox, usize)>,
    /// Where each band begins in `boxes`, and the end of the last one.
    bands: Vec<usize>,
    top: f64,
    bands_per_pixel: f64,
    largest: [f64; 2],
}

impl BoxIndex {
    /// An index over `boxes`; queries name them by their position.
    pub fn new(boxes: impl Iterator<Item = BBox> + Clone) -> Self {
        let mut index = Self::default();
        index.rebuild(boxes);
        index
    }

    /// The same over other boxes; the memory is used again.
    pub fn rebuild(&mut self, boxes: impl Iterator<Item = BBox> + Clone) {
        let (mut count, mut top, mut bottom) = (0, f64::INFINITY, f64::NEG_INFINITY);
        self.largest = [1.0, 1.0];
        for bbox in boxes.clone() {
            count += 1;
            (top, bottom) = (top.min(bbox.y1), bottom.max(bbox.y1));
            self.largest = [self.largest[0].max(bbox.width()), self.largest[1].max(bbox.height())];
        }
        // As high as the highest box, but never more bands than boxes.
        self.bands_per_pixel =
            if count <= FEW { 0.0 } else { 1.0 / self.largest[1].max((bottom - top) / f64::from(count)) };
        self.top = top;
        self.sort_into_bands(boxes);
    }

    /// Counting sort by band, then each band by its left edges.
    fn sort_into_bands(&mut self, boxes: impl Iterator<Item = BBox> + Clone) {
        self.bands.clear();
        self.bands.push(0);
        for bbox in boxes.clone() {
            let band = self.band(bbox.y1);
            if self.bands.len() < band + 2 {
                self.bands.resize(band + 2, 0);
            }
            self.bands[band + 1] += 1;
        }
        for band in 1..self.bands.len() {
            self.bands[band] += self.bands[band - 1];
        }
        let total = self.bands[self.bands.len() - 1];
        self.boxes.clear();
        self.boxes.resize(total, (BBox { x1: 0.0, y1: 0.0, x2: 0.0, y2: 0.0 }, 0));
        for (position, bbox) in boxes.enumerate() {
            let band = self.band(bbox.y1);
            // The start of a band serves as its cursor, and is put back below.
            self.boxes[self.bands[band]] = (bbox, position);
            self.bands[band] += 1;
        }
        self.bands.rotate_right(1);
        self.bands[0] = 0;
        for band in self.bands.windows(2) {
            self.boxes[band[0]..band[1]].sort_unstable_by(|(a, i), (b, j)| a.x1.total_cmp(&b.x1).then(i.cmp(j)));
        }
    }

    /// Boxes that meet `query` once both are widened by these shares of their size (see [`BBox::widened`]), and some more.
    pub fn meeting_widened(&self, query: BBox, [x, y]: [f64; 2]) -> Meeting<'_> {
        let (dx, dy) = (x * (query.width() + self.largest[0]), y * (query.height() + self.largest[1]));
        self.meeting(BBox { x1: query.x1 - dx, y1: query.y1 - dy, x2: query.x2 + dx, y2: query.y2 + dy })
    }

    /// Positions of the boxes that meet `query`, in an order that depends on the boxes alone.
    pub fn meeting(&self, query: BBox) -> Meeting<'_> {
        let count = self.bands.len().saturating_sub(1);
        let first = self.band(query.y1 - self.largest[1]).min(count);
        let last = (self.band(query.y2) + 1).clamp(first, count);
        Meeting { index: self, query, band: first, last, rest: [].iter() }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, above the top to band 0")]
    fn band(&self, y: f64) -> usize {
        ((y - self.top) * self.bands_per_pixel) as u32 as usize // half the instructions of a saturating cast to 64 bits
    }
}

/// What [`BoxIndex::meeting`] found.
#[derive(Debug)]
pub struct Meeting<'a> {
    index: &'a BoxIndex,
    query: BBox,
    /// The next band and the one after the last.
    band: usize,
    last: usize,
    rest: std::slice::Iter<'a, (BBox, usize)>,
}

impl Iterator for Meeting<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let query = self.query;
        loop {
            for (bbox, position) in self.rest.by_ref() {
                if bbox.x1 > query.x2 {
                    break;
                }
                if bbox.x2 >= query.x1 && bbox.y1 <= query.y2 && bbox.y2 >= query.y1 {
                    return Some(*position);
                }
            }
            if self.band == self.last {
                return None;
            }
            let boxes = &self.index.boxes[self.index.bands[self.band]..self.index.bands[self.band + 1]];
            let left = query.x1 - self.index.largest[0];
            self.rest = boxes[boxes.partition_point(|(bbox, _)| bbox.x1 < left)..].iter();
            self.band += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_finds_what_trying_all_finds() {
        let boxes: Vec<BBox> = (0..60)
            .map(|i| {
                let k = f64::from(i);
                BBox::from_centre((k * 37.0) % 101.0, (k * 53.0) % 89.0, 2.0 + k % 23.0, 3.0 + k % 11.0)
            })
            .collect();
        let index = BoxIndex::new(boxes.iter().copied());
        for query in &boxes {
            let mut found: Vec<usize> = index.meeting(*query).collect();
            found.sort_unstable();
            let all: Vec<usize> = (0..boxes.len()).filter(|&i| boxes[i].intersection(query) > 0.0).collect();
            assert!(all.iter().all(|i| found.contains(i)));
            assert!(found.iter().all(|&i| boxes[i].x1 <= query.x2 && boxes[i].x2 >= query.x1));
        }
    }
}
