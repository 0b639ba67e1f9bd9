//! Lens distortion: radial and tangential, the model of Brown (1966) in the notation of OpenCV.
//!
//! A polynomial that makes pictures smaller towards the rim turns back at some radius: what is further out than this *fold*
//! would be drawn inside of it, on top of what is there. No lens does that, so there the model does not hold.

use super::linear::{Matrix3, Point2};
use crate::error::{Error, Result};

const MOST_STEPS: usize = 50;
/// A fold farther out, as the square of focal lengths, is none: nothing is seen so far from the axis.
const FARTHEST: f64 = 1e12;
/// Of the range that holds the fold; as many as leave neighbouring numbers.
const MOST_HALVINGS: usize = 100;

/// A camera's matrix and distortion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lens {
    focal: Point2,
    centre: Point2,
    distortion: [f64; 5],
    /// The square of the radius of the fold, in focal lengths without distortion; infinite where there is none.
    fold: f64,
}

impl Lens {
    /// A lens of camera matrix `[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]` and distortion `k1, k2, p1, p2, k3`.
    pub fn new(camera_matrix: &Matrix3, distortion: [f64; 5]) -> Result<Self> {
        let [[fx, _, cx], [_, fy, cy], _] = *camera_matrix;
        let rest = [camera_matrix[0][1], camera_matrix[1][0], camera_matrix[2][0], camera_matrix[2][1]];
        let usual = rest.iter().all(|v| v.abs() <= 0.0) && (camera_matrix[2][2] - 1.0).abs() <= 0.0;
        let finite = [fx, fy, cx, cy].iter().chain(&distortion).all(|v| v.is_finite());
        if !(finite && usual && fx > 0.0 && fy > 0.0) {
            return Err(Error::Calibration(format!(
                "camera_matrix, distortion: expected [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] with fx, fy > 0 and five \
                 finite numbers k1, k2, p1, p2, k3, got {camera_matrix:?} and {distortion:?}"
            )));
        }
        Ok(Self { focal: [fx, fy], centre: [cx, cy], distortion, fold: fold(&distortion) })
    }

    /// Focal length in x and y, pixels.
    pub(crate) fn focal(&self) -> Point2 {
        self.focal
    }

    /// Principal point, pixels.
    pub(crate) fn centre(&self) -> Point2 {
        self.centre
    }

    /// Pixel without distortion from the pixel of the picture, by fixed-point iteration. NaN where it does not converge,
    /// or beyond the fold: far outside the picture the model does not hold.
    pub fn undistorted_from_image(&self, pixel: Point2) -> Point2 {
        let target = self.normalised(pixel);
        let mut point = target;
        for _ in 0..MOST_STEPS {
            let distorted = self.distort(point);
            let miss = [target[0] - distorted[0], target[1] - distorted[1]];
            // Where the picture grows by more than twice the step would go too far and farther each time.
            let growth = growth(&self.distortion, point[0] * point[0] + point[1] * point[1]).max(1.0);
            point = [point[0] + miss[0] / growth, point[1] + miss[1] / growth];
            if libm::hypot(miss[0], miss[1]) < 1e-12 {
                break;
            }
        }
        let distorted = self.distort(point);
        let converged = libm::hypot(target[0] - distorted[0], target[1] - distorted[1]) < 1e-6;
        if converged && self.holds(point) { self.pixel(point) } else { [f64::NAN; 2] }
    }

    /// The same for a pixel of the picture's border; where it has no inverse, the farthest that the lens shows on that side.
    pub(crate) fn undistorted_from_border(&self, pixel: Point2) -> Point2 {
        let straight = self.undistorted_from_image(pixel);
        if straight[0].is_finite() {
            return straight;
        }
        let [x, y] = self.normalised(pixel);
        let reach = self.fold.sqrt() / libm::hypot(x, y);
        if reach.is_finite() { self.pixel([reach * x, reach * y]) } else { pixel }
    }

    /// Pixel of the picture from the pixel without distortion. NaN beyond the fold: no pixel of the picture shows it.
    pub fn image_from_undistorted(&self, pixel: Point2) -> Point2 {
        let point = self.normalised(pixel);
        if self.holds(point) { self.pixel(self.distort(point)) } else { [f64::NAN; 2] }
    }

    fn holds(&self, [x, y]: Point2) -> bool {
        x * x + y * y <= self.fold
    }

    fn normalised(&self, pixel: Point2) -> Point2 {
        std::array::from_fn(|i| (pixel[i] - self.centre[i]) / self.focal[i])
    }

    fn pixel(&self, point: Point2) -> Point2 {
        std::array::from_fn(|i| point[i] * self.focal[i] + self.centre[i])
    }

    fn distort(&self, [x, y]: Point2) -> Point2 {
        let [k1, k2, p1, p2, k3] = self.distortion;
        let r2 = x * x + y * y;
        let radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3));
        [
            x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
            y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y,
        ]
    }
}

