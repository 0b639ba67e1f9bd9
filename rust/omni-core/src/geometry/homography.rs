//! The plane-to-plane map from image pixels to the floor.

use super::fit::{Fit, check_points, fit};
use super::lens::Lens;
use super::linear::{Matrix2, Matrix3, Point2, apply3, inverse3, is_singular, multiply2, multiply3, transpose2};
use crate::error::{Error, Result};
use crate::types::check_image_size;

/// The picture that is assumed where its size is unknown; only decides which side of the horizon is the floor.
const ASSUMED_SIZE: (f64, f64) = (1920.0, 1080.0);

/// Map from image pixels, with an optional lens and the quality of the fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Homography {
    matrix: Matrix3,
    inverse: Matrix3,
    image_size: Option<(f64, f64)>,
    lens: Option<Lens>,
    residuals: Vec<f64>,
    used: Vec<bool>,
}

impl Homography {
    /// A homography from a known matrix, applied to pixels without distortion.
    ///
    /// Its sign is free; the side of the horizon that holds the lower edge of the picture is the floor.
    pub fn from_matrix(matrix: Matrix3, image_size: Option<(f64, f64)>, lens: Option<Lens>) -> Result<Self> {
        check_image_size(image_size)?;
        if !matrix.iter().flatten().all(|v| v.is_finite()) {
            return Err(Error::Calibration(format!("matrix: expected finite numbers, got {matrix:?}")));
        }
        // Its scale is free as well; squares of numbers near the ends of their range overflow. By a power of 2: exactly.
        let largest = matrix.iter().flatten().fold(0.0_f64, |largest, v| largest.max(v.abs()));
        let scale = libm::exp2(libm::log2(largest).floor());
        let matrix = matrix.map(|row| row.map(|v| v / scale));
        let (width, height) = image_size.unwrap_or(ASSUMED_SIZE);
        if is_singular(&matrix, width.max(height)) {
            return Err(Error::Calibration(
                "matrix: expected one that can be inverted, got a singular matrix; it maps the picture onto a line"
                    .into(),
            ));
        }
        let floor = apply3(&matrix, [width / 2.0, height, 1.0]);
        let sign = if floor[2] < 0.0 { -1.0 } else { 1.0 };
        Ok(Self::oriented(matrix, sign, image_size, lens))
    }

    /// The homography that takes `image_points` (pixels of the picture) to `map_points` with the least squared error.
    ///
    /// Of six pairs or more those are left out that are grossly wrong, if most agree without them.
    pub fn from_points(
        image_points: &[Point2],
        map_points: &[Point2],
        image_size: Option<(f64, f64)>,
        lens: Option<Lens>,
    ) -> Result<Self> {
        check_image_size(image_size)?;
        if image_points.len() != map_points.len() {
            return Err(Error::Calibration(format!(
                "image_points, map_points: expected as many of one as of the other, got {} and {}",
                image_points.len(),
                map_points.len()
            )));
        }
        check_points("image_points", image_points)?;
        check_points("map_points", map_points)?;
        let pixels: Vec<Point2> =
            image_points.iter().map(|&p| lens.map_or(p, |lens| lens.undistorted_from_image(p))).collect();
        if let Some(i) = pixels.iter().position(|p| !p[0].is_finite()) {
            return Err(Error::Calibration(format!(
                "image_points[{i}]: lies where the lens distortion has no inverse"
            )));
        }
        let Fit { matrix, used } = fit(&pixels, map_points)?;
        let seen = pixels.iter().zip(&used).filter(|&(_, &used)| used);
        let sides: Vec<f64> = seen.map(|(p, _)| apply3(&matrix, [p[0], p[1], 1.0])[2]).collect();
        if sides.iter().any(|s| s * sides[0] <= 0.0) {
            return Err(Error::Calibration(
                "image_points: the best fit has them on both sides of the horizon; are pairs mixed up?".into(),
            ));
        }
        let mut fitted = Self::oriented(matrix, sides[0].signum(), image_size, lens);
        fitted.residuals = image_points
            .iter()
            .zip(map_points)
            .map(|(&pixel, place)| {
                let mapped = fitted.map_from_image(pixel);
                libm::hypot(mapped[0] - place[0], mapped[1] - place[1])
            })
            .collect();
        fitted.used = used;
        Ok(fitted)
    }

