"""How the admin writes: a module a language, looked up by Django."""
