"""A receiver as an integrator writes it from the documentation alone: the standard library, nothing of this project.

It keeps the newest record of each process by ``id``, and says from that who was where and when.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class StrictReceiver:
    """Listens for both types of subscribers: ``/trigger`` for processes, ``/event`` for events."""

    def __init__(self):
        self.records = {}
        self.events = []
        self.bodies = []
        self.complaints = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                document = json.loads(body)
                with receiver._lock:
                    if self.path == "/event":
                        receiver.events.append(document)
                    else:
                        receiver.bodies.append(document)
                        receiver.take(document)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, document):
        """One body, with all that an integrator relies on."""
        if set(document) != {"processes"}:
            self.complaints.append(f"members besides processes: {sorted(document)}")
        if len({process["source"] for process in document["processes"]}) != 1:
            self.complaints.append("processes of several streams in one body")
        for process in document["processes"]:
            known = self.records.get(process["id"])
            if known is not None and known["finalized"]:
                self.complaints.append(f"{process['id']} came back")
            if known is None and "parent" in process and process["parent"] not in self.records:
                self.complaints.append(f"{process['id']} came before its parent")
            begin, end = map(datetime.fromisoformat, process["time_interval"])
            if end < begin or process["frame_interval"][1] < process["frame_interval"][0]:
                self.complaints.append(f"{process['id']} ends before it begins")
            if known is not None and known["time_interval"][0] != process["time_interval"][0]:
                self.complaints.append(f"{process['id']} began twice")
            self.records[process["id"]] = process
        self.check_children()

    def check_children(self):
        """A person has one open body and one open face at most."""
        children = Counter(
            (record["parent"], record["object"]["class"])
            for record in self.records.values()
            if record["type"] == "track" and "parent" in record and not record["finalized"]
        )
        self.complaints += [f"{parent} has {n} open of class {kind}" for (parent, kind), n in children.items() if n > 1]

    def humans(self):
        return [r for r in self.records.values() if r["type"] == "track" and r["object"]["class"] == "human"]

    def actions(self, action):
        return [r for r in self.records.values() if r["type"] == "action" and r["action"] == action]

    def still_open(self):
        return [r for r in self.records.values() if not r["finalized"]]

    def crossings(self):
        """(line, direction) -> how often."""
        return Counter((r["line"]["name"], r["direction"]) for r in self.actions("line_crossing"))

    def in_region_at(self, name, instant):
        """Humans who were in a region at an instant (ISO 8601)."""
        stays = [r for r in self.actions("roi_presence") if r["roi"]["name"] == name]
        return {r["parent"] for r in stays if r["time_interval"][0] <= instant <= r["time_interval"][1]}

    def watched(self, name):
        """Humans who were in view of the stream while an external process of that name went on."""
        shows = [r for r in self.records.values() if r["type"] == "external" and r["name"] == name]
        return {
            human["id"]
            for human in self.humans()
            for show in shows
            if show["source"] == human["source"]
            and human["time_interval"][0] <= show["time_interval"][1]
            and show["time_interval"][0] <= human["time_interval"][1]
        }
