// SPDX-License-Identifier: MIT
// h1_head.h: the parser of an HTTP/1 request head (RFC 9112).
//
// It is pure: bytes in, spans out, no memory of its own. It is resumable: call it again with the
// same bytes and more behind them, at the same or another address, and it goes on at the line where
// it stopped. The verdict on a head depends on its bytes alone, never on how they were cut.
//
// It is strict, since leniency is how requests get smuggled: whatever another parser in the chain
// might read differently is refused, and the connection is to be closed after the answer.
#ifndef BORA_SRC_HTTP_H1_HEAD_H
#define BORA_SRC_HTTP_H1_HEAD_H

#include "http/names.h"
#include "http/span.h"
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    H1_MORE,  // not complete: call again when there is more
    H1_DONE,  // complete: head_len bytes
    H1_BAD,   // refused: status and reason say why
} h1_verdict;

typedef enum { H1_BODY_NONE, H1_BODY_LENGTH, H1_BODY_CHUNKED } h1_body;

typedef struct {
    // Set by the caller, kept by bo__h1_head_reset. The limits are of what is accepted.
    http_span_field *fields;
    uint32_t fields_max;
    uint32_t bytes_max;

    // Progress. Invariant: [line, scanned) has no control character.
    uint32_t line, scanned;
    uint8_t stage;
    bool skipped_empty_line;
    bool close, keep_alive;  // tokens seen in Connection

    // Results. Valid after H1_DONE.
    uint8_t minor;  // HTTP/1.minor
    uint8_t body;   // h1_body
    bool persistent;
    bool expect_continue;
    uint32_t head_len;
    uint32_t field_count;
    http_span method;
    http_span target;  // without scheme and authority if they were there
    http_span path;    // empty: "/"
    http_span query;   // behind the '?'; empty without one
    http_span host;    // the target's authority if it has one, else the Host header
    uint64_t content_length;
    uint16_t known[HTTP_NAME_COUNT];  // index + 1 of the first header of that name

    // Valid after H1_BAD.
    uint16_t status;
    const char *reason;
} h1_head;

// bo__h1_head_reset makes the parser ready for the next head.
void bo__h1_head_reset(h1_head *head);

// bo__h1_head_parse looks at the len bytes that have arrived since the start of the head; those it
// has seen must not have changed. Not to be called again after H1_DONE or H1_BAD without a reset.
h1_verdict bo__h1_head_parse(h1_head *head, const char *bytes, size_t len);

#endif
