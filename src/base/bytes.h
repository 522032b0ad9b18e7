// SPDX-License-Identifier: MIT
// base/bytes.h: words from bytes at any address, in the order of the machine.
#ifndef BORA_SRC_BASE_BYTES_H
#define BORA_SRC_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint64_t bo__load_64(const char *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static inline uint32_t bo__load_32(const char *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

// BO__EACH_BYTE is the word whose eight bytes are all value.
#define BO__EACH_BYTE(value) (0x0101010101010101u * (uint64_t)(value))

#endif
