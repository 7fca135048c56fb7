"""Route 53: the records of hosted zones."""
