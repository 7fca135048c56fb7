"""What all tests have in common."""

from warm_interpreter.server import share_between_sessions

# Most tests make many sessions of boto3, as many processes would.
share_between_sessions({})
