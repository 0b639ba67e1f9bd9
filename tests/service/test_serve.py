"""Listening, and stopping when told to."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from tests.service.fakes import FakeAgent

from omni.config import AgentConfig
from omni.errors import ConfigError, PortInUseError
from omni.service import create_app, free_port, serve

SCRIPT = """
import os, signal, sys
from omni.config import load_config
from omni.service import create_app, serve
from tests.service.fakes import FakeAgent
agent = FakeAgent(load_config({}))
app = create_app(lambda: agent, agent.config)
if len(sys.argv) > 2:
    async def ask_to_stop(_):
        os.kill(os.getpid(), signal.SIGTERM)
    app.register_listener(ask_to_stop, sys.argv[2])
serve(app, "127.0.0.1", int(sys.argv[1]))
print(agent.life)
"""


def test_a_taken_port_is_one_line_and_starts_nothing(config: AgentConfig) -> None:
    agent = FakeAgent(config)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"127\.0\.0\.1:{port} is in use.*--port"):
            serve(create_app(lambda: agent, config), "127.0.0.1", port)  # type: ignore[arg-type, return-value]
        with pytest.raises(PortInUseError):
            free_port("127.0.0.1", port)
    assert agent.life == []
    assert free_port("127.0.0.1", port) == port
    assert free_port("127.0.0.1", 0) > 0


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1:80: .*--host"):
        free_port("192.0.2.1", 80)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(end: signal.Signals) -> None:
    port = free_port("127.0.0.1", 0)
    service = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(port)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until_up(f"http://127.0.0.1:{port}/healthz")
        service.send_signal(end)
        out, errors = service.communicate(timeout=60)
    finally:
        service.kill()
    assert service.returncode == 0
    assert out == "['start', 'stop']\n"
    assert errors == ""


@pytest.mark.parametrize("moment", ["before_server_start", "after_server_start"])
def test_a_signal_while_it_starts_is_obeyed(moment: str) -> None:
    service = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(free_port("127.0.0.1", 0)), moment],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (service.returncode, service.stdout, service.stderr) == (0, "['start', 'stop']\n", "")


def wait_until_up(address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:  # not there yet, or too busy to answer within the second
            time.sleep(0.1)
    raise AssertionError("the service did not come up")


def test_an_unusable_configuration_is_served_in_safe_mode_unless_strict(tmp_path: Path) -> None:
    (tmp_path / "run_params.json").write_text('{"streems": []}')
    command = [sys.executable, "-W", "error", "-m", "omni.cli", "serve", "--config", str(tmp_path)]
    strict = subprocess.run([*command, "--strict"], capture_output=True, text=True, timeout=100)
    assert strict.returncode == 3
    assert "streems: unknown key" in strict.stderr
    port = free_port("127.0.0.1", 0)
    service = subprocess.Popen([*command, "--port", str(port)], stderr=subprocess.PIPE, text=True)
    try:
        wait_until_up(f"http://127.0.0.1:{port}/healthz")
        service.send_signal(signal.SIGTERM)
        _, errors = service.communicate(timeout=60)
    finally:
        service.kill()
    assert service.returncode == 0
    assert "/streems: unknown key" in errors
    assert "safe mode" in errors


def test_no_configuration_at_all_is_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "omni.cli", "serve", "--config", str(tmp_path)]
    assert subprocess.run(command, capture_output=True, timeout=100).returncode == 3
