# make lab      install and open your own copy of the first notebook in JupyterLab
# make fresh    a new copy of all notebooks beside it
# make train    the whole job in the terminal; ARGS="--recipe fast" for options
# make test     lint, tests and notebooks, outputs compared
# make bench    how fast it is beside what others run
# TORCH_BACKEND=cpu with any of them installs PyTorch without its CUDA libraries
PYTHON ?= python3
TORCH_BACKEND ?=
ARGS ?=
bin := .venv/bin
# As pip does: else whatever imports PyTorch first compiles a thousand files
export UV_COMPILE_BYTECODE := 1
root := $(if $(filter 0,$(shell id -u)),--allow-root)

# Where .venv stands and what Python it has: its own, but for a PYTHON that is named
place := pwd -P; $(if $(filter file,$(origin PYTHON)),$(bin)/python,$(PYTHON)) \
	-c "import sys; print(sys.version_info[:2])"

.PHONY: anew .venv lab fresh train test test-browser site lint notebooks figures weights \
	repo studies bench

# All that notebooks and tests need; lab and train do with less, and others add to it
.venv: .venv/lab .venv/test

# Made anew after the folder was moved, for another Python, and where a try had failed
.venv/made: $(shell ($(place)) 2>/dev/null | cmp -s - .venv/made || echo anew)
	@$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit( \
		'This needs Python 3.11 or newer, and $(PYTHON) is %d.%d: name another, ' \
		'as in make lab PYTHON=python3.13' % sys.version_info[:2])"
	$(PYTHON) -m venv --clear .venv
	env -u PIP_TARGET -u PIP_PREFIX PIP_USER=0 \
		$(bin)/python -m pip install --quiet --disable-pip-version-check uv
	($(place)) >$@

# Each with an extra of pyproject.toml
.venv/lab .venv/test .venv/browser .venv/site: .venv/%: .venv/made pyproject.toml
	$(bin)/uv pip install --python $(bin)/python --editable ".[$*]" \
		$(if $(TORCH_BACKEND),--torch-backend=$(TORCH_BACKEND))
	touch $@

lab: .venv/lab
	$(bin)/python tools/mine.py
	$(bin)/jupyter lab $(root) --ServerApp.root_dir=. my_notebooks/01_looking_at_the_data.ipynb

# Begin again: what you have stays where it is
fresh: .venv/lab
	$(bin)/python tools/mine.py --fresh

train: .venv/lab
	$(bin)/python -m mnist_cnn $(ARGS)

test: lint
	$(bin)/python -m pytest --nbval $(ARGS)

# JupyterLab and the website in headless Chromium, which must be installed
test-browser: .venv .venv/browser .venv/site
	$(bin)/python -m pytest tests/browser $(ARGS)

# The series as a website, in build/site; a warning, as for a broken link, is an error
site: .venv/site
	rm -rf build/site
	$(bin)/python -m sphinx --quiet --fail-on-warning --fresh-env \
		-c docs -d build/doctrees . build/site

lint: .venv
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy

# Run all notebooks and write their outputs back, clean
notebooks: .venv
	$(bin)/python tools/notebooks.py $(ARGS)

# The pictures of the README
figures: .venv
	$(bin)/python tools/figures.py

# The weights that come with the package: RUNS=plain_mnist trains these alone. The
# second plain network of notebook 11 is mnist_cnn --seed 1, copied from runs/ by hand
RUNS ?= plain_mnist plain_standin long_mnist long_standin
weights: .venv
	for run in $(RUNS); do \
		$(bin)/python -m mnist_cnn --recipe $${run%_*} --source $${run#*_} \
			--out runs/$$run && \
		$(bin)/python benchmarks/results.py --ship $$run || exit 1; \
	done

# Name the repository in badges, first cells, CITATION.cff: make repo SLUG=owner/name
repo: .venv
	$(bin)/python tools/repo.py $(SLUG)

# Long: what notebooks 6, 9 and 10 show of many runs; go on where they were stopped
studies: .venv
	$(bin)/python benchmarks/plateau.py
	$(bin)/python benchmarks/few.py
	$(bin)/python benchmarks/staircase.py
	$(bin)/python benchmarks/seeds.py
	$(bin)/python benchmarks/ablations.py --split validation
	$(bin)/python benchmarks/ablations.py

# How fast it is, as ratios: minutes, on a machine that does nothing else
bench: .venv
	$(bin)/python benchmarks/speed.py $(ARGS)
