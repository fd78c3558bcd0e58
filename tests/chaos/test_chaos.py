"""The short chaos run: real processes killed and stopped all the time, Redis too. `make chaos` is the long one."""

import random

import pytest

from tests.chaos import arena


@pytest.mark.parametrize("resend_is_safe", [False, True])
async def test_should_keep_the_promise_whatever_dies(resend_is_safe: bool) -> None:
    seed = random.SystemRandom().randrange(10_000)
    report = await arena.run(12, 120, 8, seed, patience_s=90, resend_is_safe=resend_is_safe)
    assert report.verdict.clean, report
    assert report.kills + report.stops >= 10, report
    assert report.redis_kills >= 1, report
    # A platform that knows a bubble again leaves nothing unknown; elsewhere the checker asks for the harm behind each.
    assert not (resend_is_safe and report.verdict.unknown), report


async def test_should_catch_workers_that_forget_before_they_answer() -> None:
    for seed in range(1, 7):  # whether a harm meets a worker at work is chance: one run in some shows it surely
        report = await arena.run(
            *(12, 40, 4),
            seed=seed,
            patience_s=60,
            resend_is_safe=True,
            ack_first=True,
            work_ms=(800, 1_200),
            deadline_ms=4_000,
        )
        verdict = report.verdict
        assert verdict.not_taken == verdict.answered_twice == verdict.not_ended == 0, report
        if verdict.lost:
            return
    raise AssertionError(report)
