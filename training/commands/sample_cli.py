"""`selfsame sample`: the sample owner set up here. Parsing and printing only."""

import json
from typing import Annotated

import msgspec
import typer

from model_server.config import find_config


def sample(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Set up the sample owner here: her configuration, chats and articles. The demo does this by itself."""
    from training.sample.install import install

    report = install(find_config())
    print(json.dumps(msgspec.to_builtins(report)) if as_json else f"the sample owner: {report.replies} lines of hers")
