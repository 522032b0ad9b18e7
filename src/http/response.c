// SPDX-License-Identifier: MIT
// response.c: what a handler says, and what becomes of its error.
//
// A response goes through OPEN, STARTED and WHOLE, and only forward. What is decided here is
// decided for every wire: which statuses have no body, that a body told to be so long is neither
// longer nor shorter, which headers belong to the server.
#include "http/message.h"
#include "http/scan.h"
#include <bora/group.h>
#include <bora/log.h>

// -- headers --------------------------------------------------------------------------------------

// Those that say how a message travels: the wire writes them.
static bool is_servers_own(bo_str name)
{
    static const char *const names[] = {
        "content-length", "transfer-encoding", "connection", "keep-alive",
        "upgrade",        "trailer",           "date"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (bo_str_eq_fold(name, bo_str_of(names[i])))
            return true;
    }
    return false;
}

static bo_err check_header(const bo_http_response *res, const char *name, bo_str value)
{
    if (res->state != HTTP_RESPONSE_OPEN)
        return bo_errf(BO_INVALID, "header %s: the response has begun", name);
    if (!bo__http_token(bo_str_of(name)))
        return bo_errf(BO_INVALID, "a header's name is not a token");
    if (!bo__http_value_valid(value))
        return bo_errf(BO_INVALID, "header %s: the value has a control character", name);
    if (is_servers_own(bo_str_of(name)))
        return bo_errf(BO_INVALID, "header %s: the server writes it itself", name);
    return NULL;
}

static void remove_header(bo_http_response *res, bo_str name)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < res->header_count; i++) {
        bo_http_field field = res->headers[i];
        if (bo_str_eq_fold(field.name, name))
            res->header_bytes -= field.name.len + field.value.len;
        else
            res->headers[kept++] = field;
    }
    res->header_count = kept;
}

// check_room looks whether a header fits once others, of the lengths in freed, are gone.
static bo_err check_room(const bo_http_response *res, bo_http_field field, bo_http_field freed)
{
    size_t bytes = res->header_bytes - freed.name.len - freed.value.len;
    bool full = res->header_count == HTTP_HEADERS_OUT_MAX && freed.name.len == 0;
    if (!full && field.name.len + field.value.len <= HTTP_HEADER_BYTES_OUT_MAX - bytes)
        return NULL;
    return bo_errf(BO_TOO_LARGE, "header " BO_FMT ": more than %d headers, or %d bytes in all",
                   BO_ARG(field.name), HTTP_HEADERS_OUT_MAX, HTTP_HEADER_BYTES_OUT_MAX);
}

static void push_header(bo_http_response *res, bo_http_field field)
{
    bo_arena *arena = &http_of_response(res)->arena;
    if (res->header_count == res->header_cap) {
        uint32_t cap = res->header_cap ? 2 * res->header_cap : 8;
        res->headers = bo_arena_grow(arena, res->headers, res->header_cap * sizeof *res->headers,
                                     cap * sizeof *res->headers, _Alignof(bo_http_field));
        res->header_cap = cap;
    }
    res->headers[res->header_count++] =
        (bo_http_field){bo_str_clone(arena, field.name), bo_str_clone(arena, field.value)};
    res->header_bytes += field.name.len + field.value.len;
}

// lengths_of adds up the headers of a name: only the lengths of the result mean something.
static bo_http_field lengths_of(const bo_http_response *res, bo_str name)
{
    bo_http_field sum = {0};
    for (uint32_t i = 0; i < res->header_count; i++) {
        if (!bo_str_eq_fold(res->headers[i].name, name))
            continue;
        sum.name.len += name.len;
        sum.value.len += res->headers[i].value.len;
    }
    return sum;
}

bo_err bo_http_set_header(bo_http_response *res, const char *name, bo_str value)
{
    bo_http_field field = {bo_str_of(name), value};
    BO_TRY(check_header(res, name, value));
    BO_TRY(check_room(res, field, lengths_of(res, field.name)));
    remove_header(res, field.name);
    push_header(res, field);
    return NULL;
}

bo_err bo_http_add_header(bo_http_response *res, const char *name, bo_str value)
{
    bo_http_field field = {bo_str_of(name), value};
    BO_TRY(check_header(res, name, value));
    BO_TRY(check_room(res, field, (bo_http_field){0}));
    push_header(res, field);
    return NULL;
}

// -- bodies ---------------------------------------------------------------------------------------

// open_body takes the response from OPEN on; the caller then has the wire begin it.
static bo_err open_body(bo_http_response *res, int status, const char *content_type,
                        http_framing framing, uint64_t length)
{
    if (res->state != HTTP_RESPONSE_OPEN)
        return bo_errf(BO_INVALID, "the response has been written already");
    if (status < 200 || status > 599)
        return bo_errf(BO_INVALID, "%d is no status of a response", status);
    bo_str type = bo_str_of(content_type);
    if (type.len > HTTP_CONTENT_TYPE_MAX || !bo__http_value_valid(type))
        return bo_errf(BO_INVALID, "the content type is too long or has a control character");
    if (content_type && res->header_count > 0)
        remove_header(res, bo_s("Content-Type"));
    //= RFC 9110 6.4.1: Responses to the HEAD request method never include content. All 1xx
    //= (Informational), 204 (No Content), and 304 (Not Modified) responses do not include content.
    bool none = status == 204 || status == 304;
    res->status = status;
    res->content_type = content_type;
    res->framing = (uint8_t)(none ? HTTP_FRAMING_NONE : framing);
    res->no_body = none || bo_str_eq(http_of_response(res)->req.method, bo_s("HEAD"));
    res->length = length;
    return NULL;
}

