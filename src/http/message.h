// SPDX-License-Identifier: MIT
// message.h: a request and its response, whatever carries them.
//
// An exchange is the two together, with the arena that both live in. What carries it, its wire
// (HTTP/1.1: h1_wire.c), fills in the request, reads the body and sends the response; nothing else
// in the room knows the format. An exchange belongs to the goroutine that runs the handler.
#ifndef BORA_SRC_HTTP_MESSAGE_H
#define BORA_SRC_HTTP_MESSAGE_H

#include "http/names.h"
#include "http/router.h"
#include "http/span.h"
#include <bora/http.h>

enum {
    HTTP_HEADERS_OUT_MAX = 100,
    HTTP_HEADER_BYTES_OUT_MAX = 16 << 10,
    HTTP_CONTENT_TYPE_MAX = 256,
};

#define HTTP_LENGTH_UNKNOWN UINT64_MAX

typedef struct http_exchange http_exchange;

// What a wire does. Its errors are final: the connection is of no use after one.
typedef struct {
    // read gives at least one and at most size (> 0) bytes of the body; *got is 0 at its end.
    bo_err (*read)(http_exchange *x, void *into, size_t size, size_t *got);
    // begin writes the response's head and the first bytes of its body.
    bo_err (*begin)(http_exchange *x, bo_str body);
    // send writes further bytes of the body. Both may keep small ones until flush or the end.
    bo_err (*send)(http_exchange *x, bo_str part);
    bo_err (*flush)(http_exchange *x);
    // end is called once, after the handler, if the response was begun and is whole.
    bo_err (*end)(http_exchange *x);
} http_wire;

struct bo_http_request {
    const bo_http_mux *mux;
    http_match match;  // match.route is NULL until it was found.

    // Set by the wire. The spans are of text at base.
    const char *base;
    const http_span_field *fields;
    const uint16_t *known;  // index + 1 of the first header of that name, by http_name
    uint32_t field_count;
    bo_str method, target, path, query, host;
    uint64_t body_length;  // or HTTP_LENGTH_UNKNOWN
    uint64_t body_max;
    int64_t body_deadline;  // on bo_mono's clock

    uint64_t body_read;  // so far
    bool body_begun, body_ended;
    bool body_kept;   // body is the whole of it
    bo_err body_err;  // Static: what ended the reading.
    bo_str body;
};

// How the end of a response's body is told.
typedef enum {
    HTTP_FRAMING_NONE,    // 204, 304: there is no body and no word of one
    HTTP_FRAMING_SIZED,   // length says it
    HTTP_FRAMING_STREAM,  // the wire marks it
} http_framing;

typedef enum {
    HTTP_RESPONSE_OPEN,     // nothing was written
    HTTP_RESPONSE_STARTED,  // the head is out, parts follow
    HTTP_RESPONSE_WHOLE,
} http_response_state;

struct bo_http_response {
    int status;     // 0: not begun
    uint8_t state;  // http_response_state
    uint8_t framing;
    bool no_body;      // To HEAD, or NONE: length is told, and no byte sent.
    uint64_t length;   // SIZED
    uint64_t written;  // Bytes of the body that the handler has given.
    const char *content_type;
    bo_http_field *headers;
    uint32_t header_count, header_cap;
    size_t header_bytes;
};

struct http_exchange {
    bo_http_request req;
    bo_http_response res;
    bo_arena arena;
    const http_wire *wire;
    bool gone;  // Set by the wire: nobody is there to read the response any more.
};

static inline http_exchange *http_of_request(bo_http_request *req)
{
    return (http_exchange *)(void *)((char *)req - offsetof(http_exchange, req));
}

static inline http_exchange *http_of_response(bo_http_response *res)
{
    return (http_exchange *)(void *)((char *)res - offsetof(http_exchange, res));
}

// bo__http_header is the value of the first header with that number; empty if there is none.
bo_str bo__http_header(const bo_http_request *req, http_name name);

// bo__http_finish ends the response after the handler, which returned err (taken over): it answers
// with what the error means, or 204, if nothing was written, and ends what was begun. False: the
// response is not whole, and the connection is to be cut.
bool bo__http_finish(http_exchange *x, bo_err err);

// bo__http_answer finds the route and has its handler, or the mux itself, answer. As
// bo__http_finish.
bool bo__http_answer(const bo_http_mux *mux, http_exchange *x);

#endif
