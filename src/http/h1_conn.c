// SPDX-License-Identifier: MIT
// h1_conn.c: how a connection that speaks HTTP/1.1 lives.
//
//     accept -> idle -> burst -> idle -> burst -> ... -> close
//
// Idle, it holds its h1_conn and nothing else: no buffer, and of its goroutine's stack one page.
// When bytes come, it borrows a working set, serves the requests that are there, sends all
// responses at once, and gives the set back. So a request costs one read and one write, and however
// many connections there are, the memory in use is that of the few that are at work, warm in the
// cache.
//
// Pipelined requests are served one after another. Their responses wait for each other's company,
// but not for a handler that takes its time: once a route has been slow, what is gathered is sent
// before its handler runs.
//
// The drain and the connection's goroutine race for the state when a request comes: see
// h1_conn_state. The goroutine says IDLE and then looks whether the server drains, the drain says
// that it drains and then looks at the state, both sequentially consistent, so one sees the other.
#include "http/h1_conn.h"
#include "http/h1_wire.h"
#include "http/server.h"
#include "net/conn.h"
#include "runtime/runtime.h"
#include <bora/group.h>
#include <bora/log.h>
#include <stdlib.h>

// Working sets that a pool keeps.
enum { POOL_MAX = 64 };

// What a client may still send, and for how long, after it was told that nobody listens.
#define LINGER (2 * BO_SECOND)

// What the access log shows of a request, and the status that it gives to one that got no answer.
enum { LOGGED_METHOD_MAX = 32, LOGGED_PATH_MAX = 2048, CLIENT_GONE = 499 };

// A handler that has taken so long once makes its route slow.
#define SLOW (100 * BO_MICROSECOND)

// -- working sets ---------------------------------------------------------------------------------

static h1_work *new_work(const bo_http_server *server)
{
    size_t fields = server->options.header_count_max;
    size_t in_cap = server->options.header_bytes_max + H1_BODY_ROOM;
    h1_work *w = bo_malloc(sizeof *w + fields * sizeof(http_span_field) + in_cap);
    memset(w, 0, offsetof(h1_work, out));
    w->server = server;
    w->in = (char *)(w->fields + fields);
    w->in_cap = in_cap;
    w->head.fields = w->fields;
    w->head.fields_max = (uint32_t)fields;
    w->head.bytes_max = (uint32_t)server->options.header_bytes_max;
    w->date_at = -1;
    return w;
}

static void free_work(h1_work *w)
{
    bo_arena_free(&w->x.arena);
    free(w);
}

static h1_work *take_work(h1_conn *c)
{
    http_pool *pool = &c->server->pools[bo__proc_index() % HTTP_POOLS];
    bo__lock(&pool->lock);
    h1_work *w = pool->first;
    if (w) {
        pool->first = w->next;
        pool->count--;
    }
    bo__unlock(&pool->lock);
    if (!w)
        w = new_work(c->server);
    w->net = c->net;
    w->start = w->end = w->out_len = 0;
    w->broken = false;
    return w;
}

static void put_work(bo_http_server *server, h1_work *w)
{
    http_pool *pool = &server->pools[bo__proc_index() % HTTP_POOLS];
    bo__lock(&pool->lock);
    bool full = pool->count == POOL_MAX;
    if (!full) {
        w->next = pool->first;
        pool->first = w;
        pool->count++;
    }
    bo__unlock(&pool->lock);
    if (full)
        free_work(w);
}

void bo__h1_works_free(bo_http_server *server)
{
    for (size_t i = 0; i < HTTP_POOLS; i++) {
        for (h1_work *w; (w = server->pools[i].first);) {
            server->pools[i].first = w->next;
            free_work(w);
        }
    }
}

// -- one exchange ---------------------------------------------------------------------------------

