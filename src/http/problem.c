// SPDX-License-Identifier: MIT
// problem.c: errors as application/problem+json (RFC 9457).
//
//     {"title":"Not Found","status":404,"detail":"user 7: not found"}
//
// There is no "type": it is then about:blank, and the status tells all there is to know of the
// kind.
#include "http/message.h"
#include <bora/json.h>

#define PROBLEM_FIELDS(FIELD)                                                                      \
    FIELD(bo_str, title, "title")                                                                  \
    FIELD(int, status, "status")                                                                   \
    FIELD(bo_str, detail, "detail,omitempty")
BO_STRUCT(problem, PROBLEM_FIELDS);

// as_utf8 is text, with '?' for all that is not ASCII if it is no UTF-8: it may come from a client.
static bo_str as_utf8(bo_arena *arena, bo_str text)
{
    if (bo_utf8_valid(text))
        return text;
    char *ascii = bo_alloc_raw(arena, text.len, 1);
    for (size_t i = 0; i < text.len; i++)
        ascii[i] = (uint8_t)text.ptr[i] < 0x80 ? text.ptr[i] : '?';
    return bo_str_n(ascii, text.len);
}

bo_err bo_http_write_problem(bo_http_response *res, int status, bo_str detail)
{
    bo_arena_writer out;
    bo_arena *arena = &http_of_response(res)->arena;
    problem p = {bo_str_of(bo_http_status_text(status)), status, as_utf8(arena, detail)};
    bo_arena_writer_init(&out, arena, 0);
    BO_TRY(bo_json_write(&out.writer, problem, &p));
    BO_TRY(bo_write_byte(&out.writer, '\n'));
    return bo_http_write(res, status, "application/problem+json", bo_written(&out.writer));
}
