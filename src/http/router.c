// SPDX-License-Identifier: MIT
// router.c: from a method and a path to the route. See router.h.
//
// Routes are a tree by segments. A node has its literal children in a hash table, one child for a
// single wildcard, and lists of the routes that end there. A lookup tries, at each node, the
// literal first, then the wildcard, then the rest, and goes back where it finds no route for the
// method. Since a pair of patterns of which neither is more specific was refused when it was added,
// the first route found is the most specific of all that match. What a lookup costs depends on the
// segments of the path, not on how many routes there are.
//
// Rejected: a radix tree by characters. It saves a hash a segment, and makes decoding, going back
// and empty segments hard to see through.
#include "http/router.h"

typedef struct http_node http_node;

struct http_node {
    bo_str text;  // The literal by which the parent leads here.
    http_node **literals;
    size_t literal_count, literal_cap;  // cap: a power of two, at least twice the count.
    http_node *one;
    http_route *here;  // Those that end at this node.
    http_route *rest;  // Those of which all that follows is the rest.
};

static http_node **literal_slot(const http_node *node, bo_str text)
{
    size_t mask = node->literal_cap - 1;
    for (size_t i = bo_str_hash(text) & mask;; i = (i + 1) & mask) {
        http_node **slot = &node->literals[i];
        if (!*slot || bo_str_eq((*slot)->text, text))
            return slot;
    }
}

static http_node *find_literal(const http_node *node, bo_str text)
{
    return node->literal_cap ? *literal_slot(node, text) : NULL;
}

static void grow_literals(http_node *node, bo_arena *arena)
{
    http_node old = *node;
    node->literal_cap = old.literal_cap ? old.literal_cap * 2 : 4;
    node->literals = bo_new_n(arena, http_node *, node->literal_cap);
    for (size_t i = 0; i < old.literal_cap; i++) {
        if (old.literals[i])
            *literal_slot(node, old.literals[i]->text) = old.literals[i];
    }
}

static http_node *add_literal(http_node *node, bo_str text, bo_arena *arena)
{
    if (2 * (node->literal_count + 1) > node->literal_cap)
        grow_literals(node, arena);
    http_node **slot = literal_slot(node, text);
    if (!*slot) {
        *slot = bo_new(arena, http_node);
        (*slot)->text = text;
        node->literal_count++;
    }
    return *slot;
}

static void insert(http_router *router, http_route *route)
{
    if (!router->root)
        router->root = bo_new(&router->arena, http_node);
    http_node *node = router->root;
    http_route **list = &node->here;
    for (size_t i = 0; i < route->pattern.count; i++) {
        http_segment segment = route->pattern.segments[i];
        if (segment.kind == HTTP_REST) {
            list = &node->rest;
            break;
        }
        if (segment.kind == HTTP_LITERAL)
            node = add_literal(node, segment.text, &router->arena);
        else
            node = node->one ? node->one : (node->one = bo_new(&router->arena, http_node));
        list = &node->here;
    }
    route->next = *list;
    *list = route;
}

static bo_err conflict(http_router *router, const http_pattern *p, const http_pattern *old,
                       http_relation relation)
{
    if (relation == HTTP_EQUAL)
        return bo_errf(BO_CONFLICT,
                       "pattern \"%s\" (%s:%d) matches the same requests as \"%s\" (%s:%d)",
                       p->text, p->file, p->line, old->text, old->file, old->line);
    bo_str path = bo__http_pattern_common(p, old, &router->arena);
    return bo_errf(BO_CONFLICT,
                   "pattern \"%s\" (%s:%d) and \"%s\" (%s:%d) both match the path " BO_FMT
                   ", and neither is more specific",
                   p->text, p->file, p->line, old->text, old->file, old->line, BO_ARG(path));
}

bo_err bo__http_router_add(http_router *router, const char *pattern, bo_http_handler handler,
                           const char *file, int line)
{
    http_route *route = bo_new(&router->arena, http_route);
    BO_TRY(bo__http_pattern_parse(pattern, &router->arena, &route->pattern));
    route->pattern.file = file;
    route->pattern.line = line;
    route->handler = handler;
    for (size_t i = 0; i < router->count; i++) {
        const http_pattern *old = &router->routes[i]->pattern;
        http_relation relation = bo__http_pattern_compare(&route->pattern, old);
        if (relation == HTTP_EQUAL || relation == HTTP_OVERLAPPING)
            return conflict(router, &route->pattern, old, relation);
    }
    if (router->count == router->cap) {
        size_t cap = router->cap ? 2 * router->cap : 16, size = sizeof(http_route *);
        router->routes = bo_arena_grow(&router->arena, router->routes, router->cap * size,
                                       cap * size, _Alignof(http_route *));
        router->cap = cap;
    }
    router->routes[router->count++] = route;
    insert(router, route);
    return NULL;
}

