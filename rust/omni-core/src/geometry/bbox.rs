//! Axis-aligned boxes and the search for those that meet.

use std::fmt;

/// A box in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BBox {
    /// Left edge.
    pub x1: f64,
    /// Upper edge.
    pub y1: f64,
    /// Right edge.
    pub x2: f64,
    /// Lower edge.
    pub y2: f64,
}

impl BBox {
    /// The box of this centre and size.
    pub fn from_centre(cx: f64, cy: f64, width: f64, height: f64) -> Self {
        Self { x1: cx - width / 2.0, y1: cy - height / 2.0, x2: cx + width / 2.0, y2: cy + height / 2.0 }
    }

    /// Whether it is finite and not turned inside out.
    pub fn is_valid(&self) -> bool {
        [self.x1, self.y1, self.x2, self.y2].iter().all(|v| v.is_finite()) && self.x1 <= self.x2 && self.y1 <= self.y2
    }

    /// Width in pixels.
    pub fn width(&self) -> f64 {
        self.x2 - self.x1
    }

    /// Height in pixels.
    pub fn height(&self) -> f64 {
        self.y2 - self.y1
    }

    /// Area in square pixels.
    pub fn area(&self) -> f64 {
        self.width() * self.height()
    }

    /// Centre, x and y.
    pub fn centre(&self) -> [f64; 2] {
        [f64::midpoint(self.x1, self.x2), f64::midpoint(self.y1, self.y2)]
    }

    /// Bottom centre: where a person touches the ground.
    pub fn ground_point(&self) -> [f64; 2] {
        [f64::midpoint(self.x1, self.x2), self.y2]
    }

    /// The same box moved.
    #[must_use]
    pub fn shifted(&self, dx: f64, dy: f64) -> Self {
        Self { x1: self.x1 + dx, y1: self.y1 + dy, x2: self.x2 + dx, y2: self.y2 + dy }
    }

    /// The box with `x` of its width added on either side, and `y` of its height above and below.
    #[must_use]
    pub fn widened(&self, x: f64, y: f64) -> Self {
        let (dx, dy) = (x * self.width(), y * self.height());
        Self { x1: self.x1 - dx, y1: self.y1 - dy, x2: self.x2 + dx, y2: self.y2 + dy }
    }

    /// Area shared with another box.
    pub fn intersection(&self, other: &Self) -> f64 {
        let w = self.x2.min(other.x2) - self.x1.max(other.x1);
        let h = self.y2.min(other.y2) - self.y1.max(other.y1);
        if w > 0.0 && h > 0.0 { w * h } else { 0.0 }
    }

    /// Intersection over union, 0 to 1.
    pub fn iou(&self, other: &Self) -> f64 {
        let shared = self.intersection(other);
        if shared > 0.0 { shared / (self.area() + other.area() - shared) } else { 0.0 }
    }
}

impl fmt::Display for BBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}, {}, {}]", self.x1, self.y1, self.x2, self.y2)
    }
}

/// Boxes in horizontal bands, sorted by their left edge in each, to find those that meet another without trying them all.
pub struct BoxIndex {
    boxes: Vec<(BBox, usize)>,
    /// Where each band begins in `boxes`, and the end of the last one.
    bands: Vec<usize>,
    top: f64,
    band_height: f64,
    largest: [f64; 2],
}

impl BoxIndex {
    /// An index over `boxes`; queries name them by their position.
    pub fn new(boxes: impl IntoIterator<Item = BBox>) -> Self {
        let boxes: Vec<_> = boxes.into_iter().enumerate().map(|(i, b)| (b, i)).collect();
        let largest = boxes.iter().fold([1.0_f64; 2], |[w, h], (b, _)| [w.max(b.width()), h.max(b.height())]);
        let top = boxes.iter().fold(f64::INFINITY, |y, (b, _)| y.min(b.y1));
        let bottom = boxes.iter().fold(f64::NEG_INFINITY, |y, (b, _)| y.max(b.y1));
        // As high as the highest box, but never more bands than boxes.
        let band_height = largest[1].max((bottom - top) / boxes.len() as f64);
        let mut index = Self { boxes: Vec::new(), bands: Vec::new(), top, band_height, largest };
        let mut banded: Vec<_> = boxes.into_iter().map(|(b, i)| (index.band(b.y1), b, i)).collect();
        banded.sort_unstable_by(|(m, a, i), (n, b, j)| m.cmp(n).then(a.x1.total_cmp(&b.x1)).then(i.cmp(j)));
        let count = banded.last().map_or(0, |&(band, ..)| band + 1);
        index.bands = (0..=count).map(|band| banded.partition_point(|&(m, ..)| m < band)).collect();
        index.boxes = banded.into_iter().map(|(_, b, i)| (b, i)).collect();
        index
    }

    /// Boxes that meet `query` once both are widened by these shares of their size (see [`BBox::widened`]), and some more.
    pub fn meeting_widened(&self, query: BBox, [x, y]: [f64; 2]) -> impl Iterator<Item = usize> {
        let (dx, dy) = (x * (query.width() + self.largest[0]), y * (query.height() + self.largest[1]));
        self.meeting(BBox { x1: query.x1 - dx, y1: query.y1 - dy, x2: query.x2 + dx, y2: query.y2 + dy })
    }

    /// Positions of the boxes that meet `query`, in an order that depends on the boxes alone.
    pub fn meeting(&self, query: BBox) -> impl Iterator<Item = usize> {
        let count = self.bands.len().saturating_sub(1);
        let first = self.band(query.y1 - self.largest[1]).min(count);
        let last = (self.band(query.y2) + 1).clamp(first, count);
        (first..last).flat_map(move |band| {
            let boxes = &self.boxes[self.bands[band]..self.bands[band + 1]];
            let start = boxes.partition_point(|(b, _)| b.x1 < query.x1 - self.largest[0]);
            boxes[start..]
                .iter()
                .take_while(move |(b, _)| b.x1 <= query.x2)
                .filter(move |(b, _)| b.x2 >= query.x1 && b.y1 <= query.y2 && b.y2 >= query.y1)
                .map(|&(_, i)| i)
        })
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, above the top to band 0")]
    fn band(&self, y: f64) -> usize {
        ((y - self.top) / self.band_height) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iou_of_halves() {
        let a = BBox { x1: 0.0, y1: 0.0, x2: 2.0, y2: 1.0 };
        let b = BBox { x1: 1.0, y1: 0.0, x2: 3.0, y2: 1.0 };
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-12);
        assert!(a.iou(&a.shifted(2.0, 0.0)).abs() < 1e-12);
    }

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
