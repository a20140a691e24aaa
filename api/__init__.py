"""The edge of HTTP: errors, parsers, renderers, fields, security headers. No app."""
