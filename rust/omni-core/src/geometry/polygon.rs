//! Polygons in a picture and on a map: what is inside, and where a step meets the border.

use crate::error::{Error, Result};
use crate::geometry::Point2;

/// The most corners that a polygon may have.
const MAX_POINTS: usize = 1000;
/// The least area, in pictures (some pixels of a large one), or in squares as wide as the polygon.
const LEAST_AREA: f64 = 1e-6;

/// A polygon that does not touch itself; it may be concave. Edge `i` goes from corner `i` to the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon {
    points: Vec<Point2>,
}

impl Polygon {
    /// A polygon of these corners in a picture, in either sense of rotation.
    ///
    /// Refused are fewer than 3 corners, coordinates outside 0 to 1, no area, and edges that cross or touch, by name.
    pub fn new(points: Vec<Point2>) -> Result<Self> {
        Self::checked("points", points, |v| (0.0..=1.0).contains(&v), "x and y from 0 to 1", |_| 1.0)
    }

    /// A polygon on a map, whatever its unit; `name` is that of the corners for people.
    pub fn on_map(name: &str, points: Vec<Point2>) -> Result<Self> {
        Self::checked(name, points, f64::is_finite, "finite x and y", Self::width)
    }

    /// `is_coordinate` is what the `expected` coordinates are, and `unit` the side of the square that areas are told in.
    fn checked(
        name: &str,
        points: Vec<Point2>,
        is_coordinate: impl Fn(f64) -> bool,
        expected: &str,
        unit: impl Fn(&Self) -> f64,
    ) -> Result<Self> {
        if !(3..=MAX_POINTS).contains(&points.len()) {
            return Err(Error::invalid(name, format!("3 to {MAX_POINTS} points"), points.len()));
        }
        for (i, [x, y]) in points.iter().enumerate() {
            if !(is_coordinate(*x) && is_coordinate(*y)) {
                return Err(Error::invalid(format!("{name}[{i}]"), expected, format!("({x}, {y})")));
            }
        }
        let polygon = Self { points };
        polygon.check_edges(name)?;
        let area = polygon.signed_area().abs();
        if area < LEAST_AREA * unit(&polygon).powi(2) {
            return Err(Error::invalid(name, "a polygon with an area, not a line", format!("an area of {area:e}")));
        }
        Ok(polygon)
    }

    /// The same with another unit: all coordinates times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self { points: self.points.iter().map(|point| point.map(|v| factor * v)).collect() }
    }

    /// Edges in order, from corner to corner.
    pub fn edges(&self) -> impl Iterator<Item = (Point2, Point2)> + '_ {
        (0..self.points.len()).map(|i| self.edge(i))
    }

    /// Area, positive when the corners turn from the x axis to the y axis. The origin may be far away.
    pub fn signed_area(&self) -> f64 {
        self.edges().map(|(p, q)| turn(self.points[0], p, q)).sum::<f64>() / 2.0
    }

    /// Whether a point is inside. Each point of the border belongs to one side, always the same.
    pub fn contains(&self, [x, y]: Point2) -> bool {
        let meets_ray = |&(p, q): &(Point2, Point2)| {
            (p[1] > y) != (q[1] > y) && x < p[0] + (y - p[1]) / (q[1] - p[1]) * (q[0] - p[0])
        };
        self.edges().filter(meets_ray).count() % 2 == 1
    }

    /// The first and the last edge that the step from `a` to `b` meets.
    pub fn met(&self, a: Point2, b: Point2) -> Option<(usize, usize)> {
        let mut found: Option<((f64, usize), (f64, usize))> = None;
        for (i, (p, q)) in self.edges().enumerate() {
            let (from_a, from_b) = (turn(p, q, a), turn(p, q, b));
            if (turn(a, b, p) > 0.0) == (turn(a, b, q) > 0.0) || (from_a > 0.0) == (from_b > 0.0) {
                continue;
            }
            let at = (from_a / (from_a - from_b), i);
            let (first, last) = found.get_or_insert((at, at));
            *first = if at.0 < first.0 { at } else { *first };
            *last = if at.0 > last.0 { at } else { *last };
        }
        found.map(|(first, last)| (first.1, last.1))
    }

    /// The edge nearest to a point.
    pub fn nearest_edge(&self, point: Point2) -> usize {
        let distances = self.edges().map(|(p, q)| distance_squared(point, p, q)).enumerate();
        distances.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(i, _)| i)
    }

    /// From one corner to the farthest along an axis.
    fn width(&self) -> f64 {
        let along = |axis: usize| {
            let values = || self.points.iter().map(|point| point[axis]);
            values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
        };
        along(0).max(along(1))
    }

    fn edge(&self, i: usize) -> (Point2, Point2) {
        (self.points[i], self.points[(i + 1) % self.points.len()])
    }

    fn check_edges(&self, name: &str) -> Result<()> {
        let count = self.points.len();
        let ends = |i: usize| format!("{i}-{}", (i + 1) % count);
        for i in 0..count {
            let (p, q) = self.edge(i);
            if libm::hypot(q[0] - p[0], q[1] - p[1]) == 0.0 {
                let expected = "corners at different places";
                return Err(Error::invalid(name, expected, format!("edge {} of no length", ends(i))));
            }
            for j in i + 1..count {
                let (r, s) = self.edge(j);
                let meet = match (j == i + 1, i == 0 && j == count - 1) {
                    (true, true) => false, // two corners only, which is refused before
                    (true, false) => folds_back(p, q, s),
                    (false, true) => folds_back(r, s, q),
                    (false, false) => segments_meet(p, q, r, s),
                };
                if meet {
                    let got = format!("edges {} and {} that do", ends(i), ends(j));
                    return Err(Error::invalid(name, "edges that neither cross nor touch", got));
                }
            }
        }
        Ok(())
    }
}

