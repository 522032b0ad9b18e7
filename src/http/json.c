// SPDX-License-Identifier: MIT
// json.c: bodies as JSON, by their descriptions.
#include "http/message.h"
#include <bora/json.h>

bo_err bo__http_read_json(bo_http_request *req, const bo_type *type, void *value)
{
    bo_str body;
    BO_TRY(bo_http_body(req, &body));
    return bo__json_decode(bo_http_arena(req), body, type, value, (bo_json_options){0});
}

bo_err bo__http_write_json(bo_http_response *res, int status, const bo_type *type,
                           const void *value)
{
    bo_arena_writer out;
    bo_arena_writer_init(&out, &http_of_response(res)->arena, 0);
    BO_TRY(bo__json_write(&out.writer, type, value));
    // For people: what curl prints ends in a line of its own.
    BO_TRY(bo_write_byte(&out.writer, '\n'));
    return bo_http_write(res, status, "application/json", bo_written(&out.writer));
}
