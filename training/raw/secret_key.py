"""The secret of one home: 32 bytes that key every digest made of people's ids and values. Knows nothing of what for.

It lies in the raw folder (0700), so whoever holds a corpus or a list of digests alone cannot try values against it.
"""

import os
import secrets

from model_server.errors import CorpusError
from model_server.home import Home

_BYTES = 32


def secret_key(home: Home) -> bytes:
    """The key of this home, made when it is first asked for. CorpusError when its file is not one of ours."""
    path = home.raw_dir / "key"
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
    except FileExistsError:
        pass
    key = path.read_bytes()
    if len(key) != _BYTES:
        raise CorpusError(f"{path} is damaged", "remove it: the next import scrubs everything anew, with a new key")
    return key
