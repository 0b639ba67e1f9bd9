//! A homography from point pairs.
//!
//! Normalised direct linear transform (Hartley and Zisserman, Multiple View Geometry, algorithm 4.2), refined by
//! Gauss-Newton on the error in map units. Where pairs are grossly wrong, the pairs that agree are found first, by least
//! median of squares (Rousseeuw 1984) over four at a time: RANSAC without a threshold in units that nobody knows.

use super::linear::{Matrix2, Matrix3, Point2, apply3, inverse3, is_singular, multiply3, solve, symmetric_eigen};
use crate::error::{Error, Result};

/// Below this share of the spread along a line the spread across it counts as none.
const LEAST_SPREAD: f64 = 1e-6;
/// Below this the normal matrix counts as singular.
const LEAST_EIGENVALUE: f64 = 1e-10;
/// With one pair more than four nobody can say which of the five is wrong; with two more it shows.
const LEAST_PAIRS_TO_DOUBT: usize = 6;
/// Pairs that are off by less than this are not doubted; 1 is about the distance of the points from their middle.
const SMALL_ERROR: f64 = 0.03;
/// Pairs further off than so many standard deviations of the others are left out.
const OUTLIER_SIGMAS: f64 = 2.5;
/// Of so many pairs all sets of four are tried, 1,001,
const MOST_FOR_ALL_SETS: usize = 14;
/// of more some.
const DRAWN_SETS: usize = 1000;

/// A matrix that takes pixels to the map, and the pairs that it rests on.
pub(super) struct Fit {
    pub(super) matrix: Matrix3,
    pub(super) used: Vec<bool>,
}

/// The matrix of least squared error on the map, over all pairs but those that are grossly wrong.
pub(super) fn fit(pixels: &[Point2], places: &[Point2]) -> Result<Fit> {
    let (from, to) = (normalisation(pixels), normalisation(places));
    let source: Vec<Point2> = pixels.iter().map(|&p| project(&from, p)).collect();
    let target: Vec<Point2> = places.iter().map(|&p| project(&to, p)).collect();
    let all = vec![true; pixels.len()];
    let of_all = fit_used(&source, &target, &all);
    let doubted = match &of_all {
        Ok(matrix) => errors(matrix, &source, &target).into_iter().any(|e| e.is_nan() || e > SMALL_ERROR),
        Err(_) => true,
    };
    let (normalised, used) = match doubted.then(|| agreeing(&source, &target)).flatten() {
        Some(used) => (fit_used(&source, &target, &used)?, used),
        None => (of_all?, all),
    };
    Ok(Fit { matrix: multiply3(&inverse3(&to), &multiply3(&normalised, &from)), used })
}

fn fit_used(source: &[Point2], target: &[Point2], used: &[bool]) -> Result<Matrix3> {
    let pick = |points: &[Point2]| -> Vec<Point2> {
        points.iter().zip(used).filter(|&(_, &used)| used).map(|(&point, _)| point).collect()
    };
    let (source, target) = (pick(source), pick(target));
    let matrix = refine(direct_linear_transform(&source, &target)?, &source, &target);
    if is_singular(&matrix, 1.0) { Err(not_in_general_position()) } else { Ok(matrix) }
}

/// The pairs that agree, if some do not: most of them do with the four that leave the least median error.
fn agreeing(source: &[Point2], target: &[Point2]) -> Option<Vec<bool>> {
    let n = source.len();
    if n < LEAST_PAIRS_TO_DOUBT {
        return None;
    }
    // Half of the pairs beyond the four that fit exactly whatever they are.
    let most = n / 2 + 2 + n % 2;
    let median_of = |matrix: &Matrix3| {
        let mut errors = errors(matrix, source, target);
        errors.sort_by(f64::total_cmp);
        errors[most - 1]
    };
    let of_four = |four: [usize; 4]| {
        let [source, target] = [source, target].map(|points| four.map(|i| points[i]));
        let matrix = direct_linear_transform(&source, &target).ok().filter(|matrix| !is_singular(matrix, 1.0))?;
        Some((median_of(&matrix), matrix))
    };
    let (median, matrix) = fours(n).into_iter().filter_map(of_four).min_by(|a, b| a.0.total_cmp(&b.0))?;
    let sigma = 1.4826 * (1.0 + 5.0 / (n - 4) as f64) * median;
    let limit = (OUTLIER_SIGMAS * sigma).max(SMALL_ERROR);
    let used: Vec<bool> = errors(&matrix, source, target).into_iter().map(|e| e <= limit).collect();
    let wrong = used.iter().filter(|&&used| !used).count();
    (wrong > 0 && wrong <= n - most).then_some(used)
}

