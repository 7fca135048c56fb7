"""IAM, where amazon.aws has no module."""
