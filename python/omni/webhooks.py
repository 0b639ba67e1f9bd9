"""For receivers of webhooks: verify the signature of a message, and handle each message only once."""

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
    """Remembers the ids of messages that were handled, so that none is handled twice (delivery, line 2). Thread-safe.

    A message is delivered at least once. It takes effect exactly once if its effect is written through ``connection``,
    in the same transaction as its id::

        with store.once(request.headers["webhook-id"], now=time.time()) as first:
            if first:
                store.connection.execute("INSERT INTO visits ...")

    Args:
        path: the receiver's own SQLite file, which may hold its other tables, too. ``":memory:"``: the ids are
            forgotten when the program ends.
    """

    def __init__(self, path: str | Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30.0)
        self._lock = threading.Lock()
        self.connection.execute("CREATE TABLE IF NOT EXISTS webhook_seen (id TEXT PRIMARY KEY, at REAL) WITHOUT ROWID")
        self.connection.execute("CREATE INDEX IF NOT EXISTS webhook_seen_at ON webhook_seen (at)")

    @contextmanager
    def once(self, webhook_id: str, *, now: float) -> Iterator[bool]:
        """One transaction. Yields whether the message is new; its id is kept only if the block does not raise.

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