/// Twice the area of the triangle, positive when `c` lies to the side of `a` to `b` to which x turns to y.
fn turn(a: Point2, b: Point2, c: Point2) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Whether the edge from `q` to `s` goes back along the one from `p` to `q`.
fn folds_back(p: Point2, q: Point2, s: Point2) -> bool {
    turn(p, q, s) == 0.0 && (p[0] - q[0]) * (s[0] - q[0]) + (p[1] - q[1]) * (s[1] - q[1]) > 0.0
}

fn segments_meet(p: Point2, q: Point2, r: Point2, s: Point2) -> bool {
    let within = |a: Point2, b: Point2, c: Point2| {
        (a[0].min(b[0])..=a[0].max(b[0])).contains(&c[0]) && (a[1].min(b[1])..=a[1].max(b[1])).contains(&c[1])
    };
    let (r_side, s_side, p_side, q_side) = (turn(p, q, r), turn(p, q, s), turn(r, s, p), turn(r, s, q));
    (r_side * s_side < 0.0 && p_side * q_side < 0.0)
        || (r_side == 0.0 && within(p, q, r))
        || (s_side == 0.0 && within(p, q, s))
        || (p_side == 0.0 && within(r, s, p))
        || (q_side == 0.0 && within(r, s, q))
}

fn distance_squared([x, y]: Point2, p: Point2, q: Point2) -> f64 {
    let [u, v] = [q[0] - p[0], q[1] - p[1]];
    let along = (((x - p[0]) * u + (y - p[1]) * v) / (u * u + v * v)).clamp(0.0, 1.0);
    (x - p[0] - along * u).powi(2) + (y - p[1] - along * v).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(points: &[Point2]) -> Result<Polygon> {
        Polygon::new(points.to_vec())
    }

    #[test]
    fn a_concave_polygon_contains_what_it_should() {
        let horseshoe =
            polygon(&[[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.6, 0.9], [0.6, 0.4], [0.4, 0.4], [0.4, 0.9], [0.1, 0.9]]);
        let horseshoe = horseshoe.unwrap();
        assert!(horseshoe.contains([0.2, 0.8]) && horseshoe.contains([0.8, 0.8]) && horseshoe.contains([0.5, 0.2]));
        assert!(!horseshoe.contains([0.5, 0.8]) && !horseshoe.contains([0.05, 0.5]));
        assert_eq!(horseshoe.met([0.0, 0.8], [1.0, 0.8]), Some((7, 1)));
    }

    #[test]
    fn each_point_of_a_shared_border_is_in_one_of_two_neighbours() {
        let left = polygon(&[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]).unwrap();
        let right = polygon(&[[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]).unwrap();
        for y in [0.0, 0.25, 0.5, 0.999] {
            assert_ne!(left.contains([0.5, y]), right.contains([0.5, y]));
        }
    }

    #[test]
    fn what_is_no_polygon_is_refused_by_name() {
        for (points, message) in [
            (vec![[0.1, 0.1], [0.9, 0.9]], "points: expected 3 to 1000 points, got 2"),
            (vec![[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]], "got edges 0-1 and 2-3 that do"),
            (vec![[0.1, 0.1], [0.1, 0.1], [0.9, 0.1]], "got edge 0-1 of no length"),
            (vec![[0.1, 0.1], [0.5, 0.1], [0.9, 0.1]], "got edges 0-1 and 2-0 that do"),
            (vec![[0.1, 0.1], [0.9, 0.1], [0.3, 0.1], [0.3, 0.9]], "got edges 0-1 and 1-2 that do"),
            (vec![[0.1, 0.1], [0.9, 0.1], [0.9, 0.5], [0.5, 0.1], [0.1, 0.5]], "got edges 0-1 and 2-3 that do"),
            (vec![[0.1, 0.1], [1.5, 0.1], [0.9, 0.5]], "points[1]: expected x and y from 0 to 1, got (1.5, 0.1)"),
            (vec![[0.1, f64::NAN], [0.5, 0.1], [0.9, 0.5]], "points[0]"),
        ] {
            let error = Polygon::new(points).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn a_map_may_be_of_any_unit_and_its_origin_anywhere() {
        let hall = [[0.0, 0.0], [12.0, 0.0], [12.0, 8.0], [0.0, 8.0]];
        for (unit, origin) in [(1e-4, 0.0), (1.0, 5e6), (1e4, -3.0)] {
            let place = |point: Point2| point.map(|v| origin + unit * v);
            let area = Polygon::on_map("area", hall.map(place).to_vec()).unwrap();
            assert!((area.signed_area() / (96.0 * unit * unit) - 1.0).abs() < 1e-6);
            assert!(area.contains(place([11.5, 7.5])) && !area.contains(place([12.5, 7.5])));
            let line = Polygon::on_map("area", [[0.0, 0.0], [12.0, 0.0], [6.0, 1e-9]].map(place).to_vec());
            assert!(line.unwrap_err().to_string().starts_with("area: expected "));
        }
        let error = Polygon::on_map("area", vec![[0.0, 0.0], [f64::INFINITY, 0.0], [1.0, 1.0]]).unwrap_err();
        assert_eq!(error.to_string(), "area[1]: expected finite x and y, got (inf, 0)");
    }
}
