"""What every module that talks to AWS has in common."""
