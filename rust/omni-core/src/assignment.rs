//! Which row belongs to which column: bipartite matching of maximum total weight, rows and columns may stay free.
//!
//! Exact, by shortest augmenting paths with dual prices (Jonker and Volgenant 1987) over the gated pairs only. A path
//! never leaves the connected component of its row, so distant parts of a crowd cost nothing to each other.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A pair that may be chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Index of the row.
    pub row: usize,
    /// Index of the column.
    pub column: usize,
    /// What choosing it is worth; a pair that is worth nothing or less is never chosen.
    pub weight: f64,
}

/// Edges kept for a row; more than that only come up where everything lies in one place, and would cost memory.
const MOST_EDGES: usize = 32;

/// Keeps the heaviest of the edges from `start` on, which are those of one row.
pub fn keep_heaviest(edges: &mut Vec<Edge>, start: usize) {
    if edges.len() - start > MOST_EDGES {
        edges[start..].sort_by(|a, b| b.weight.total_cmp(&a.weight));
        edges.truncate(start + MOST_EDGES);
    }
}

/// The column of each row, or `None`, such that the sum of weights is the largest possible.
pub fn maximum_weight_matching(rows: usize, columns: usize, edges: &[Edge]) -> Vec<Option<usize>> {
    let mut matcher = Matcher::default();
    matcher.solve(rows, columns, edges);
    matcher.column_of
}

/// A column reached at this cost, the cheapest first, the lower index first among equals.
#[derive(Debug, Clone, PartialEq)]
struct Reached {
    cost: f64,
    column: usize,
}

impl Eq for Reached {}

impl Ord for Reached {
    fn cmp(&self, other: &Self) -> Ordering {
        other.cost.total_cmp(&self.cost).then(other.column.cmp(&self.column))
    }
}

impl PartialOrd for Reached {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Solves one matching after the other in the same memory.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    first_edge: Vec<usize>,
    /// Column and cost, row by row.
    edges: Vec<(usize, f64)>,
    column_of: Vec<Option<usize>>,
    row_of: Vec<Option<usize>>,
    row_price: Vec<f64>,
    column_price: Vec<f64>,
    /// Of the paths of one search: what it costs to reach a column, and from which row.
    cost: Vec<f64>,
    parent: Vec<usize>,
    heap: BinaryHeap<Reached>,
    touched: Vec<usize>,
    scanned: Vec<usize>,
}

impl Matcher {
    /// The column of each row, or `None`, such that the sum of weights is the largest possible.
    pub fn solve(&mut self, rows: usize, columns: usize, edges: &[Edge]) -> &[Option<usize>] {
        self.load(rows, columns, edges);
        for row in 0..rows {
            self.insert(row);
        }
        &self.column_of
    }

    fn load(&mut self, rows: usize, columns: usize, edges: &[Edge]) {
        let useful = || edges.iter().filter(|e| e.weight > 0.0);
        refill(&mut self.first_edge, rows + 1, 0);
        for edge in useful() {
            self.first_edge[edge.row + 1] += 1;
        }
        for row in 0..rows {
            self.first_edge[row + 1] += self.first_edge[row];
        }
        refill(&mut self.edges, self.first_edge[rows], (0, 0.0));
        for edge in useful() {
            // The start of a row serves as its cursor, and is put back below.
            let next = &mut self.first_edge[edge.row];
            self.edges[*next] = (edge.column, -edge.weight);
            *next += 1;
        }
        self.first_edge.rotate_right(1);
        self.first_edge[0] = 0;
        refill(&mut self.column_of, rows, None);
        refill(&mut self.row_of, columns, None);
        refill(&mut self.row_price, rows, 0.0);
        refill(&mut self.column_price, columns, 0.0);
        refill(&mut self.cost, columns, f64::INFINITY);
        refill(&mut self.parent, columns, usize::MAX);
    }

    fn edges_of(&self, row: usize) -> &[(usize, f64)] {
        &self.edges[self.first_edge[row]..self.first_edge[row + 1]]
    }

    /// Adds one row to the matching: at its cheapest column if that is free, else by the cheapest chain of exchanges.
    fn insert(&mut self, row: usize) {
        let reduced = self.edges_of(row).iter().map(|&(column, cost)| (cost - self.column_price[column], column));
        let cheapest = reduced.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let Some((cost, column)) = cheapest.filter(|&(cost, _)| cost < 0.0) else {
            return;
        };
        self.row_price[row] = cost;
        if self.row_of[column].is_none() {
            self.row_of[column] = Some(row);
            self.column_of[row] = Some(column);
        } else {
            self.exchange(row);
        }
    }

