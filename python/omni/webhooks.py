"""For receivers of webhooks: check who sent them, and let each take effect once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omni.delivery.signing import SignatureError, verify

__all__ = ["IdStore", "SignatureError", "verify"]

KEEP_S = 8 * 24 * 3600.0
"""How long an id is remembered: well beyond the three days for which a message is tried."""


class IdStore:
    """Remembers which messages took effect, so that one that comes again does not (delivery, line 2). Thread-safe.

    Delivery is at least once; with this, and the effect written over ``connection``, it takes effect exactly once::

        with store.once(request.headers["webhook-id"], now=time.time()) as first:
            if first:
                store.connection.execute("INSERT INTO visits ...")

    Args:
        path: a SQLite file of the receiver's own, which may hold its tables too; ``":memory:"`` forgets at the end.
    """

    def __init__(self, path: str | Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30.0)
        self._lock = threading.Lock()
        self.connection.execute("CREATE TABLE IF NOT EXISTS webhook_seen (id TEXT PRIMARY KEY, at REAL) WITHOUT ROWID")
        self.connection.execute("CREATE INDEX IF NOT EXISTS webhook_seen_at ON webhook_seen (at)")

    @contextmanager
    def once(self, webhook_id: str, *, now: float) -> Iterator[bool]:
        """One transaction: whether the message is new. It is remembered only where the block ends well.

        Args:
            webhook_id: the ``webhook-id`` header.
            now: Unix epoch seconds.
        """
        with self._lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                self.connection.execute("DELETE FROM webhook_seen WHERE at < ?", (now - KEEP_S,))
                added = self.connection.execute("INSERT OR IGNORE INTO webhook_seen VALUES (?, ?)", (webhook_id, now))
                yield added.rowcount == 1
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # on a full disk SQLite has taken it back by itself
                    self.connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        self.connection.close()
