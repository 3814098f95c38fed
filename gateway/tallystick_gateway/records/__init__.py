"""Records: taken in exactly once, kept salted, anchored in batches, opened and audited."""
