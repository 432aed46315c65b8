"""Reads files as they occur in practice: encodings, table formats, names and pictures."""
