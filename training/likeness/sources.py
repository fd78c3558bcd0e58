"""Where each measure comes from that figures do not name themselves. Words only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A measure, what it says, and who described it."""

    measure: str
    says: str
    source: str


SOURCES: tuple[Source, ...] = (
    Source(
        "Ways to go on",
        "e to the power of the loss: how many equally likely ways to go on the model has at each piece of a word of "
        "the reply that was really sent. The loss itself is in nats per piece.",
        "perplexity: Jelinek, Mercer, Bahl and Baker 1977",
    ),
    Source(
        "Card and examples",
        "the model is shown real exchanges with that contact type instead of being trained on them.",
        "few-shot prompting: Brown et al. 2020",
    ),
    Source(
        "Shuffled control",
        "contacts are dealt to the facets at random, everything else stays: what is left of the gain comes not from "
        "speaking differently to different people. Dealt several times; the mean counts.",
        "randomisation: Fisher 1935, The Design of Experiments",
    ),
    Source(
        "Weights",
        "fitted to validation replies by gradient, held near the shape that all contact types share.",
        "after LoraHub, Huang et al. 2023, and AdaMerging, Yang et al. 2023",
    ),
    Source(
        "Intervals",
        "95 %, from held-out conversations drawn again at random; two voices are compared on the same draws.",
        "bootstrap: Efron 1979; paired: Koehn 2004",
    ),
    Source(
        "Broken replies",
        "loops, and how many different word pairs there are.",
        "Holtzman et al. 2020; distinct-2: Li et al. 2016",
    ),
    Source(
        "Planted secrets",
        "made-up codes in the training data: how far up they stand among all that could have been planted (exposure), "
        "and whether they are said.",
        "Carlini et al. 2019, The Secret Sharer",
    ),
    Source(
        "Repeated replies",
        "asked as they were asked then, does the clone say training replies word for word?",
        "Carlini et al. 2023, Quantifying Memorization",
    ),
    Source(
        "Learned by heart",
        "the lead on what was trained on over what was not, less the base model’s on the same two.",
        "Yeom et al. 2018, Privacy Risk in Machine Learning",
    ),
)
