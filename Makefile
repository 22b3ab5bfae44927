# yuanlu. `make run` and `make test` do everything on a fresh Debian 12; the rest is for those who work on it.
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
export PYGAME_HIDE_SUPPORT_PROMPT = 1

# what the product runs on, and what its tests start for real
APT_RUN := python3 python3-venv python3-dev gcc swig pkg-config libpcsclite-dev pcscd vsmartcard-vpcd fonts-wqy-microhei fonts-unifont util-linux libjbig0
APT_TEST := $(APT_RUN) systemd jbigkit-bin openssl swtpm tpm2-tools espeak-ng chromium

.PHONY: run test check bench fuzz campaign fmt guide gallery clean

run: $(VENV)/.run
	@exec $(VENV)/bin/yuanlu counter $(if $(PLAY),--headless --play $(PLAY),)

test: $(VENV)/.test
	$(PY) -m pytest -n 3 --dist worksteal

check: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.test
	$(PY) -m pytest benchmarks --benchmark-enable --benchmark-only --benchmark-disable-gc \
		--benchmark-columns=median,iqr,ops,rounds --benchmark-sort=name
	$(PY) -m benchmarks.kernel
	$(PY) -m benchmarks.insertion
	$(PY) -m benchmarks.own_time
	$(PY) -m benchmarks.vault
	$(PY) -m benchmarks.idle
	$(PY) -m benchmarks.settlement
	$(PY) -m benchmarks.find_sale
	$(PY) -m benchmarks.key_to_pixels
	$(PY) -m benchmarks.front_start
	$(PY) -m benchmarks.bank_load --terminals 200 --rate 300 --seconds 10
	$(PY) -m benchmarks.bank_load --terminals 200 --seconds 10

# ten thousand random journeys at the counter, of which a few hundred are in every test run; and all cases of laws that a
# test run holds for some
campaign: $(VENV)/.test
	YUANLU_JOURNEYS=$(or $(JOURNEYS),12000) $(PY) -m pytest tests/journey/test_random_days.py
	$(PY) -m pytest -n 3 --dist worksteal -m campaign

# coverage-guided, ten minutes each; not part of the tests, which hold the same laws with hypothesis
fuzz: $(VENV)/.test
	$(PY) -m pip install --disable-pip-version-check -q --require-hashes --no-deps -r requirements-fuzz.lock
	for what in wire chip; do mkdir -p .fuzz/$$what && \
		$(PY) -m tests.fuzz.fuzz $$what -max_total_time=$(or $(FUZZ_SECONDS),600) -artifact_prefix=.fuzz/ .fuzz/$$what || exit 1; done

# every screen in every device class and language: hashes and docs/gallery; look at what has changed
gallery: $(VENV)/.test
	$(PY) -m tests.golden.screens

fmt: $(VENV)/.test
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

# the pictures and papers of docs/merchant-guide.*.md, from two days that are really played; look at what has changed
guide: $(VENV)/.test
	$(PY) -m tests.journey.guide_day

clean:
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.run: requirements.lock pyproject.toml tools.sh
	@bash tools.sh "$(APT_RUN)" requirements.lock $(VENV)
	@touch $@

$(VENV)/.test: requirements-dev.lock pyproject.toml tools.sh
	@bash tools.sh "$(APT_TEST)" requirements-dev.lock $(VENV)
	@touch $@ $(VENV)/.run
