"""EC2, where amazon.aws has no module."""
