"""Take finished facets into the running bank: watch `live.json` and load what is new.

Knows neither who trains nor who asks. A facet that does not fit is refused once, loudly, and the old version stays.
"""

import asyncio
from dataclasses import dataclass, field

import structlog

from model_server.engine_contract import Engine
from model_server.errors import FacetError, SelfsameError
from model_server.facet_files import read_facet
from model_server.facets import FacetBank
from model_server.home import Home
from model_server.live_facets import facet_dir, read_live
from model_server.log import flaw_of

log = structlog.get_logger()

_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """What has been said once and is not said again, facet name -> version."""

    refused: dict[str, str] = field(default_factory=dict)
    """Does not fit; not tried again."""
    waiting: dict[str, str] = field(default_factory=dict)
    """Found the bank full; tried again when a slot is free."""


async def watch_facets(home: Home, bank: FacetBank, engine: Engine, every_s: float = _EVERY_S) -> None:
    """Follow `live.json` until cancelled, whatever goes wrong on the way; the same trouble is logged once in a row."""
    told = Told()
    last = ""
    while True:
        trouble = ""
        try:
            await asyncio.to_thread(take_in_changes, home, bank, engine, told)
        except (OSError, SelfsameError) as error:
            trouble = str(error)
        except Exception as error:  # a fault of ours or the device's: the facets that are loaded go on answering
            trouble = flaw_of(error)
        if trouble and trouble != last:
            log.error("facets_not_taken_in", error=trouble)
        last = trouble
        await asyncio.sleep(every_s)


def take_in_changes(home: Home, bank: FacetBank, engine: Engine, told: Told) -> None:
    """Make the bank hold what `live.json` names. `told` is remembered between calls."""
    wanted, loaded = read_live(home), bank.table.live()
    for name in loaded.keys() - wanted.keys():
        bank.drop(name)
        log.info("facet_dropped", facet=name)
    for name, version in wanted.items():
        full = bank.table.is_full()
        if version in (loaded.get(name), told.refused.get(name)) or (full and told.waiting.get(name) == version):
            continue
        try:
            facet = read_facet(facet_dir(home, name, version))
            with engine.pause():
                bank.load(name, version, facet)
        except FacetError as error:
            (told.waiting if full else told.refused)[name] = version  # a full bank has room when a reply ends
            log.error("facet_refused", facet=name, version=version, error=str(error))
        else:
            log.info("facet_loaded", facet=name, version=version)
