"""The protocol of the agents on the hosts."""
