"""A CodeDeploy agent that behaves like the real 1.8.1, for Python 3.9 and later.

Standard library and PyYAML only. One module an idea: `signing`, `metadata` and
`protocol` talk to AWS; `specification` is what is asked for; `bundle`, `appspec`
(with `permissions` and `values`), `plan`, `installer` and `hooks` do it;
`deployments` ties them to the files on disk; `daemon` takes commands one after
another. `psych` reads YAML, and `ruby` has values and words, as the real one's
language has them.
"""

VERSION = "1.8.1-1"
VERSION_2 = "2.1.0-1"
"""The same agent, in the outer form of the second generation: see `logs` and what its package holds."""
