//! Threads that call in quick succession take the GIL from each other awake.
//!
//! Who waits for the GIL sleeps, and is awake again long after it was given up: by then the thread that gave it up has
//! it once more, and two threads are no faster than one. So a thread whose work is done looks for a moment whether
//! another that came here has the GIL, and only then asks for it. Without a GIL there are no turns.

use std::cell::Cell;
use std::hint::spin_loop;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Nanoseconds: less than it takes to wake up. A turn that lasts longer is over: its thread does something else by now.
const LONGEST: u64 = 30_000;

/// When the present turn began, 0 while there is none.
static TURN: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// When this thread's latest turn began.
    static MINE: Cell<u64> = const { Cell::new(0) };
}

/// Does `work`, which is done without the GIL, between two turns of this thread.
pub fn between<T>(work: impl FnOnce() -> T) -> T {
    if cfg!(Py_GIL_DISABLED) {
        return work();
    }
    end();
    let done = work();
    begin();
    done
}

fn end() {
    // It fails where the turn was long and another thread took the next one.
    TURN.compare_exchange(MINE.get(), 0, Ordering::Release, Ordering::Relaxed).ok();
}

fn begin() {
    let came = now();
    let mut time = came;
    while time - came < LONGEST {
        let turn = TURN.load(Ordering::Relaxed);
        let over = turn == 0 || time.saturating_sub(turn) > LONGEST;
        if over && TURN.compare_exchange(turn, time, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            MINE.set(time);
            break;
        }
        spin_loop();
        time = now();
    }
}

/// Nanoseconds, more than 0.
#[expect(clippy::disallowed_methods, reason = "how long to wait for a lock; no result depends on it")]
fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).map_or(u64::MAX, |time| time + 1)
}
