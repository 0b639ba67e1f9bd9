//! Exact search for the nearest embeddings: every one is looked at, nothing is approximated.

use crate::error::{Error, Result};

/// Products that are summed up side by side, so that the compiler can use the widest registers.
const LANES: usize = 16;

/// Rows of so many places are read in turn.
const PLACES: usize = 8;

/// How far a row's length may be from 1.
const UNIT_TOLERANCE: f32 = 1e-3;

/// An owner (the profile that embeddings belong to) and the largest cosine of one of its embeddings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The owner.
    pub owner: i32,
    /// Cosine of the nearest of its embeddings, -1 to 1.
    pub cosine: f32,
}

/// Embeddings of unit length, each with an owner. It never changes, so any number of threads may search it.
#[derive(Debug, Clone)]
pub struct EmbeddingIndex {
    dimension: usize,
    rows: Vec<f32>,
    /// Each owner and the end of their rows, in the order of the rows.
    owners: Vec<(i32, usize)>,
}

impl EmbeddingIndex {
    /// An index of packed rows of `dimension` numbers, whose owners must be in ascending order.
    pub fn new(rows: Vec<f32>, dimension: usize, owners: &[i32]) -> Result<Self> {
        if dimension == 0 || rows.len() != owners.len() * dimension {
            let expected = format!("{} rows of one length above 0, as many as owners", owners.len());
            return Err(Error::invalid("embeddings", expected, format!("{} numbers", rows.len())));
        }
        if let Some(row) = first_not_unit(&rows, dimension) {
            return Err(Error::invalid("embeddings", "rows of unit length", format!("another in row {row}")));
        }
        if let Some(i) = owners.windows(2).position(|pair| pair[0] > pair[1]) {
            let got = format!("{} after {} in row {}", owners[i + 1], owners[i], i + 1);
            return Err(Error::invalid("owners", "ascending order", got));
        }
        let mut end = 0;
        let mut until = |own: &[i32]| {
            end += own.len();
            (own[0], end)
        };
        let owners = owners.chunk_by(|a, b| a == b).map(&mut until).collect();
        Ok(Self { dimension, rows, owners })
    }

    /// Length of a row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// For each packed query of unit length the `k` owners nearest to it, the nearest first; of equals the first.
    pub fn search(&self, queries: &[f32], k: usize) -> Result<Vec<Vec<Hit>>> {
        if !queries.len().is_multiple_of(self.dimension) {
            let expected = format!("rows of {} numbers", self.dimension);
            return Err(Error::invalid("queries", expected, format!("{} numbers", queries.len())));
        }
        if let Some(row) = first_not_unit(queries, self.dimension) {
            return Err(Error::invalid("queries", "rows of unit length", format!("another in row {row}")));
        }
        let widest = pulp::Arch::new(); // registers that this processor has and every other one may lack
        Ok(queries
            .chunks_exact(self.dimension)
            .map(|query| widest.dispatch(Nearest { index: self, query, k }))
            .collect())
    }

    /// Rows of several places are looked at in turn: the memory answers that faster than one place at a time.
    #[expect(clippy::inline_always, reason = "else it is not compiled for the wide registers")]
    #[inline(always)]
    fn nearest(&self, query: &[f32], k: usize) -> Vec<Hit> {
        let mut best = Best { hits: Vec::with_capacity(k.min(self.owners.len()) + 1), k };
        let part = (self.rows.len() / self.dimension).div_ceil(PLACES);
        for i in 0..part {
            for place in 0..PLACES {
                let at = place * part + i;
                let Some(row) = self.rows.get(at * self.dimension..(at + 1) * self.dimension) else { break };
                let cosine = dot(row, query);
                if best.may_take(cosine) {
                    best.take(Hit { owner: self.owner(at), cosine: cosine.clamp(-1.0, 1.0) });
                }
            }
        }
        best.hits
    }

    /// Whose a row is.
    fn owner(&self, row: usize) -> i32 {
        self.owners[self.owners.partition_point(|&(_, end)| end <= row)].0
    }
}

