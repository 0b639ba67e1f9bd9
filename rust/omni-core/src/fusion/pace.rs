//! How freely people change their pace, learned from how well it foretells where they are seen next.
//!
//! Beside the filter of a person run a few that differ from it in their acceleration alone; the likelihood of what each of
//! them foretold is the evidence for that acceleration (multiple models: Magill, Optimal adaptive estimation of sampled
//! stochastic processes, 1965). The evidence of everybody together tells it of the scene, and that of a person's last
//! seconds, with the scene's before, that of the person.

use crate::geometry::{Matrix2, Point2};
use crate::kalman::PointFilter;

/// The accelerations that are compared, metres per second per square root of a second: who stands, to who plays ball.
const ACCELERATIONS: [f64; MODELS] = [0.2, 0.4, 0.8, 1.6];
const MODELS: usize = 4;
/// What people have where nothing is known yet,
const USUAL: f64 = 0.6;
/// which counts as so many observations
const PRIOR: f64 = 200.0;
/// that each say so much against another, by the square of the logarithm of how many times it is.
const CURVATURE: f64 = 0.3;
/// Once there are twice as many observations as this, half are forgotten.
const MEMORY: f64 = 20_000.0;
/// What is known of the scene counts as so many observations of a person,
const SCENE: f64 = 10.0;
/// and the person's own fade with this time constant, seconds.
const OWN_SECONDS: f64 = 2.0;
/// The acceleration is taken so many times: people turn more suddenly than white noise does, and whom too narrow a search
/// loses is lost, while too wide a one is wrong only where others are near.
const MARGIN: f64 = 1.2;

/// For each acceleration the logarithm of how likely what was seen is, but for a number that all have in common.
pub(super) type Evidence = [f64; MODELS];

/// The filters of one person.
#[derive(Debug, Clone)]
pub(super) struct Models {
    filters: [PointFilter; MODELS],
    evidence: Evidence,
}

impl Models {
    pub(super) fn new(filter: PointFilter) -> Self {
        Self { filters: [filter; MODELS], evidence: [0.0; MODELS] }
    }

    pub(super) fn predict(&mut self, dt: f64) {
        let left = libm::exp(-dt / OWN_SECONDS);
        self.evidence.iter_mut().for_each(|v| *v *= left);
        for (filter, acceleration) in self.filters.iter_mut().zip(ACCELERATIONS) {
            filter.predict(dt, acceleration);
        }
    }

    /// Takes in where the person was seen; what that says of the accelerations, `None` where it says nothing of a place.
    pub(super) fn correct(&mut self, place: Point2, covariance: &Matrix2) -> Option<Evidence> {
        let said: Evidence = self.filters.each_ref().map(|filter| filter.log_likelihood(place, covariance));
        if !said.iter().all(|v| v.is_finite()) {
            return None;
        }
        self.filters.iter_mut().for_each(|filter| filter.correct(place, covariance));
        self.evidence.iter_mut().zip(said).for_each(|(sum, said)| *sum += said);
        Some(said)
    }
}

/// What the people of a scene have shown.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    evidence: Evidence,
    observations: f64,
}

impl Default for Pace {
    fn default() -> Self {
        let prior = |acceleration: f64| -PRIOR * CURVATURE * libm::log(acceleration / USUAL).powi(2);
        Self { evidence: ACCELERATIONS.map(prior), observations: PRIOR }
    }
}

impl Pace {
    pub(super) fn learn(&mut self, said: &Evidence) {
        self.evidence.iter_mut().zip(said).for_each(|(sum, said)| *sum += said);
        self.observations += 1.0;
        if self.observations >= 2.0 * MEMORY {
            self.evidence.iter_mut().for_each(|sum| *sum *= 0.5);
            self.observations *= 0.5;
        }
    }

    /// The acceleration to expect of a person, metres per second per square root of a second: the root of its mean square.
    pub(super) fn of(&self, person: &Models) -> f64 {
        let scene = SCENE / self.observations;
        let logs: Evidence = std::array::from_fn(|k| scene * self.evidence[k] + person.evidence[k]);
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights = logs.map(|log| libm::exp(log - most));
        let squares: f64 = weights.iter().zip(ACCELERATIONS).map(|(weight, a)| weight * a * a).sum();
        MARGIN * (squares / weights.iter().sum::<f64>()).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: Matrix2 = [[0.01, 0.0], [0.0, 0.01]];
    const STEP: f64 = 0.5;

    fn straight_on(t: f64) -> Point2 {
        [1.3 * t, -0.4 * t]
    }

    fn in_circles(t: f64) -> Point2 {
        [(1.3 * t).cos(), (1.3 * t).sin()]
    }

    /// Somebody who walks so for half a minute, seen within 5 cm.
    fn follow(pace: &mut Pace, way: impl Fn(f64) -> Point2) -> Models {
        let mut person = Models::new(PointFilter::new(way(0.0), SEEN, 1.0));
        for i in 1..60 {
            let t = STEP * f64::from(i);
            let [x, y] = way(t);
            person.predict(STEP);
            let seen = [x + 0.05 * (7.0 * t).sin(), y + 0.05 * (11.0 * t).sin()];
            pace.learn(&person.correct(seen, &SEEN).unwrap());
        }
        person
    }

    fn of_somebody_new(pace: &Pace) -> f64 {
        pace.of(&Models::new(PointFilter::new([0.0; 2], SEEN, 1.0)))
    }

    #[test]
    fn a_scene_tells_how_freely_its_people_change_their_pace() {
        let (mut street, mut hall) = (Pace::default(), Pace::default());
        for _ in 0..20 {
            follow(&mut street, straight_on);
            follow(&mut hall, in_circles);
        }
        let before = of_somebody_new(&Pace::default());
        assert!(of_somebody_new(&street) < 0.6 * before, "{}", of_somebody_new(&street));
        assert!(of_somebody_new(&hall) > 1.3 * before, "{}", of_somebody_new(&hall));
    }

    #[test]
    fn who_is_not_like_the_others_is_expected_to_stay_so() {
        let mut street = Pace::default();
        for _ in 0..20 {
            follow(&mut street, straight_on);
        }
        let child = follow(&mut street.clone(), in_circles);
        assert!(street.of(&child) > 2.0 * of_somebody_new(&street), "{}", street.of(&child));
    }

    #[test]
    fn a_scene_that_changes_is_learned_anew() {
        let mut pace = Pace::default();
        let (calm, lively) = ([0.0, -0.5, -1.0, -1.5], [-1.5, -1.0, -0.5, 0.0]);
        (0..300_000).for_each(|_| pace.learn(&calm));
        (0..100_000).for_each(|_| pace.learn(&lively));
        assert!(of_somebody_new(&pace) > 1.0);
    }
}