/// All sets of four of `n`; where there are too many, some, drawn from one fixed sequence.
fn fours(n: usize) -> Vec<[usize; 4]> {
    if n > MOST_FOR_ALL_SETS {
        return drawn_fours(n);
    }
    let from =
        |a: usize| (a + 1..n).flat_map(move |b| (b + 1..n).flat_map(move |c| (c + 1..n).map(move |d| [a, b, c, d])));
    (0..n).flat_map(from).collect()
}

fn drawn_fours(n: usize) -> Vec<[usize; 4]> {
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % n
    };
    let sets = (0..DRAWN_SETS).map(|_| [draw(), draw(), draw(), draw()]);
    sets.filter(|set| (0..4).all(|i| !set[..i].contains(&set[i]))).collect()
}

fn errors(matrix: &Matrix3, source: &[Point2], target: &[Point2]) -> Vec<f64> {
    source.iter().zip(target).map(|(&s, &t)| distance(project(matrix, s), t)).collect()
}

/// Refuses points that cannot give a homography, with the reason.
pub(super) fn check_points(name: &str, points: &[Point2]) -> Result<()> {
    if points.len() < 4 {
        return Err(Error::Calibration(format!("{name}: expected at least 4 points, got {}", points.len())));
    }
    if let Some(i) = points.iter().position(|p| !(p[0].is_finite() && p[1].is_finite())) {
        return Err(Error::Calibration(format!("{name}[{i}]: expected finite numbers, got {:?}", points[i])));
    }
    if let Some((i, j)) = twice(points) {
        return Err(Error::Calibration(format!("{name}[{i}]: the same point as {name}[{j}]; give each place once")));
    }
    let (spread, _) = symmetric_eigen(scatter(points));
    if spread[0] <= LEAST_SPREAD * LEAST_SPREAD * spread[1] {
        return Err(Error::Calibration(format!("{name}: all on one line; add a point away from it")));
    }
    Ok(())
}

/// The first point that was there before, and where.
fn twice(points: &[Point2]) -> Option<(usize, usize)> {
    // Not each with each: pairs found by a computer come in thousands. Adding 0 makes 0 of -0.
    let mut order: Vec<(Point2, usize)> = points.iter().map(|p| p.map(|v| v + 0.0)).zip(0..).collect();
    order.sort_unstable_by(|(a, i), (b, j)| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])).then(i.cmp(j)));
    let same = order.chunk_by(|(a, _), (b, _)| a[0].total_cmp(&b[0]).is_eq() && a[1].total_cmp(&b[1]).is_eq());
    same.filter_map(|points| Some((points.get(1)?.1, points[0].1))).min()
}

fn distance(a: Point2, b: Point2) -> f64 {
    libm::hypot(a[0] - b[0], a[1] - b[1])
}

fn mean(points: &[Point2]) -> Point2 {
    let n = points.len() as f64;
    [points.iter().map(|p| p[0] / n).sum(), points.iter().map(|p| p[1] / n).sum()]
}

fn scatter(points: &[Point2]) -> Matrix2 {
    let [mx, my] = mean(points);
    points.iter().fold([[0.0; 2]; 2], |s, p| {
        let (x, y) = (p[0] - mx, p[1] - my);
        [[s[0][0] + x * x, s[0][1] + x * y], [s[1][0] + x * y, s[1][1] + y * y]]
    })
}

/// Moves the mean to the origin and the mean squared distance to 2.
fn normalisation(points: &[Point2]) -> Matrix3 {
    let [mx, my] = mean(points);
    let s = scatter(points);
    let k = (2.0 * points.len() as f64 / (s[0][0] + s[1][1])).sqrt();
    [[k, 0.0, -k * mx], [0.0, k, -k * my], [0.0, 0.0, 1.0]]
}

