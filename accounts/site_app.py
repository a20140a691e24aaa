"""Puts our site in the place of Django's; read before there are models."""

from django.contrib.admin.apps import SimpleAdminConfig


class StaffSiteConfig(SimpleAdminConfig):
    default_site = "accounts.site.StaffSite"
