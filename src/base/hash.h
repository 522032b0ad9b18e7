// SPDX-License-Identifier: MIT
// base/hash.h: the keyed hash of an integer; the one of strings is bo_str_hash in bora/str.h.
#ifndef BORA_SRC_BASE_HASH_H
#define BORA_SRC_BASE_HASH_H

#include <stdint.h>

// bo__hash_u64 is a fast 64-bit hash of value, keyed like bo_str_hash.
uint64_t bo__hash_u64(uint64_t value);

#endif
