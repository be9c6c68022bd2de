#!/bin/sh
# Shows Doxygen a header's comments: the lines that a C++ header begins with are about the file, and a comment of a C
# header is about what comes behind it or, at a line's end, before it. What looks like a command of Doxygen's is text.
#
# usage: filter.sh HEADER
case "$1" in
  */tools/include/* | tools/include/*)
    sed -E -e 's|@|\\@|g' -e '1s|^/\* |/** @file\n * |' -e 's|^( *)/\* |\1/** |' -e 's|^( *[^ /*].*)/\* |\1/**< |' "$1"
    ;;
  *)
    sed -E -e '\|//|{s|\\|\\\\|g;s|@|\\@|g}' -e '1,/^#/{1s|^// |/// @file\n/// |;s|^// |/// |;s|^//$|///|}' "$1"
    ;;
esac
