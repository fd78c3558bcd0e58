"""The base model with every live facet in its bank, split for fast losses: what fitting, measuring and voting work on.

Knows the home and the settings; nothing of which blends or conversations it is asked about.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from model_server.base_model import BaseModel
from model_server.facet_files import read_facet
from model_server.facets import FacetBank
from model_server.home import Home
from model_server.live_facets import facet_dir, read_live
from training.facets.split_model import LowerCache, SplitModel
from training.pipeline import Settings, load_for_training, split_model


@dataclass(frozen=True, slots=True)
class WholeBank:
    """`live`: facet name -> version, all of them loaded."""

    base: BaseModel
    bank: FacetBank
    split: SplitModel
    lower: LowerCache
    live: Mapping[str, str]


def open_bank(settings: Settings, home: Home, spare_slots: int = 0) -> WholeBank:
    """Load the model and every live facet; `spare_slots` stay free for facets under test."""
    live = read_live(home)
    base = load_for_training(settings, home)
    slots = max(1, len(live) + spare_slots)
    bank = FacetBank(base.model, settings.facets.rank, slots, settings.facets.layers)
    for name, version in live.items():
        bank.load(name, version, read_facet(facet_dir(home, name, version)))
    split = split_model(base, settings)
    return WholeBank(base, bank, split, LowerCache(split), live)
