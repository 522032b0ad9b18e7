// SPDX-License-Identifier: MIT
// request.c: what a handler can ask of a request.
//
// All but the body is views of what the wire has read. The body's limits are kept here, for every
// wire alike: a length that is told and too large is refused before a byte is read, and one that is
// not told when a byte comes that would be one too many.
#include "http/message.h"
#include "http/mux.h"
#include "http/path.h"

void *bo_http_context(const bo_http_request *req)
{
    return req->mux->context;
}

bo_arena *bo_http_arena(bo_http_request *req)
{
    return &http_of_request(req)->arena;
}

bo_str bo_http_method(const bo_http_request *req)
{
    return req->method;
}

bo_str bo_http_target(const bo_http_request *req)
{
    return req->target;
}

bo_str bo_http_host(const bo_http_request *req)
{
    return req->host;
}

const char *bo_http_route(const bo_http_request *req)
{
    return req->match.route ? req->match.route->pattern.text : "";
}

// -- the path and the query -----------------------------------------------------------------------

bo_str bo_http_path(const bo_http_request *req, const char *name)
{
    const http_pattern *pattern = &req->match.route->pattern;
    bo_str wanted = bo_str_of(name);
    size_t value = 0;
    for (size_t i = 0; i < pattern->count; i++) {
        http_segment segment = pattern->segments[i];
        if (segment.kind == HTTP_LITERAL || segment.text.len == 0)
            continue;
        if (bo_str_eq(segment.text, wanted))
            return req->match.values[value];
        value++;
    }
    bo_panic("the route \"%s\" has no {%s}", pattern->text, name);
}

static bo_err parse_int(bo_str text, const char *name, int64_t *out)
{
    // A message is no place for megabytes.
    bo_str shown = bo_str_sub(text, 0, 64);
    if (bo_str_int(text, out))
        return NULL;
    return bo_errf(BO_INVALID, "%s \"" BO_FMT "\" is not an integer of 64 bits", name,
                   BO_ARG(shown));
}

bo_err bo_http_path_int(const bo_http_request *req, const char *name, int64_t *out)
{
    return parse_int(bo_http_path(req, name), name, out);
}

bool bo_http_query_find(bo_http_request *req, const char *name, bo_str *out)
{
    return bo__http_query_find(req->query, bo_str_of(name), bo_http_arena(req), out);
}

bo_str bo_http_query(bo_http_request *req, const char *name)
{
    bo_str value = {0};
    bo_http_query_find(req, name, &value);
    return value;
}

bo_err bo_http_query_int(bo_http_request *req, const char *name, int64_t fallback, int64_t *out)
{
    bo_str text;
    if (bo_http_query_find(req, name, &text))
        return parse_int(text, name, out);
    *out = fallback;
    return NULL;
}

// -- headers --------------------------------------------------------------------------------------

size_t bo_http_header_count(const bo_http_request *req)
{
    return req->field_count;
}

bo_http_field bo_http_header_at(const bo_http_request *req, size_t index)
{
    bo_assert(index < req->field_count);
    http_span_field field = req->fields[index];
    return (bo_http_field){http_span_str(req->base, field.name),
                           http_span_str(req->base, field.value)};
}

bo_str bo__http_header(const bo_http_request *req, http_name name)
{
    size_t at = req->known[name];
    return at ? http_span_str(req->base, req->fields[at - 1].value) : (bo_str){0};
}

bo_str bo_http_header(const bo_http_request *req, const char *name)
{
    bo_str wanted = bo_str_of(name);
    http_name known = bo__http_name_of(wanted);
    if (known != HTTP_NAME_OTHER)
        return bo__http_header(req, known);
    for (size_t i = 0; i < req->field_count; i++) {
        bo_http_field field = bo_http_header_at(req, i);
        if (bo_str_eq_fold(field.name, wanted))
            return field.value;
    }
    return (bo_str){0};
}

// -- the body -------------------------------------------------------------------------------------

void bo_http_body_allow(bo_http_request *req, uint64_t bytes_max, bo_duration timeout)
{
    if (bytes_max > 0)
        req->body_max = bytes_max;
    if (timeout > 0)
        req->body_deadline = bo_mono() + timeout;
}

// body_failed notes the kind of what ended the reading, and hands the error on.
static bo_err body_failed(bo_http_request *req, bo_err err)
{
    req->body_err = bo_err_kind(err);
    return err;
}

static bo_err too_large(bo_http_request *req)
{
    return body_failed(req, bo_errf(BO_TOO_LARGE, "the body has more than %llu bytes",
                                    (unsigned long long)req->body_max));
}

// probe_end reads one byte where none is allowed any more.
static bo_err probe_end(bo_http_request *req)
{
    http_exchange *x = http_of_request(req);
    char extra;
    size_t got;
    bo_err err = x->wire->read(x, &extra, 1, &got);
    if (err)
        return body_failed(req, err);
    if (got > 0)
        return too_large(req);
    req->body_ended = true;
    return NULL;
}

bo_err bo_http_body_read(bo_http_request *req, void *buffer, size_t size, size_t *got)
{
    http_exchange *x = http_of_request(req);
    *got = 0;
    if (req->body_err)
        return req->body_err;
    if (req->body_length != HTTP_LENGTH_UNKNOWN && req->body_length > req->body_max)
        return too_large(req);
    if (req->body_ended || size == 0)
        return NULL;
    req->body_begun = true;
    uint64_t room = req->body_max - req->body_read;
    if (room == 0)
        return probe_end(req);
    bo_err err = x->wire->read(x, buffer, size < room ? size : (size_t)room, got);
    if (err)
        return body_failed(req, err);
    req->body_read += *got;
    req->body_ended = *got == 0 || req->body_read == req->body_length;
    return NULL;
}

// read_rest reads what is left of the body behind the len bytes of *text.
static bo_err read_rest(bo_http_request *req, char **text, size_t *len)
{
    size_t cap = 0, got;
    if (req->body_length != HTTP_LENGTH_UNKNOWN && req->body_length <= req->body_max) {
        cap = (size_t)(req->body_length - req->body_read);
        *text = bo_alloc_raw(bo_http_arena(req), cap, 1);
    }
    do {
        if (*len == cap && !req->body_ended) {
            size_t more = cap ? 2 * cap : 4096;
            *text = bo_arena_grow(bo_http_arena(req), *text, cap, more, 1);
            cap = more;
        }
        BO_TRY(bo_http_body_read(req, *text + *len, cap - *len, &got));
        *len += got;
    } while (!req->body_ended);
    return NULL;
}

bo_err bo_http_body(bo_http_request *req, bo_str *out)
{
    char *text = NULL;
    size_t len = 0;
    if (!req->body_kept) {
        BO_TRY(read_rest(req, &text, &len));
        req->body = bo_str_n(text, len);
        req->body_kept = true;
    }
    *out = req->body;
    return NULL;
}