    /// Scaled so that a floor point in front of the camera has a positive third coordinate.
    fn oriented(matrix: Matrix3, sign: f64, image_size: Option<(f64, f64)>, lens: Option<Lens>) -> Self {
        let norm = matrix.iter().flatten().map(|v| v * v).sum::<f64>().sqrt();
        let last = matrix[2][2];
        // The customary form has 1 at the lower right; kept where that does not turn the sign.
        let scale = if last * sign > 1e-9 * norm { last } else { sign * norm };
        let matrix = matrix.map(|row| row.map(|v| v / scale));
        Self { matrix, inverse: inverse3(&matrix), image_size, lens, residuals: Vec::new(), used: Vec::new() }
    }

    /// The same camera with every place on the map moved by `step` map units; it does not rest on points any more.
    pub fn shifted(&self, step: Point2) -> Result<Self> {
        let shift = [[1.0, 0.0, step[0]], [0.0, 1.0, step[1]], [0.0, 0.0, 1.0]];
        let made = Self::oriented(multiply3(&shift, &self.matrix), 1.0, self.image_size, self.lens);
        if made.inverse.iter().flatten().all(|v| v.is_finite()) {
            Ok(made)
        } else {
            Err(Error::invalid("step", "map units beside which the picture is more than a point", format!("{step:?}")))
        }
    }

    /// The 3 x 3 matrix, positive third coordinate in front of the camera.
    pub fn matrix(&self) -> &Matrix3 {
        &self.matrix
    }

    /// (width, height) of the picture in pixels, where known.
    pub fn image_size(&self) -> Option<(f64, f64)> {
        self.image_size
    }

    /// The lens, where one was given.
    pub(crate) fn lens(&self) -> Option<Lens> {
        self.lens
    }

    /// For each calibration point its error in map units; empty for a homography from a matrix.
    pub fn residuals(&self) -> &[f64] {
        &self.residuals
    }

    /// For each calibration point whether the fit rests on it, or leaves it out as grossly wrong.
    pub fn used(&self) -> &[bool] {
        &self.used
    }

    /// Root mean square of the residuals of the points that are used, in map units; `None` for a homography from a matrix.
    pub fn rms_error(&self) -> Option<f64> {
        let used = || self.residuals.iter().zip(&self.used).filter(|&(_, &used)| used).map(|(r, _)| r * r);
        let count = used().count();
        (count > 0).then(|| (used().sum::<f64>() / count as f64).sqrt())
    }

    /// The place on the map that a pixel shows; NaN for a pixel on or beyond the horizon, or where the lens has no inverse.
    pub fn map_from_image(&self, pixel: Point2) -> Point2 {
        project_in_front(&self.matrix, self.undistorted(pixel))
    }

    /// The place that the middle of the lower edge shows, where that is floor.
    pub(crate) fn foreground(&self) -> Option<Point2> {
        let (width, height) = self.image_size.unwrap_or(ASSUMED_SIZE);
        let place = project_in_front(&self.matrix, [width / 2.0, height]);
        place.iter().all(|v| v.is_finite()).then_some(place)
    }

    /// The pixel that shows a place on the map; NaN for a place that is not in front of the camera, or that the lens does not
    /// show.
    pub fn image_from_map(&self, place: Point2) -> Point2 {
        let pixel = project_in_front(&self.inverse, place);
        self.lens.map_or(pixel, |lens| lens.image_from_undistorted(pixel))
    }

    /// Covariance on the map, in map units squared, of a pixel known to `sigma` pixels in x and y (first order).
    pub fn covariance(&self, pixel: Point2, sigma: Point2) -> Matrix2 {
        let j = self.jacobian(pixel);
        let squared = [[sigma[0] * sigma[0], 0.0], [0.0, sigma[1] * sigma[1]]];
        multiply2(&multiply2(&j, &squared), &transpose2(&j))
    }

    /// Change of the map point by the pixel; NaN on or beyond the horizon.
    fn jacobian(&self, pixel: Point2) -> Matrix2 {
        let p = self.undistorted(pixel);
        let [x, y, w] = apply3(&self.matrix, [p[0], p[1], 1.0]);
        if w.is_nan() || w <= 0.0 {
            return [[f64::NAN; 2]; 2];
        }
        let m = &self.matrix;
        let plane: Matrix2 =
            [[0, 1].map(|k| (m[0][k] - x / w * m[2][k]) / w), [0, 1].map(|k| (m[1][k] - y / w * m[2][k]) / w)];
        let Some(lens) = self.lens else { return plane };
        let step = 0.5;
        let across = [[step, 0.0], [0.0, step]].map(|d| {
            let ahead = lens.undistorted_from_image([pixel[0] + d[0], pixel[1] + d[1]]);
            let behind = lens.undistorted_from_image([pixel[0] - d[0], pixel[1] - d[1]]);
            [(ahead[0] - behind[0]) / (2.0 * step), (ahead[1] - behind[1]) / (2.0 * step)]
        });
        multiply2(&plane, &transpose2(&across))
    }

