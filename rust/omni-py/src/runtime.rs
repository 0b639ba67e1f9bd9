//! The one door to the core: work is done without the GIL, its errors become exceptions.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use crate::errors::exception;
use crate::turns;

/// Runs `work` while other Python threads go on.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> omni_core::Result<T> + Send) -> PyResult<T> {
    py.detach(|| turns::between(work)).map_err(|error| exception(py, &error))
}

/// Runs `work` on what the mutex holds, while other Python threads go on; the lock is never waited for with the GIL held.
pub fn detached_on<S: Send, T: Send>(
    py: Python<'_>,
    state: &Mutex<S>,
    work: impl FnOnce(&mut S) -> omni_core::Result<T> + Send,
) -> PyResult<T> {
    detached(py, || work(&mut lock(state)))
}

/// Like `detached_on`, but brief work is done with the GIL held, unless another thread is at the same state.
///
/// Work is brief that takes no longer than handing the GIL to another core and back. Beside a thread that is busy in
/// Python it would take a whole turn to get it back.
pub fn detached_unless_brief<S: Send, T: Send>(
    py: Python<'_>,
    brief: bool,
    state: &Mutex<S>,
    work: impl FnOnce(&mut S) -> omni_core::Result<T> + Send,
) -> PyResult<T> {
    if brief && let Ok(mut state) = state.try_lock() {
        return work(&mut state).map_err(|error| exception(py, &error));
    }
    detached_on(py, state, work)
}

/// The state even if a thread panicked while it held it: the next call then works on what there is.
fn lock<S>(state: &Mutex<S>) -> MutexGuard<'_, S> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
