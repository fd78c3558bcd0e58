"""A unix socket for one owner: made at a path, private before anybody can connect. Knows no protocol."""

import socket
from pathlib import Path

from adapters.local_contract import AddressUnusable


def listen_privately(path: Path) -> socket.socket:
    """A listening socket at `path`, mode 0600; a stale one is replaced. Raises AddressUnusable."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        if path.is_socket():
            if _is_answered(path):
                raise AddressUnusable(
                    f"another bot already listens on {path}", "stop it, or give this one its own SELFSAME_HOME"
                )
            path.unlink()
        bound.bind(str(path))
        path.chmod(0o600)  # before listen: until then nobody can connect
        bound.listen(16)
    except OSError as error:
        bound.close()
        raise AddressUnusable(
            f"cannot listen on {path}: {error.strerror or error}", "choose a short SELFSAME_HOME that you can write to"
        ) from None
    except AddressUnusable:
        bound.close()
        raise
    return bound


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