/// The square of the least radius at which the distorted radius, r (1 + k1 r^2 + k2 r^4 + k3 r^6), stops to grow.
fn fold(distortion: &[f64; 5]) -> f64 {
    let &[k1, k2, _, _, k3] = distortion;
    // Between two radii where the growth itself turns it is monotone, and so beyond the last of them.
    let (a, b, c) = (21.0 * k3, 10.0 * k2, 3.0 * k1);
    let root = (b * b - 4.0 * a * c).max(0.0).sqrt();
    let half = -0.5 * (b + root.copysign(b));
    let mut turns = [half / a, c / half].map(|turn| if turn.is_finite() { turn.max(0.0) } else { 0.0 });
    turns.sort_by(f64::total_cmp);
    let bounds = [(0.0, turns[0]), (turns[0], turns[1]), (turns[1], FARTHEST)];
    let Some((mut near, mut far)) = bounds.into_iter().find(|&(_, far)| growth(distortion, far) <= 0.0) else {
        return f64::INFINITY;
    };
    for _ in 0..MOST_HALVINGS {
        let middle = f64::midpoint(near, far);
        if growth(distortion, middle) > 0.0 {
            near = middle;
        } else {
            far = middle;
        }
    }
    near
}

/// By how much the distorted radius grows with the radius, of which this is the square.
fn growth(&[k1, k2, _, _, k3]: &[f64; 5], square: f64) -> f64 {
    1.0 + square * (3.0 * k1 + square * (5.0 * k2 + square * 7.0 * k3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undistortion_undoes_distortion() {
        let matrix = [[900.0, 0.0, 640.0], [0.0, 905.0, 360.0], [0.0, 0.0, 1.0]];
        let lens = Lens::new(&matrix, [-0.28, 0.08, 0.001, -0.0005, -0.01]).unwrap();
        for pixel in [[640.0, 360.0], [10.0, 12.0], [1270.0, 700.0], [300.0, 650.0]] {
            let back = lens.image_from_undistorted(lens.undistorted_from_image(pixel));
            assert!((back[0] - pixel[0]).hypot(back[1] - pixel[1]) < 1e-6);
        }
        assert!(Lens::new(&[[0.0; 3]; 3], [0.0; 5]).is_err());
        for distortion in [[0.6, 0.2, 0.001, -0.0005, 0.0], [0.3, 1.5, 0.0, 0.0, -0.5], [0.1, 0.0, 0.0, 0.0, 9.0]] {
            let lens = Lens::new(&matrix, distortion).unwrap(); // stretched ever more towards the rim
            for pixel in [[640.0, 360.0], [10.0, 12.0], [1270.0, 700.0], [300.0, 650.0], [0.0, 0.0]] {
                let back = lens.image_from_undistorted(lens.undistorted_from_image(pixel));
                assert!((back[0] - pixel[0]).hypot(back[1] - pixel[1]) < 1e-6, "{distortion:?} {pixel:?} {back:?}");
            }
        }
    }
    #[test]
    fn beyond_the_fold_nothing_is_in_the_picture() {
        let matrix = [[1000.0, 0.0, 0.0], [0.0, 1000.0, 0.0], [0.0, 0.0, 1.0]];
        for (distortion, fold) in [
            ([-0.3, 0.0, 0.0, 0.0, 0.0], (1.0_f64 / 0.9).sqrt()),
            ([-0.5, 0.1, 0.0, 0.0, 0.0], 1.0), // and back outwards from the root of 2
            ([0.1, -0.3, 0.0, 0.0, 0.0], ((0.3 + 6.09_f64.sqrt()) / 3.0).sqrt()),
            ([0.0, 0.0, 0.0, 0.0, -1.0], 7.0_f64.powf(-1.0 / 6.0)),
        ] {
            let lens = Lens::new(&matrix, distortion).unwrap();
            let at = |radius: f64| lens.image_from_undistorted([600.0 * radius, -800.0 * radius]);
            let [x, y] = at(fold * (1.0 - 1e-9));
            for radius in [1.001, 1.2, 2.0, 3.0, 10.0, 1e6] {
                assert!(at(radius * fold)[0].is_nan(), "{distortion:?} {radius}");
                let beyond_the_rim = lens.undistorted_from_image([x * radius, y * radius]);
                assert!(beyond_the_rim[0].is_nan(), "{distortion:?} {radius} {beyond_the_rim:?}");
            }
        }
        for distortion in [[0.0; 5], [0.2, 0.0, 0.0, 0.0, 0.0], [-0.5, 0.12, 0.0, 0.0, 0.0], [-0.3, 0.1, 0.0, 0.0, 0.1]]
        {
            let lens = Lens::new(&matrix, distortion).unwrap();
            assert!(lens.image_from_undistorted([1e4, 1e4])[0].is_finite(), "{distortion:?}");
        }
    }
}
