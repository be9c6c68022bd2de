#!/bin/bash
# Changes the type of one field in the description of the C API, and fails unless abi.sh sees that the library differs.
#
# usage: abi_change.sh LIBRARY FOLDER_OF_THE_DESCRIPTION WORK
set -euo pipefail
library=$1 folder=$2 work=$3
sed "0,/name='latency_us'/s//name='latency_ms'/" "$folder/nines.abi" >"$work/changed.abi"
if cmp -s "$folder/nines.abi" "$work/changed.abi"; then
  echo "abi_change.sh: there is no field latency_us to be changed" >&2
  exit 1
fi
if "$folder/abi.sh" "$library" "$work/changed.abi" >"$work/changed.log" 2>&1; then
  echo "abi_change.sh: a renamed field was not noticed" >&2
  exit 1
fi
