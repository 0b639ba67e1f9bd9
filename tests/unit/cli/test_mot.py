from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from tests.unit.cli.mot_files import walkers

from omni.cli import main
from omni.cli.unfinished import Unfinished
from omni.errors import SourceError
from omni.mot import confidences, looked_at, read_mot


@pytest.mark.parametrize(("name", "opened"), [("d.txt", True), ("d.txt.gz", False), ("d.txt", False), ("d.GZ", False)])
def test_track_gives_each_walker_one_number(
    tmp_path: Path, name: str, opened: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    det = walkers(tmp_path / name, opened=opened)
    out = tmp_path / "t.txt"
    assert main(["track", str(det), "--fps", "10", "--size", "1920x1080", "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tracks"] == 2
    rows = np.loadtxt(out, delimiter=",")
    assert set(rows[:, 1].astype(int)) == {1, 2}
    assert rows.shape[1] == 10


@pytest.mark.parametrize("live", [[], ["--live"]])
def test_who_is_looked_for_in_every_sixth_frame_only_is_tracked_in_these(tmp_path: Path, live: list[str]) -> None:
    told = {}
    for name, numbers, fps in (("kept", range(3, 240, 6), "30"), ("anew", range(1, 41), "5")):
        rows = [f"{f},-1,{100 + 9 * k},{100 + 200 * i},60,180,0.9\n" for k, f in enumerate(numbers) for i in range(2)]
        (tmp_path / name).write_text("".join(rows))
        assert main(["track", str(tmp_path / name), "--fps", fps, "-o", str(tmp_path / "t.txt"), *live]) == 0
        told[name] = np.loadtxt(tmp_path / "t.txt", delimiter=",")
    assert len(set(told["kept"][:, 0])) >= 38
    np.testing.assert_allclose(told["kept"][:, 0], 3 + 6 * (told["anew"][:, 0] - 1))
    np.testing.assert_allclose(told["kept"][:, 1:], told["anew"][:, 1:])


@pytest.mark.parametrize(
    ("scores", "expected", "told"),
    [
        ([0.0, 0.4, 1.0], [0.0, 0.4, 1.0], None),
        ([-0.2, 0.3, 0.8], [0.0, 0.3, 0.8], None),
        ([-1.0, -1.0, -1.0], [1.0, 1.0, 1.0], None),
        ([0.0, 45.0, 90.0], [0.0, 0.5, 1.0], "scores from 0 to 90, expected 0 to 1: divided by the greatest"),
        ([-2.0, 0.0, 1e9], [0.1192, 0.5, 1.0], "scores from -2 to 1e+09, expected 0 to 1: taken for log odds"),
    ],
)
def test_scores_of_any_scale_become_confidences_and_it_is_told(
    tmp_path: Path, scores: list[float], expected: list[float], told: str | None
) -> None:
    (tmp_path / "d.txt").write_text("".join(f"{f},-1,1,1,5,5,{score}\n" for f, score in enumerate(scores, 1)))
    confidence, changed = confidences(read_mot(tmp_path / "d.txt"))
    np.testing.assert_allclose(confidence, expected, atol=1e-4)
    assert changed == told


def test_percents_are_tracked_as_shares_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for name, least in (("shares", 0.005), ("percents", 0.5)):
        rows = [f"{f},-1,{100 + 4 * f},100,40,120,{least * (200 - f)}\n" for f in range(1, 31)]
        (tmp_path / name).write_text("".join(rows))
        assert main(["track", str(tmp_path / name), "--fps", "10", "-o", str(tmp_path / "t.txt")]) == 0
        told.append(np.loadtxt(tmp_path / "t.txt", delimiter=",")[:, :6])
        assert ("percents: scores from" in capsys.readouterr().err) == (name == "percents")
    np.testing.assert_array_equal(told[0], told[1])


def test_frames_that_are_missing_cost_nobody_their_number(tmp_path: Path) -> None:
    with walkers(tmp_path / "d.txt", frames=90).open() as file:
        kept = [row for row in file if not 20 <= int(row.split(",")[0]) < 80]  # two seconds are missing
    (tmp_path / "d.txt").write_text("".join(kept))
    arguments = ["track", str(tmp_path / "d.txt"), "--fps", "30", "-o", str(tmp_path / "t.txt")]
    assert main([*arguments, "--live"]) == 0
    told = np.loadtxt(tmp_path / "t.txt", delimiter=",")
    assert set(told[:, 1]) == {1, 2}
    assert len(told) == len(kept)


def test_of_few_rows_it_is_not_told_which_frames_were_looked_at(tmp_path: Path) -> None:
    def frames(*numbers: int) -> range:
        path = tmp_path / "d.txt"
        path.write_text("".join(f"{f},-1,1,1,5,5,1\n" for f in numbers))
        return looked_at([read_mot(path)])

    assert frames() == range(1, 1)
    assert frames(5) == range(1, 6)
    assert frames(2, 4, 6) == range(1, 7)
    assert frames(*range(2, 30, 3), 41) == range(2, 42, 3)
    assert frames(*range(2, 30, 3), 40) == range(1, 41)


@pytest.mark.parametrize(
    "row", ["1,2,3\n", "a,b,c,d,e,f\n", "0,-1,1,1,1,1\n", "1e12,-1,1,1,1,1\n", "1,-1,nan,1,1,1\n", "1,-1,1,1,-4,1\n"]
)
def test_a_wrong_row_is_named_and_nothing_is_left(tmp_path: Path, row: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d.txt").write_text("1,-1,1,1,5,5,1\n" + row)
    out = tmp_path / "t.txt"
    assert main(["track", str(tmp_path / "d.txt"), "--fps", "10", "-o", str(out)]) == 3
    assert "line 2" in capsys.readouterr().err
    assert not list(tmp_path.glob("t.txt*"))


def test_boxes_that_the_core_refuses_are_named_with_their_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cam1.txt").write_text("1,-1,1,1,5,5,1\n3,-1,1e9,1,5,5,1\n")
    matrix = [[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]
    (tmp_path / "c.json").write_text(json.dumps({"cameras": {"cam1": {"H_image_to_floor": matrix}}}))
    common = ["--fps", "10", "-o", str(tmp_path / "out.txt")]
    assert main(["track", str(tmp_path / "cam1.txt"), *common]) == 3
    assert "frame 3: xyxy[0]: expected pixels from" in capsys.readouterr().err
    assert main(["fuse", "--calibration", str(tmp_path / "c.json"), "--detections", str(tmp_path), *common]) == 3
    assert "frame 3: cam1: xyxy[0]: expected pixels from" in capsys.readouterr().err


def test_an_empty_file_gives_an_empty_result(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("")
    assert main(["track", str(tmp_path / "d.txt"), "--fps", "10", "-o", str(tmp_path / "t.txt")]) == 0
    assert (tmp_path / "t.txt").read_text() == ""


def test_track_takes_the_calibration_of_one_camera(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    det, out = walkers(tmp_path / "d.txt"), tmp_path / "t.txt"
    matrix = [[0.01, 0, 0], [0, 0.01, 0], [0, 0, 1]]
    calibration = tmp_path / "calibration.json"
    arguments = ["track", str(det), "--fps", "10", "--calibration", str(calibration), "-o", str(out), "--json"]

    calibration.write_text(json.dumps({"cameras": {"a": {"H_image_to_floor": matrix}}}))
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["tracks"] == 2

    calibration.write_text(json.dumps({"cameras": {n: {"H_image_to_floor": matrix} for n in "ab"}}))
    assert main([*arguments, "--camera", "b"]) == 0
    for camera in ([], ["--camera", "c"]):
        assert main([*arguments, *camera]) == 3
        assert "--camera: expected one of a, b" in capsys.readouterr().err
    assert main(["track", str(det), "--fps", "10", "--camera", "a", "-o", str(out)]) == 3
    assert "--camera a: expected --calibration FILE" in capsys.readouterr().err


def test_what_a_killed_run_left_is_gone_on_with_and_the_bytes_are_the_same(tmp_path: Path) -> None:
    frames = {i: [f"{i},-1,1,2,3,4,0.9\n"] * (i % 3) for i in range(1, 8)}
    about = {"video": "a.avi"}

    def run(path: Path, dies_in: int | None = None) -> int:
        with Unfinished(path, about) as unfinished:
            begun = unfinished.frames
            for i in range(unfinished.frames + 1, 8):
                if i == dies_in:
                    raise KeyboardInterrupt
                unfinished.write(i, frames[i])
        assert unfinished.lines == sum(map(len, frames.values()))
        return begun

    run(tmp_path / "whole.txt")
    for cut in range(0, 60, 7):  # the kill may come in the middle of a line
        path = tmp_path / "killed.txt"
        with pytest.raises(KeyboardInterrupt):
            run(path, dies_in=5)
        part = tmp_path / "killed.txt.part"
        content = part.read_bytes()
        part.write_bytes(content[: len(content) - cut])
        assert not path.exists()
        assert run(path) <= 4
        assert path.read_bytes() == (tmp_path / "whole.txt").read_bytes()
        path.unlink()
    assert not list(tmp_path.glob("*.part"))


def test_a_part_of_something_else_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    (tmp_path / "d.txt.part").write_text('# {"model": "a"}\n1,-1,0,0,1,1,1\n#1\n')
    with Unfinished(path, {"model": "a"}) as first:
        assert first.frames == 1
    (tmp_path / "d.txt.part").write_text('# {"model": "a"}\n1,-1,0,0,1,1,1\n#1\n')
    with Unfinished(path, {"model": "b"}) as second:
        assert second.frames == 0
        second.write(1, ["1,-1,5,5,5,5,1\n"])
    assert path.read_text() == "1,-1,5,5,5,5,1\n"


def test_detect_goes_on_where_it_was_killed(tmp_path: Path, person_model: str) -> None:
    assert person_model
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(4):
        cv2.imwrite(str(folder / f"{i}.png"), np.random.default_rng(i).integers(0, 255, (96, 128, 3), np.uint8))
    whole, killed = tmp_path / "whole.txt", tmp_path / "killed.txt"
    assert main(["detect", str(folder), "--confidence", "0.05", "-o", str(whole)]) == 0
    (folder / "2.png").write_bytes((picture := (folder / "2.png").read_bytes())[:20])
    assert main(["detect", str(folder), "--confidence", "0.05", "-o", str(killed)]) == 3
    assert (tmp_path / "killed.txt.part").read_text().endswith("#2\n")
    (folder / "2.png").write_bytes(picture)
    assert main(["detect", str(folder), "--confidence", "0.05", "-o", str(killed)]) == 0
    assert killed.read_bytes() == whole.read_bytes()


def test_what_was_found_in_other_pictures_is_not_gone_on_with(tmp_path: Path, person_model: str) -> None:
    assert person_model
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, seed in (("2.png", 2), ("3.png", 3), ("10.png", 10)):
        cv2.imwrite(str(folder / name), np.random.default_rng(seed).integers(0, 255, (96, 128, 3), np.uint8))
    (folder / "10.png").write_bytes((picture := (folder / "10.png").read_bytes())[:20])
    assert main(["detect", str(folder), "--confidence", "0.05", "-o", str(tmp_path / "again.txt")]) == 3
    (folder / "10.png").write_bytes(picture)
    cv2.imwrite(str(folder / "1.png"), np.random.default_rng(1).integers(0, 255, (96, 128, 3), np.uint8))
    for name in ("again.txt", "whole.txt"):
        assert main(["detect", str(folder), "--confidence", "0.05", "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / "again.txt").read_bytes() == (tmp_path / "whole.txt").read_bytes()


def test_what_was_read_by_another_head_is_not_gone_on_with(tmp_path: Path) -> None:
    cells = np.full((1, 315, 9), 30.0, np.float32)  # of a picture of 160x96; may be read as either
    cells[..., 2:4], cells[..., 4:] = 2.0, 0.9
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, (1, 3, 96, 160))
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, cells.shape)
    node = helper.make_node("Constant", [], ["rows"], value=numpy_helper.from_array(cells))
    graph = helper.make_graph([node], "constant", [picture], [rows])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "m.onnx")
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "1.png"), np.zeros((96, 160, 3), np.uint8))
    (folder / "2.png").touch()

    def run(head: str, output: str) -> int:
        arguments = ["detect", str(folder), "--model", str(tmp_path / "m.onnx"), "--head", head]
        return main([*arguments, "-o", str(tmp_path / output)])

    assert run("yolox", "again.txt") == 3
    (folder / "2.png").write_bytes((folder / "1.png").read_bytes())
    assert run("yolov8", "again.txt") == run("yolov8", "whole.txt") == 0
    assert (tmp_path / "again.txt").read_bytes() == (tmp_path / "whole.txt").read_bytes()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("4000000000,-1,3,4,5,6,0.9\n", "line 1: frame must be a whole number from 1 to 100000000"),
        ("1.5,-1,3,4,5,6,0.9\n", "line 1: frame must be a whole number"),
        ("1,7,3,4,5,6\n2,7.5,3,4,5,6\n", "line 2: id must be a whole number; got '2,7.5,3,4,5,6'"),
        ("1,nan,3,4,5,6\n", "line 1: sizes must be 0 or more, all finite"),
        ("1,9223372036854775808,3,4,5,6\n", "line 1: sizes must be 0 or more, all finite and within 1e12"),
        ("1,-1,3,4,5,6\n1,-1,1e300,4,1e300,6\n", "line 2: sizes must be 0 or more, all finite"),
        ("1,-1,3,4,5,6\n" * 20_001, "frame 1: xyxy: expected at most 20000 boxes"),
        ("frame,id,x,y,w,h\n", "line 1: expected frame,id,x,y,w,h[,score]"),
        ("1,-1,3,4,5,6\n" + "\0" * 200_000, "line 2: expected a row of numbers, got 100000 characters or more"),
    ],
)
def test_wrong_rows_are_named_at_once(
    tmp_path: Path, text: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "d.txt").write_text(text)
    assert main(["track", str(tmp_path / "d.txt"), "--fps", "10", "-o", str(tmp_path / "t.txt"), "--json"]) == 3
    told = capsys.readouterr()
    assert fault in told.err
    assert fault in json.loads(told.out)["error"]["message"]
    assert [path.name for path in tmp_path.iterdir()] == ["d.txt"]


def test_a_file_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_bytes(b"\xef\xbb\xbf1,-1,3,4,50,60,0.9\n")
    assert main(["track", str(tmp_path / "d.txt"), "--fps", "10", "-o", str(tmp_path / "t.txt")]) == 0


def test_a_result_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    det = walkers(tmp_path / "d.txt")
    for where in (tmp_path, tmp_path / "none" / "t.txt"):
        assert main(["track", str(det), "--fps", "10", "-o", str(where)]) == 3
        told = capsys.readouterr().err
        assert "cannot be written" in told
        assert "frames" not in told


@pytest.mark.parametrize("verb", ["track", "detect"])
def test_a_pipe_is_never_replaced_by_a_file(tmp_path: Path, verb: str) -> None:
    """Nor is a device: ``-o /dev/null``, as root, took it from the whole machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if verb == "track":
            det = walkers(tmp_path / "d.txt", frames=3)
            assert main(["track", str(det), "--fps", "10", "-o", str(link)]) == 0
            assert os.read(reader, 100).startswith(b"1,1,")
        else:
            with pytest.raises(SourceError, match="it is no file"):
                Unfinished(link, {})
        assert pipe.is_fifo()
        assert link.is_symlink()
    finally:
        os.close(reader)


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    link = tmp_path / "t.txt"
    link.symlink_to("elsewhere.txt")
    assert main(["track", str(walkers(tmp_path / "d.txt")), "--fps", "10", "-o", str(link)]) == 0
    assert link.is_symlink()
    assert (tmp_path / "elsewhere.txt").stat().st_size


def test_a_full_disk_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("this machine has no /dev/full")
    link = tmp_path / "t.txt"
    link.symlink_to("/dev/full")
    assert main(["track", str(walkers(tmp_path / "d.txt")), "--fps", "10", "-o", str(link), "--json"]) == 1
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    assert json.loads(told.out)["error"]["type"] == "output-unwritable"


def test_detect_repeats_no_password_of_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["detect", "rtsp://ann:s3cret@camera/1", "-o", "d.txt", "--json"])
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert "s3cret" not in told.out + told.err
    assert json.loads(told.out)["error"]["type"] == "wrong-use"


@pytest.mark.usefixtures("person_model")
def test_a_video_that_is_cut_off_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], street_clip: Path) -> None:
    cut = tmp_path / "cut.avi"
    with street_clip.open("rb") as clip:
        cut.write_bytes(clip.read(60_000))
    assert main(["detect", str(cut), "-o", str(tmp_path / "d.txt")]) == 0
    assert "damaged or cut off" in capsys.readouterr().err
