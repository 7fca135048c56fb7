"""AWS Certificate Manager, whose module in community.aws imports certificates and cannot request one."""
