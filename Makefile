# make demo · test · test-all · bench · demonstration-model · demonstration-petct · demonstration-portraits;
# each sets up .venv when needed.
# Another build of PyTorch: make TORCH="torch==2.13.0 --index-url ADDRESS_OF_THE_BUILD" demo

PYTHON ?= python3
TORCH ?= torch==2.13.0
PIP := .venv/bin/python -m pip --disable-pip-version-check
READY := .venv/ready
OUTPUT ?= output/demo
# make demo CT=… LESIONS=… LESION_NAMES='Tumor*,LN*'
OWN_PATIENT = $(if $(CT),--image "$(CT)") $(if $(LESIONS),--lesions "$(LESIONS)") \
	$(if $(LESION_NAMES),--lesion-names "$(LESION_NAMES)")

# What windows and pictures in tests load from the system, and Debian's packages that hold it.
LIBRARIES := libGL.so.1 libEGL.so.1 libEGL_mesa.so.0 libfontconfig.so.1 libgthread-2.0.so.0 libXext.so.6
PACKAGES := libgl1 libegl1 libglib2.0-0 libfontconfig1 libxext6
LOADS := import ctypes, sys; [ctypes.CDLL(name) for name in sys.argv[1:] if sys.platform == "linux"]

.PHONY: demo test test-all lint libraries bench demonstration-model demonstration-petct demonstration-portraits clean

demo: $(READY)
	@.venv/bin/prognosis demo --output "$(OUTPUT)" $(OWN_PATIENT)

test: lint libraries
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 -m "not long"

test-all: lint libraries
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2

lint: $(READY)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

libraries: $(READY)
	@if .venv/bin/python -c '$(LOADS)' $(LIBRARIES) 2>/dev/null; then exit 0; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES) \
			&& .venv/bin/python -c '$(LOADS)' $(LIBRARIES); \
	else \
		echo "Tests draw windows and pictures without a screen. On Debian or Ubuntu, run once:"; \
		echo "  sudo apt-get update && sudo apt-get install $(PACKAGES)"; exit 1; \
	fi

bench: $(READY)
	.venv/bin/python Testing/benchmarks/run.py

# The shipped demonstration model, from nothing: about half an hour on two cores.
demonstration-model: $(READY)
	.venv/bin/prognosis phantom lesions --patients 600 --seed 101 --output output/demonstration-cohort --overwrite
	.venv/bin/prognosis lesions train output/demonstration-cohort/cohort.csv --config Resources/demonstration/lesions.toml \
		--output output/lesions-demonstration --overwrite --demonstration --half --licence MIT \
		--cohort-description "600 simulated patients (phantom, seed 101)"
	mkdir -p PrognosisCore/prognosis/resources/models/lesions-demonstration
	cp output/lesions-demonstration/* PrognosisCore/prognosis/resources/models/lesions-demonstration/

# The shipped PET/CT demonstration and its networks, from nothing: about half an hour on two cores.
PETCT := output/petct-cohort
PETCT_WORDS := simulated patients (phantom, seed 201)
demonstration-petct: $(READY)
	.venv/bin/prognosis phantom petct --patients 1600 --seed 201 --output $(PETCT) --workers 2 --overwrite
	head -n 201 $(PETCT)/cohort.csv > $(PETCT)/contours.csv
	for modality in ct pet; do \
		.venv/bin/prognosis biomarkers train $(PETCT)/contours.csv --modality $$modality --overwrite --demonstration --half \
			--config Resources/demonstration/petct-networks.toml --licence MIT --name petct-demonstration-$$modality \
			--cohort-description "200 $(PETCT_WORDS)" --output output/petct-$$modality || exit 1; \
	done
	.venv/bin/prognosis biomarkers extract $(PETCT)/cohort.csv --ct-model output/petct-ct --pet-model output/petct-pet \
		--output output/petct-features.h5 --overwrite
	.venv/bin/prognosis biomarkers fit output/petct-features.h5 $(PETCT)/cohort.csv --ct-model output/petct-ct \
		--pet-model output/petct-pet --config Resources/demonstration/petct-prognosis.toml --overwrite --demonstration \
		--licence MIT --cohort-description "1600 $(PETCT_WORDS)" --name petct-demonstration --output output/petct-demonstration
	mkdir -p PrognosisCore/prognosis/resources/models/petct-demonstration
	cp output/petct-demonstration/* PrognosisCore/prognosis/resources/models/petct-demonstration/

# The shipped generator of portraits, its discriminator and its encoder, from nothing: about an hour on two cores.
PORTRAITS := Resources/demonstration/portraits
demonstration-portraits: $(READY)
	.venv/bin/prognosis phantom portraits --patients 20000 --seed 301 --output output/portraits --overwrite
	.venv/bin/prognosis portraits finetune output/portraits/photos --from $(PORTRAITS)-size.toml --overwrite --half \
		--config $(PORTRAITS).toml --demonstration --licence MIT --name portraits-demonstration \
		--cohort-description "20,000 drawn faces of no one (phantom, seed 301)" --output output/portraits-generator
	.venv/bin/prognosis portraits train-encoder output/portraits-generator --config $(PORTRAITS)-encoder.toml --overwrite \
		--half --name portraits-demonstration --output output/portraits-demonstration
	mkdir -p PrognosisCore/prognosis/resources/models/portraits-demonstration
	cp output/portraits-demonstration/* PrognosisCore/prognosis/resources/models/portraits-demonstration/

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PIP) install --quiet --upgrade "pip>=26"
	$(PIP) install --quiet $(TORCH)
	$(PIP) install --quiet --requirement requirements.lock
	$(PIP) install --quiet --no-deps --editable .
	@touch $@

clean:
	rm -rf .venv output build