// log_access writes the line of a request. The client's part of it is bounded, so that it cannot
// push out ours: a line that is too long is cut at its end.
static void log_access(const h1_work *w, bool whole, int64_t started)
{
    const bo_http_request *req = &w->x.req;
    const bo_http_response *res = &w->x.res;
    char text[BO_ADDR_TEXT_MAX];
    bo_addr client = bo_conn_remote_addr(w->net);
    bo_log_info(whole ? "request" : "request cut off",
                bo_kv("method", bo_str_sub(req->method, 0, LOGGED_METHOD_MAX)),
                bo_kv("path", bo_str_sub(req->path, 0, LOGGED_PATH_MAX)),
                bo_kv("status", res->status ? res->status : CLIENT_GONE),
                bo_kv("bytes", res->no_body ? 0 : res->written),
                bo_kv_duration("took", bo_mono() - started),
                bo_kv("client", bo_addr_format(&client, text)));
}

static bool answer_in_time(h1_work *w)
{
    if (w->server->options.handler_timeout == 0)
        return bo__http_answer(w->server->mux, &w->x);
    BO_DEADLINE(w->server->options.handler_timeout);
    return bo__http_answer(w->server->mux, &w->x);
}

// answer has the request answered, in the scope of the connection. False: the response is not
// whole.
static bool answer(h1_work *w, bo__scope *scope)
{
    bool access_log = w->server->options.access_log, pipelined = w->start < w->end || w->out_len;
    int64_t started = access_log || pipelined ? bo_mono() : 0;
    bo__scope *outer = bo__scope_enter(scope);
    bool whole = answer_in_time(w);
    bo__scope_enter(outer);
    http_route *route = w->x.req.match.route;
    if (pipelined && route && bo_mono() - started > SLOW)
        __atomic_store_n(&route->slow, true, __ATOMIC_RELAXED);
    if (access_log)
        log_access(w, whole, started);
    return whole;
}

// -- requests -------------------------------------------------------------------------------------

// receive_head receives more of a head. False: the client is gone, or takes too long, which w->head
// says.
static bool receive_head(h1_work *w, int64_t *deadline)
{
    size_t got = 0;
    if (w->start > 0) {
        memmove(w->in, w->in + w->start, w->end - w->start);
        w->end -= w->start;
        w->start = 0;
    }
    if (*deadline == 0)
        *deadline = bo_mono() + w->server->options.head_timeout;
    bo_err err = bo__h1_receive(w, w->in + w->end, w->in_cap - w->end, *deadline, &got);
    if (bo_err_is(err, BO_TIMEOUT)) {
        w->head.status = 408;
        w->head.reason = "the head of the request did not come in time";
    }
    bo_err_free(err);
    w->end += got;
    return !err && got > 0;
}

// next_head reads the head of the next request, of which something is there. H1_MORE: there will be
// none.
static h1_verdict next_head(h1_work *w)
{
    int64_t deadline = 0;
    bo__h1_head_reset(&w->head);
    for (;;) {
        h1_verdict verdict = bo__h1_head_parse(&w->head, w->in + w->start, w->end - w->start);
        if (verdict != H1_MORE)
            return verdict;
        if (!receive_head(w, &deadline))
            return w->head.status ? H1_BAD : H1_MORE;
    }
}

// refuse answers what is no request. What follows it cannot be told from its rest.
static void refuse(h1_work *w)
{
    bo__h1_open_refused(w);
    bo_err err = bo_http_write_problem(&w->x.res, w->head.status, bo_str_of(w->head.reason));
    bo_err_free(err);
    if (w->server->options.access_log)
        log_access(w, true, bo_mono());
    bo_arena_reset(&w->x.arena);
}

// linger lets the client read the last response: to close a socket with something unread in it
// would take the response back.
static void linger(h1_work *w)
{
    char scratch[4096];
    size_t got = 1;
    int64_t deadline = bo_mono() + LINGER;
    bo_err err = bo_conn_shutdown_write(w->net);
    bo_conn_set_read_deadline(w->net, deadline);
    // A client that never lets the connection wait would never meet the deadline there.
    while (!err && got > 0 && bo_mono() < deadline)
        err = bo_conn_read(w->net, scratch, sizeof scratch, &got);
    bo_err_free(err);
}

