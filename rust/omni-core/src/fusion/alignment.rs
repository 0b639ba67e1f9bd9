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
/// After so many, which is ten seconds of a crowd,
const WELL_KNOWN: u64 = 2000;
/// people are heard in turns, each in one of so many frames: alike as their residuals are, little is lost.
const TURNS: u64 = 8;
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
    frames: u64,
}

impl Default for Alignment {
    fn default() -> Self {
        let sigma = [OFFSET, OFFSET, SLOPE, SLOPE, SLOPE, SLOPE, DELAY];
        let mut covariance = [[0.0; N]; N];
        for (i, row) in covariance.iter_mut().enumerate() {
            row[i] = sigma[i] * sigma[i];
        }
        Self { estimate: [0.0; N], covariance, reference: [0.0; 2], residuals: 0, frames: 0 }
    }
}

impl Alignment {
    /// How far this camera shows somebody from where the others do, in metres.
    pub(super) fn shift(&self, place: Point2, velocity: Point2) -> Point2 {
        if self.residuals == 0 {
            return [0.0; 2];
        }
        let basis = self.basis(place, velocity);
        [0, 1].map(|axis| basis.along(axis, &self.estimate))
    }

    /// What was learned, for people to read.
    pub(super) fn offset(&self) -> Option<CameraOffset> {
        let [x, y, .., delay] = self.estimate;
        let sigma = [0, 1].map(|i| self.covariance[i][i].max(0.0).sqrt());
        let told = CameraOffset { place: self.reference, offset: [x, y], sigma, delay, residuals: self.residuals };
        (self.residuals > 0).then_some(told)
    }

    /// Begins another frame of the camera.
    pub(super) fn begin_frame(&mut self) {
        self.frames += 1;
    }

    /// Whether the residual of this person (a position among all) should be heard in this frame.
    pub(super) fn listens_to(&self, person: usize) -> bool {
        self.turns() == 1 || (self.frames + person as u64).is_multiple_of(TURNS)
    }

    /// In how many frames everybody is heard once.
    fn turns(&self) -> u64 {
        if self.residuals < WELL_KNOWN { 1 } else { TURNS }
    }

    /// Takes in what the camera's box says of somebody (relative to them) beyond the correction so far.
    ///
    /// `others`: what the other cameras say; `reference`: where the offset is told of, the same for all cameras.
    pub(super) fn learn(&mut self, reference: Point2, others: &Belief, own: &Information) {
        self.reference = reference;
        let Some((residual, noise)) = own.on_the_floor() else { return };
        let basis = self.basis(others.place(), others.velocity);
        let spread: [[f64; N]; 2] =
            std::array::from_fn(|axis| std::array::from_fn(|i| basis.along(axis, &self.covariance[i])));
        let alike = ALIKE / self.turns() as f64;
        let total = |i: usize, j: usize| alike * (basis.along(i, &spread[j]) + noise[i][j] + others.covariance[i][j]);
        let inverse = inverse2(&[[total(0, 0), total(0, 1)], [total(1, 0), total(1, 1)]]);
        for (i, (estimate, row)) in self.estimate.iter_mut().zip(&mut self.covariance).enumerate() {
            let gain = [0, 1].map(|j| spread[0][i] * inverse[0][j] + spread[1][i] * inverse[1][j]);
            *estimate += gain[0] * residual[0] + gain[1] * residual[1];
            let change: [f64; N] = std::array::from_fn(|j| gain[0] * spread[0][j] + gain[1] * spread[1][j]);
            row.iter_mut().zip(change).for_each(|(value, change)| *value -= change);
        }
        self.residuals += 1;
    }

    fn basis(&self, place: Point2, velocity: Point2) -> Basis {
        Basis { away: [place[0] - self.reference[0], place[1] - self.reference[1]], velocity }
    }
}

/// Change of the shift by the seven numbers, for somebody so far from the reference and so fast.
struct Basis {
    away: Point2,
    velocity: Point2,
}

impl Basis {
    /// What seven numbers make of the shift along one axis.
    fn along(&self, axis: usize, numbers: &[f64; N]) -> f64 {
        let slope = 2 + 2 * axis;
        numbers[axis] + self.away[0] * numbers[slope] + self.away[1] * numbers[slope + 1]
            - self.velocity[axis] * numbers[6]
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_that_is_well_known_hears_everybody_in_turns() {
        let new = Alignment::default();
        assert!((0..20).all(|person| new.listens_to(person)));
        let mut known = Alignment { residuals: WELL_KNOWN, ..new };
        let mut heard = [0_u64; 20];
        for _ in 0..3 * TURNS {
            known.begin_frame();
            (0..20).filter(|&person| known.listens_to(person)).for_each(|person| heard[person] += 1);
        }
        assert_eq!(heard, [3; 20]);
    }

    #[test]
    fn heard_in_turns_an_offset_is_known_as_well() {
        let [every, turns] = [1, WELL_KNOWN].map(|residuals| {
            let mut alignment = Alignment { residuals, ..Alignment::default() };
            for frame in 0..2000_u32 {
                alignment.begin_frame();
                for person in 0..8_u32 {
                    if !alignment.listens_to(person as usize) {
                        continue;
                    }
                    let place = [f64::from(frame % 7), f64::from(person)];
                    let others = Belief {
                        mean: [place[0], place[1], 1.7],
                        covariance: [[0.01, 0.0, 0.0], [0.0, 0.01, 0.0], [0.0, 0.0, 0.01]],
                        velocity: [0.0; 2],
                    };
                    let shift = alignment.shift(place, [0.0; 2]);
                    let noise = 0.02 * (f64::from((frame * 5 + person * 3) % 11) - 5.0);
                    let vector = [100.0 * (0.3 + noise - shift[0]), 100.0 * (-0.1 - noise - shift[1]), 0.0];
                    let matrix = [[100.0, 0.0, 0.0], [0.0, 100.0, 0.0], [0.0, 0.0, 1.0]];
                    alignment.learn([3.0, 3.0], &others, &Information { matrix, vector });
                    alignment.residuals = residuals;
                }
            }
            alignment
        });
        assert!((turns.estimate[0] - 0.3).abs() < 0.02 && (turns.estimate[1] + 0.1).abs() < 0.02);
        assert!((turns.covariance[0][0] / every.covariance[0][0] - 1.0).abs() < 0.1);
    }
}
