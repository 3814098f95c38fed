"""Evidence packages: collected from the member's own node and logs, judged, signed, kept to be handed over."""
