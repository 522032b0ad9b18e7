// SPDX-License-Identifier: MIT
// h1_wire.c: exchanges over HTTP/1.1. See h1_wire.h.
//
// Sending. Small things are copied to the out buffer and go out together, at best the responses to
// a whole batch of pipelined requests in one system call. What does not fit goes out in one call
// with what was gathered before it, uncopied. Before the connection waits for the client, all that
// was gathered is sent.
//
// A chunk stays open in the out buffer while small parts are added to it; its size has four digits,
// so that there is room for it before it is known.
//
// The end of a handler's scope ends its reading and waiting, not its response: a client that has
// shut down its side may still be reading. So sending happens outside of the scope.
#include "http/h1_wire.h"
#include "http/server.h"
#include "net/conn.h"
#include "runtime/runtime.h"
#include <assert.h>
#include <stdio.h>
#include <sys/uio.h>
#include <time.h>

enum { CHUNK_HEAD = 6, CRLF = 2, GATHER_MAX = 8 << 10 };

static h1_work *work_of(http_exchange *x)
{
    return (h1_work *)(void *)((char *)x - offsetof(h1_work, x));
}

// -- sending --------------------------------------------------------------------------------------

// gone makes a failure of the connection one that says what it means to a handler.
static bo_err gone(h1_work *w, bo_err err)
{
    bo_err kind = bo_err_is(err, BO_TIMEOUT) ? BO_TIMEOUT : BO_CLOSED;
    bo_err told = bo_errf(kind, "%s", bo_err_message(err));
    bo_err_free(err);
    w->broken = w->x.gone = true;
    w->persistent = false;
    return told;
}

// write_out sends what is gathered and then two pieces more, which may be empty.
static bo_err write_out(h1_work *w, bo_str more, bo_str last)
{
    struct iovec pieces[] = {{w->out, w->out_len},
                             {(void *)(uintptr_t)more.ptr, more.len},
                             {(void *)(uintptr_t)last.ptr, last.len}};
    size_t gathered = w->out_len;
    w->out_len = 0;
    if (w->broken)
        return BO_CLOSED;
    if (gathered + more.len == 0)
        return NULL;
    bo_conn_set_write_deadline(w->net, bo_mono() + w->server->options.write_timeout);
    bo__scope *scope = bo__scope_enter(NULL);
    bo_err err =
        more.len ? bo_conn_writev(w->net, pieces, 3) : bo_conn_write(w->net, w->out, gathered);
    bo__scope_enter(scope);
    return err ? gone(w, err) : NULL;
}

static void put(h1_work *w, bo_str s)
{
    memcpy(w->out + w->out_len, s.ptr, s.len);
    w->out_len += s.len;
}

static void put_decimal(h1_work *w, uint64_t value)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    put(w, bo_str_n(at, (size_t)(digits + sizeof digits - at)));
}

static void close_chunk(h1_work *w)
{
    static const char hex[] = "0123456789abcdef";
    if (w->chunk_at == 0)
        return;
    size_t size = w->out_len - w->chunk_at;
    char *digits = w->out + w->chunk_at - CHUNK_HEAD;
    for (int i = 3; i >= 0; i--, size >>= 4)
        digits[i] = hex[size & 15];
    w->chunk_at = 0;
    put(w, bo_s("\r\n"));
}

// make_room sees to room for `bytes` in the out buffer.
static bo_err make_room(h1_work *w, size_t bytes)
{
    if (bytes <= H1_OUT_BYTES - CRLF - w->out_len)
        return NULL;
    close_chunk(w);
    return write_out(w, bo_s(""), bo_s(""));
}

bool bo__h1_send_out(h1_work *w)
{
    close_chunk(w);
    bo_err err = write_out(w, bo_s(""), bo_s(""));
    bo_err_free(err);
    return !err;
}

// -- the response's head --------------------------------------------------------------------------

static void put_date(h1_work *w)
{
    struct timespec now;
    // Good to some milliseconds, for a fifth of the price.
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != w->date_at) {
        char text[BO_TIME_MAX];
        bo_str date = bo_time_http(now.tv_sec * BO_SECOND, text);
        memcpy(w->date, date.ptr, date.len);
        w->date_at = now.tv_sec;
    }
    put(w, bo_s("\r\nDate: "));
    put(w, bo_str_n(w->date, 29));
}

static bool is_chunked(const h1_work *w)
{
    const bo_http_response *res = &w->x.res;
    return res->framing == HTTP_FRAMING_STREAM && !res->no_body && w->head.minor > 0;
}

// settle decides whether the connection goes on, before the client is told.
static void settle(h1_work *w)
{
    const bo_http_response *res = &w->x.res;
    // Whether the client sends the body after all, nobody knows.
    bool unclear = w->owes_continue;
    bool much = w->head.body == H1_BODY_LENGTH && w->body_left > H1_SKIP_MAX &&
                w->body_left - H1_SKIP_MAX > w->end - w->start;
    w->until_close = res->framing == HTTP_FRAMING_STREAM && !res->no_body && !is_chunked(w);
    if (unclear || much || w->until_close || w->server->draining)
        w->persistent = false;
}

