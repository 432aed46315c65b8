"""Faces, the person each belongs to, and regions of the picture."""
