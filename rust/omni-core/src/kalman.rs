//! Kalman filters of constant velocity in continuous time: any step between two updates is right.

use crate::geometry::BBox;
use crate::geometry::linear::{add2, apply2, determinant2, inverse2, multiply2, scale2, transpose2};
use crate::geometry::{Matrix2, Point2};

/// Random walk of a box's centre, in box sizes per square root of a second.
const POSITION_NOISE: f64 = 0.2;
/// Random walk of its velocity, in box sizes per second per square root of a second.
const VELOCITY_NOISE: f64 = 0.5;
/// The same two for width and height, as a share of those of the centre.
const SIZE_NOISE_SHARE: f64 = 0.6;
/// Standard deviation of a detection of confidence 1, in box sizes; twice that at confidence 0.
const MEASUREMENT_NOISE: f64 = 0.06;
/// Standard deviation of a new track's velocity, in box sizes per second.
const START_VELOCITY: f64 = 1.9;
/// Time constant with which a change of size fades, in seconds.
const SIZE_CHANGE_SECONDS: f64 = 0.2;

/// Position and velocity along one axis.
#[derive(Debug, Clone, Copy)]
struct AxisFilter {
    position: f64,
    velocity: f64,
    p_xx: f64,
    p_xv: f64,
    p_vv: f64,
}

impl AxisFilter {
    fn new(position: f64, size: f64) -> Self {
        let (x, v) = (2.0 * MEASUREMENT_NOISE * size, START_VELOCITY * size);
        Self { position, velocity: 0.0, p_xx: x * x, p_xv: 0.0, p_vv: v * v }
    }

    fn predict(&mut self, dt: f64, size: f64) {
        let (q_x, q_v) = ((POSITION_NOISE * size).powi(2), (VELOCITY_NOISE * size).powi(2));
        self.position += dt * self.velocity;
        self.p_xx += dt * (2.0 * self.p_xv + dt * self.p_vv + q_x + q_v * dt * dt / 3.0);
        self.p_xv += dt * (self.p_vv + q_v * dt / 2.0);
        self.p_vv += dt * q_v;
    }

    fn fade_velocity(&mut self, factor: f64) {
        self.velocity *= factor;
        self.p_xv *= factor;
        self.p_vv *= factor * factor;
    }

    fn scale(&mut self, factor: f64) {
        self.position *= factor;
        self.velocity *= factor;
        for covariance in [&mut self.p_xx, &mut self.p_xv, &mut self.p_vv] {
            *covariance *= factor * factor;
        }
    }

    fn correct(&mut self, measured: f64, variance: f64) {
        let total = self.p_xx + variance;
        let (gain_x, gain_v) = (self.p_xx / total, self.p_xv / total);
        let innovation = measured - self.position;
        self.position += gain_x * innovation;
        self.velocity += gain_v * innovation;
        self.p_vv -= gain_v * self.p_xv;
        self.p_xx *= 1.0 - gain_x;
        self.p_xv *= 1.0 - gain_x;
    }
}

/// How far to trust a detection.
#[derive(Debug, Clone, Copy)]
pub struct Trust {
    /// Its confidence, 0 to 1: a sure one is placed better.
    pub confidence: f64,
    /// Factor on the standard deviation of the whole stream.
    pub noise: f64,
}

/// A box in the image: centre, width and height as four independent axes, all noise relative to the box.
#[derive(Debug, Clone, Copy)]
pub struct BoxFilter {
    centre: [AxisFilter; 2],
    size: [AxisFilter; 2],
}

impl BoxFilter {
    /// A filter that starts at a first detection.
    pub fn new(bbox: &BBox) -> Self {
        let extent = [bbox.width().max(1.0), bbox.height().max(1.0)];
        let centre = bbox.centre();
        Self {
            centre: [0, 1].map(|i| AxisFilter::new(centre[i], extent[i])),
            size: [0, 1].map(|i| AxisFilter::new(extent[i], extent[i])),
        }
    }

    /// What is left of a change of size after `dt` seconds.
    pub fn size_change_left(dt: f64) -> f64 {
        libm::exp(-dt / SIZE_CHANGE_SECONDS)
    }

    /// Moves on by `dt` seconds. `fade`: [`Self::size_change_left`], or 0 for a box that was not seen last time, whose
    /// size stays as it is.
    pub fn predict(&mut self, dt: f64, fade: f64) {
        let extent = self.extent();
        for i in 0..2 {
            self.centre[i].predict(dt, extent[i]);
            self.size[i].fade_velocity(fade);
            self.size[i].predict(dt, SIZE_NOISE_SHARE * extent[i]);
            self.size[i].position = self.size[i].position.max(1.0);
        }
    }