// exchange serves the request whose head is there. False: the connection ends with it.
static bool exchange(h1_work *w, bo__scope *scope)
{
    bo__h1_open(w);
    bool whole = answer(w, scope);
    bool clean = whole && bo__h1_skip_body(w);
    bo_arena_reset(&w->x.arena);
    if (clean && w->persistent)
        return true;
    // One that did not ask for the end may have sent the next request already.
    bool asked_to_close = !w->head.persistent, sent = bo__h1_send_out(w);
    if (!whole && w->until_close)
        bo__conn_reset_when_freed(w->net);
    else if (sent && !(clean && asked_to_close && w->start == w->end))
        linger(w);
    return false;
}

// burst serves what has come, and returns whether the connection goes on.
static bool burst(h1_conn *c, h1_work *w)
{
    do {
        h1_verdict verdict = next_head(w);
        if (verdict == H1_MORE)
            return false;
        if (verdict == H1_BAD) {
            refuse(w);
            if (bo__h1_send_out(w))
                linger(w);
            return false;
        }
        if (!exchange(w, &c->scope))
            return false;
    } while (w->start < w->end);
    return bo__h1_send_out(w);
}

// -- the connection -------------------------------------------------------------------------------

// serve_ready serves a connection that has something to read.
static bool serve_ready(h1_conn *c)
{
    bool nothing;
    h1_work *w = take_work(c);
    bo_err err = bo__conn_read_now(c->net, w->in, w->in_cap, &w->end, &nothing);
    bool goes_on = !err && (nothing || (w->end > 0 && burst(c, w)));
    bo_err_free(err);
    put_work(c->server, w);
    return goes_on;
}

static void close_conn(h1_conn *c)
{
    bo_http_server *server = c->server;
    bo__conn_ends_scope(c->net, NULL);
    bo__http_server_leave(server, c);
    bo__scope_close(&c->scope);
    bo_conn_free(c->net);
    free(c);
    bo__http_server_gone(server);
}

static void wake(void *data);

// rest leaves the connection to the poller until the next request comes. False: it is there
// already, or there will be none; and if true, the connection may be gone by now.
static bool rest(h1_conn *c, bool *goes_on)
{
    bool resting = false;
    bo_conn_set_read_deadline(c->net, bo_mono() + c->server->options.idle_timeout);
    atomic_store(&c->state, H1_IDLE);
    *goes_on = !atomic_load(&c->server->draining);
    if (!*goes_on)
        return false;
    bo_err err = bo__conn_watch(c->net, &(bo__watch){wake, c, "http connection"}, &resting);
    if (resting)
        return true;
    *goes_on = !err;
    bo_err_free(err);
    return false;
}

// wake is what runs when something has come for a connection that rests.
static void wake(void *data)
{
    h1_conn *c = data;
    for (bool goes_on = true; goes_on;) {
        uint8_t idle = H1_IDLE;
        bo_err err = bo__conn_watched(c->net);
        goes_on = atomic_compare_exchange_strong(&c->state, &idle, H1_BUSY) && !err;
        bo_err_free(err);
        goes_on = goes_on && serve_ready(c);
        if (goes_on && rest(c, &goes_on))
            return;
    }
    close_conn(c);
}

static void begin_conn(h1_conn *c)
{
    bool goes_on;
    bo__scope_open(&c->scope);
    bo__conn_ends_scope(c->net, &c->scope);
    if (rest(c, &goes_on))
        return;
    if (goes_on)
        wake(c);
    else
        close_conn(c);
}

void bo__h1_accept(bo_http_server *server, bo_conn *net)
{
    h1_conn *c = bo_calloc(1, sizeof *c);
    c->net = net;
    c->server = server;
    bo__http_server_enter(server, c);
    bo_go_with((begin_conn, c), .name = "http connection");
}

void bo__h1_drain(h1_conn *c)
{
    uint8_t idle = H1_IDLE;
    if (atomic_compare_exchange_strong(&c->state, &idle, H1_DRAINED))
        bo_conn_close(c->net);
}

void bo__h1_cut(h1_conn *c)
{
    bo__scope_cancel(&c->scope, BO_CANCELED);
    bo_conn_close(c->net);
}
