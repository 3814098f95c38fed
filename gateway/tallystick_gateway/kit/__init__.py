"""What all domains of the gateway share."""
