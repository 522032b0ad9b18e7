// SPDX-License-Identifier: MIT
// server.c: accepting connections, and letting go of them.
//
// The drain has three steps: nobody new is let in and who is idle is closed; who is at work ends;
// and when the time for that is over, the scopes of those left are canceled and their connections
// cut. Handlers that heed their scopes are done soon after. One that does not, in a computation or
// a library's blocking call, must not keep the program from ending: it is left behind. So the
// server lives until it is released and its last connection has gone, whichever comes later, and
// holds the mux that long; what else such a handler uses is the program's to leave alone (http.h).
//
// Rejected: waiting for every handler. It is safe whatever the program frees, but then the one
// handler that hangs is the one that decides how long a deployment takes.
#include "http/server.h"
#include "http/mux.h"
#include "runtime/runtime.h"
#include <bora/go.h>
#include <bora/log.h>
#include <stdlib.h>

// How long to leave a shortage of descriptors alone.
#define SHORTAGE_PAUSE (10 * BO_MILLISECOND)

// How long handlers have to return once their scopes have been canceled. With the drain's 25
// seconds it is under the 30 that orchestrators wait before they kill.
#define GRACE (2 * BO_SECOND)

static bo_http_options with_defaults(const bo_http_options *given)
{
    bo_http_options o = *given;
    o.header_bytes_max = o.header_bytes_max ? o.header_bytes_max : 32 << 10;
    o.header_count_max = o.header_count_max ? o.header_count_max : 100;
    o.body_bytes_max = o.body_bytes_max ? o.body_bytes_max : 10 << 20;
    o.head_timeout = o.head_timeout ? o.head_timeout : 10 * BO_SECOND;
    o.body_timeout = o.body_timeout ? o.body_timeout : 60 * BO_SECOND;
    o.idle_timeout = o.idle_timeout ? o.idle_timeout : 60 * BO_SECOND;
    o.write_timeout = o.write_timeout ? o.write_timeout : 30 * BO_SECOND;
    o.drain_timeout = o.drain_timeout ? o.drain_timeout : 25 * BO_SECOND;
    bo_assert(o.header_bytes_max <= 1 << 20 && o.header_count_max <= 1000);
    bo_assert(o.head_timeout > 0 && o.body_timeout > 0 && o.handler_timeout >= 0);
    bo_assert(o.idle_timeout > 0 && o.write_timeout > 0 && o.drain_timeout > 0);
    return o;
}

bo_http_server *bo__http_server_new(bo_http_mux *mux, const bo_http_options *options)
{
    size_t align = _Alignof(bo_http_server), size = (sizeof(bo_http_server) + align - 1) & -align;
    bo_http_server *server = aligned_alloc(align, size);
    if (!server)
        bo__out_of_memory(1, size);
    memset(server, 0, size);
    server->mux = bo__http_mux_hold(mux);
    server->options = with_defaults(options);
    return server;
}

static void destroy(bo_http_server *server)
{
    bo__h1_works_free(server);
    bo_listener_free(server->listener);
    bo_http_mux_free(server->mux);
    free(server);
}

void bo_http_server_free(bo_http_server *server)
{
    if (!server)
        return;
    bo_mutex_lock(&server->lock);
    server->released = true;
    bool last = server->alive == 0;
    bo_mutex_unlock(&server->lock);
    if (last)
        destroy(server);
}

bo_err bo_http_server_listen(bo_http_server *server, const char *addr)
{
    bo_assert(!server->listener);
    return bo_listen(addr, &server->listener);
}

int bo_http_server_port(const bo_http_server *server)
{
    return bo_listener_addr(server->listener).port;
}

// -- the list of connections ----------------------------------------------------------------------

void bo__http_server_enter(bo_http_server *server, h1_conn *conn)
{
    bo_mutex_lock(&server->lock);
    conn->next = server->conns;
    if (conn->next)
        conn->next->prev = conn;
    server->conns = conn;
    server->alive++;
    bo_mutex_unlock(&server->lock);
}

void bo__http_server_leave(bo_http_server *server, h1_conn *conn)
{
    bo_mutex_lock(&server->lock);
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        server->conns = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    bo_mutex_unlock(&server->lock);
}

void bo__http_server_gone(bo_http_server *server)
{
    bo_mutex_lock(&server->lock);
    bool last = --server->alive == 0 && server->released;
    if (server->alive == 0)
        bo_cond_broadcast(&server->emptied);
    bo_mutex_unlock(&server->lock);
    if (last)
        destroy(server);
}

static void for_each_conn(bo_http_server *server, void (*visit)(h1_conn *conn))
{
    bo_mutex_lock(&server->lock);
    for (h1_conn *conn = server->conns; conn; conn = conn->next)
        visit(conn);
    bo_mutex_unlock(&server->lock);
}

// -- running --------------------------------------------------------------------------------------

// wait_empty waits until the last connection has gone, or until a moment, and counts those left.
static bo_err wait_empty(bo_http_server *server, int64_t deadline, size_t *left)
{
    bo_err err = NULL;
    bo_mutex_lock(&server->lock);
    while (server->alive > 0 && !err)
        err = bo_cond_wait_until(&server->emptied, &server->lock, deadline);
    *left = server->alive;
    bo_mutex_unlock(&server->lock);
    return err;
}

// drain lets go of all connections. BO_TIMEOUT: of some by force. *left are those whose handlers
// still run.
static bo_err drain(bo_http_server *server, size_t *left)
{
    for_each_conn(server, bo__h1_drain);
    bo_err err = wait_empty(server, bo_mono() + server->options.drain_timeout, left);
    if (!err)
        return NULL;
    for_each_conn(server, bo__h1_cut);
    // The scope of who runs the server may be what has ended.
    bo__scope *scope = bo__scope_enter(NULL);
    bo_err_free(wait_empty(server, bo_mono() + GRACE, left));
    bo__scope_enter(scope);
    if (*left == 0)
        return bo_errf(err, "drain: requests were cut off");
    bo_err_free(err);
    return bo_errf(BO_TIMEOUT, "drain: handlers that heed no scope still run, %zu in all", *left);
}

bo_err bo_http_server_run(bo_http_server *server)
{
    bo_err err = NULL;
    bool short_of = false;
    for (bo_conn *conn; !err;) {
        err = bo_accept(server->listener, &conn);
        if (!err) {
            short_of = false;
            bo__h1_accept(server, conn);
            continue;
        }
        if (!bo_err_is(err, BO_EXHAUSTED))
            break;
        if (!short_of)
            bo_log_warn("connections wait", bo_kv("err", err));
        short_of = true;
        bo_err_free(err);
        err = bo_sleep(SHORTAGE_PAUSE);
    }
    bool asked = atomic_load(&server->draining);
    size_t left = 0;
    bo_http_server_shutdown(server);
    bo_err late = drain(server, &left);
    // Why it drains says less than that it is not safe to free what handlers use.
    bool tell_late = asked || left > 0;
    bo_err_free(tell_late ? err : late);
    return tell_late ? late : err;
}

void bo_http_server_shutdown(bo_http_server *server)
{
    atomic_store(&server->draining, true);
    bo_listener_close(server->listener);
}
