PYTHON ?= python3

.PHONY: demo demo-reset serve test check format lock bench

demo demo-reset serve test check format lock bench:
	@$(PYTHON) run.py $@
