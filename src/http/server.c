// SPDX-License-Identifier: MIT
// server.c: accepting connections, and letting go of them.
//
// The drain has three steps: nobody new is let in and who is idle is closed; who is at work ends;
// and when the time for that is over, the scopes of those left are canceled and their connections
// cut. Even then it waits until the last handler has returned, since handlers use what the program
// frees after bo_http_server_run.
#include "http/server.h"
#include <bora/go.h>
#include <bora/log.h>
#include <stdlib.h>

// How long to leave a shortage of descriptors alone.
#define SHORTAGE_PAUSE (10 * BO_MILLISECOND)

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
    server->mux = mux;
    server->options = with_defaults(options);
    return server;
}

void bo_http_server_free(bo_http_server *server)
{
    if (!server)
        return;
    bo_assert(server->alive == 0);
    bo__h1_works_free(server);
    bo_listener_free(server->listener);
    free(server);
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
    if (--server->alive == 0)
        bo_cond_broadcast(&server->emptied);
    bo_mutex_unlock(&server->lock);
}

static void for_each_conn(bo_http_server *server, void (*visit)(h1_conn *conn))
{
    bo_mutex_lock(&server->lock);
    for (h1_conn *conn = server->conns; conn; conn = conn->next)
        visit(conn);
    bo_mutex_unlock(&server->lock);
}

// -- running --------------------------------------------------------------------------------------

// wait_empty waits until the last connection has gone, or until a moment.
static bo_err wait_empty(bo_http_server *server, int64_t deadline)
{
    bo_err err = NULL;
    bo_mutex_lock(&server->lock);
    while (server->alive > 0 && !err) {
        if (deadline == BO_NO_DEADLINE)
            bo_cond_wait(&server->emptied, &server->lock);
        else
            err = bo_cond_wait_until(&server->emptied, &server->lock, deadline);
    }
    bo_mutex_unlock(&server->lock);
    return err;
}

static bo_err drain(bo_http_server *server)
{
    for_each_conn(server, bo__h1_drain);
    bo_err err = wait_empty(server, bo_mono() + server->options.drain_timeout);
    if (!err)
        return NULL;
    for_each_conn(server, bo__h1_cut);
    wait_empty(server, BO_NO_DEADLINE);
    return err;
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
    bo_http_server_shutdown(server);
    bo_err late = drain(server);
    if (asked) {
        bo_err_free(err);
        return late ? bo_errf(late, "drain") : NULL;
    }
    bo_err_free(late);
    return err;
}

void bo_http_server_shutdown(bo_http_server *server)
{
    atomic_store(&server->draining, true);
    bo_listener_close(server->listener);
}
