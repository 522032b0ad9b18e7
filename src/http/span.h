// SPDX-License-Identifier: MIT
// span.h: parts of a head, as offsets, so that its bytes may move while it is incomplete.
#ifndef BORA_SRC_HTTP_SPAN_H
#define BORA_SRC_HTTP_SPAN_H

#include <bora/str.h>

typedef struct {
    uint32_t at, len;
} http_span;

typedef struct {
    http_span name, value;
} http_span_field;

static inline bo_str http_span_str(const char *base, http_span span)
{
    return bo_str_n(base + span.at, span.len);
}

#endif
