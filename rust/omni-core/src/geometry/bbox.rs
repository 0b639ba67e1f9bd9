//! Axis-aligned boxes.

use std::fmt;

/// 2^24: beyond it float32, in which boxes come, does not tell one pixel from the next.
pub const MOST_PIXELS: f64 = 16_777_216.0;

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

    /// Whether it lies within [`MOST_PIXELS`] of the origin and is not turned inside out.
    pub fn is_valid(&self) -> bool {
        let near = [self.x1, self.y1, self.x2, self.y2].iter().all(|v| v.abs() <= MOST_PIXELS);
        near && self.x1 <= self.x2 && self.y1 <= self.y2
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
}
