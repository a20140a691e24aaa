"""The ground: accounts, roles, namespaces, API tokens and the shape of HTTP."""
