"""The sub-commands of `tally` that this distribution brings (entry-point group `tally.commands`)."""
