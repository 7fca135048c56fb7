"""What the CodeDeploy modules share: one file a resource, and the few ideas that they are made of."""
