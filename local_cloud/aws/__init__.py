"""AWS: moto, with CodeDeploy and the agent's command service of our own."""
