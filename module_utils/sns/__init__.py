"""SNS, whose module in community.aws has no option for encryption."""
