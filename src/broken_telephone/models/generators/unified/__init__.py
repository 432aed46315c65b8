"""Generators that are models of transformers and draw by writing tokens."""
