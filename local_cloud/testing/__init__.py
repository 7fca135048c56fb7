"""The one door to the local cloud for tests of something else: from outside nothing else of it is imported.

`clouds` starts one in the process; `fixtures` does so for pytest; `agents` are simulated CodeDeploy agents,
`shop` an application for them, and `scaling` an Auto
Scaling group; `github` is GitHub's stand-in alone, `workflows` runs a workflow there;
`agent` has the agent's verdicts and packages, `policies` what IAM's policies mean.
"""
