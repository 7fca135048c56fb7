#!/usr/bin/env bash
# Runs command lines side by side: shows the last one's output as it comes, and that of the others, whole, after it.
# Fails where one of them does.
# Usage: scripts/side_by_side.sh COMMAND...
set -euo pipefail

said=$(mktemp -d)
processes=()
trap 'kill "${processes[@]}" 2>/dev/null || true; rm -rf "$said"' EXIT
trap 'exit 130' INT TERM

for command in "${@:1:$#-1}"; do
  bash -euc "$command" >"$said/${#processes[@]}" 2>&1 &
  processes+=($!)
done
status=0
bash -euc "${*: -1}" || status=1
for number in "${!processes[@]}"; do
  wait "${processes[number]}" || status=1
  cat "$said/$number"
done
processes=()
exit "$status"