bo_err bo_http_write(bo_http_response *res, int status, const char *content_type, bo_str body)
{
    http_exchange *x = http_of_response(res);
    BO_TRY(open_body(res, status, content_type, HTTP_FRAMING_SIZED, body.len));
    res->state = HTTP_RESPONSE_WHOLE;
    res->written = body.len;
    return x->wire->begin(x, res->no_body ? bo_s("") : body);
}

bo_err bo_http_start(bo_http_response *res, int status, const char *content_type)
{
    http_exchange *x = http_of_response(res);
    BO_TRY(open_body(res, status, content_type, HTTP_FRAMING_STREAM, 0));
    res->state = HTTP_RESPONSE_STARTED;
    return x->wire->begin(x, bo_s(""));
}

bo_err bo_http_start_sized(bo_http_response *res, int status, const char *content_type,
                           uint64_t length)
{
    http_exchange *x = http_of_response(res);
    BO_TRY(open_body(res, status, content_type, HTTP_FRAMING_SIZED, length));
    res->state = HTTP_RESPONSE_STARTED;
    return x->wire->begin(x, bo_s(""));
}

bo_err bo_http_send(bo_http_response *res, bo_str part)
{
    http_exchange *x = http_of_response(res);
    if (res->state != HTTP_RESPONSE_STARTED)
        return bo_errf(BO_INVALID, "the response has not been started");
    if (res->framing == HTTP_FRAMING_SIZED && part.len > res->length - res->written)
        return bo_errf(BO_INVALID, "the body is longer than the length it was started with");
    res->written += part.len;
    return part.len == 0 || res->no_body ? NULL : x->wire->send(x, part);
}

bo_err bo_http_flush(bo_http_response *res)
{
    http_exchange *x = http_of_response(res);
    return res->state == HTTP_RESPONSE_OPEN ? NULL : x->wire->flush(x);
}

bo_err bo_http_redirect(bo_http_response *res, int status, bo_str location)
{
    bool known = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    if (!known)
        return bo_errf(BO_INVALID, "%d is no status of a redirect", status);
    BO_TRY(bo_http_set_header(res, "Location", location));
    return bo_http_write(res, status, NULL, bo_s(""));
}

int bo_http_status(const bo_http_response *res)
{
    return res->status;
}

// -- the end --------------------------------------------------------------------------------------

// status_of is what a handler's error means to the client.
static int status_of(const bo_http_request *req, bo_err err)
{
    // That the body did not come in time is the client's doing, unlike other time-outs.
    if (req->body_err == BO_TIMEOUT && bo_err_is(err, BO_TIMEOUT))
        return 408;
    int status = bo_err_status(err);
    // A client that is there has not canceled it: some group of the handler's has.
    return status == 499 ? 503 : status;
}

// detail_of is a message without the name of its kind, where that says nothing that the status does
// not: "id \"x\" is not an integer", but "user 7: not found".
static bo_str detail_of(bo_err err)
{
    bo_err kind = bo_err_kind(err);
    bo_str text = bo_str_of(bo_err_message(err)), name = bo_str_of(bo_err_message(kind));
    bool plain = kind == BO_INVALID || kind == BO_UNPROCESSABLE || kind == BO_TOO_LARGE;
    if (!plain || !bo_str_ends(text, name) || text.len < name.len + 2)
        return text;
    return bo_str_sub(text, 0, text.len - name.len - 2);
}

// has_gone: nobody waits for an answer any more. That is no failure of the handler's.
static bool has_gone(const http_exchange *x, bo_err err)
{
    return x->gone || (bo_err_is(err, BO_CANCELED) && bo_scope_err() == BO_CANCELED);
}

static void log_failure(const http_exchange *x, bo_err err)
{
    // The target is the client's and comes last: what does not fit into a line is cut off there.
    bo_log_error("handler failed", bo_kv("route", bo_http_route(&x->req)), bo_kv("err", err),
                 bo_kv("target", x->req.target));
}

// answer_error answers with what an error means.
static bo_err answer_error(http_exchange *x, bo_err err)
{
    int status = status_of(&x->req, err);
    if (status >= 500)
        log_failure(x, err);
    // What the handler had set was meant for another response.
    x->res.header_count = 0;
    x->res.header_bytes = 0;
    return bo_http_write_problem(&x->res, status, status < 500 ? detail_of(err) : bo_s(""));
}

bool bo__http_finish(http_exchange *x, bo_err err)
{
    bo_http_response *res = &x->res;
    bool whole = !err || !has_gone(x, err);
    if (whole && res->state == HTTP_RESPONSE_OPEN) {
        bo_err sent = err ? answer_error(x, err) : bo_http_write(res, 204, NULL, bo_s(""));
        whole = !sent;
        bo_err_free(sent);
    } else if (whole && err) {
        // The client cannot be told any more.
        log_failure(x, err);
        whole = res->state == HTTP_RESPONSE_WHOLE;
    }
    if (res->framing == HTTP_FRAMING_SIZED && res->written != res->length && !res->no_body)
        whole = false;
    if (whole) {
        bo_err ended = x->wire->end(x);
        whole = !ended;
        bo_err_free(ended);
    }
    bo_err_free(err);
    return whole;
}
