// SPDX-License-Identifier: MIT
// Connections: what is said on them, byte for byte.
#include "http/h1_cases.h"
#include "http/h1_wire.h"
#include "http/http_test.h"

// seen answers with the request as it sees it.
static bo_err seen(bo_http_request *req, bo_http_response *res)
{
    bo_str target = bo_http_target(req), path, query;
    bool mark = bo_str_cut(target, '?', &path, &query);
    if (path.len == 0)
        path = bo_s("/");
    bo_str text = bo_str_printf(bo_http_arena(req), BO_FMT " " BO_FMT "%s" BO_FMT " " BO_FMT,
                                BO_ARG(bo_http_method(req)), BO_ARG(path), mark ? "?" : "",
                                BO_ARG(query), BO_ARG(bo_http_host(req)));
    return bo_http_write(res, 200, NULL, text);
}

static bo_err echo(bo_http_request *req, bo_http_response *res)
{
    bo_str body;
    BO_TRY(bo_http_body(req, &body));
    return bo_http_write(res, 200, NULL, body);
}

// trickle answers as the body comes, in chunks.
static bo_err trickle(bo_http_request *req, bo_http_response *res)
{
    char part[5];
    size_t got;
    BO_TRY(bo_http_start(res, 200, "text/plain"));
    do {
        BO_TRY(bo_http_body_read(req, part, sizeof part, &got));
        BO_TRY(bo_http_send(res, bo_str_n(part, got)));
        BO_TRY(bo_http_flush(res));
    } while (got > 0);
    return NULL;
}

static bo_err ignore(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    return bo_http_write(res, 200, NULL, bo_s("ok"));
}

static const struct http_bed_route routes[] = {
    {"/", seen},           {"GET /bye", http_bye}, {"/echo", echo},
    {"/trickle", trickle}, {"/ignore", ignore},    {NULL, NULL},
};

// expect_verdict checks the answers to a case and to the HTTP_BYE behind it.
static void expect_verdict(const struct h1_case *c, bo_str heard, bo_arena *arena)
{
    if (c->status != ACCEPT) {
        bo_str start = bo_str_printf(arena, "HTTP/1.1 %d ", c->status);
        if (!bo_str_starts(heard, start))
            EXPECT_EQ(heard, start);
        EXPECT(bo_str_find(heard, bo_s("\r\nConnection: close\r\n")) > 0);
        EXPECT(bo_str_ends(heard, bo_s("}\n")));
        EXPECT_EQ(bo_str_find(bo_str_sub(heard, 1, heard.len), bo_s("HTTP/1.1 ")), -1);
        return;
    }
    // The words that tell whether the connection goes on differ by version.
    bool old = bo_str_find(c->raw, bo_s("HTTP/1.0")) > 0;
    const char *connection = !c->persistent ? "Connection: close\r\n"
                             : old          ? "Connection: keep-alive\r\n"
                                            : "";
    bo_str want =
        bo_str_starts(c->seen, bo_s("OPTIONS *"))
            ? bo_s("HTTP/1.1 204 No Content\r\n\r\n")
            : bo_str_printf(arena, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n" BO_FMT,
                            c->seen.len, connection, BO_ARG(c->seen));
    if (c->persistent)
        want = bo_str_printf(arena, BO_FMT HTTP_BYE_REPLY, BO_ARG(want));
    EXPECT_EQ(heard, want);
}

static bo_str with_bye(bo_arena *arena, bo_str raw)
{
    bo_str bye = bo_s(HTTP_BYE);
    char *text = bo_alloc_raw(arena, raw.len + bye.len, 1);
    memcpy(text, raw.ptr, raw.len);
    memcpy(text + raw.len, bye.ptr, bye.len);
    return bo_str_n(text, raw.len + bye.len);
}

