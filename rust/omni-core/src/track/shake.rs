//! Motion of the camera, measured from the boxes alone.

/// Fewer pairs than this say nothing.
const LEAST_PAIRS: usize = 4;
/// The common motion counts only where its square is so many times the square of its error, on average.
const LEAST_RATIO: f64 = 6.0;
/// Time constant of that average, seconds.
const AVERAGE_SECONDS: f64 = 1.0;
/// Standard deviation of a normal distribution by its median absolute deviation.
const STD_BY_MAD: f64 = 1.4826;

/// Tells a camera that moves from people who happen to walk the same way.
#[derive(Debug, Clone, Default)]
pub(super) struct CameraShake {
    motion: f64,
    error: f64,
    /// Kept for its memory.
    values: Vec<f64>,
}

impl CameraShake {
    /// The common displacement in pixels, or `None` where the camera stands still.
    ///
    /// `misses`: for each sure pair of track and detection the distance of the detection from the prediction; `height`:
    /// mean height of the detections in pixels; `dt`: seconds since the last frame.
    pub(super) fn estimate(&mut self, misses: &[[f64; 2]], height: f64, dt: f64) -> Option<[f64; 2]> {
        if misses.len() < LEAST_PAIRS {
            return None;
        }
        let values = &mut self.values;
        let median = [0, 1].map(|i| middle(values, misses.iter().map(|m| m[i])));
        let share = STD_BY_MAD / (misses.len() as f64).sqrt();
        let error = [0, 1].map(|i| share * middle(values, misses.iter().map(|m| (m[i] - median[i]).abs())));
        let weight = 1.0 - libm::exp(-dt / AVERAGE_SECONDS);
        let squared = |v: [f64; 2]| (v[0] * v[0] + v[1] * v[1]) / (height * height);
        self.motion += weight * (squared(median) - self.motion);
        self.error += weight * (squared(error) - self.error);
        if self.motion < LEAST_RATIO * self.error {
            return None;
        }
        // Shrunk by what the spread alone would explain (James and Stein).
        Some([0, 1].map(|i| {
            let (m2, e2) = (median[i] * median[i], error[i] * error[i]);
            if m2 > e2 { median[i] * (1.0 - e2 / m2) } else { 0.0 }
        }))
    }
}

fn middle(values: &mut Vec<f64>, of: impl Iterator<Item = f64>) -> f64 {
    values.clear();
    values.extend(of);
    let half = values.len() / 2;
    *values.select_nth_unstable_by(half, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_jolt_is_the_camera_and_single_walkers_are_not() {
        let mut shake = CameraShake::default();
        let jolt = [[20.0, -8.0], [20.5, -8.2], [19.6, -7.9], [20.1, -8.1], [45.0, 3.0]];
        let found = shake.estimate(&jolt, 100.0, 0.04).unwrap();
        assert!((found[0] - 20.1).abs() < 0.5 && (found[1] + 8.0).abs() < 0.5);
        let mut shake = CameraShake::default();
        let walkers = [[2.0, 1.0], [-3.0, 0.5], [1.0, -2.0], [-0.5, 0.2], [0.1, -0.4]];
        assert_eq!(shake.estimate(&walkers, 100.0, 0.04), None);
    }
}