static void put_framing(h1_work *w)
{
    const bo_http_response *res = &w->x.res;
    if (res->framing == HTTP_FRAMING_SIZED) {
        put(w, bo_s("\r\nContent-Length: "));
        put_decimal(w, res->length);
    } else if (is_chunked(w)) {
        put(w, bo_s("\r\nTransfer-Encoding: chunked"));
    }
    if (!w->persistent)
        put(w, bo_s("\r\nConnection: close"));
    else if (w->head.minor == 0)
        put(w, bo_s("\r\nConnection: keep-alive"));
}

static void put_head(h1_work *w)
{
    const bo_http_response *res = &w->x.res;
    put(w, bo_s("HTTP/1.1 "));
    put_decimal(w, (uint64_t)res->status);
    put(w, bo_s(" "));
    put(w, bo_str_of(bo_http_status_text(res->status)));
    put_date(w);
    if (res->content_type) {
        put(w, bo_s("\r\nContent-Type: "));
        put(w, bo_str_of(res->content_type));
    }
    for (uint32_t i = 0; i < res->header_count; i++) {
        put(w, bo_s("\r\n"));
        put(w, res->headers[i].name);
        put(w, bo_s(": "));
        put(w, res->headers[i].value);
    }
    put_framing(w);
    put(w, bo_s("\r\n\r\n"));
}

// What a head takes beside the handler's headers: the names and lengths that it is made of.
enum { HEAD_BYTES_MAX = 512 };
static_assert(HTTP_HEADER_BYTES_OUT_MAX + 4 * HTTP_HEADERS_OUT_MAX + HTTP_CONTENT_TYPE_MAX +
                      HEAD_BYTES_MAX <=
                  H1_OUT_BYTES - CRLF,
              "a head fits into the out buffer");

static bo_err begin(http_exchange *x, bo_str body)
{
    h1_work *w = work_of(x);
    size_t type_len = x->res.content_type ? strlen(x->res.content_type) : 0;
    settle(w);
    BO_TRY(make_room(w, x->res.header_bytes + 4 * x->res.header_count + type_len + HEAD_BYTES_MAX));
    put_head(w);
    if (body.len > H1_OUT_BYTES - CRLF - w->out_len)
        return write_out(w, body, bo_s(""));
    put(w, body);
    return NULL;
}

// -- the response's body --------------------------------------------------------------------------

static bo_err send_chunk(h1_work *w, bo_str part)
{
    if (part.len <= GATHER_MAX) {
        BO_TRY(make_room(w, part.len + CHUNK_HEAD));
        if (w->chunk_at == 0) {
            put(w, bo_s("0000\r\n"));
            w->chunk_at = w->out_len;
        }
        put(w, part);
        return NULL;
    }
    close_chunk(w);
    BO_TRY(make_room(w, 32));
    char size[20];
    int len = snprintf(size, sizeof size, "%zx\r\n", part.len);
    put(w, bo_str_n(size, (size_t)len));
    return write_out(w, part, bo_s("\r\n"));
}

static bo_err send_part(http_exchange *x, bo_str part)
{
    h1_work *w = work_of(x);
    if (w->broken)
        return BO_CLOSED;
    if (is_chunked(w))
        return send_chunk(w, part);
    if (part.len > H1_OUT_BYTES - CRLF - w->out_len)
        return write_out(w, part, bo_s(""));
    put(w, part);
    return NULL;
}

static bo_err flush(http_exchange *x)
{
    h1_work *w = work_of(x);
    close_chunk(w);
    return write_out(w, bo_s(""), bo_s(""));
}

static bo_err end(http_exchange *x)
{
    h1_work *w = work_of(x);
    if (w->broken)
        return BO_CLOSED;
    if (!is_chunked(w))
        return NULL;
    close_chunk(w);
    BO_TRY(make_room(w, 5));
    put(w, bo_s("0\r\n\r\n"));
    return NULL;
}

// -- receiving ------------------------------------------------------------------------------------

bo_err bo__h1_receive(h1_work *w, void *into, size_t size, int64_t deadline, size_t *got)
{
    if (!bo__h1_send_out(w))
        return BO_CLOSED;
    // A client that never lets the connection wait is not to have more time than others.
    if (bo_mono() >= deadline)
        return BO_TIMEOUT;
    bo_conn_set_read_deadline(w->net, deadline);
    return bo_conn_read(w->net, into, size, got);
}

// receive_body is that for a body, whose end comes too early here.
static bo_err receive_body(h1_work *w, void *into, size_t size, size_t *got)
{
    bo_err err = bo__h1_receive(w, into, size, w->x.req.body_deadline, got);
    if (!err && *got > 0)
        return NULL;
    w->persistent = false;
    w->body_done = w->body_lost = true;
    if (bo_err_is(err, BO_TIMEOUT) || bo_err_is(err, BO_CANCELED))
        return err;
    // A client that has only shut down its side may still read why it is refused.
    w->broken = w->x.gone = err != NULL;
    bo_err_free(err);
    return bo_errf(BO_EOF, "the client hung up before the end of the body");
}