    fn undistorted(&self, pixel: Point2) -> Point2 {
        self.lens.map_or(pixel, |lens| lens.undistorted_from_image(pixel))
    }
}

fn project_in_front(matrix: &Matrix3, p: Point2) -> Point2 {
    let [x, y, w] = apply3(matrix, [p[0], p[1], 1.0]);
    if w > 0.0 { [x / w, y / w] } else { [f64::NAN; 2] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::fit::project;

    const TILTED: Matrix3 = [[0.041, -0.46, 83.3], [-0.106, -0.304, 113.7], [0.000_68, 0.0149, 1.0]];
    const PIXELS: [Point2; 6] =
        [[50.0, 200.0], [500.0, 220.0], [300.0, 400.0], [80.0, 650.0], [520.0, 700.0], [260.0, 560.0]];

    fn places() -> Vec<Point2> {
        PIXELS.iter().map(|&p| project(&TILTED, p)).collect()
    }

    fn reason(result: Result<Homography>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn recovers_the_matrix_and_goes_both_ways() {
        let h = Homography::from_points(&PIXELS, &places(), Some((560.0, 720.0)), None).unwrap();
        assert!(h.rms_error().unwrap() < 1e-9);
        assert_eq!(h.residuals().len(), 6);
        let pixel = [123.0, 456.0];
        let expected = project(&TILTED, pixel);
        let place = h.map_from_image(pixel);
        assert!((place[0] - expected[0]).hypot(place[1] - expected[1]) < 1e-8);
        let back = h.image_from_map(place);
        assert!((back[0] - pixel[0]).hypot(back[1] - pixel[1]) < 1e-6);
    }

    #[test]
    fn refinement_minimises_the_error_on_the_map() {
        let noisy: Vec<Point2> = places()
            .iter()
            .enumerate()
            .map(|(i, p)| [p[0] + 0.1 * (i % 3) as f64, p[1] - 0.1 * (i % 2) as f64])
            .collect();
        let h = Homography::from_points(&PIXELS, &noisy, None, None).unwrap();
        let truth = Homography::from_matrix(TILTED, None, None).unwrap();
        let of_truth: f64 = PIXELS
            .iter()
            .zip(&noisy)
            .map(|(&p, n)| {
                let q = truth.map_from_image(p);
                (q[0] - n[0]).powi(2) + (q[1] - n[1]).powi(2)
            })
            .sum();
        assert!(h.rms_error().unwrap() <= (of_truth / 6.0).sqrt());
    }

    #[test]
    fn a_grossly_wrong_point_is_left_out_and_told_of() {
        let mut pixels: Vec<Point2> = PIXELS.to_vec();
        pixels.extend([[150.0, 330.0], [430.0, 510.0]]);
        let mut map: Vec<Point2> = pixels.iter().map(|&p| project(&TILTED, p)).collect();
        for (i, place) in map.iter_mut().enumerate() {
            place[0] += if i % 2 == 0 { 0.02 } else { -0.02 };
        }
        let extent = (map[3][0] - map[0][0]).hypot(map[3][1] - map[0][1]);
        for wrong in 0..pixels.len() {
            let mut map = map.clone();
            map[wrong][1] += 0.5 * extent;
            let h = Homography::from_points(&pixels, &map, None, None).unwrap();
            let out: Vec<usize> = (0..pixels.len()).filter(|&i| !h.used()[i]).collect();
            assert_eq!(out, [wrong]);
            assert!(h.rms_error().unwrap() < 0.1 && h.residuals()[wrong] > 0.4 * extent);
        }
        let h = Homography::from_points(&pixels, &map, None, None).unwrap();
        assert!(h.used().iter().all(|&used| used));
    }

    #[test]
    fn beyond_the_horizon_is_nan_whatever_the_sign_of_the_matrix() {
        for matrix in [TILTED, TILTED.map(|row| row.map(|v| -v))] {
            let h = Homography::from_matrix(matrix, Some((560.0, 720.0)), None).unwrap();
            assert!(h.map_from_image([100.0, 600.0])[0].is_finite());
            assert!(h.map_from_image([100.0, -200.0])[0].is_nan());
            assert!(h.covariance([100.0, -200.0], [1.0, 1.0])[0][0].is_nan());
        }
    }

    #[test]
    fn scale_of_the_matrix_and_origin_of_the_map_are_free() {
        let size = Some((560.0, 720.0));
        let place = Homography::from_matrix(TILTED, size, None).unwrap().map_from_image([100.0, 600.0]);
        for scale in [1e-300, -1e200] {
            let scaled = TILTED.map(|row| row.map(|v| v * scale));
            let h = Homography::from_matrix(scaled, size, None).unwrap();
            let again = h.map_from_image([100.0, 600.0]);
            assert!((again[0] - place[0]).hypot(again[1] - place[1]) < 1e-9);
        }
        // A plan of 1 cm a pixel in the metres of a national grid.
        let grid = [[0.01, 0.0, 500_000.0], [0.0, 0.01, 5_000_000.0], [0.0, 0.0, 1.0]];
        let h = Homography::from_matrix(grid, size, None).unwrap();
        assert!((h.map_from_image([100.0, 600.0])[1] - 5_000_006.0).abs() < 1e-6);
        let shifted = h.shifted([-500_000.0, -5_000_000.0]).unwrap();
        assert!((shifted.map_from_image([100.0, 600.0])[0] - 1.0).abs() < 1e-6);
        assert!(h.shifted([1e308, 0.0]).unwrap_err().to_string().starts_with("step"));
    }

    #[test]
    fn covariance_is_that_of_moved_pixels() {
        let matrix = [[800.0, 0.0, 280.0], [0.0, 800.0, 360.0], [0.0, 0.0, 1.0]];
        let lens = Lens::new(&matrix, [-0.2, 0.05, 0.0, 0.0, 0.0]).unwrap();
        for lens in [None, Some(lens)] {
            let h = Homography::from_matrix(TILTED, Some((560.0, 720.0)), lens).unwrap();
            let (p, e) = ([100.0, 500.0], 1e-3);
            let (a, b) = (h.map_from_image([p[0], p[1] + e]), h.map_from_image([p[0], p[1] - e]));
            let d = [(a[0] - b[0]) / (2.0 * e), (a[1] - b[1]) / (2.0 * e)];
            let c = h.covariance(p, [0.0, 1.0]);
            assert!((c[0][0] - d[0] * d[0]).abs() < 1e-4 * c[0][0]);
            assert!((c[0][1] - d[0] * d[1]).abs() < 1e-4 * c[0][1].abs());
        }
    }

    #[test]
    fn refuses_what_gives_no_homography_with_the_reason() {
        let map = places();
        assert!(reason(Homography::from_points(&PIXELS[..3], &map[..3], None, None)).contains("at least 4"));
        assert!(reason(Homography::from_points(&PIXELS, &map[..5], None, None)).contains("as many"));
        let mut twice = PIXELS;
        twice[3] = twice[0];
        assert!(reason(Homography::from_points(&twice, &map, None, None)).contains("same point"));
        let line: Vec<Point2> = (0..6).map(|i| [f64::from(i), 2.0 * f64::from(i)]).collect();
        assert!(reason(Homography::from_points(&line, &map, None, None)).contains("one line"));
        let almost = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 1.0]];
        assert!(reason(Homography::from_points(&almost, &almost, None, None)).contains("no three"));
        let mut broken = PIXELS;
        broken[2][1] = f64::NAN;
        assert!(reason(Homography::from_points(&broken, &map, None, None)).contains("image_points[2]"));
        let doubled = [[0.1, 0.7, 30.0], [0.2, 1.4, 60.0], [0.001, 0.003, 1.0]];
        let far = [[0.3, 0.9, 300.0], [0.1, 0.2, 5.0], [0.001, 0.003, 1.0]];
        for singular in [[[1.0; 3]; 3], [[0.0; 3]; 3], doubled, far] {
            assert!(reason(Homography::from_matrix(singular, None, None)).contains("singular"));
        }
        assert!(Homography::from_matrix(TILTED, Some((0.0, 720.0)), None).is_err());
    }
}
