// SPDX-License-Identifier: MIT
// router.h: from a method and a path to the route.
#ifndef BORA_SRC_HTTP_ROUTER_H
#define BORA_SRC_HTTP_ROUTER_H

#include "http/path.h"
#include "http/pattern.h"
#include <bora/http.h>

typedef struct http_route http_route;

struct http_route {
    http_pattern pattern;
    bo_http_handler handler;
    http_route *next;  // The next one at the same place of the tree, with another method.
    bool slow;         // Its handler took long once: see h1_conn.c. Atomic.
};

typedef struct {
    bo_arena arena;
    struct http_node *root;
    http_route **routes;
    size_t count, cap;
} http_router;

// bo__http_router_add adds a route. BO_INVALID: the pattern does not parse; BO_CONFLICT: it
// conflicts with one that is there; both explain themselves.
bo_err bo__http_router_add(http_router *router, const char *pattern, bo_http_handler handler,
                           const char *file, int line);

// What a route's wildcards stand for, in the order of the pattern.
typedef struct {
    http_route *route;
    bo_str values[HTTP_WILDCARDS_MAX];
} http_match;

// bo__http_router_find finds the most specific route, and reports whether there is one. *out is
// written in any case.
bool bo__http_router_find(const http_router *router, bo_str method, const http_path *path,
                          http_match *out);

// bo__http_router_allowed is the value of Allow: the methods that the path has routes for; empty if
// the path has none.
bo_str bo__http_router_allowed(const http_router *router, const http_path *path, bo_arena *arena);

// bo__http_router_wants_slash reports whether a path that does not end in a slash has its route,
// more specific than the one found, with one.
bool bo__http_router_wants_slash(const http_router *router, bo_str method, http_path *path,
                                 const http_route *found);

void bo__http_router_free(http_router *router);

#endif
