// SPDX-License-Identifier: MIT
// base_test.h: random numbers that are the same in every run.
#ifndef BORA_SRC_BASE_BASE_TEST_H
#define BORA_SRC_BASE_BASE_TEST_H

#include <stddef.h>
#include <stdint.h>

// random_next is the next of 2^64 numbers, each of which comes once: splitmix64 (Steele, Lea,
// Flood, 2014). The state begins with any seed.
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline size_t random_below(uint64_t *state, size_t n)
{
    return (size_t)(random_next(state) % n);
}

#endif
