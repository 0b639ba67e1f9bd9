//! Appearance as a witness that must first prove itself on the stream.
//!
//! Embeddings are compared by their cosine. How much a cosine says is learned: from the cosines of tracks with their own
//! next detection and with other people of the same frame. Where the two cannot be told apart, it says nothing.

use super::tracklet::Tracklet;
use crate::error::{Error, Result};

/// What full certainty is worth beside an overlap of 1.
const WEIGHT: f64 = 0.5;
/// Log likelihood ratio that is full certainty.
const CERTAIN: f64 = 4.0;
/// Fewer pairs than this, of either kind, say nothing.
const LEAST_PAIRS: f64 = 50.0;
/// Pairs remembered; older ones fade.
const MEMORY_PAIRS: f64 = 5000.0;
/// Share of a new detection in the look of a track.
const RENEWAL: f32 = 0.1;

/// What is shorter has no direction.
const SMALLEST: f32 = 1e-30;

/// The embeddings of an update, one row a detection.
#[derive(Debug, Clone, Copy)]
pub struct Embeddings<'a> {
    values: &'a [f32],
    dimension: usize,
}

impl<'a> Embeddings<'a> {
    /// Refuses rows that are not `count` times `dimension` finite numbers.
    pub fn new(values: &'a [f32], dimension: usize, count: usize) -> Result<Self> {
        if dimension == 0 || values.len() != count * dimension {
            let got = format!("{} numbers, {dimension} a row", values.len());
            return Err(Error::invalid("embeddings", format!("{count} rows, one a box"), got));
        }
        if !values.iter().all(|v| v.is_finite()) {
            return Err(Error::invalid("embeddings", "finite numbers", "NaN or infinity"));
        }
        Ok(Self { values, dimension })
    }
}

/// Mean and variance of cosines, old ones fading.
#[derive(Debug, Clone, Copy, Default)]
struct Cosines {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Cosines {
    fn add(&mut self, cosine: f64) {
        self.count = (self.count + 1.0).min(MEMORY_PAIRS);
        let miss = cosine - self.mean;
        self.mean += miss / self.count;
        self.variance += (miss * (cosine - self.mean) - self.variance) / self.count;
    }
}

/// What a stream's embeddings are, and what they are worth.
#[derive(Debug, Clone, Default)]
pub(super) struct Appearance {
    dimension: Option<usize>,
    /// Of the update at hand, of length 1; a row of zeros was no direction and says nothing.
    rows: Vec<f32>,
    same: Cosines,
    other: Cosines,
}

impl Appearance {
    /// Refuses embeddings of another length than before.
    pub(super) fn check(&self, embeddings: Option<Embeddings<'_>>) -> Result<()> {
        match (self.dimension, embeddings) {
            (Some(known), Some(given)) if known != given.dimension => {
                let expected = format!("rows of {known}, as in the updates before");
                Err(Error::invalid("embeddings", expected, given.dimension))
            }
            _ => Ok(()),
        }
    }

    /// Takes up the embeddings of an update, or that there are none.
    pub(super) fn observe(&mut self, embeddings: Option<Embeddings<'_>>) {
        self.rows.clear();
        let Some(Embeddings { values, dimension }) = embeddings else {
            return;
        };
        self.dimension = Some(dimension);
        self.rows.extend_from_slice(values);
        self.rows.chunks_exact_mut(dimension).for_each(normalise);
    }

    /// How much the look of a detection speaks for a track: -1 to 1 times the weight of appearance.
    pub(super) fn agreement(&self, track: &Tracklet, detection: usize) -> f64 {
        match (&track.look, self.row(detection)) {
            (Some(look), Some(row)) => WEIGHT * (self.log_ratio(cosine(look, row)) / CERTAIN).clamp(-1.0, 1.0),
            _ => 0.0,
        }
    }

    /// Log likelihood ratio of two looks being of one person, by what the stream has shown so far.
    pub(super) fn log_ratio(&self, cosine: f64) -> f64 {
        let (same, other) = (self.same, self.other);
        if same.count.min(other.count) < LEAST_PAIRS || same.mean <= other.mean {
            return 0.0;
        }
        // One variance for both keeps the ratio monotonous in the cosine.
        let variance = f64::midpoint(same.variance, other.variance).max(1e-6);
        (same.mean - other.mean) / variance * (cosine - f64::midpoint(same.mean, other.mean))
    }

    /// Learns from the tracks seen in this update: each against its own detection and against the one of the next track.
    pub(super) fn learn(&mut self, tracks: &mut [Tracklet]) {
        if self.rows.is_empty() {
            return;
        }
        let mut neighbour: Option<usize> = None;
        for track in tracks.iter_mut().filter(|t| t.seen) {
            let detection = track.last.index;
            let (Some(row), dimension) = (self.row(detection), self.dimension.unwrap_or(1)) else {
                continue;
            };
            match &mut track.look {
                Some(look) => {
                    let own = cosine(look, row);
                    let others = neighbour.and_then(|i| self.row(i)).map(|other| cosine(look, other));
                    for (kept, new) in look.iter_mut().zip(&self.rows[detection * dimension..]) {
                        *kept += RENEWAL * (new - *kept);
                    }
                    normalise(look);
                    self.same.add(own);
                    if let Some(cosine) = others {
                        self.other.add(cosine);
                    }
                }
                None => track.look = Some(row.into()),
            }
            neighbour = Some(detection);
        }
    }

    fn row(&self, detection: usize) -> Option<&[f32]> {
        let dimension = self.dimension?;
        let row = self.rows.get(detection * dimension..(detection + 1) * dimension)?;
        row.iter().any(|&v| v != 0.0).then_some(row)
    }
}

/// Cosine of two vectors of length 1.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    f64::from(a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>())
}

/// To length 1; what has no direction becomes zeros.
fn normalise(row: &mut [f32]) {
    // The largest first: squares of float32 overflow.
    let largest = row.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    if largest < SMALLEST {
        row.fill(0.0);
        return;
    }
    scale(row, 1.0 / largest);
    let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
    scale(row, 1.0 / length);
}

fn scale(row: &mut [f32], factor: f32) {
    for value in row {
        *value *= factor;
    }
}
