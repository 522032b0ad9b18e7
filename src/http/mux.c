// SPDX-License-Identifier: MIT
// mux.c: routes, and what is answered where there is none.
//
// Nothing here changes while a mux is served, so any number of goroutines read it without a lock.
#include "http/mux.h"
#include "http/message.h"
#include "http/path.h"
#include <stdio.h>
#include <stdlib.h>

bo_http_mux *bo_http_mux_new(void *context)
{
    bo_http_mux *mux = bo_calloc(1, sizeof *mux);
    mux->context = context;
    mux->holders = 1;
    return mux;
}

bo_http_mux *bo__http_mux_hold(bo_http_mux *mux)
{
    atomic_fetch_add(&mux->holders, 1);
    return mux;
}

void bo_http_mux_free(bo_http_mux *mux)
{
    if (!mux || atomic_fetch_sub(&mux->holders, 1) > 1)
        return;
    bo__http_router_free(&mux->router);
    free(mux);
}

void bo__http_handle(bo_http_mux *mux, const char *pattern, bo_http_handler handler,
                     const char *file, int line)
{
    bo_err err = bo__http_router_add(&mux->router, pattern, handler, file, line);
    if (err)
        bo__panic(file, line, "bo_http_handle: %s", bo_err_message(err));
}

// redirect sends the client to another path, query and method as they were.
static bo_err redirect(http_exchange *x, bo_str path)
{
    const bo_http_request *req = &x->req;
    bool query = req->query.len > 0;
    bo_str location = bo_str_printf(&x->arena, BO_FMT "%s" BO_FMT, BO_ARG(path), query ? "?" : "",
                                    BO_ARG(req->query));
    return bo_http_redirect(&x->res, 308, location);
}

static bo_err answer_without_route(const bo_http_mux *mux, http_exchange *x, const http_path *path)
{
    bo_str allowed = bo__http_router_allowed(&mux->router, path, &x->arena);
    if (allowed.len == 0)
        return bo_http_write_problem(&x->res, 404, bo_s(""));
    BO_TRY(bo_http_set_header(&x->res, "Allow", allowed));
    bo_str method = bo_str_sub(x->req.method, 0, 32);
    return bo_http_write_problem(
        &x->res, 405,
        bo_str_printf(&x->arena, BO_FMT " is not one of " BO_FMT, BO_ARG(method), BO_ARG(allowed)));
}

static bo_err dispatch(const bo_http_mux *mux, http_exchange *x)
{
    bo_http_request *req = &x->req;
    //= RFC 9110 9.3.7: An OPTIONS request with an asterisk ("*") as the request target applies to
    //= the server in general rather than to a specific resource.
    if (bo_str_eq(req->path, bo_s("*")))
        return bo_http_write(&x->res, 204, NULL, bo_s(""));

    http_path path;
    const char *why = bo__http_path_split(req->path, &x->arena, &path);
    if (why)
        return bo_http_write_problem(&x->res, 400, bo_str_of(why));
    if (path.unclean)
        return redirect(x, bo__http_path_clean(req->path, &x->arena));
    bo__http_router_find(&mux->router, req->method, &path, &req->match);
    http_route *route = req->match.route;
    if (bo__http_router_wants_slash(&mux->router, req->method, &path, route))
        return redirect(x, bo_str_printf(&x->arena, BO_FMT "/", BO_ARG(req->path)));
    if (!route)
        return answer_without_route(mux, x, &path);
    // Responses to earlier requests do not wait for a handler that takes its time.
    if (__atomic_load_n(&route->slow, __ATOMIC_RELAXED))
        BO_TRY(x->wire->flush(x));
    return route->handler(req, &x->res);
}

bool bo__http_answer(const bo_http_mux *mux, http_exchange *x)
{
    x->req.mux = mux;
    return bo__http_finish(x, dispatch(mux, x));
}
