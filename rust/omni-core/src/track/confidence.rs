//! The common level of confidence: what a sure detection of this stream scores.

/// Confidence that a sure detection has after scaling; the default thresholds are made for it.
const REFERENCE: f64 = 0.9;
/// The level is never taken to be lower: a stream of nothing but false alarms stays a stream of false alarms.
const LEAST_LEVEL: f64 = 0.6;
/// Share of the plausible detections below the level.
const QUANTILE: f64 = 0.75;
/// Detections below this say nothing of what a sure one scores.
const PLAUSIBLE: f64 = 0.3;
/// Weight of the reference at the start, in detections.
const PRIOR: f64 = 4.0;
/// Time constant of forgetting, seconds.
const MEMORY_SECONDS: f64 = 60.0;
const BINS: usize = 50;

/// A fading histogram of one stream's confidences.
#[derive(Debug, Clone)]
pub(super) struct ConfidenceLevel {
    bins: [f64; BINS],
}

impl ConfidenceLevel {
    pub(super) fn new() -> Self {
        let mut bins = [0.0; BINS];
        bins[bin(REFERENCE)] = PRIOR;
        Self { bins }
    }

    /// Takes in the confidences of a frame, `dt` seconds after the last one.
    pub(super) fn observe(&mut self, confidences: impl Iterator<Item = f64>, dt: f64) {
        let fade = (-dt / MEMORY_SECONDS).exp();
        let total: f64 = self.bins.iter().sum();
        if total > PRIOR {
            self.bins.iter_mut().for_each(|count| *count *= fade);
        }
        for confidence in confidences.filter(|&c| c > PLAUSIBLE) {
            self.bins[bin(confidence)] += 1.0;
        }
    }

    /// Factor that brings this stream's confidences to the common level.
    pub(super) fn scale(&self) -> f64 {
        let wanted = QUANTILE * self.bins.iter().sum::<f64>();
        let mut below = 0.0;
        for (i, count) in self.bins.iter().enumerate() {
            if below + count >= wanted && *count > 0.0 {
                let level = (i as f64 + (wanted - below) / count) / BINS as f64;
                return (REFERENCE / level.max(LEAST_LEVEL)).max(1.0);
            }
            below += count;
        }
        1.0
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a confidence lies between 0 and 1")]
fn bin(confidence: f64) -> usize {
    ((confidence * BINS as f64) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timid_detector_is_scaled_up_within_its_first_frames_and_a_sure_one_is_left_alone() {
        let mut timid = ConfidenceLevel::new();
        let mut sure = ConfidenceLevel::new();
        for _ in 0..5 {
            timid.observe([0.5, 0.55, 0.6, 0.65, 0.7].into_iter(), 0.1);
            sure.observe([0.9, 0.92, 0.95, 0.2].into_iter(), 0.1);
        }
        assert!(0.7 * timid.scale() > 0.85, "{}", timid.scale());
        assert!((sure.scale() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn false_alarms_alone_do_not_become_people() {
        let mut level = ConfidenceLevel::new();
        for _ in 0..10_000 {
            level.observe([0.35].into_iter(), 0.1);
        }
        assert!(0.35 * level.scale() < 0.6);
    }
}
