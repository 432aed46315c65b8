"""Loading of weights: sources, errors, memory."""
