"""AWS and GitHub stand-ins on this machine, in which instances are booted hosts."""