    /// Takes in a detection.
    pub fn correct(&mut self, bbox: &BBox, trust: Trust) {
        let extent = self.extent();
        let (centre, size) = (bbox.centre(), [bbox.width(), bbox.height()]);
        for i in 0..2 {
            let variance = measurement_variance(extent[i], trust);
            self.centre[i].correct(centre[i], variance);
            self.size[i].correct(size[i], variance);
            self.size[i].position = self.size[i].position.max(1.0);
        }
    }

    /// The box as it is believed to be.
    pub fn bbox(&self) -> BBox {
        let [w, h] = self.extent();
        BBox::from_centre(self.centre[0].position, self.centre[1].position, w, h)
    }

    /// Standard deviation of the centre in x and y, in box sizes.
    pub fn spread(&self) -> [f64; 2] {
        let extent = self.extent();
        [0, 1].map(|i| self.centre[i].p_xx.sqrt() / extent[i])
    }

    /// Speed of the centre in pixels per second.
    pub fn speed(&self) -> f64 {
        libm::hypot(self.centre[0].velocity, self.centre[1].velocity)
    }

    /// Distance of a detection's centre from the prediction, in x and y, in box sizes.
    pub fn innovation(&self, bbox: &BBox) -> [f64; 2] {
        let (extent, centre) = (self.extent(), bbox.centre());
        [0, 1].map(|i| (centre[i] - self.centre[i].position) / extent[i])
    }

    /// Mahalanobis distance of a detection's centre.
    pub fn mahalanobis(&self, bbox: &BBox, trust: Trust) -> f64 {
        let (extent, centre) = (self.extent(), bbox.centre());
        let squared = [0, 1].map(|i| {
            let miss = centre[i] - self.centre[i].position;
            miss * miss / (self.centre[i].p_xx + measurement_variance(extent[i], trust))
        });
        (squared[0] + squared[1]).sqrt()
    }

    /// Moves the box as the picture moved.
    pub fn shift(&mut self, dx: f64, dy: f64) {
        self.centre[0].position += dx;
        self.centre[1].position += dy;
    }

    /// Fits the box to a picture that became `x` times as wide and `y` times as high.
    pub fn scale(&mut self, [x, y]: [f64; 2]) {
        for (i, factor) in [(0, x), (1, y)] {
            self.centre[i].scale(factor);
            self.size[i].scale(factor);
        }
    }

    fn extent(&self) -> [f64; 2] {
        [self.size[0].position, self.size[1].position]
    }
}

fn measurement_variance(size: f64, trust: Trust) -> f64 {
    (MEASUREMENT_NOISE * size * trust.noise * (2.0 - trust.confidence)).powi(2)
}

/// A point on the map, in metres.
#[derive(Debug, Clone, Copy)]
pub struct PointFilter {
    position: Point2,
    velocity: Point2,
    p_xx: Matrix2,
    p_xv: Matrix2,
    p_vv: Matrix2,
}

impl PointFilter {
    /// A filter that starts at a measured point with a velocity of 0, known to `speed` metres per second.
    pub fn new(position: Point2, covariance: Matrix2, speed: f64) -> Self {
        let variance = speed * speed;
        Self {
            position,
            velocity: [0.0; 2],
            p_xx: covariance,
            p_xv: [[0.0; 2]; 2],
            p_vv: [[variance, 0.0], [0.0, variance]],
        }
    }

    /// Moves on by `dt` seconds under white acceleration of `acceleration` metres per second per square root of a second.
    pub fn predict(&mut self, dt: f64, acceleration: f64) {
        let q = acceleration * acceleration;
        for i in 0..2 {
            self.position[i] += dt * self.velocity[i];
        }
        let cross = add2(&self.p_xv, &transpose2(&self.p_xv));
        self.p_xx = add2(&self.p_xx, &add2(&scale2(&cross, dt), &scale2(&self.p_vv, dt * dt)));
        self.p_xv = add2(&self.p_xv, &scale2(&self.p_vv, dt));
        for i in 0..2 {
            self.p_xx[i][i] += q * dt.powi(3) / 3.0;
            self.p_xv[i][i] += q * dt * dt / 2.0;
            self.p_vv[i][i] += q * dt;
        }
    }

    /// Takes in a measured point.
    pub fn correct(&mut self, measured: Point2, covariance: &Matrix2) {
        let gain = multiply2(&self.p_xx, &inverse2(&add2(&self.p_xx, covariance)));
        let step = apply2(&gain, self.miss(measured));
        let left = add2(&self.p_xx, &scale2(&multiply2(&gain, &self.p_xx), -1.0));
        self.condition([self.position[0] + step[0], self.position[1] + step[1]], left);
    }

