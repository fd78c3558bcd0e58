"""Random facets that change what the model says, in peft's layout on disk."""

from pathlib import Path

import torch

from model_server.facet_files import Facet, Pair, write_facet
from model_server.facets import FacetBank


def random_facet(bank: FacetBank, seed: int, rank: int = 8, strength: float = 0.1) -> Facet:
    """Both matrices full of noise, on every layer of the bank; strong enough that greedy texts differ."""
    noise = torch.Generator().manual_seed(seed)
    return Facet(
        {
            layer: Pair(
                torch.randn(rank, linear.base.in_features, generator=noise) * strength,
                torch.randn(linear.base.out_features, rank, generator=noise) * strength,
            )
            for layer, linear in bank.linears.items()
        },
        rank,
        scale=2.0,
    )


def write_random_facets(bank: FacetBank, directory: Path, names: str) -> None:
    """One facet directory per letter."""
    for seed, name in enumerate(names):
        write_facet(random_facet(bank, seed), directory / name)
