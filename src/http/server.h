// SPDX-License-Identifier: MIT
// server.h: a server, and what its connections know of it.
#ifndef BORA_SRC_HTTP_SERVER_H
#define BORA_SRC_HTTP_SERVER_H

#include "http/h1_conn.h"
#include <bora/http.h>
#include <bora/net.h>
#include <bora/sync.h>
#include <stdatomic.h>

enum { HTTP_POOLS = 64 };

// Working sets that no connection uses at the moment, the one used last first. A P has its own, up
// to 64 Ps.
typedef struct {
    _Alignas(64) int32_t lock;  // Guards the rest.
    uint32_t count;
    h1_work *first;
} http_pool;

struct bo_http_server {
    bo_http_mux *mux;         // Held.
    bo_http_options options;  // No member is zero but access_log and handler_timeout.
    bo_listener *listener;
    _Atomic bool draining;
    bo_mutex lock;    // Guards conns, alive and released.
    bo_cond emptied;  // alive is 0.
    h1_conn *conns;   // Those that can be drained or cut.
    size_t alive;     // Those and the ones that are being freed.
    bool released;    // The last of them frees the server.
    http_pool pools[HTTP_POOLS];
};

// bo__http_server_enter lists a connection; bo__http_server_leave takes it out again, after which
// it is nobody else's; bo__http_server_gone says that it is no more, after which the server may be
// gone.
void bo__http_server_enter(bo_http_server *server, h1_conn *conn);
void bo__http_server_leave(bo_http_server *server, h1_conn *conn);
void bo__http_server_gone(bo_http_server *server);

#endif
