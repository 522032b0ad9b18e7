// SPDX-License-Identifier: MIT
// mux.h: what a mux is.
#ifndef BORA_SRC_HTTP_MUX_H
#define BORA_SRC_HTTP_MUX_H

#include "http/router.h"

struct bo_http_mux {
    http_router router;
    void *context;
};

#endif
