// SPDX-License-Identifier: MIT
// pattern.h: route patterns, and which of two is more specific.
//
// See bo_http_handle for the language. "{$}" is an empty literal here, since "/a/" is the segments
// "a" and "", and a slash at the end is a nameless rest.
#ifndef BORA_SRC_HTTP_PATTERN_H
#define BORA_SRC_HTTP_PATTERN_H

#include <bora/arena.h>
#include <bora/err.h>
#include <bora/str.h>

enum { HTTP_WILDCARDS_MAX = 16 };

typedef enum {
    HTTP_LITERAL,  // text is the decoded segment
    HTTP_ONE,      // text is the name; any one segment that is not empty
    HTTP_REST,     // text is the name or empty; one segment or more; always the last
} http_segment_kind;

typedef struct {
    http_segment_kind kind;
    bo_str text;
} http_segment;

typedef struct {
    const char *text;  // As written.
    const char *file;  // Where it was registered.
    int line;
    bo_str method;  // Empty: any.
    size_t count, wildcards;
    http_segment *segments;
} http_pattern;

// bo__http_pattern_parse reads text into *out, with the segments in the arena. BO_INVALID says what
// is wrong.
bo_err bo__http_pattern_parse(const char *text, bo_arena *arena, http_pattern *out);

// How the sets of requests that two patterns match lie to each other.
typedef enum {
    HTTP_EQUAL,
    HTTP_NARROWER,  // a's lies in b's: a is more specific
    HTTP_WIDER,
    HTTP_OVERLAPPING,
    HTTP_DISJOINT,
} http_relation;

http_relation bo__http_pattern_compare(const http_pattern *a, const http_pattern *b);

// bo__http_pattern_common is a path that both match; they must not be disjoint.
bo_str bo__http_pattern_common(const http_pattern *a, const http_pattern *b, bo_arena *arena);

#endif
