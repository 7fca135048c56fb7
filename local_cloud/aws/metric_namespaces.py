"""Where CloudWatch keeps what load balancers send."""

BALANCERS = {"app": "AWS/ApplicationELB", "net": "AWS/NetworkELB"}
"""By the kind of load balancer in its name."""
