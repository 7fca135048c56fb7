"""EC2 Auto Scaling: instance refreshes that alarms stop, which the module in amazon.aws has not."""
