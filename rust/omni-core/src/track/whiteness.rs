//! The detection noise of a stream, learned from its innovations.
//!
//! If the filter smooths just right, the signs of successive innovations are independent. Signs that persist mean that
//! it lags and should trust detections more; signs that alternate, that it follows noise.

/// Rate of learning per second at full evidence.
const RATE: f64 = 0.5;
/// So many innovations in a frame are full evidence.
const FULL_EVIDENCE: f64 = 8.0;
const LIMIT: f64 = 0.8;

/// One number for the stream: the logarithm by which detections are trusted more than assumed.
#[derive(Debug, Clone, Default)]
pub(super) struct Whiteness {
    gain: f64,
    persistence: f64,
    count: f64,
}

impl Whiteness {
    /// Takes in two successive innovations of one track.
    pub(super) fn observe(&mut self, before: [f64; 2], now: [f64; 2]) {
        for i in 0..2 {
            self.persistence += if before[i] * now[i] > 0.0 { 1.0 } else { -1.0 };
            self.count += 1.0;
        }
    }

    /// Learns from what was observed during the last `dt` seconds.
    pub(super) fn step(&mut self, dt: f64) {
        if self.count > 0.0 {
            let evidence = (self.count / FULL_EVIDENCE).min(1.0) * self.persistence / self.count;
            self.gain = (self.gain + RATE * dt * evidence).clamp(-LIMIT, LIMIT);
            (self.persistence, self.count) = (0.0, 0.0);
        }
    }

    /// Factor on the standard deviation of a detection.
    pub(super) fn noise(&self) -> f64 {
        libm::exp(-self.gain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persistent_innovations_lower_the_noise_and_alternating_ones_raise_it() {
        let (mut lagging, mut noisy) = (Whiteness::default(), Whiteness::default());
        for _ in 0..400 {
            for _ in 0..4 {
                lagging.observe([0.1, 0.1], [0.1, 0.1]);
                noisy.observe([0.1, 0.1], [-0.1, -0.1]);
            }
            lagging.step(0.1);
            noisy.step(0.1);
        }
        assert!((lagging.noise() - (-LIMIT).exp()).abs() < 1e-9);
        assert!((noisy.noise() - LIMIT.exp()).abs() < 1e-9);
    }
}
