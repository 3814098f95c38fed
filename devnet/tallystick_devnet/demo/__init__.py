"""`tally devnet demo`: four members record real loans and check each other (`make demo`)."""
