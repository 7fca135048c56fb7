"""What is known: dataclasses, the account and the region. Knows nothing of who asks or what happens."""
