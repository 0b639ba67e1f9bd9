//! Lens distortion: radial and tangential, the model of Brown (1966) in the notation of OpenCV.

use super::linear::{Matrix3, Point2};
use crate::error::{Error, Result};

const MOST_STEPS: usize = 50;

/// A camera's matrix and distortion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lens {
    focal: Point2,
    centre: Point2,
    distortion: [f64; 5],
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
        Ok(Self { focal: [fx, fy], centre: [cx, cy], distortion })
    }

    /// Focal length in x and y, pixels.
    pub(crate) fn focal(&self) -> Point2 {
        self.focal
    }

    /// Principal point, pixels.
    pub(crate) fn centre(&self) -> Point2 {
        self.centre
    }

    /// Pixel without distortion from the pixel of the picture, by fixed-point iteration. NaN where it does not converge:
    /// far outside the picture the model does not hold.
    pub fn undistorted_from_image(&self, pixel: Point2) -> Point2 {
        let target = self.normalised(pixel);
        let mut point = target;
        for _ in 0..MOST_STEPS {
            let distorted = self.distort(point);
            let miss = [target[0] - distorted[0], target[1] - distorted[1]];
            point = [point[0] + miss[0], point[1] + miss[1]];
            if miss[0].hypot(miss[1]) < 1e-12 {
                return self.pixel(point);
            }
        }
        let distorted = self.distort(point);
        let converged = (target[0] - distorted[0]).hypot(target[1] - distorted[1]) < 1e-6;
        if converged { self.pixel(point) } else { [f64::NAN; 2] }
    }

    /// Pixel of the picture from the pixel without distortion.
    pub fn image_from_undistorted(&self, pixel: Point2) -> Point2 {
        self.pixel(self.distort(self.normalised(pixel)))
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
    }
}
