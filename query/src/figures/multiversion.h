// A second version of a loop for processors with AVX2, chosen when the program is loaded: Debian's amd64 promises SSE2,
// which lacks the minimum and maximum of 32-bit numbers. Worth it where a loop over all latencies takes a tenth of an
// answer's time or more; the answers are the same. Not under the sanitizers, which are not ready yet at that moment.
#pragma once

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define NINES_MULTIVERSION __attribute__((target_clones("avx2", "default")))
#else
#define NINES_MULTIVERSION
#endif