    /// Logarithm of the density of a measured point, but for a number that all filters have in common.
    pub fn log_likelihood(&self, measured: Point2, covariance: &Matrix2) -> f64 {
        let spread = determinant2(&add2(&self.p_xx, covariance));
        -0.5 * (libm::log(spread) + self.distance(measured, covariance))
    }

    /// Squared Mahalanobis distance of a measured point.
    pub fn distance(&self, measured: Point2, covariance: &Matrix2) -> f64 {
        let miss = self.miss(measured);
        let weighted = apply2(&inverse2(&add2(&self.p_xx, covariance)), miss);
        miss[0] * weighted[0] + miss[1] * weighted[1]
    }

    fn miss(&self, measured: Point2) -> Point2 {
        [measured[0] - self.position[0], measured[1] - self.position[1]]
    }

    /// Takes over what is now believed of the position, and what that says of the velocity.
    pub fn condition(&mut self, position: Point2, covariance: Matrix2) {
        // Regression of the velocity on the position.
        let gain = multiply2(&transpose2(&self.p_xv), &inverse2(&self.p_xx));
        let step = apply2(&gain, [position[0] - self.position[0], position[1] - self.position[1]]);
        let change = add2(&covariance, &scale2(&self.p_xx, -1.0));
        self.p_vv = symmetric(&add2(&self.p_vv, &multiply2(&multiply2(&gain, &change), &transpose2(&gain))));
        self.p_xv = transpose2(&multiply2(&gain, &covariance));
        self.p_xx = symmetric(&covariance);
        self.position = position;
        self.velocity = [self.velocity[0] + step[0], self.velocity[1] + step[1]];
    }

    /// Where it is believed to be.
    pub fn position(&self) -> Point2 {
        self.position
    }

    /// Metres per second.
    pub fn velocity(&self) -> Point2 {
        self.velocity
    }

    /// Covariance of the position.
    pub fn covariance(&self) -> Matrix2 {
        self.p_xx
    }
}

fn symmetric(a: &Matrix2) -> Matrix2 {
    let off = f64::midpoint(a[0][1], a[1][0]);
    [[a[0][0], off], [off, a[1][1]]]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURE: Trust = Trust { confidence: 1.0, noise: 1.0 };

    fn moving(t: f64) -> BBox {
        BBox::from_centre(100.0 + 40.0 * t, 200.0 - 20.0 * t, 50.0, 100.0)
    }

    #[test]
    fn learns_the_velocity_of_a_box() {
        let mut filter = BoxFilter::new(&moving(0.0));
        for i in 1..60 {
            filter.predict(0.1, BoxFilter::size_change_left(0.1));
            filter.correct(&moving(0.1 * f64::from(i)), SURE);
        }
        assert!((filter.speed() - 40.0_f64.hypot(20.0)).abs() < 1.0);
        filter.predict(0.5, BoxFilter::size_change_left(0.5));
        assert!(filter.bbox().iou(&moving(6.4)) > 0.9);
    }

    #[test]
    fn one_long_step_is_two_short_ones() {
        let mut once = BoxFilter::new(&moving(0.0));
        once.predict(0.1, BoxFilter::size_change_left(0.1));
        once.correct(&moving(0.1), SURE);
        let mut twice = once;
        once.predict(0.4, 0.0);
        twice.predict(0.2, 0.0);
        twice.predict(0.2, 0.0);
        assert!((once.bbox().x1 - twice.bbox().x1).abs() < 1e-9);
        assert!((once.spread()[0] - twice.spread()[0]).abs() < 1e-9);
    }

    #[test]
    fn a_sure_detection_moves_the_box_further() {
        let target = moving(0.0).shifted(20.0, 0.0);
        let moved = [0.3, 1.0].map(|confidence| {
            let mut filter = BoxFilter::new(&moving(0.0));
            filter.correct(&target, Trust { confidence, noise: 1.0 });
            filter.bbox().x1
        });
        assert!(moved[0] < moved[1] && moved[1] < target.x1);
    }

    #[test]
    fn map_point_follows_and_knows_its_speed() {
        let noise = [[0.04, 0.01], [0.01, 0.09]];
        let mut filter = PointFilter::new([0.0, 0.0], noise, 1.5);
        for i in 1..200 {
            let t = 0.1 * f64::from(i);
            filter.predict(0.1, 0.5);
            filter.correct([1.2 * t, -0.7 * t], &noise);
            let p = filter.covariance();
            assert!(p[0][0] > 0.0 && determinant2(&p) > 0.0 && (p[0][1] - p[1][0]).abs() < 1e-12);
        }
        assert!((filter.velocity()[0] - 1.2).abs() < 0.02 && (filter.velocity()[1] + 0.7).abs() < 0.02);
        assert!(filter.distance([23.9, -13.9], &noise) < 1.0);
    }
}