static bo_err read_sized(h1_work *w, char *into, size_t size, size_t *got)
{
    size = size < w->body_left ? size : (size_t)w->body_left;
    size_t there = w->end - w->start;
    if (there == 0) {
        BO_TRY(receive_body(w, into, size, got));
    } else {
        *got = size < there ? size : there;
        memcpy(into, w->in + w->start, *got);
        w->start += *got;
    }
    w->body_left -= *got;
    w->body_done = w->body_left == 0;
    return NULL;
}

static bo_err read_chunked(h1_work *w, char *into, size_t size, size_t *got)
{
    for (;;) {
        if (w->start == w->end) {
            w->start = w->end = w->body_at;
            BO_TRY(receive_body(w, w->in + w->start, w->in_cap - w->start, got));
            w->end += *got;
        }
        size_t taken;
        bo_str data = {0};
        w->chunked.most = size;
        h1_chunk_event event =
            bo__h1_chunked_next(&w->chunked, w->in + w->start, w->end - w->start, &taken, &data);
        w->start += taken;
        *got = data.len;
        switch (event) {
        case H1_CHUNK_MORE:
            continue;
        case H1_CHUNK_DATA:
            memcpy(into, data.ptr, data.len);
            return NULL;
        case H1_CHUNK_END:
            w->body_done = true;
            return NULL;
        case H1_CHUNK_BAD:
            w->body_done = w->body_lost = true;
            w->persistent = false;
            return bo_errf(BO_INVALID, "%s", w->chunked.reason);
        }
    }
}

static bo_err read_body(http_exchange *x, void *into, size_t size, size_t *got)
{
    h1_work *w = work_of(x);
    *got = 0;
    if (w->body_done)
        return NULL;
    // What was sent without waiting needs no leave, and after a final answer none can be given.
    if (w->owes_continue && w->start == w->end && w->x.res.state == HTTP_RESPONSE_OPEN) {
        BO_TRY(make_room(w, 32));
        put(w, bo_s("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    w->owes_continue = false;
    return w->head.body == H1_BODY_LENGTH ? read_sized(w, into, size, got)
                                          : read_chunked(w, into, size, got);
}

bool bo__h1_skip_body(h1_work *w)
{
    char scratch[4096];
    size_t got;
    if (w->owes_continue)
        return false;
    for (size_t left = H1_SKIP_MAX; !w->body_done; left -= got) {
        bo_err err =
            left < sizeof scratch ? BO_TOO_LARGE : read_body(&w->x, scratch, sizeof scratch, &got);
        bo_err_free(err);
        if (err)
            return false;
    }
    return !w->body_lost;
}

// -- opening --------------------------------------------------------------------------------------

static const http_wire wire = {read_body, begin, send_part, flush, end};

static void open_exchange(h1_work *w)
{
    bo_http_request *req = &w->x.req;
    memset((char *)req + offsetof(bo_http_request, base), 0,
           sizeof *req - offsetof(bo_http_request, base));
    req->match.route = NULL;
    w->x.res = (bo_http_response){0};
    w->x.gone = false;
    w->x.wire = &wire;
    w->chunk_at = 0;
    w->body_left = 0;
    w->body_done = true;
    w->body_lost = false;
    w->owes_continue = w->persistent = w->until_close = false;
}

void bo__h1_open_refused(h1_work *w)
{
    open_exchange(w);
    w->head.minor = 1;
    w->head.body = H1_BODY_NONE;
    // As far as they were understood: for the log.
    w->x.req.method = http_span_str(w->in + w->start, w->head.method);
    w->x.req.path = http_span_str(w->in + w->start, w->head.path);
}

// make_body_room moves the head to the front if there is little room behind it.
static void make_body_room(h1_work *w)
{
    if (w->in_cap - w->start - w->head.head_len >= H1_BODY_ROOM / 2)
        return;
    memmove(w->in, w->in + w->start, w->end - w->start);
    w->end -= w->start;
    w->start = 0;
}

void bo__h1_open(h1_work *w)
{
    const h1_head *head = &w->head;
    const bo_http_options *options = &w->server->options;
    bo_http_request *req = &w->x.req;
    open_exchange(w);
    if (head->body != H1_BODY_NONE)
        make_body_room(w);
    const char *base = w->in + w->start;
    req->base = base;
    req->fields = head->fields;
    req->known = head->known;
    req->field_count = head->field_count;
    req->method = http_span_str(base, head->method);
    req->target = http_span_str(base, head->target);
    req->path = head->path.len ? http_span_str(base, head->path) : bo_s("/");
    req->query = http_span_str(base, head->query);
    req->host = http_span_str(base, head->host);
    req->body_length = head->body == H1_BODY_CHUNKED ? HTTP_LENGTH_UNKNOWN : head->content_length;
    req->body_max = options->body_bytes_max;
    w->persistent = head->persistent;
    w->start += head->head_len;
    w->body_at = w->start;
    if (head->body == H1_BODY_NONE) {
        req->body_ended = true;
        return;
    }
    req->body_deadline = bo_mono() + options->body_timeout;
    w->body_left = head->content_length;
    w->body_done = false;
    w->owes_continue = head->expect_continue;
    w->chunked = (h1_chunked){0};
}
