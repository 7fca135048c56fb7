"""How a deployment runs: who is deployed to, how many at once, in which order, and what happens after.

`run` drives; the other modules each hold one idea and know nothing of threads.
"""
