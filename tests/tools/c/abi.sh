#!/bin/bash
# Compares what hosts are compiled against with the description of it in the tree, by libabigail. A change fails until it
# was taken over on purpose: tests/tools/c/abi.sh LIBRARY DESCRIPTION --update, where LIBRARY is
# build/release/tests/tools/c/libnines_c_stub.so and DESCRIPTION is tests/tools/c/nines.abi.
#
# usage: abi.sh LIBRARY DESCRIPTION [--update]
set -euo pipefail
library=$1 description=$2
describe() {
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$library"
}
if [ "${3:-}" = --update ]; then
  describe >"$description"
  exit
fi
status=0
abidiff --harmless "$description" "$library" || status=$?
[ "$status" -eq 0 ] || {
  echo "abi.sh: the C API is not what $description says; if that is meant, run $0 $library $description --update" >&2
  exit 1
}
