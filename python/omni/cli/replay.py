"""``omni replay``: the files of a configuration through the whole agent, to the same bytes each time."""

from __future__ import annotations

import argparse
import contextlib
import json
import threading
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from omni.cli.apart import check_apart
from omni.cli.output import (
    Progress,
    add_config,
    add_json,
    configuration,
    descriptor,
    in_seconds,
    report,
    target_of,
    whole_file,
)
from omni.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from omni.config import AgentConfig
    from omni.detect import DetectionMemory
    from omni.types import ProcessMessage

RUN_ID = uuid.UUID(int=0)

Record: TypeAlias = dict[str, Any]
Told: TypeAlias = tuple[float, Sequence[Record]]
"""When, and the records of one message."""


def add_parser(verbs: Any) -> None:
    replay: argparse.ArgumentParser = verbs.add_parser(
        "replay",
        help="files to process records, the same bytes each time",
        description="Run the files of a configuration through the agent as fast as they are analysed. Nothing is sent. "
        "After a stop, pictures that were looked at are not looked at again.",
    )
    add_config(replay)
    replay.add_argument(
        "--started-at",
        type=in_seconds,
        default=0.0,
        metavar="S",
        help="epoch seconds of the first frame (default: 0)",
    )
    replay.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="a process record a line")
    add_json(replay)
    replay.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    from omni.config import config_folder
    from omni.config.load import config_file

    config = _offline(configuration(options))
    played = [Path(stream.url) for stream in config.streams if stream.enabled]
    check_apart(
        {"--output": options.output}, [config_file(config_folder(options.config)), *played], printed=options.json
    )
    with _memory_of(options.output) as memory, whole_file(options.output) as file:
        frames, records = _told(config, options.started_at, memory)
        file.writelines(json.dumps(r, ensure_ascii=False, sort_keys=True) + "\n" for r in records)
    recalled = 0 if memory is None else memory.recalled
    return report(options, {"frames": frames, "records": len(records), "recalled": recalled})


def _memory_of(output: Path) -> AbstractContextManager[DetectionMemory | None]:
    """What a run that is stopped leaves to the next one, beside its output; beside a device or pipe there is none."""
    from omni.detect import DetectionMemory

    target = target_of(output)
    if descriptor(output) is not None or (target.exists() and not target.is_file()):
        return contextlib.nullcontext()
    return DetectionMemory(target.with_name(target.name + ".seen"))


def _told(config: AgentConfig, started_at: float, memory: DetectionMemory | None) -> tuple[int, list[Record]]:
    """All streams to their end: how many frames, and the records in order of time."""
    from omni.agent import Agent
    from omni.types import Run

    agent = Agent(config, run=Run(RUN_ID, started_at), memory=memory, counts=False)
    told: dict[str, list[Told]] = {status.stream_uuid: [] for status in agent.streams()}
    lock, progress = threading.Lock(), Progress("frames", 0)

    def keep(message: ProcessMessage) -> None:
        with lock:
            told[message.stream_uuid].append((message.timestamp, message.processes))  # not the pictures: they are many

    agent.subscribe(keep)
    done, ended = 0, False
    with agent:
        while not ended:
            ended = agent.wait(0.2)
            frames = agent.stats()["frames"]
            progress.advance(frames - done)
            done = frames
    progress.finish()
    if failed := [status for status in agent.streams() if status.state == "failed"]:
        raise SourceError("; ".join(f"stream {status.name}: {status.reason}" for status in failed))
    # Streams run beside each other; what each tells is in order, and so is the file: by time, then by stream.
    in_order = sorted((each for of_stream in told.values() for each in of_stream), key=lambda each: each[0])
    return done, [record for _, records in in_order for record in records]


def _offline(config: AgentConfig) -> AgentConfig:
    """The configuration with every frame analysed once and nothing sent or kept; cameras cannot be replayed."""
    from omni.faces.gallery import FILE_NAME

    if live := [stream.label for stream in config.streams if stream.enabled and stream.live]:
        raise ConfigError(f"streams: {', '.join(live)}: a camera cannot be replayed; give a file")
    streams = tuple(stream.model_copy(update={"pace": "fast", "loop": False}) for stream in config.streams)
    mqtt = config.mqtt_settings.model_copy(update={"enable": False})
    update = {"streams": streams, "webhook_tracking_subscribers": (), "mqtt_settings": mqtt}
    delivery = config.delivery.model_copy(update={"directory": None})
    history = config.history.model_copy(update={"enabled": False})
    # of the state folder only the gallery is looked into: whom it has is told of as by the agent that runs
    known = config.pipelines.face.enabled and config.state_folder and Path(config.state_folder, FILE_NAME).is_file()
    state = config.state_folder if known else None
    return config.model_copy(update={**update, "delivery": delivery, "history": history, "state_folder": state})
