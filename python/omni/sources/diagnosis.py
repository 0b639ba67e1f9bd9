"""Why a camera does not open: the decoder only says that it does not, so it is asked by hand first."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from omni.sources.handshake import NothingSentError, UnknownLoginError, ask_for_pictures


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there are no pictures.

    Attributes:
        cause: a word for programs.
        reason: the same for people, without credentials.
        permanent: waiting does not mend it.
    """

    cause: str
    reason: str
    permanent: bool = False


NO_PICTURE = Failure("no_picture", "it answers, but no picture came that can be decoded")
_BY_STATUS = {
    401: Failure("unauthorized", "user or password are refused (401)", permanent=True),
    403: Failure("unauthorized", "access is refused (403)", permanent=True),
    404: Failure("not_found", "there is no such stream (404)", permanent=True),
    453: Failure("busy", "it has no room for another client (453)"),
    503: Failure("busy", "it is not available now (503)"),
}


def diagnose(url: str) -> Failure | None:
    """Ask a camera by RTSP or HTTP whether it sends pictures; None: it does, or leads elsewhere.

    It has answered within 2 s and begun to send within 3.5 s, or does not.
    """
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        why = "its address names no host, or no port from 1 to 65535 (# / ? in a password are written %23 %2F %3F)"
        return Failure("address", why, permanent=True)
    try:
        status = ask_for_pictures(parts)
    except NothingSentError:
        return Failure("no_picture", "it answers, but sends nothing")
    except UnknownLoginError:
        why = "its login is by digest with another algorithm than MD5; allow MD5 alone, or basic, in the camera"
        return Failure("unauthorized", why, permanent=True)
    except (socket.gaierror, UnicodeError):  # the second: it cannot be one
        return Failure("unknown_host", "the name of its host is not known")
    except TimeoutError:
        return Failure("silent", "it does not answer (switched off, or it has too many clients)")
    except ConnectionRefusedError:
        return Failure("refused", "nothing listens at its port")
    except OSError as error:
        return Failure("unreachable", f"it cannot be reached ({error.strerror or type(error).__name__})")
    except ValueError:
        return Failure("no_camera", "what answers speaks neither RTSP nor HTTP")
    if 200 <= status < 400:  # to another address: the decoder goes there
        return None
    return _BY_STATUS.get(status, Failure("refused", f"it answers with status {status}"))
