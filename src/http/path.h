// SPDX-License-Identifier: MIT
// path.h: request paths as segments, and percent-encoding.
#ifndef BORA_SRC_HTTP_PATH_H
#define BORA_SRC_HTTP_PATH_H

#include <bora/arena.h>
#include <bora/str.h>

enum { HTTP_SEGMENTS_MAX = 128 };

// A path, decoded: "/a/b%20c/" is "a", "b c" and "". What stands between slashes is decoded after
// it was split, so a segment may hold a slash. rest(i), all of the path from segment i on, is a
// view.
typedef struct {
    bo_str text;   // The whole decoded path, or the raw one if there was nothing to decode.
    size_t count;  // At least 1.
    bool unclean;  // Some segment but the last is empty, or some is "." or "..".
    bo_str segments[HTTP_SEGMENTS_MAX];
} http_path;

// bo__http_path_split takes a raw path, which begins with '/', apart. NULL, or why it cannot be: a
// percent sign without two hexadecimal digits, an encoded NUL, a backslash that is not encoded,
// more than HTTP_SEGMENTS_MAX segments. The arena is used only if there is something to decode.
const char *bo__http_path_split(bo_str raw, bo_arena *arena, http_path *out);

// http_path_rest is the decoded path from segment i on, slashes included.
static inline bo_str http_path_rest(const http_path *path, size_t i)
{
    const char *from = path->segments[i].ptr;
    return bo_str_n(from, (size_t)(path->text.ptr + path->text.len - from));
}

// bo__http_path_clean is a raw path without empty, "." and ".." segments, encoded ones included
// (RFC 3986 5.2.4); the other segments stay as they are.
bo_str bo__http_path_clean(bo_str raw, bo_arena *arena);

// bo__http_query_find looks for a name in a raw query (application/x-www-form-urlencoded) and
// decodes the first value.
bool bo__http_query_find(bo_str query, bo_str name, bo_arena *arena, bo_str *out);

#endif