/// The `k` best owners so far, in descending order; of equals the one with the smaller number first.
struct Best {
    hits: Vec<Hit>,
    k: usize,
}

impl Best {
    fn may_take(&self, cosine: f32) -> bool {
        self.hits.len() < self.k || self.hits.last().is_some_and(|worst| cosine >= worst.cosine)
    }

    /// Rare, and therefore not inlined: nearly every row is farther than the best.
    #[inline(never)]
    fn take(&mut self, hit: Hit) {
        if let Some(own) = self.hits.iter().position(|other| other.owner == hit.owner) {
            if self.hits[own].cosine >= hit.cosine {
                return;
            }
            self.hits.remove(own);
        }
        let before = |other: &Hit| other.cosine > hit.cosine || (other.cosine >= hit.cosine && other.owner < hit.owner);
        let place = self.hits.partition_point(before);
        self.hits.insert(place, hit);
        self.hits.truncate(self.k);
    }
}

/// One search, as `pulp` runs it: compiled once for each width of registers.
struct Nearest<'a> {
    index: &'a EmbeddingIndex,
    query: &'a [f32],
    k: usize,
}

impl pulp::NullaryFnOnce for Nearest<'_> {
    type Output = Vec<Hit>;

    #[expect(clippy::inline_always, reason = "else it is not compiled for the wide registers")]
    #[inline(always)]
    fn call(self) -> Vec<Hit> {
        self.index.nearest(self.query, self.k)
    }
}

fn first_not_unit(rows: &[f32], dimension: usize) -> Option<usize> {
    rows.chunks_exact(dimension).position(|row| {
        let excess = (dot(row, row).sqrt() - 1.0).abs();
        excess.is_nan() || excess > UNIT_TOLERANCE
    })
}

#[expect(clippy::inline_always, reason = "else it is not compiled for the wide registers")]
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (x, y) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    total(&sums) + rest
}

/// The sum of all lanes. Not inlined: its pairs would be what the compiler arranges the products by.
#[inline(never)]
fn total(sums: &[f32; LANES]) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|i| sums[i] + sums[i + 8]);
    let four: [f32; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(i: usize) -> Vec<f32> {
        (0..3).map(|j| if i == j { 1.0 } else { 0.0 }).collect()
    }

    #[test]
    fn the_best_row_of_each_owner_counts_and_of_equals_the_first() {
        let rows = [axis(0), axis(1), axis(2), axis(0)].concat();
        let index = EmbeddingIndex::new(rows, 3, &[4, 4, 7, 9]).unwrap();
        let hits = index.search(&[0.8, 0.0, 0.6], 2).unwrap();
        assert_eq!(hits, [[Hit { owner: 4, cosine: 0.8 }, Hit { owner: 9, cosine: 0.8 }]]);
    }

    #[test]
    fn an_empty_index_and_no_wish_find_nobody() {
        let empty = EmbeddingIndex::new(vec![], 3, &[]).unwrap();
        assert_eq!(empty.search(&axis(0), 5).unwrap(), [[]]);
        let one = EmbeddingIndex::new(axis(1), 3, &[1]).unwrap();
        assert_eq!(one.search(&axis(0), 0).unwrap(), [[]]);
    }

    #[test]
    fn what_is_not_of_unit_length_or_out_of_order_is_refused() {
        for row in [[0.5, 0.0, 0.0], [f32::NAN, 0.0, 0.0], [f32::INFINITY, 0.0, 0.0]] {
            assert!(EmbeddingIndex::new(row.to_vec(), 3, &[1]).is_err());
        }
        assert!(EmbeddingIndex::new([axis(0), axis(1)].concat(), 3, &[2, 1]).is_err());
        assert!(EmbeddingIndex::new(axis(0), 0, &[]).is_err());
        let index = EmbeddingIndex::new(axis(0), 3, &[1]).unwrap();
        assert!(index.search(&[1.0, 0.0], 1).is_err());
    }
}
