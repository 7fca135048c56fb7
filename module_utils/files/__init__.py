"""Files of a host."""
