"""Exchange between gateways: signed messages, delivered at least once and taken once; sealed documents."""
