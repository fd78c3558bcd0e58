"""From logits to the distribution the next token is drawn from, each row by its own temperature and top_p. Pure.

One stable sort serves both; no step depends on the numbers on the host, so that a CUDA graph can hold it.
"""

import torch


def shape_scores(scores: torch.Tensor, temperature: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    """Scores [rows, vocab] scaled, and -inf where a token is not to be drawn; temperature and top_p are [rows].

    Temperature 0 leaves the one most likely token (the first of equals, as argmax does): greedy. Nucleus sampling
    (arXiv 1904.09751): the smallest set of tokens whose probability reaches top_p, at least one.
    """
    greedy = (temperature <= 0).unsqueeze(-1)
    scaled = scores / temperature.unsqueeze(-1).clamp(min=1e-4).masked_fill(greedy, 1.0)
    ranked, tokens = torch.sort(scaled, dim=-1, descending=True, stable=True)
    probability = ranked.softmax(dim=-1)
    before = probability.cumsum(dim=-1) - probability
    dropped = before >= top_p.unsqueeze(-1).masked_fill(greedy, 0.0)
    dropped[:, 0] = False
    return scaled.masked_fill(torch.zeros_like(dropped).scatter(-1, tokens, dropped), -torch.inf)
