PYTHON ?= python3

.PHONY: demo demo-reset serve test check format lock bench campaign coverage

demo demo-reset serve test check format lock bench campaign coverage:
	@$(PYTHON) run.py $@
