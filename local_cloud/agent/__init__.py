"""The CodeDeploy agent that the local cloud's hosts install, and its packages.

`codedeploy_agent` is what runs on a host: it imports nothing else of the project.
`packages` makes the content of the buckets `aws-codedeploy-<region>`.
"""
