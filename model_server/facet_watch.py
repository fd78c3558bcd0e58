"""Take finished facets into the running bank: watch `live.json` and load what is new.

Knows neither who trains nor who asks. A facet that does not fit is refused once, loudly, and the old version stays.
"""

import asyncio

import structlog

from model_server.engine_contract import Engine
from model_server.errors import FacetError, SelfsameError
from model_server.facet_files import facet_dir, read_facet, read_live
from model_server.facets import FacetBank
from model_server.home import Home

log = structlog.get_logger()

_EVERY_S = 1.0


async def watch_facets(home: Home, bank: FacetBank, engine: Engine) -> None:
    """Follow `live.json` until cancelled."""
    refused: dict[str, str] = {}
    while True:
        try:
            await asyncio.to_thread(take_in_changes, home, bank, engine, refused)
        except (OSError, SelfsameError) as error:
            log.error("facets_unreadable", error=str(error))
        await asyncio.sleep(_EVERY_S)


def take_in_changes(home: Home, bank: FacetBank, engine: Engine, refused: dict[str, str]) -> None:
    """Make the bank hold what `live.json` names. `refused` (name -> version) is remembered between calls."""
    wanted, loaded = read_live(home), bank.table.live()
    for name in loaded.keys() - wanted.keys():
        bank.drop(name)
        log.info("facet_dropped", facet=name)
    for name, version in wanted.items():
        if loaded.get(name) == version or refused.get(name) == version:
            continue
        try:
            facet = read_facet(facet_dir(home, name, version))
            with engine.pause():
                bank.load(name, version, facet)
        except FacetError as error:
            if not bank.table.is_full():  # a full bank has room again when a reply ends
                refused[name] = version
            log.error("facet_refused", facet=name, version=version, error=str(error))
        else:
            log.info("facet_loaded", facet=name, version=version)
