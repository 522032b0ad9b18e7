// SPDX-License-Identifier: MIT
// base/error.h: what a bo_err points to.
#ifndef BORA_SRC_BASE_ERROR_H
#define BORA_SRC_BASE_ERROR_H

#include <bora/err.h>

struct bo_error {
    const char *message;  // The whole text, the cause's included.
    bo_err cause;         // Owned; NULL where the chain ends.
    int status;           // A sentinel's HTTP status, else 0.
    int errno_value;      // A system error's number, else 0.
    bool heap;            // Made by bo_errf, to be freed; else static.
};

#endif
