"""`python -m local_cloud.hosts.image`: get the default image's packages before there is an environment.

Any Python 3.11 does. Its exit status is 1 where they cannot be got; why, `fetch-images` says in full.
"""

import sys

from local_cloud.hosts import image
from local_cloud.settings import Settings

if __name__ == "__main__":
    try:
        image.download(Settings())
    except (image.AptError, OSError) as error:
        sys.exit(f"local_cloud: {error}")
