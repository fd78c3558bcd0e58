"""Rows: packing, the cut model and the loss equal what transformers computes of each conversation alone."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from model_server.base_model import BaseModel
from model_server.config import OwnerConfig
from model_server.contract import Line
from model_server.facets import FacetBank
from model_server.render import Rendered
from training.config import TrainingConfig
from training.conversations import Session
from training.examples import Row, cut_pieces, pack, render_sessions
from training.facets.checkpoint import Progressed, read_checkpoint, write_checkpoint
from training.facets.split_model import LowerCache, SplitModel
from training.facets.train_facet import Stage, Trainer
from training.pipeline import Settings, rows_by_type

OWNER = OwnerConfig(name="Tilda", card="You are Tilda. You mend sea charts.")
CONFIG = TrainingConfig(row_tokens=200, session_tokens=120, rows_per_step=1, learning_rate=5e-3)
FIRST_LAYER = 27  # of 30


def session(name: str, *texts: str) -> Session:
    """The contact begins, then they take turns."""
    lines = [Line(str(at), "owner" if at % 2 else "contact", text, at) for at, text in enumerate(texts)]
    return Session(f"telegram:{name}", name, "friend", tuple(lines))


SESSIONS = [
    session("Bram", "rehearsal at 8?", "yep", "bring the amp", "the amp is on the admiral"),
    session("Bram", "gull again?", "omg no\nhe has associates now 🐦"),
    session("Noor", "Are you awake.", "now i am", "Good.", "nur it is SIX"),
]


@pytest.fixture
def trainer(bundled: BaseModel) -> Iterator[Trainer]:
    """Three layers that learn, under a bank of one slot; the session's model as it was afterwards."""
    bank = FacetBank(bundled.model, 4, 1, "top-3")
    yield Trainer("bundled", bank, SplitModel(bundled.model, FIRST_LAYER), CONFIG)
    bank.remove()


@pytest.fixture
def rendered(bundled: BaseModel) -> list[Rendered]:
    return render_sessions(bundled.tokenizer, OWNER, SESSIONS, CONFIG)


def plain_loss(bundled: BaseModel, one: Rendered) -> torch.Tensor:
    """Summed loss of the masked tokens, by the model's own forward pass over the whole conversation."""
    logits = bundled.model(torch.tensor([one.ids])).logits[0, :-1]
    losses = F.cross_entropy(logits, torch.tensor(one.ids[1:]), reduction="none")
    mask = torch.tensor(one.loss_mask[1:])
    kept: torch.Tensor = losses[mask].sum()
    return kept


def replies(bundled: BaseModel, row: Row) -> str:
    text: str = bundled.tokenizer.decode(row.targets)
    return text


def test_should_pack_behind_one_card_every_reply_and_nothing_else(bundled: BaseModel, rendered: list[Rendered]) -> None:
    (row,) = pack(rendered, CONFIG.row_tokens, seed=1)
    assert row.segments.count(0) > 15
    assert len(row.ids) < sum(len(one.ids) for one in rendered)
    learned = sorted(filter(None, replies(bundled, row).split("<|im_end|>")))
    said = (line.text for one in SESSIONS for line in one.lines if line.author == "owner")
    assert learned == sorted(said)


@pytest.mark.parametrize(
    ("section", "name", "named"),
    [
        ({}, "Zorblatt", True),
        ({"names": "replace"}, "Zorblatt", False),
        ({"names": "initials"}, "May", False),
        ({"block": ["zorblatt"]}, "Dr. Zorblatt", False),
        ({"block": ["zorblatt"]}, "Bram", True),
        ({}, "Bram +44 20 7946 0018", False),
        ({}, "+44 20 7946 0018", False),
    ],
)
def test_should_learn_no_name_that_must_not_be_learnt(
    bundled: BaseModel, section: dict[str, object], name: str, named: bool
) -> None:
    """The card is scrubbed as the lines are."""
    settings = Settings.read({"scrub": section, "owner": {"name": "Tilda"}})
    ((row,),) = rows_by_type(bundled.tokenizer, settings, [session(name, "gull again?", "omg no")]).values()
    said = bundled.tokenizer.decode(row.ids)
    assert (f"{name} writes to you." in said, "writes to you." in said) == (named, named)


