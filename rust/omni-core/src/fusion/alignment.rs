//! What is learned of a camera against the others: how far its floor lies off theirs, and how late it is.

use super::belief::{Belief, Information};
use crate::geometry::Point2;
use crate::geometry::linear::inverse2;

/// Before anything is learned, standard deviation of the offset in metres,
const OFFSET: f64 = 0.15;
/// of its change along a metre,
const SLOPE: f64 = 0.005;
/// and of the delay in seconds.
const DELAY: f64 = 0.10;
/// The residuals of one camera are alike from frame to frame: so many count as one.
const ALIKE: f64 = 10.0;
/// How far feet are from the place where somebody stands, metres.
const GAIT: f64 = 0.05;
/// A residual beyond this squared Mahalanobis distance teaches nothing.
const GATE: f64 = 9.0;
/// Offset (2), its change by place (2 x 2, by rows), delay.
const N: usize = 7;

/// How far a camera shows people from where the others do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraOffset {
    /// Where the offset is told of, metres.
    pub place: Point2,
    /// The offset there, metres: what the camera's own places have too much.
    pub offset: Point2,
    /// Its standard deviation along the two axes, metres.
    pub sigma: Point2,
    /// How much later its frames are than their times say, in seconds.
    pub delay: f64,
    /// How many places of people who are seen by other cameras too it rests on.
    pub residuals: u64,
}

/// The correction of one camera, by a Kalman filter.
#[derive(Debug, Clone)]
pub(super) struct Alignment {
    estimate: [f64; N],
    covariance: [[f64; N]; N],
    /// Where the offset is told of.
    reference: Point2,
    residuals: u64,
}

impl Default for Alignment {
    fn default() -> Self {
        let sigma = [OFFSET, OFFSET, SLOPE, SLOPE, SLOPE, SLOPE, DELAY];
        let mut covariance = [[0.0; N]; N];
        for (i, row) in covariance.iter_mut().enumerate() {
            row[i] = sigma[i] * sigma[i];
        }
        Self { estimate: [0.0; N], covariance, reference: [0.0; 2], residuals: 0 }
    }
}

impl Alignment {
    /// How far this camera shows somebody from where the others do, in metres.
    pub(super) fn shift(&self, place: Point2, velocity: Point2) -> Point2 {
        if self.residuals == 0 {
            return [0.0; 2];
        }
        self.basis(place, velocity).map(|row| dot(&row, &self.estimate))
    }

    /// What was learned, for people to read.
    pub(super) fn offset(&self) -> Option<CameraOffset> {
        let [x, y, .., delay] = self.estimate;
        let sigma = [0, 1].map(|i| self.covariance[i][i].max(0.0).sqrt());
        let told = CameraOffset { place: self.reference, offset: [x, y], sigma, delay, residuals: self.residuals };
        (self.residuals > 0).then_some(told)
    }

    /// Takes in what the camera's box says of somebody (relative to them) beyond the correction so far.
    ///
    /// `others`: what the other cameras say; `reference`: where the offset is told of, the same for all cameras.
    pub(super) fn learn(&mut self, reference: Point2, others: &Belief, own: &Information) {
        self.reference = reference;
        let Some((residual, noise)) = own.on_the_floor() else { return };
        let basis = self.basis(others.place(), others.velocity);
        let spread = basis.map(|row| self.covariance.map(|column| dot(&row, &column)));
        let total = |i: usize, j: usize| {
            let gait = if i == j { GAIT * GAIT } else { 0.0 };
            ALIKE * (dot(&basis[i], &spread[j]) + noise[i][j] + others.covariance[i][j] + gait)
        };
        let inverse = inverse2(&[[total(0, 0), total(0, 1)], [total(1, 0), total(1, 1)]]);
        let weighted = [0, 1].map(|i| inverse[i][0] * residual[0] + inverse[i][1] * residual[1]);
        let distance = residual[0] * weighted[0] + residual[1] * weighted[1];
        if distance.is_nan() || distance > GATE {
            return;
        }
        for i in 0..N {
            let gain = [0, 1].map(|j| spread[0][i] * inverse[0][j] + spread[1][i] * inverse[1][j]);
            self.estimate[i] += gain[0] * residual[0] + gain[1] * residual[1];
            for j in 0..N {
                self.covariance[i][j] -= gain[0] * spread[0][j] + gain[1] * spread[1][j];
            }
        }
        self.residuals += 1;
    }

    /// Change of the shift by the seven numbers.
    fn basis(&self, place: Point2, velocity: Point2) -> [[f64; N]; 2] {
        let (dx, dy) = (place[0] - self.reference[0], place[1] - self.reference[1]);
        [[1.0, 0.0, dx, dy, 0.0, 0.0, -velocity[0]], [0.0, 1.0, 0.0, 0.0, dx, dy, -velocity[1]]]
    }
}

fn dot(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Takes what the corrections of all cameras have in common out of them: only their differences can be seen.
pub(super) fn remove_mean<'a>(alignments: impl Iterator<Item = &'a mut Alignment>) {
    let mut known: Vec<&mut Alignment> = alignments.filter(|alignment| alignment.residuals > 0).collect();
    let count = known.len() as f64;
    let mean: [f64; N] = std::array::from_fn(|i| known.iter().map(|a| a.estimate[i]).sum::<f64>() / count);
    for alignment in &mut known {
        alignment.estimate.iter_mut().zip(mean).for_each(|(value, mean)| *value -= mean);
    }
}
