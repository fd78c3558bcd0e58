"""Who may import whom (docs/architecture.md), read from the source itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"adapters", "bot", "model_server", "training"}

GROUND_FLOOR = {
    "blend_store",
    "blends",
    "config",
    "contract",
    "corrections",
    "errors",
    "fitted",
    "home",
    "log",
    "placeholders",
    "presence",
    "redis_link",
    "rhythm",
}
"""The part of model_server that other processes stand on: none of it may load torch."""

MAY_IMPORT = {
    "adapters": set[str](),
    "model_server": set[str](),
    "bot": {"adapters", "model_server"},
    "training": {"model_server"},
}
PLATFORM_SDKS = {"telegram", "discord", "starlette", "uvicorn", "prompt_toolkit"}


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", sorted(OURS))
def test_packages_should_import_only_what_stands_below_them(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(package)
        for name in imports(path)
        if name.split(".")[0] in OURS and name.split(".")[0] not in allowed
    }
    assert wrong == set()


def test_the_bot_should_stand_on_the_ground_floor_only() -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("bot")
        for name in imports(path)
        if name.startswith("model_server.") and name.split(".")[1] not in GROUND_FLOOR
    }
    assert wrong == set()


def test_only_the_composition_root_should_name_concrete_adapters() -> None:
    neutral = {"base", "owner_port", "local_contract", "terminal_chat", "terminal_client"}
    neutral |= {"telegram_settings", "discord_settings"}  # what an adapter is told, not the adapter
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("bot")
        for name in imports(path)
        if name.startswith("adapters.") and name.split(".")[1] not in neutral and path.name != "app.py"
    }
    assert wrong == set()


@pytest.mark.parametrize("package", sorted(OURS - {"adapters"}))
def test_only_adapters_should_import_a_platform_sdk(package: str) -> None:
    # the vote's page serves no chat, and training may not import adapters
    pages = {(ROOT / "training" / "votes" / "serving.py", sdk) for sdk in ("starlette", "uvicorn")}
    wrong = {
        (str(path), name)
        for path in sources(package)
        for name in imports(path)
        if (sdk := name.split(".")[0]) in PLATFORM_SDKS and (path, sdk) not in pages
    }
    assert wrong == set()


def test_only_what_works_on_raw_text_should_open_the_raw_store() -> None:
    """Whatever comes after the scrub stage reads the corpus: what was taken out must not come back by another way."""
    doors = {f"training.raw.{name}" for name in ("store", "intake", "removal")}
    may_enter = {f"training/{name}.py" for name in ("importing", "scrubbing", "forgetting", "taking_out", "explaining")}
    inside = {*(ROOT / path for path in may_enter), *sources("training/raw")}
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("training")
        for name in imports(path)
        if path not in inside and ".".join(name.split(".")[:3]) in doors
    }
    assert wrong == set()
    named = {path for package in OURS for path in sources(package) if "raw_dir" in path.read_text(encoding="utf-8")}
    assert named <= {*sources("training/raw"), ROOT / "model_server" / "home.py"}


def test_packages_should_have_empty_inits() -> None:
    assert [p for package in OURS for p in sources(package) if p.name == "__init__.py" and p.read_text().strip()] == []


def test_every_module_should_say_what_it_is_for() -> None:
    bare = [
        str(path.relative_to(ROOT))
        for package in OURS
        for path in sources(package)
        if path.name != "__init__.py" and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert bare == []


def test_the_ground_floor_and_the_bot_should_not_load_torch() -> None:
    """In a fresh interpreter: `selfsame --help`, the bot and the bus must start in a moment."""
    floor = [f"model_server.{name}" for name in sorted(GROUND_FLOOR)]
    program = f"import sys, {', '.join(floor)}, bot.app, bot.cli; bot.cli.mount(); print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_nothing_should_unpickle_or_run_code_of_a_model() -> None:
    forbidden = ("import pickle", "torch.load(", "trust_remote_code=True", "joblib")
    found = [
        (str(p), word) for package in OURS for p in sources(package) for word in forbidden if word in p.read_text()
    ]
    assert found == []