// route_for picks the one of a list that takes the method: itself, GET for HEAD, any.
static http_route *route_for(http_route *list, bo_str method)
{
    http_route *best = NULL;
    for (http_route *route = list; route; route = route->next) {
        if (bo_str_eq(route->pattern.method, method))
            return route;
        bool get = bo_str_eq(route->pattern.method, bo_s("GET"));
        if (get && bo_str_eq(method, bo_s("HEAD")))
            best = route;
        else if (route->pattern.method.len == 0 && !best)
            best = route;
    }
    return best;
}

// A walk through the tree. What it does with the lists of routes it comes to makes the lookup:
// visit returns whether the walk is over.
typedef struct walk walk;
struct walk {
    const http_path *path;
    bo_str method;
    http_match *match;
    bool (*visit)(walk *w, http_route *list);
    bo_str allowed[64];
    size_t allowed_count;
};

static bool walk_from(walk *w, const http_node *node, size_t i, size_t value)
{
    if (i == w->path->count)
        return w->visit(w, node->here);
    bo_str segment = w->path->segments[i];
    const http_node *literal = find_literal(node, segment);
    if (literal && walk_from(w, literal, i + 1, value))
        return true;
    if (node->one && segment.len > 0) {
        w->match->values[value] = segment;
        if (walk_from(w, node->one, i + 1, value + 1))
            return true;
    }
    if (!node->rest || !w->visit(w, node->rest))
        return false;
    if (w->match->route && w->match->route->pattern.wildcards > value)
        w->match->values[value] = http_path_rest(w->path, i);
    return true;
}

static bool visit_find(walk *w, http_route *list)
{
    w->match->route = route_for(list, w->method);
    return w->match->route != NULL;
}

bool bo__http_router_find(const http_router *router, bo_str method, const http_path *path,
                          http_match *out)
{
    walk w;
    w.path = path;
    w.method = method;
    w.match = out;
    w.visit = visit_find;
    out->route = NULL;
    return router->root && walk_from(&w, router->root, 0, 0);
}

static void allow(walk *w, bo_str method)
{
    for (size_t i = 0; i < w->allowed_count; i++) {
        if (bo_str_eq(w->allowed[i], method))
            return;
    }
    if (w->allowed_count == sizeof w->allowed / sizeof w->allowed[0])
        return;
    // Kept sorted, so that the answer does not depend on the order of registration.
    size_t at = w->allowed_count++;
    for (; at > 0 && bo_str_cmp(w->allowed[at - 1], method) > 0; at--)
        w->allowed[at] = w->allowed[at - 1];
    w->allowed[at] = method;
}

static bool visit_allowed(walk *w, http_route *list)
{
    for (http_route *route = list; route; route = route->next) {
        allow(w, route->pattern.method);
        if (bo_str_eq(route->pattern.method, bo_s("GET")))
            allow(w, bo_s("HEAD"));
    }
    return false;
}

bo_str bo__http_router_allowed(const http_router *router, const http_path *path, bo_arena *arena)
{
    http_match match = {0};
    walk w = {.path = path, .match = &match, .visit = visit_allowed};
    if (router->root)
        walk_from(&w, router->root, 0, 0);
    bo_str all = bo_s("");
    for (size_t i = 0; i < w.allowed_count; i++)
        all = bo_str_printf(arena, BO_FMT "%s" BO_FMT, BO_ARG(all), i ? ", " : "",
                            BO_ARG(w.allowed[i]));
    return all;
}

bool bo__http_router_wants_slash(const http_router *router, bo_str method, http_path *path,
                                 const http_route *found)
{
    // Only a rest can be less specific than a path that has one segment more.
    if (path->count == HTTP_SEGMENTS_MAX || path->segments[path->count - 1].len == 0 ||
        (found && found->pattern.segments[found->pattern.count - 1].kind != HTTP_REST))
        return false;
    path->segments[path->count++] = bo_str_n(path->text.ptr + path->text.len, 0);
    http_match match;
    bool wants = bo__http_router_find(router, method, path, &match) &&
                 match.route->pattern.count == path->count;
    path->count--;
    return wants;
}

void bo__http_router_free(http_router *router)
{
    bo_arena_free(&router->arena);
    *router = (http_router){0};
}
