from importlib import import_module

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        """Registers the checks, which need the models."""
        import_module("analytics.catalogue.checks")
