"""SNS, whose module in community.aws neither encrypts a topic nor knows check mode for a new one."""
