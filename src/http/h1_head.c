// SPDX-License-Identifier: MIT
// h1_head.c: the parser of an HTTP/1 request head. See h1_head.h.
//
// It works by lines. A line is read once it is complete, so nothing but the two offsets of h1_head
// has to be remembered when the bytes run out, and what is left of a line is never looked at twice:
// scanned says how far the search for its end came.
//
// Invariant: no byte at or behind bytes_max is ever looked at. So a head over the limit is refused
// with the same status whether it comes in one piece or byte by byte.
//
// Rejected: a state machine a byte (its states multiply, and it is slower), and a search for the
// empty line first (every head would be read twice).
#include "http/h1_head.h"
#include "http/scan.h"

enum { STAGE_REQUEST_LINE, STAGE_FIELDS };

// A content length of 18 digits cannot overflow, nor can a sum with it.
enum { LENGTH_DIGITS_MAX = 18 };

static h1_verdict bad(h1_head *head, uint16_t status, const char *reason)
{
    head->status = status;
    head->reason = reason;
    return H1_BAD;
}

static http_span span_of(const char *base, const char *from, const char *to)
{
    return (http_span){(uint32_t)(from - base), (uint32_t)(to - from)};
}

static bool is_fold(bo_str text, const char *lower)
{
    return bo_str_eq_fold(text, bo_str_of(lower));
}

// authority_valid accepts host[:port] where host is a registered name, an IPv4 address, or an IPv6
// address in brackets (RFC 3986 3.2.2). User information is no part of it.
static bool authority_valid(bo_str s)
{
    size_t i = 0;
    if (s.len && s.ptr[0] == '[') {
        for (i = 1;
             i < s.len && (http_is(s.ptr[i], HTTP_HEX) || s.ptr[i] == ':' || s.ptr[i] == '.');)
            i++;
        if (i < 3 || i == s.len || s.ptr[i] != ']')
            return false;
        i++;
    } else {
        while (i < s.len && http_is(s.ptr[i], HTTP_HOST))
            i++;
    }
    if (i < s.len && s.ptr[i] == ':') {
        for (i++; i < s.len && http_is(s.ptr[i], HTTP_DIGIT);)
            i++;
    }
    return i == s.len;
}

static void split_target(h1_head *head, const char *base, const char *from, const char *to)
{
    const char *mark = memchr(from, '?', (size_t)(to - from));
    head->target = span_of(base, from, to);
    head->path = span_of(base, from, mark ? mark : to);
    head->query = mark ? span_of(base, mark + 1, to) : (http_span){0};
}

// parse_target reads the four forms of RFC 9112 3.2.
static h1_verdict parse_target(h1_head *head, const char *base, const char *from, const char *to)
{
    bo_str method = http_span_str(base, head->method);
    if (bo_str_eq(method, bo_s("CONNECT")))
        return bad(head, 501, "CONNECT is not supported");
    if (*from == '/') {
        split_target(head, base, from, to);
        return H1_MORE;
    }
    if (to - from == 1 && *from == '*' && bo_str_eq(method, bo_s("OPTIONS"))) {
        split_target(head, base, from, to);
        return H1_MORE;
    }
    size_t scheme = 0;
    if (to - from >= 7 && is_fold(bo_str_n(from, 7), "http://"))
        scheme = 7;
    else if (to - from >= 8 && is_fold(bo_str_n(from, 8), "https://"))
        scheme = 8;
    if (scheme == 0)
        return bad(head, 400, "the request target is neither a path nor an http URL");
    const char *authority = from + scheme, *path = authority;
    while (path < to && *path != '/' && *path != '?')
        path++;
    //= RFC 9110 4.2.1: A recipient that processes such a URI reference MUST reject it as invalid
    //= (an "http" URI with an empty host identifier).
    if (path == authority || *authority == ':' ||
        !authority_valid(bo_str_n(authority, (size_t)(path - authority))))
        return bad(head, 400, "the request target has an invalid host");
    head->host = span_of(base, authority, path);
    split_target(head, base, path, to);
    return H1_MORE;
}

