// SPDX-License-Identifier: MIT
// mux.h: what a mux is.
#ifndef BORA_SRC_HTTP_MUX_H
#define BORA_SRC_HTTP_MUX_H

#include "http/router.h"
#include <bora/http.h>
#include <stdatomic.h>

struct bo_http_mux {
    http_router router;
    void *context;
    _Atomic uint32_t holders;  // Who made it, and servers.
};

// bo__http_mux_hold keeps the mux until one more bo_http_mux_free, and returns it.
bo_http_mux *bo__http_mux_hold(bo_http_mux *mux);

#endif
