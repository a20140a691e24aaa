"""How fast Abacus is, as ratios measured in one run: `make bench`."""