TEST(h1_conn_answers_each_request_of_the_table)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    for (int i = 0; i < H1_CASE_COUNT; i++) {
        test_case("%s", h1_cases[i].name);
        bo_str heard = http_talk(&bed, with_bye(&bed.arena, h1_cases[i].raw));
        expect_verdict(&h1_cases[i], heard, &bed.arena);
        bo_arena_reset(&bed.arena);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(h1_conn_answers_the_same_however_a_request_is_cut)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    for (int i = 0; i < H1_CASE_COUNT; i++) {
        bo_str text = with_bye(&bed.arena, h1_cases[i].raw);
        // A third of the places for each: the parser alone is tried with all (h1_head_test.c).
        for (size_t cut = 1 + (size_t)i % 3; cut <= h1_cases[i].raw.len; cut += 3) {
            test_case("%s, cut at %zu", h1_cases[i].name, cut);
            bo_arena arena = {0};
            bo_conn *conn = http_dial(&bed);
            http_say(conn, bo_str_sub(text, 0, cut));
            bo_yield();
            http_say(conn, bo_str_sub(text, cut, text.len));
            expect_verdict(&h1_cases[i], http_hear(&arena, conn, bo_s("")), &arena);
            bo_conn_free(conn);
            bo_arena_free(&arena);
        }
        bo_arena_reset(&bed.arena);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// What is said on a connection, all at once, and all that is answered until it closes.
static const struct {
    const char *name;
    bo_str said, heard;
} dialogues[] = {
    {"pipelined",
     bo_s("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n" HTTP_BYE),
     bo_s("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nGET /a a"
          "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nGET /b a" HTTP_BYE_REPLY)},
    {"bodies",
     bo_s("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
          "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
          "2;x=y\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 1\r\n\r\n" HTTP_BYE),
     bo_s("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" HTTP_BYE_REPLY)},
    {"bodies that nobody reads",
     bo_s("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
          "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n0\r\n\r\n" HTTP_BYE),
     bo_s("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" HTTP_BYE_REPLY)},
    {"a request in a body that nobody reads",
     bo_s("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\n\r\n"
          "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n12" HTTP_BYE),
     bo_s("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" HTTP_BYE_REPLY)},
    {"chunks out",
     bo_s("POST /trickle HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nabcdefg" HTTP_BYE),
     bo_s("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0005\r\nabcde\r\n0002\r\nfg\r\n0\r\n\r\n" HTTP_BYE_REPLY)},
    {"chunks in and out",
     bo_s("POST /trickle HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n0004\r\ndefg\r\n000\r\n\r\n" HTTP_BYE),
     bo_s("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0003\r\nabc\r\n0004\r\ndefg\r\n0\r\n\r\n" HTTP_BYE_REPLY)},
    {"a stream to HTTP/1.0 ends with the connection",
     bo_s(
         "POST /trickle HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc" HTTP_BYE),
     bo_s("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nabc")},
    {"HEAD",
     bo_s("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /trickle HTTP/1.1\r\nHost: a\r\n\r\n" HTTP_BYE),
     bo_s("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" HTTP_BYE_REPLY)},
    {"bad chunks",
     bo_s("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n" HTTP_BYE),
     bo_s(
         "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: 74\r\n"
         "Connection: close\r\n\r\n"
         "{\"title\":\"Bad Request\",\"status\":400,\"detail\":\"a chunk's size is missing\"}\n")},
    {"bad chunks that nobody reads",
     bo_s("POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n" HTTP_BYE),
     bo_s("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")},
    {"continue",
     bo_s("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
          "Content-Length: 3\r\n\r\nabc" HTTP_BYE),
     bo_s("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" HTTP_BYE_REPLY)},
    {"not continue",
     bo_s("POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
          "Content-Length: 3\r\n\r\n"),
     bo_s("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")},
    {"nothing behind close", bo_s(HTTP_BYE HTTP_BYE), bo_s(HTTP_BYE_REPLY)},
    {"another method", bo_s("DELETE /bye HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
     bo_s("HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\nDELETE /bye a")},
};

enum { DIALOGUE_COUNT = sizeof dialogues / sizeof dialogues[0] };

TEST(h1_conn_keeps_to_its_dialogues)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    for (int i = 0; i < DIALOGUE_COUNT; i++) {
        test_case("%s", dialogues[i].name);
        EXPECT_EQ(http_talk(&bed, dialogues[i].said), dialogues[i].heard);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(h1_conn_keeps_to_its_dialogues_byte_by_byte)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    for (int i = 0; i < DIALOGUE_COUNT; i++) {
        // How the body falls into chunks depends on how it came.
        if (bo_str_starts(dialogues[i].said, bo_s("POST /trickle HTTP/1.1")))
            continue;
        test_case("%s", dialogues[i].name);
        bo_conn *conn = http_dial(&bed);
        for (size_t at = 0; at < dialogues[i].said.len; at++) {
            http_say(conn, bo_str_sub(dialogues[i].said, at, at + 1));
            bo_yield();
        }
        bo_str heard = http_hear(&bed.arena, conn, bo_s(""));
        bo_str interim = bo_s("HTTP/1.1 100 Continue\r\n\r\n");
        // Whoever sends so slowly gets the leave that it asked for.
        if (bo_str_starts(heard, interim))
            heard = bo_str_sub(heard, interim.len, heard.len);
        EXPECT_EQ(heard, dialogues[i].heard);
        bo_conn_free(conn);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(h1_conn_gives_leave_to_send_a_body_only_when_it_is_wanted)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    bo_conn *conn = http_dial(&bed);
    http_say(conn, bo_s("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                        "Content-Length: 3\r\n\r\n"));
    EXPECT_EQ(http_hear(&bed.arena, conn, bo_s("\r\n\r\n")), "HTTP/1.1 100 Continue\r\n\r\n");
    http_say(conn, bo_s("abc" HTTP_BYE));
    EXPECT_EQ(http_hear(&bed.arena, conn, bo_s("")),
              "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" HTTP_BYE_REPLY);
    bo_conn_free(conn);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// request_of makes a head of exactly `bytes` bytes with `count` headers.
static bo_str request_of(bo_arena *arena, size_t bytes, int count)
{
    char *text = bo_new_n(arena, char, bytes + 64);
    int len = sprintf(text, "GET /bye HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
    for (int i = 2; i < count - 1; i++)
        len += sprintf(text + len, "X: y\r\n");
    if (count > 2)
        len += sprintf(text + len, "Y: ");
    while (count > 2 && (size_t)len + 4 < bytes)
        text[len++] = 'z';
    memcpy(text + len, "\r\n\r\n", 4);
    return bo_str_n(text, (size_t)len + 4);
}

TEST(h1_conn_refuses_one_byte_and_one_header_over_the_limit)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes, .header_bytes_max = 1000, .header_count_max = 10);
    for (int over = -1; over <= 1; over++) {
        test_case("%d bytes over", over);
        bo_str request = request_of(&bed.arena, (size_t)(1000 + over), 3);
        EXPECT_EQ(request.len, 1000 + over);
        bo_str heard = http_talk(&bed, request);
        EXPECT_EQ(bo_str_sub(heard, 9, 12), over > 0 ? "431" : "204");
        test_case("%d headers over", over);
        heard = http_talk(&bed, request_of(&bed.arena, 500, 10 + over));
        EXPECT_EQ(bo_str_sub(heard, 9, 12), over > 0 ? "431" : "204");
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(h1_conn_takes_the_default_limits)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    for (int over = 0; over <= 1; over++) {
        bo_str heard = http_talk(&bed, request_of(&bed.arena, (size_t)((32 << 10) + over), 3));
        EXPECT_EQ(bo_str_sub(heard, 9, 12), over ? "431" : "204");
        heard = http_talk(&bed, request_of(&bed.arena, 2000, 100 + over));
        EXPECT_EQ(bo_str_sub(heard, 9, 12), over ? "431" : "204");
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// post makes a request with a body of len bytes, sized or in two chunks.
static bo_str post(bo_arena *arena, const char *path, size_t len, bool chunked)
{
    char *body = bo_new_n(arena, char, len + 1);
    memset(body, 'x', len);
    size_t first = len / 2;
    if (chunked)
        return bo_str_printf(arena,
                             "POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "%zx\r\n%.*s\r\n%zx\r\n%.*s\r\n0\r\n\r\n",
                             path, first, (int)first, body, len - first, (int)(len - first), body);
    return bo_str_printf(arena, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s",
                         path, len, body);
}

TEST(h1_conn_refuses_one_byte_of_body_over_the_limit)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes, .body_bytes_max = 5000);
    for (int over = -1; over <= 1; over++) {
        for (int chunked = 0; chunked < 2; chunked++) {
            test_case("%d over, chunked %d", over, chunked);
            bo_str text = post(&bed.arena, "/echo", (size_t)(5000 + over), chunked);
            bo_str heard = http_talk(&bed, with_bye(&bed.arena, text));
            EXPECT_EQ(bo_str_sub(heard, 9, 12), over > 0 ? "413" : "200");
            // The rest of a body that is a little too large is skipped: the connection goes on.
            EXPECT(bo_str_ends(heard, bo_s(HTTP_BYE_REPLY)));
        }
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(h1_conn_closes_rather_than_skip_a_large_body)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    for (int chunked = 0; chunked < 2; chunked++) {
        test_case("chunked %d", chunked);
        bo_str text = post(&bed.arena, "/ignore", 2 * H1_SKIP_MAX, chunked);
        bo_str heard = http_talk(&bed, with_bye(&bed.arena, text));
        EXPECT_EQ(heard,
                  chunked ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                          : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

static bo_err send_all(bo_conn *conn, bo_str text)
{
    return bo_conn_write(conn, text.ptr, text.len);
}

TEST(h1_conn_carries_bodies_larger_than_all_buffers)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    for (int chunked = 0; chunked < 2; chunked++) {
        test_case("chunked %d", chunked);
        size_t size = 4 << 20;
        bo_conn *conn = http_dial(&bed);
        bo_group sender = {0};
        bo_str text = with_bye(&bed.arena, post(&bed.arena, "/echo", size, chunked));
        bo_group_go(&sender, send_all, conn, text);
        bo_str heard = http_hear(&bed.arena, conn, bo_s(HTTP_BYE_REPLY));
        bo_str head = bo_s("HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n");
        EXPECT(bo_str_starts(heard, head));
        EXPECT_EQ(heard.len, head.len + size + sizeof HTTP_BYE_REPLY - 1);
        bo_str body = bo_str_sub(heard, head.len, head.len + size);
        size_t wrong = 0;
        for (size_t i = 0; i < body.len; i++)
            wrong += body.ptr[i] != 'x';
        EXPECT_EQ(wrong, 0);
        EXPECT_EQ(bo_group_wait(&sender), NULL);
        bo_conn_free(conn);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}
