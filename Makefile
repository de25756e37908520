PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KERNELS := $(wildcard mbmd/_native/*.pyx mbmd/_native/*.pxd)

.PHONY: demo test sanitize soak bench docs wheels deb bundle prove-wheels container-check release-check clean

demo: $(VENV)/.built
	$(BIN)/mbmd demo

test: $(VENV)/.built-test
	$(BIN)/python -m pytest

sanitize: $(VENV)/.built-test
	$(BIN)/python -m pip install --quiet 'setuptools>=77,<90' 'cython>=3.1,<4'
	PYTHON=$(BIN)/python sh tests/sanitize.sh

soak: $(VENV)/.built-test
	$(BIN)/python -m tests.soak

bench: $(VENV)/.built-bench
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.built-docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs build/docs
	@echo "the manual is build/docs/index.html"

wheels:
	$(PYTHON) -m wheels build $(ARGS)

bundle:
	$(PYTHON) -m wheels bundle $(PLATFORM) $(CPYTHON) $(ARGS)

deb: $(VENV)/.built
	$(BIN)/python -m wheels deb --arch $(or $(ARCH),amd64) --dist $(or $(DIST),bookworm) $(ARGS)

prove-wheels:
	$(PYTHON) -m wheels prove $(ARGS)

container-check: $(VENV)/.built
	$(BIN)/python -m wheels container-check $(ARGS)

release-check: $(VENV)/.built-test
	$(BIN)/python -m wheels release-check $(ARGS)

clean:
	rm -rf $(VENV) build wheels/dist *.egg-info mbmd/_native/*.so

$(VENV)/.built: pyproject.toml setup.py $(KERNELS)
	@sh .ci/check-system $(PYTHON)
	@echo "building mbmd in $(VENV), which takes a minute or a few"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.built-test: $(VENV)/.built
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

$(VENV)/.built-bench: $(VENV)/.built
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	touch $@

$(VENV)/.built-docs: $(VENV)/.built
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@