@pytest.mark.parametrize("row_tokens", [60, 100, 150, 400])
def test_should_pack_every_session_once_within_the_budget(rendered: list[Rendered], row_tokens: int) -> None:
    rows = pack(rendered, row_tokens, seed=1)
    longest = max(len(one.ids) for one in rendered)
    assert all(len(row.ids) <= max(row_tokens, longest) for row in rows)
    assert sum(len(row.targets) for row in rows) == sum(sum(one.loss_mask) for one in rendered)


def test_should_compute_the_loss_of_a_plain_forward_pass(
    bundled: BaseModel, trainer: Trainer, rendered: list[Rendered]
) -> None:
    assert trainer.split.first_layer == FIRST_LAYER
    tokens = sum(sum(one.loss_mask) for one in rendered)
    with torch.no_grad():
        alone = sum(float(plain_loss(bundled, one)) for one in rendered) / tokens
    for row_tokens in (100, 400):
        assert trainer.validate(pack(rendered, row_tokens, 1), facet=False) == pytest.approx(alone, rel=1e-5)


def test_should_compute_the_gradient_of_a_plain_backward_pass(
    bundled: BaseModel, trainer: Trainer, rendered: list[Rendered]
) -> None:
    trainer.begin("friend")
    draw = torch.Generator().manual_seed(1)
    for linear in trainer.bank.linears.values():
        linear.bt.data.copy_(torch.randn(linear.bt.shape, generator=draw) * 0.01)
    (row,) = pack(rendered, 400, seed=1)
    with trainer.bank.using(torch.ones(1)):
        packed = torch.autograd.grad(trainer.loss(row), trainer.bank.parameters())
        loss = torch.stack([plain_loss(bundled, one) for one in rendered]).sum()
        plain = torch.autograd.grad(loss, trainer.bank.parameters())
    assert len(plain) == 3 * 7 * 2
    for one, other in zip(packed, plain, strict=True):
        torch.testing.assert_close(one, other, rtol=2e-3, atol=2e-4 * float(other.abs().max()))


@pytest.mark.parametrize("change", [{"seed": 8}, {"learning_rate": 1e-3}, {"rows_per_step": 2}])
def test_should_notice_every_setting_that_changes_a_facet(
    trainer: Trainer, rendered: list[Rendered], change: dict[str, float]
) -> None:
    rows = tuple(pack(rendered, 400, 1))
    stage = Stage("friend", rows, rows, epochs=2)
    other = Trainer("bundled", trainer.bank, trainer.split, msgspec.structs.replace(CONFIG, **change))
    known = trainer.inputs_of(stage)
    assert trainer.inputs_of(Stage("friend", rows, rows, epochs=2)) == known
    assert other.inputs_of(stage) != known
    for changed in (
        Stage("friend", rows, rows, 3),
        Stage("friend", rows, (), 2),
        Stage("friend", rows[1:], rows, 2),
        Stage("core", rows, rows, 2),
    ):
        assert trainer.inputs_of(changed) != known


def test_should_keep_no_more_lower_activations_than_allowed(trainer: Trainer, rendered: list[Rendered]) -> None:
    one, other = pack(rendered[:1], 400, 1)[0], pack(rendered[1:2], 400, 1)[0]
    fits = len(one.ids) * 576 * 4
    cache = LowerCache(trainer.split, limit_bytes=fits)
    assert cache(one) is cache(one)
    assert cache(other) is not cache(other)
    torch.testing.assert_close(cache(other), trainer.split.lower(other))


def test_should_cut_long_sessions_between_exchanges_and_lose_no_line(bundled: BaseModel) -> None:
    long = session("Bram", *(f"and then number {at} happened, at length" for at in range(20)))
    pieces = cut_pieces(bundled.tokenizer, long.lines, max_tokens=80)
    assert [line for piece in pieces for line in piece] == list(long.lines)
    assert len(pieces) > 3
    assert all(piece[0].author == "contact" for piece in pieces)


def test_should_go_on_only_from_a_checkpoint_of_the_same_training(tmp_path: Path) -> None:
    place = tmp_path / "checkpoint.safetensors"
    state = Progressed("these rows", epoch=1, step=3, best_epoch=1, best_loss=2.5, loss_before=3.5, seconds=1.0)
    write_checkpoint(place, state, {"now.0": torch.ones(2, 3)})
    kept = read_checkpoint(place, "these rows")
    assert kept is not None
    assert kept[0] == state
    torch.testing.assert_close(kept[1]["now.0"], torch.ones(2, 3))
    assert read_checkpoint(place, "other rows") is None
    place.write_bytes(place.read_bytes()[:40])
    assert read_checkpoint(place, "these rows") is None
