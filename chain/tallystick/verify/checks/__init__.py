"""The checks, one family a module: each takes what was read so far, adds findings, and returns the facts it proved."""
