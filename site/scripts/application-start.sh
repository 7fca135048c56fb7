#!/bin/bash
# ApplicationStart: nginx runs, also after the next boot, with its present configuration.
set -euo pipefail

systemctl enable --quiet nginx
systemctl reload-or-restart nginx
