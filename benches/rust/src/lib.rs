//! Scenes for the benchmarks of omni-core; the benchmarks themselves are in `benches/core.rs`.

pub mod hall;

use omni_core::Detection;
use omni_core::geometry::BBox;

/// `people` who walk about a wide picture, as seen at `t` seconds: nobody missed, confidence 0.9.
pub fn crowd(people: u32, t: f64) -> Vec<Detection> {
    let columns = f64::from(people).sqrt().ceil();
    let walker = |i: u32| {
        let k = f64::from(i);
        let (column, row) = (k % columns, (k / columns).floor());
        let x = 60.0 * column + 25.0 * (0.5 * t + 1.7 * k).sin();
        let y = 60.0 * row + 15.0 * (0.3 * t + 2.3 * k).cos();
        Detection { bbox: BBox::from_centre(x, y, 40.0, 100.0), confidence: 0.9, class_id: 0 }
    };
    (0..people).map(walker).collect()
}