static h1_verdict parse_version(h1_head *head, const char *at, const char *end)
{
    if (end - at != 8 || memcmp(at, "HTTP/", 5) != 0 || !http_is(at[5], HTTP_DIGIT) ||
        at[6] != '.' || !http_is(at[7], HTTP_DIGIT))
        return bad(head, 400, "the request line is not: method, target, version");
    if (at[5] != '1' || at[7] > '1')
        return bad(head, 505, "the version is neither HTTP/1.0 nor HTTP/1.1");
    head->minor = (uint8_t)(at[7] - '0');
    return H1_MORE;
}

static h1_verdict parse_request_line(h1_head *head, const char *base, const char *end)
{
    const char *at = base + head->line, *from = at;
    if (at == end) {
        //= RFC 9112 2.2: a server that is expecting to receive and parse a request-line SHOULD
        //= ignore at least one empty line (CRLF) received prior to the request-line.
        if (head->skipped_empty_line)
            return bad(head, 400, "empty lines before the request line");
        head->skipped_empty_line = true;
        return H1_MORE;
    }
    while (at < end && http_is(*at, HTTP_TOKEN))
        at++;
    if (at == from || at == end || *at != ' ')
        return bad(head, 400, "the method is not a token");
    head->method = span_of(base, from, at);

    from = ++at;
    while (at < end && http_is(*at, HTTP_TARGET))
        at++;
    if (at == from || at == end || *at != ' ')
        return bad(head, 400, "the request target has an illegal character or is missing");
    h1_verdict verdict = parse_version(head, at + 1, end);
    if (verdict == H1_MORE)
        verdict = parse_target(head, base, from, at);
    head->stage = STAGE_FIELDS;
    return verdict;
}

static h1_verdict take_content_length(h1_head *head, bo_str value)
{
    // Signs, lists ("5, 5"), spaces and other odd forms are what parsers disagree on.
    if (value.len == 0 || value.len > LENGTH_DIGITS_MAX)
        return bad(head, 400, "Content-Length is not a number");
    uint64_t length = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (!http_is(value.ptr[i], HTTP_DIGIT))
            return bad(head, 400, "Content-Length is not a number");
        length = length * 10 + (uint64_t)(value.ptr[i] - '0');
    }
    head->content_length = length;
    return H1_MORE;
}

static void take_connection(h1_head *head, bo_str value)
{
    for (bo_str token; bo_str_next(&value, ',', &token);) {
        token = bo_str_trim(token);
        head->close |= is_fold(token, "close");
        head->keep_alive |= is_fold(token, "keep-alive");
    }
}

// take_known acts on the headers that frame the message. first: none of that name came before.
static h1_verdict take_known(h1_head *head, const char *base, http_name name, http_span span,
                             bool first)
{
    bo_str value = http_span_str(base, span);
    switch (name) {
    case HTTP_NAME_HOST:
        if (!first)
            return bad(head, 400, "more than one Host");
        if (!authority_valid(value))
            return bad(head, 400, "the Host is invalid");
        //= RFC 9112 3.2.2: the origin server MUST ignore the received Host header field (if any)
        //= and instead use the host information of the request-target.
        if (head->host.len == 0)
            head->host = span;
        return H1_MORE;
    case HTTP_NAME_CONTENT_LENGTH:
        return first ? take_content_length(head, value)
                     : bad(head, 400, "more than one Content-Length");
    case HTTP_NAME_TRANSFER_ENCODING:
        if (!first || !is_fold(value, "chunked"))
            return bad(head, 400, "the Transfer-Encoding is not just chunked");
        return H1_MORE;
    case HTTP_NAME_CONNECTION:
        take_connection(head, value);
        return H1_MORE;
    case HTTP_NAME_EXPECT:
        //= RFC 9110 10.1.1: A server that receives an Expect field value containing a member other
        //= than 100-continue MAY respond with a 417 (Expectation Failed) status code.
        if (!first || !is_fold(value, "100-continue"))
            return bad(head, 417, "the only expectation that can be met is 100-continue");
        head->expect_continue = true;
        return H1_MORE;
    default:
        return H1_MORE;
    }
}

