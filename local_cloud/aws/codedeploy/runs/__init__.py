"""How a deployment runs: who is deployed to, how many at once, in which order, and what happens after.

`deployer` starts runs and does what follows their end, `run` drives one, `events` takes its targets through
their lifecycle events, and `mailboxes` hand commands to agents; the other modules each hold one idea and know
nothing of threads.
"""
