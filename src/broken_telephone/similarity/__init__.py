"""Every picture and every text of a study as a vector, so that similarities can be measured."""
