"""EC2 Auto Scaling: what modules of collections have not, or do to another group than is meant."""
