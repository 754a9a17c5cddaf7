"""One blueprint per kind of person."""
