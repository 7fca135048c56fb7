"""How a deployment runs: who is deployed to, how many at once, in which order, and what happens after.

`deployer` starts runs and does what follows their end; `run` drives one, whose `strategy` is `in_place` or
`blue_green` and goes step by step, with `waits`; `rollout` takes targets through their lifecycle `events`,
as many at once as may be, and `mailboxes` hand commands to agents. Other services are called as the group's
`service` role, outside of every lock. The other modules each hold one idea and know nothing of threads.
"""