static h1_verdict parse_field(h1_head *head, const char *base, const char *end)
{
    const char *from = base + head->line, *at = from;
    if (*at == ' ' || *at == '\t')
        return bad(head, 400, "a header line is folded or begins with a space");
    while (at < end && http_is(*at, HTTP_TOKEN))
        at++;
    if (at == end || *at != ':' || at == from)
        return bad(head, 400, "a header's name is not a token followed by a colon");
    if (head->field_count == head->fields_max)
        return bad(head, 431, "too many headers");

    http_span_field *field = &head->fields[head->field_count++];
    field->name = span_of(base, from, at);
    at++;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    field->value = span_of(base, at, end);

    http_name name = bo__http_name_of(http_span_str(base, field->name));
    if (name == HTTP_NAME_OTHER)
        return H1_MORE;
    bool first = head->known[name] == 0;
    if (first)
        head->known[name] = (uint16_t)head->field_count;
    return take_known(head, base, name, field->value, first);
}

// finish draws the conclusions that need all headers.
static h1_verdict finish(h1_head *head)
{
    bool chunked = head->known[HTTP_NAME_TRANSFER_ENCODING], old = head->minor == 0;
    bool sized = head->known[HTTP_NAME_CONTENT_LENGTH];
    //= RFC 9112 6.1: a server MAY reject a request that contains both Content-Length and
    //= Transfer-Encoding
    if (chunked && sized)
        return bad(head, 400, "Content-Length and Transfer-Encoding together");
    //= RFC 9112 6.1: A server or client that receives an HTTP/1.0 message containing a
    //= Transfer-Encoding header field MUST treat the message as if the framing is faulty
    if (chunked && old)
        return bad(head, 400, "Transfer-Encoding in HTTP/1.0");
    //= RFC 9112 3.2: A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
    //= request message that lacks a Host header field
    if (!old && !head->known[HTTP_NAME_HOST])
        return bad(head, 400, "no Host");
    head->body = chunked ? H1_BODY_CHUNKED : sized ? H1_BODY_LENGTH : H1_BODY_NONE;
    if (head->body == H1_BODY_LENGTH && head->content_length == 0)
        head->body = H1_BODY_NONE;
    //= RFC 9112 9.3: how to tell whether the connection persists.
    head->persistent = !head->close && (!old || head->keep_alive);
    //= RFC 9110 10.1.1: A server that receives a 100-continue expectation in an HTTP/1.0 request
    //= MUST ignore that expectation.
    head->expect_continue &= !old && head->body != H1_BODY_NONE;
    return H1_DONE;
}

static h1_verdict parse_line(h1_head *head, const char *base, const char *end)
{
    if (head->stage == STAGE_REQUEST_LINE)
        return parse_request_line(head, base, end);
    if (base + head->line == end)
        return finish(head);
    return parse_field(head, base, end);
}

static h1_verdict out_of_bytes(h1_head *head, size_t len)
{
    if (len < head->bytes_max)
        return H1_MORE;
    if (head->stage == STAGE_REQUEST_LINE)
        return bad(head, 414, "the request target is too long");
    return bad(head, 431, "the headers are too long");
}

void bo__h1_head_reset(h1_head *head)
{
    http_span_field *fields = head->fields;
    uint32_t fields_max = head->fields_max, bytes_max = head->bytes_max;
    memset(head, 0, sizeof *head);
    head->fields = fields;
    head->fields_max = fields_max;
    head->bytes_max = bytes_max;
}

h1_verdict bo__h1_head_parse(h1_head *head, const char *bytes, size_t len)
{
    const char *limit = bytes + (len < head->bytes_max ? len : head->bytes_max);
    for (;;) {
        const char *end = http_scan_control(bytes + head->scanned, limit);
        head->scanned = (uint32_t)(end - bytes);
        if (end == limit || (*end == '\r' && end + 1 == limit))
            return out_of_bytes(head, len);
        if (*end != '\r' || end[1] != '\n')
            return bad(head, 400, "a control character, or a line that does not end in CR LF");
        h1_verdict verdict = parse_line(head, bytes, end);
        head->line = head->scanned = (uint32_t)(end + 2 - bytes);
        if (verdict == H1_DONE)
            head->head_len = head->line;
        if (verdict != H1_MORE)
            return verdict;
    }
}