pub(super) fn project(matrix: &Matrix3, p: Point2) -> Point2 {
    let [x, y, w] = apply3(matrix, [p[0], p[1], 1.0]);
    [x / w, y / w]
}

fn not_in_general_position() -> Error {
    Error::Calibration(
        "image_points, map_points: expected at least four points of which no three lie on one line; add points away \
         from the lines"
            .into(),
    )
}

fn direct_linear_transform(source: &[Point2], target: &[Point2]) -> Result<Matrix3> {
    let mut normal = [[0.0; 9]; 9];
    for (s, t) in source.iter().zip(target) {
        let p = [s[0], s[1], 1.0];
        let zero = [0.0; 3];
        for (first, second, value) in [(p, zero, t[0]), (zero, p, t[1])] {
            let row: [f64; 9] = std::array::from_fn(|i| match i / 3 {
                0 => first[i],
                1 => second[i - 3],
                _ => -value * p[i - 6],
            });
            for i in 0..9 {
                for j in 0..9 {
                    normal[i][j] += row[i] * row[j];
                }
            }
        }
    }
    let (values, vectors) = symmetric_eigen(normal);
    if values[1] <= LEAST_EIGENVALUE * values[8] {
        return Err(not_in_general_position());
    }
    Ok(std::array::from_fn(|i| std::array::from_fn(|j| vectors[3 * i + j][0])))
}

/// Gauss-Newton on the squared error in the target; keeps a step only where it helps.
fn refine(matrix: Matrix3, source: &[Point2], target: &[Point2]) -> Matrix3 {
    let mut best = matrix;
    let mut error = squared_error(&best, source, target);
    for _ in 0..10 {
        let Some(next) = gauss_newton_step(&best, source, target) else { break };
        let next_error = squared_error(&next, source, target);
        if next_error.is_nan() || next_error >= error {
            break;
        }
        (best, error) = (next, next_error);
    }
    best
}

fn squared_error(matrix: &Matrix3, source: &[Point2], target: &[Point2]) -> f64 {
    let misses = source.iter().zip(target).map(|(&s, t)| {
        let p = project(matrix, s);
        (p[0] - t[0]).powi(2) + (p[1] - t[1]).powi(2)
    });
    misses.sum()
}

/// One step over the first eight numbers, the ninth held at 1 (the third coordinate at the mean of the points).
fn gauss_newton_step(matrix: &Matrix3, source: &[Point2], target: &[Point2]) -> Option<Matrix3> {
    let m = matrix.map(|row| row.map(|v| v / matrix[2][2]));
    let (mut normal, mut right) = ([[0.0; 8]; 8], [0.0; 8]);
    for (s, t) in source.iter().zip(target) {
        let p = [s[0], s[1], 1.0];
        let [x, y, w] = apply3(&m, p);
        for (axis, value) in [x / w, y / w].into_iter().enumerate() {
            let row: [f64; 8] = std::array::from_fn(|i| {
                if i / 3 == axis {
                    p[i % 3] / w
                } else if i >= 6 {
                    -value * p[i - 6] / w
                } else {
                    0.0
                }
            });
            for i in 0..8 {
                right[i] += row[i] * (t[axis] - value);
                for j in 0..8 {
                    normal[i][j] += row[i] * row[j];
                }
            }
        }
    }
    let step = solve(normal, right)?;
    let next =
        std::array::from_fn(|i| std::array::from_fn(|j| if i + j == 4 { 1.0 } else { m[i][j] + step[3 * i + j] }));
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_point_that_was_there_before_is_found_among_many() {
        assert_eq!(twice(&[[0.0, 5.0], [-0.0, 7.0], [0.0, 9.0], [-0.0, 5.0], [3.0, 4.0], [0.0, 7.0]]), Some((3, 0)));
        // 200,000 of them: each with each would take minutes.
        let mut grid: Vec<Point2> = (0..200_000).map(|i| [f64::from(i % 500), f64::from(i / 500)]).collect();
        assert_eq!(twice(&grid), None);
        grid.extend([[7.0, 300.0], [7.0, 2.0], [7.0, 300.0]]);
        assert_eq!(twice(&grid), Some((200_000, 150_007)));
    }
}
