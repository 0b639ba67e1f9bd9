"""Tokens: made once, kept as hashes, noticed by whoever asks next."""

from __future__ import annotations

import hashlib
import stat
import threading
from pathlib import Path

import pytest

from omni.errors import StateError, TokenError
from omni.tokens import FILE_NAME, Token, Tokens, digest_of


def test_a_token_is_found_by_its_digest_and_is_nowhere_in_the_file(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    token = tokens.add("wall", ["read"], 5.0)
    assert token.startswith("omni_")
    assert len(token) == 5 + 43  # 256 bits in base64
    assert digest_of(token) == hashlib.sha256(token.encode()).digest()
    assert tokens.find(digest_of(token)) == Token("wall", ("read",), 5.0)
    assert tokens.find(digest_of(token + "x")) is None
    content = (tmp_path / FILE_NAME).read_bytes()
    assert token.encode() not in content
    assert digest_of(token) in content
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_asking_makes_no_file(tmp_path: Path) -> None:
    assert Tokens(tmp_path).all() == []
    assert Tokens(tmp_path).find(b"x") is None
    assert list(tmp_path.iterdir()) == []
    assert Tokens(None).all() == []


def test_what_another_process_changes_counts_at_once(tmp_path: Path) -> None:
    service, command_line = Tokens(tmp_path), Tokens(tmp_path)
    token = command_line.add("till", ["control", "read"], 5.0)
    assert [known.name for known in service.all()] == ["till"]
    assert service.all()[0].scopes == ("read", "control")
    command_line.remove("till")
    assert service.find(digest_of(token)) is None


def test_two_who_add_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    threads = [threading.Thread(target=lambda n=n: Tokens(tmp_path).add(f"t{n}", ["read"], 1.0)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Tokens(tmp_path).all()) == 8


@pytest.mark.parametrize(
    ("name", "scopes", "complaint"),
    [
        ("", ["read"], "1 to 64 printable"),
        ("x" * 65, ["read"], "1 to 64 printable"),
        ("a\nb", ["read"], "printable"),
        ("a", [], "got none"),
        ("a", ["read", "root"], "expected some of read, control, config, faces, got read, root"),
    ],
)
def test_wrong_names_and_scopes_are_refused(tmp_path: Path, name: str, scopes: list[str], complaint: str) -> None:
    with pytest.raises(TokenError, match=complaint):
        Tokens(tmp_path).add(name, scopes, 1.0)  # type: ignore[arg-type]
    assert Tokens(tmp_path).all() == []


def test_names_are_unique_and_only_known_ones_can_be_removed(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    with pytest.raises(TokenError, match="no token is named 'wall'"):
        tokens.remove("wall")
    tokens.add("wall", ["read"], 1.0)
    with pytest.raises(TokenError, match="already"):
        tokens.add("wall", ["config"], 2.0)
    with pytest.raises(TokenError, match="no state folder"):
        Tokens(None).add("wall", ["read"], 1.0)


def test_a_file_that_is_none_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database, but long enough to be taken for one" * 10)
    with pytest.raises(StateError, match=FILE_NAME):
        Tokens(tmp_path).all()


def test_a_first_token_that_cannot_be_written_leaves_no_file_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One without its table was refused to be read: everybody was locked out, also when there was room again."""
    monkeypatch.setattr("omni.tokens._TABLE", "no SQL: as if the disk were full")
    with pytest.raises(StateError):
        Tokens(tmp_path).add("ops", ["read"], 0.0)
    assert list(tmp_path.iterdir()) == []
    assert Tokens(tmp_path).all() == []
