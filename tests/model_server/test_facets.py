"""The bank: which layers it wraps, what its gains compute, and how slots come and go."""

from typing import Any

import pytest
import torch

from model_server.base_model import BaseModel
from model_server.errors import ConfigError, FacetError
from model_server.facets import FacetBank, choose_layers
from model_server.slots import SlotTable, salt_of
from tests.model_server.random_facets import random_facet

IDS = torch.tensor([[1, 4093, 198, 19556], [1, 4093, 198, 5000]])


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        out: torch.Tensor = model(IDS).logits
        return out


def test_an_empty_bank_and_a_removed_one_change_nothing(bundled: BaseModel) -> None:
    before = logits(bundled.model)
    bank = FacetBank(bundled.model, rank=4, slots=2, layers="top-2")
    assert len(bank.linears) == 14
    assert torch.equal(logits(bundled.model), before)
    with bank.using(torch.ones(2)):
        assert torch.allclose(logits(bundled.model), before, atol=1e-5)
    bank.remove()
    assert "layers.29.self_attn.q_proj.weight" in dict(bundled.model.model.named_parameters())


def test_gains_are_per_row_and_linear_in_rank_space(bundled: BaseModel, bank: FacetBank) -> None:
    """Should give each row of a batch its own blend, equal to merging that blend into the weights."""
    facets = [random_facet(bank, seed, strength=0.03) for seed in range(2)]
    for name, facet in zip("ab", facets, strict=True):
        bank.load(name, "1", facet)
    with bank.using(torch.tensor([[0.7, -0.3, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0.0]])):
        blended = logits(bundled.model)
    plain = logits(bundled.model)
    assert torch.allclose(blended[1], plain[1], atol=1e-4)
    merged = {}
    with torch.no_grad():
        for layer, linear in bank.linears.items():
            merged[layer] = linear.base.weight.clone()
            for gain, facet in zip((0.7, -0.3), facets, strict=True):
                pair = facet.pairs[layer]
                linear.base.weight += gain * facet.scale * pair.b @ pair.a
        by_hand = logits(bundled.model)
        for layer, linear in bank.linears.items():
            linear.base.weight.copy_(merged[layer])
    assert torch.allclose(blended[0], by_hand[0], atol=1e-2)
    assert not torch.allclose(blended[0], plain[0], atol=0.5)


def test_gains_can_be_learned(bundled: BaseModel, bank: FacetBank) -> None:
    bank.load("a", "1", random_facet(bank, 1, strength=0.02))
    gains = torch.zeros(bank.slots, requires_grad=True)
    with bank.using(gains):
        bundled.model(IDS).logits.float().logsumexp(-1).sum().backward()
    assert gains.grad is not None
    assert gains.grad[0] != 0
    assert torch.equal(gains.grad[1:], torch.zeros(bank.slots - 1))


def test_layers_are_chosen_from_the_top() -> None:
    assert choose_layers("all", 30) == range(30)
    assert choose_layers("top-third", 30) == range(20, 30)
    assert choose_layers("top-5", 30) == range(25, 30)
    for wrong in ("top-0", "top-31", "bottom", "top-", "5"):
        with pytest.raises(ConfigError):
            choose_layers(wrong, 30)


def test_a_new_version_waits_for_no_one_and_disturbs_no_one() -> None:
    """Should keep the old version's slot until its last request has ended, and give new requests the new one."""
    table = SlotTable(2)
    table.put(table.find_free(), "a", "1")
    running = [table.lease({"a": 1.0, "unloaded": 1.0}) for _ in range(2)]
    assert running[0].blend == {"a": 1.0}
    assert running[0].versions == {"a": "1"}
    table.put(table.find_free(), "a", "2")
    assert table.is_full()
    fresh = table.lease({"a": 1.0})
    assert (running[0].gains, fresh.gains) == ((1.0, 0.0), (0.0, 1.0))
    assert fresh.salt != running[0].salt
    with pytest.raises(FacetError, match="slots"):
        table.find_free()
    table.release(running[0])
    assert table.is_full()
    table.release(running[1])
    assert table.find_free() == 0
    assert table.live() == {"a": "2"}


def test_salts_tell_blends_apart() -> None:
    """Should be equal for equal content only; `hash` would not tell -1 from -2."""
    one = {"a": "1"}
    assert salt_of({"a": -1.0}, one) != salt_of({"a": -2.0}, one)
    assert salt_of({"a": 1.0}, one) != salt_of({"a": 1.0}, {"a": "2"})
    both = {"a": "1", "b": "1"}
    assert salt_of({"a": 1.0, "b": 0.5}, both) == salt_of({"b": 0.5, "a": 1.0}, both)
