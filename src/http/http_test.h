// SPDX-License-Identifier: MIT
// http_test.h: a server on loopback, and a client that speaks raw bytes.
#ifndef BORA_SRC_HTTP_TEST_H
#define BORA_SRC_HTTP_TEST_H

#include <bora/go.h>
#include <bora/group.h>
#include <bora/http.h>
#include <bora/log.h>
#include <bora/net.h>
#include <bora/test.h>
#include <stdio.h>
#include <stdlib.h>

// A server that runs until http_bed_end.
struct http_bed {
    bo_http_mux *mux;
    bo_http_server *server;
    bo_group group;
    char addr[32];
    bo_arena arena;
};

// http_bed_start serves what `routes` (handlers and patterns, NULL at the end) says.
struct http_bed_route {
    const char *pattern;
    bo_http_handler handler;
};

#define http_bed_start(bed, context, routes, ...)                                                  \
    http_bed_start_with((bed), (context), (routes), &(bo_http_options){__VA_ARGS__})

static inline void http_bed_start_with(struct http_bed *bed, void *context,
                                       const struct http_bed_route *routes,
                                       const bo_http_options *options)
{
    *bed = (struct http_bed){0};
    // What fails is meant to.
    bo_log_set_level(BO_LOG_OFF);
    bed->mux = bo_http_mux_new(context);
    for (; routes->pattern; routes++)
        bo_http_handle(bed->mux, routes->pattern, routes->handler);
    bed->server = bo__http_server_new(bed->mux, options);
    REQUIRE_EQ(bo_http_server_listen(bed->server, "127.0.0.1:0"), NULL);
    snprintf(bed->addr, sizeof bed->addr, "127.0.0.1:%d", bo_http_server_port(bed->server));
    bo_group_go(&bed->group, bo_http_server_run, bed->server);
}

// http_bed_end drains the server and gives what bo_http_server_run returned.
static inline bo_err http_bed_end(struct http_bed *bed)
{
    bo_http_server_shutdown(bed->server);
    bo_err err = bo_group_wait(&bed->group);
    bo_http_server_free(bed->server);
    bo_http_mux_free(bed->mux);
    bo_arena_free(&bed->arena);
    return err;
}

static inline bo_conn *http_dial(const struct http_bed *bed)
{
    bo_conn *conn = NULL;
    REQUIRE_EQ(bo_dial(bed->addr, &conn), NULL);
    // A server that does not answer is a failure, not a hang.
    bo_conn_set_read_deadline(conn, bo_mono() + 30 * BO_SECOND);
    return conn;
}

// http_say sends bytes. The server may have hung up already: what it said is read all the same.
static inline void http_say(bo_conn *conn, bo_str text)
{
    bo_err_free(bo_conn_write(conn, text.ptr, text.len));
}

// http_without_date drops the Date lines, which no test can know.
static inline bo_str http_without_date(bo_arena *arena, bo_str text)
{
    char *kept = bo_alloc_raw(arena, text.len, 1), *to = kept;
    for (bo_str rest = text, line; bo_str_next(&rest, '\n', &line);) {
        if (bo_str_starts(line, bo_s("Date: ")))
            continue;
        size_t len = line.len + (line.ptr + line.len < text.ptr + text.len);
        memcpy(to, line.ptr, len);
        to += len;
    }
    return bo_str_n(kept, (size_t)(to - kept));
}

// http_hear reads until what came ends in `end`, or to the end of the stream if that is empty, and
// gives it without dates.
static inline bo_str http_hear(bo_arena *arena, bo_conn *conn, bo_str end)
{
    size_t len = 0, cap = 4096, got = 0;
    char *text = bo_alloc_raw(arena, cap, 1);
    bo_err err = NULL;
    while (!(err = bo_conn_read(conn, text + len, cap - len, &got)) && got > 0) {
        len += got;
        if (end.len > 0 && bo_str_ends(bo_str_n(text, len), end))
            break;
        if (len == cap) {
            text = bo_arena_grow(arena, text, cap, 2 * cap, 1);
            cap *= 2;
        }
    }
    if (err)
        test_fail("the client: %s", bo_err_message(err));
    bo_err_free(err);
    return http_without_date(arena, bo_str_n(text, len));
}

// http_talk opens a connection, says something, and gives all that comes until the server closes.
static inline bo_str http_talk(struct http_bed *bed, bo_str text)
{
    bo_conn *conn = http_dial(bed);
    http_say(conn, text);
    bo_str heard = http_hear(&bed->arena, conn, bo_s(""));
    bo_conn_free(conn);
    return heard;
}

// The last request of a dialogue: the server closes after it.
#define HTTP_BYE "GET /bye HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define HTTP_BYE_REPLY "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"

static inline bo_err http_bye(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    (void)res;
    return NULL;
}

#endif
