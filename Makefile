PYTHON ?= python3

.PHONY: demo demo-reset serve test check format lock bench campaign

demo demo-reset serve test check format lock bench campaign:
	@$(PYTHON) run.py $@
