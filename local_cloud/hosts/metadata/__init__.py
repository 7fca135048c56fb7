"""The instance metadata service: 169.254.169.254 on the hosts' network."""