    /// Searches the chain of exchanges that ends at a free column or leaves a row free, and carries it out.
    fn exchange(&mut self, start: usize) {
        // Leaving the row free costs nothing, so each row on the way is also an end.
        let (mut freed, mut end_cost, mut end_column) = (start, -self.row_price[start], None);
        self.scan(start, 0.0);
        while let Some(Reached { cost, column }) = self.heap.pop() {
            if cost >= end_cost {
                break;
            }
            if cost > self.cost[column] {
                continue;
            }
            let Some(row) = self.row_of[column] else {
                (end_cost, end_column) = (cost, Some(column));
                break;
            };
            self.scanned.push(column);
            if cost - self.row_price[row] < end_cost {
                (freed, end_cost) = (row, cost - self.row_price[row]);
            }
            self.scan(row, cost);
        }
        self.settle_prices(start, end_cost);
        let last = end_column.or_else(|| self.column_of[freed].take());
        self.assign_chain(start, last);
        for column in self.touched.drain(..) {
            self.cost[column] = f64::INFINITY;
        }
        self.scanned.clear();
        self.heap.clear();
    }

    fn settle_prices(&mut self, start: usize, end_cost: f64) {
        self.row_price[start] += end_cost;
        for &column in &self.scanned {
            let slack = end_cost - self.cost[column];
            if slack > 0.0 {
                self.column_price[column] -= slack;
                if let Some(row) = self.row_of[column] {
                    self.row_price[row] += slack;
                }
            }
        }
    }

    fn scan(&mut self, row: usize, base: f64) {
        for k in self.first_edge[row]..self.first_edge[row + 1] {
            let (column, weight) = self.edges[k];
            let reduced = (weight - self.row_price[row] - self.column_price[column]).max(0.0);
            let cost = base + reduced;
            if cost < self.cost[column] {
                if self.cost[column].is_infinite() {
                    self.touched.push(column);
                }
                self.cost[column] = cost;
                self.parent[column] = row;
                self.heap.push(Reached { cost, column });
            }
        }
    }

    /// Gives `last` to the row that reached it, that row's column to the one before, and so on back to `start`.
    fn assign_chain(&mut self, start: usize, last: Option<usize>) {
        let mut column = last;
        while let Some(j) = column {
            let row = self.parent[j];
            self.row_of[j] = Some(row);
            column = self.column_of[row].replace(j);
            if row == start {
                break;
            }
        }
    }
}

fn refill<T: Clone>(buffer: &mut Vec<T>, length: usize, value: T) {
    buffer.clear();
    buffer.resize(length, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brute_force(row: usize, rows: usize, used: &mut Vec<bool>, weights: &[Vec<f64>]) -> f64 {
        if row == rows {
            return 0.0;
        }
        let mut best = brute_force(row + 1, rows, used, weights);
        for column in 0..used.len() {
            if !used[column] && weights[row][column] > 0.0 {
                used[column] = true;
                best = best.max(weights[row][column] + brute_force(row + 1, rows, used, weights));
                used[column] = false;
            }
        }
        best
    }

    #[test]
    fn as_good_as_brute_force() {
        let mut seed = 7_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as f64 / f64::from(u32::MAX >> 1)
        };
        for case in 0..600 {
            let (rows, columns) = (1 + case % 6, 1 + (case / 6) % 6);
            let quantise = case % 3 == 0; // many ties
            let mut edges = Vec::new();
            let mut weights = vec![vec![0.0; columns]; rows];
            for (row, line) in weights.iter_mut().enumerate() {
                for (column, weight) in line.iter_mut().enumerate() {
                    if random() < 0.6 {
                        *weight = if quantise { (random() * 4.0).round() - 1.0 } else { random() - 0.2 };
                        edges.push(Edge { row, column, weight: *weight });
                    }
                }
            }
            let matched = maximum_weight_matching(rows, columns, &edges);
            let mut taken: Vec<usize> = matched.iter().flatten().copied().collect();
            let count = taken.len();
            taken.sort_unstable();
            taken.dedup();
            assert_eq!(taken.len(), count, "a column was given twice");
            let total: f64 = matched.iter().enumerate().filter_map(|(r, c)| c.map(|c| weights[r][c])).sum();
            let best = brute_force(0, rows, &mut vec![false; columns], &weights);
            assert!((total - best).abs() < 1e-9, "case {case}: {total} instead of {best}");
        }
    }

    #[test]
    fn nothing_to_match() {
        assert!(maximum_weight_matching(0, 5, &[]).is_empty());
        assert_eq!(maximum_weight_matching(2, 0, &[]), vec![None, None]);
        let worthless = [Edge { row: 0, column: 0, weight: 0.0 }];
        assert_eq!(maximum_weight_matching(1, 1, &worthless), vec![None]);
    }
}
