// SPDX-License-Identifier: MIT
// fuzz.h: a fuzz target is a file of this folder, NAME.c, that says what may be done with any
// bytes:
//
//     FUZZ(name, bytes) { ... }
//
// scripts/fuzz NAME runs it under clang's libFuzzer, from the inputs in corpus/NAME. `bora test
// fuzz` replays those, and mutations of them (replay_test.c), with any compiler. The bytes have
// their own allocation, so that sanitizers see each step out of it.
#ifndef BORA_FUZZ_H
#define BORA_FUZZ_H

#include <bora/str.h>

#ifdef BORA_FUZZ

#define FUZZ(name, bytes)                                                                          \
    static void fuzz_##name(bo_str bytes);                                                         \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                  \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                   \
    {                                                                                              \
        fuzz_##name(bo_str_n((const char *)data, size));                                           \
        return 0;                                                                                  \
    }                                                                                              \
    static void fuzz_##name(bo_str bytes)

#else

#define FUZZ(name, bytes)                                                                          \
    void fuzz_##name(bo_str bytes);                                                                \
    void fuzz_##name(bo_str bytes)

#endif

#endif
