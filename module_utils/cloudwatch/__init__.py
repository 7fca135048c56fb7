"""CloudWatch: what metrics say."""
