"""Embeds every picture and every text of a study, so that similarities can be measured."""
