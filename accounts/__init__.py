"""Accounts, roles, namespaces and API tokens."""
