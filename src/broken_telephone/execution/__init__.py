"""How models are put to work on many items: in batches, on one machine or more, so that nothing finished is lost."""
