"""The menu and the help: every command is named, and every example in them works."""

from zoneinfo import ZoneInfo

from bot.owner.commands import Misunderstood
from bot.owner.grammar import parse
from bot.owner.menu import OWNER_COMMANDS, help_for

NOW_MS = 1_790_000_000_000
UTC = ZoneInfo("UTC")


def test_the_menu_should_name_commands_that_exist_in_the_platforms_shape() -> None:
    for name, line in OWNER_COMMANDS:
        answer = parse(f"/{name}", NOW_MS, UTC)
        assert not (isinstance(answer, Misunderstood) and "no command" in answer.what), name
        assert name.isascii()
        assert name.islower()
        assert 1 <= len(name) <= 32
        assert 1 <= len(line) <= 100  # Discord's limit; Telegram allows 256
        assert f"/{name}" in help_for(None)
        assert f"/{name}" in help_for(name)


def test_help_should_guess_a_command_with_a_slip() -> None:
    assert help_for("schedul") == "there is no /schedul; did you mean /help schedule?"
    assert help_for("xyzzy") == "there is no /xyzzy; /help names them all"
    assert "selfsame owner pair" in help_for("pair")


def test_every_line_of_the_help_should_be_a_command_once_its_capitals_are_filled_in() -> None:
    """A usage line without alternatives is an example that works."""
    examples = [line for name, _ in OWNER_COMMANDS for line in help_for(name).splitlines() if line.startswith("/")]
    assert len(examples) > 30
    for line in examples:
        if not set(line) & set("|[]"):
            assert not isinstance(parse(line, NOW_MS, UTC), Misunderstood), line
