// SPDX-License-Identifier: MIT
// problem.c: errors as application/problem+json (RFC 9457).
//
//     {"title":"Not Found","status":404,"detail":"user 7: not found"}
//
// There is no "type": it is then about:blank, and the status tells all there is to know of the kind.
#include "http/message.h"

// quote writes text as the inside of a JSON string and returns where it ended. At most six bytes
// come of one. What is no UTF-8 becomes '?', since a client may have sent it.
static char *quote(char *to, bo_str text)
{
    static const char hex[] = "0123456789abcdef";
    bool valid = bo_utf8_valid(text);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = (uint8_t)text.ptr[i];
        if (byte < 0x20 || byte == 0x7f) {
            memcpy(to, "\\u00", 4);
            to[4] = hex[byte >> 4];
            to[5] = hex[byte & 15];
            to += 6;
            continue;
        }
        if (byte == '"' || byte == '\\')
            *to++ = '\\';
        *to++ = byte >= 0x80 && !valid ? '?' : (char)byte;
    }
    return to;
}

bo_err bo_http_write_problem(bo_http_response *res, int status, bo_str detail)
{
    bo_arena *arena = &http_of_response(res)->arena;
    bo_str body;
    if (detail.len == 0) {
        body = bo_str_printf(arena, "{\"title\":\"%s\",\"status\":%d}\n",
                             bo_http_status_text(status), status);
    } else {
        char *quoted = bo_alloc_raw(arena, 6 * detail.len, 1);
        bo_str inside = bo_str_n(quoted, (size_t)(quote(quoted, detail) - quoted));
        body = bo_str_printf(arena, "{\"title\":\"%s\",\"status\":%d,\"detail\":\"" BO_FMT "\"}\n",
                             bo_http_status_text(status), status, BO_ARG(inside));
    }
    return bo_http_write(res, status, "application/problem+json", body);
}
