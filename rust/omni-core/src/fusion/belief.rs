//! Where somebody is believed to stand, and how tall they are.

use crate::geometry::linear::{apply2, apply3, inverse_symmetric3, inverse2, multiply3};
use crate::geometry::{Matrix2, Matrix3, Point2};

/// A normal distribution of place (x, y) and height, in metres.
#[derive(Debug, Clone, Copy)]
pub(super) struct Belief {
    pub(super) mean: [f64; 3],
    pub(super) covariance: Matrix3,
    /// Metres per second; taken as known.
    pub(super) velocity: Point2,
}

/// What boxes say of a person, in information form relative to a belief's mean; boxes add up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Information {
    pub(super) matrix: Matrix3,
    pub(super) vector: [f64; 3],
}

impl Belief {
    pub(super) fn place(&self) -> Point2 {
        [self.mean[0], self.mean[1]]
    }

    pub(super) fn height(&self) -> f64 {
        self.mean[2]
    }

    /// The belief with what boxes say, which is relative to this mean.
    pub(super) fn with(&self, information: &Information) -> Self {
        let (mut precision, _) = inverse_symmetric3(&self.covariance);
        for (row, added) in precision.iter_mut().zip(&information.matrix) {
            for (v, added) in row.iter_mut().zip(added) {
                *v += added;
            }
        }
        let (covariance, _) = inverse_symmetric3(&precision);
        let step = apply3(&covariance, information.vector);
        Self { mean: std::array::from_fn(|i| self.mean[i] + step[i]), covariance, ..*self }
    }

    /// Covariance of a measurement with this change by the belief.
    pub(super) fn spread(&self, jacobian: &Matrix3) -> Matrix3 {
        let half = multiply3(jacobian, &self.covariance);
        std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| half[i][k] * jacobian[j][k]).sum()))
    }
}

impl Information {
    /// Whether no box says anything.
    pub(super) fn is_empty(&self) -> bool {
        self.matrix[0][0] <= 0.0
    }

    /// Both together.
    pub(super) fn plus(&self, other: &Self) -> Self {
        self.combined(other, 1.0)
    }

    /// The rest of this once the other is taken out.
    pub(super) fn minus(&self, other: &Self) -> Self {
        self.combined(other, -1.0)
    }

    fn combined(&self, other: &Self, sign: f64) -> Self {
        Self {
            matrix: std::array::from_fn(|i| std::array::from_fn(|j| self.matrix[i][j] + sign * other.matrix[i][j])),
            vector: std::array::from_fn(|i| self.vector[i] + sign * other.vector[i]),
        }
    }

    /// The same relative to a mean that lies `step` further.
    pub(super) fn moved(&self, step: &[f64; 3]) -> Self {
        let change = apply3(&self.matrix, *step);
        Self { matrix: self.matrix, vector: std::array::from_fn(|i| self.vector[i] - change[i]) }
    }

    /// How far away what was seen stands on the floor, and the covariance of that; `None` where it does not say.
    pub(super) fn on_the_floor(&self) -> Option<(Point2, Matrix2)> {
        let m = [[self.matrix[0][0], self.matrix[0][1]], [self.matrix[1][0], self.matrix[1][1]]];
        let covariance = inverse2(&m);
        let step = apply2(&covariance, [self.vector[0], self.vector[1]]);
        let known = covariance.iter().flatten().chain(&step).all(|v| v.is_finite()) && covariance[0][0] > 0.0;
        known.then_some((step, covariance))
    }
}
