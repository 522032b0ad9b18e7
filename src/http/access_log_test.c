// SPDX-License-Identifier: MIT
// What the log says of requests: the access log, and failures.
#include "http/http_test.h"
#include "observe/log_test.h"
#include <bora/sync.h>

static bo_err text(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    return bo_http_write(res, 200, "text/plain", bo_s("hello"));
}

static bo_err stream(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    BO_TRY(bo_http_start(res, 200, NULL));
    BO_TRY(bo_http_send(res, bo_s("abc")));
    return bo_http_send(res, bo_s("defg"));
}

static bo_err echo(bo_http_request *req, bo_http_response *res)
{
    bo_str body;
    BO_TRY(bo_http_body(req, &body));
    return bo_http_write(res, 200, NULL, body);
}

// sleeper waits until its scope ends.
static bo_err sleeper(bo_http_request *req, bo_http_response *res)
{
    (void)res;
    bo_semaphore_release(bo_http_context(req), 1);
    return bo_sleep(BO_HOUR);
}

static bo_err fail(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    (void)res;
    return bo_errf(NULL, "the secret of the cellar");
}

static bo_err fail_for_the_client(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    (void)res;
    return bo_errf(BO_NOT_FOUND, "cellar");
}

static bo_err fail_after_start(bo_http_request *req, bo_http_response *res)
{
    BO_TRY(stream(req, res));
    return bo_errf(NULL, "the secret of the cellar");
}

static bo_err fail_after_all(bo_http_request *req, bo_http_response *res)
{
    BO_TRY(text(req, res));
    return bo_errf(BO_INVALID, "the secret of the cellar");
}

static const struct http_bed_route routes[] = {
    {"GET /bye", http_bye},    {"/text", text},
    {"/stream", stream},       {"/echo", echo},
    {"/sleep", sleeper},       {"/fail", fail},
    {"/file", text},           {"/started", fail_after_start},
    {"/all", fail_after_all},  {"/missing", fail_for_the_client},
    {"/deep/{rest...}", text}, {NULL, NULL},
};

#define REQUEST(line) line " HTTP/1.1\r\nHost: a\r\n\r\n"
#define LAST(line) line " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

// talk says something, hangs up its own side, and waits until the server has done so too.
static void talk(const struct http_bed *bed, const char *said, int *port)
{
    bo_arena arena = {0};
    bo_conn *conn = http_dial(bed);
    *port = bo_conn_local_addr(conn).port;
    http_say(conn, bo_str_of(said));
    http_hear(&arena, conn, bo_s(""));
    bo_conn_free(conn);
    bo_arena_free(&arena);
}

// expect_lines checks lines of the log, but for their times, against those of want, which have no
// `took` and `client`.
static void expect_lines(bo_str log, const char *want, int port)
{
    bo_arena arena = {0};
    bo_str tail = bo_str_printf(&arena, " client=127.0.0.1:%d", port);
    for (bo_str rest = bo_str_of(want), line; bo_str_next(&rest, '\n', &line);) {
        bo_str got, seen, took;
        if (line.len == 0)
            continue;
        bo_str_cut(log, '\n', &got, &log);
        got = bo_str_sub(got, HEAD, got.len);
        ptrdiff_t at = bo_str_find(got, bo_s(" took="));
        seen = bo_str_sub(got, 0, at < 0 ? got.len : (size_t)at);
        took = bo_str_sub(got, seen.len, got.len);
        EXPECT_EQ(seen, line);
        EXPECT(bo_str_ends(took, tail));
        EXPECT(bo_str_ends(bo_str_sub(took, 0, took.len - tail.len), bo_s("s")));
    }
    EXPECT_EQ(log, "");
    bo_arena_free(&arena);
}

TEST(access_log_has_a_line_a_request)
{
    static const struct {
        const char *name, *said, *lines;
    } cases[] = {
        {"nothing", LAST("GET /bye?secret=1"),
         "INFO request method=GET path=/bye status=204 bytes=0\n"},
        {"a body", LAST("GET /text"), "INFO request method=GET path=/text status=200 bytes=5\n"},
        {"HEAD", LAST("HEAD /text"), "INFO request method=HEAD path=/text status=200 bytes=0\n"},
        {"a stream", LAST("PUT /stream"),
         "INFO request method=PUT path=/stream status=200 bytes=7\n"},
        {"no route", LAST("GET /nowhere"),
         "INFO request method=GET path=/nowhere status=404 bytes=35\n"},
        {"pipelined", REQUEST("GET /text") LAST("GET /bye"),
         "INFO request method=GET path=/text status=200 bytes=5\n"
         "INFO request method=GET path=/bye status=204 bytes=0\n"},
        {"an encoded line end", LAST("GET /a%0aINFO%20request"),
         "INFO request method=GET path=/a%0aINFO%20request status=404 bytes=35\n"},
        {"a forged pair", LAST("GET /a\"status=200"),
         "INFO request method=GET path=\"/a\\\"status=200\" status=404 bytes=35\n"},
        {"a bare line end", "GET /a\nINFO HTTP/1.1\r\n\r\n",
         "INFO request method=\"\" path=\"\" status=400 bytes=106\n"},
        {"no request", "\x16\x03\x01\r\n",
         "INFO request method=\"\" path=\"\" status=400 bytes=106\n"},
        {"a bad header", "GET /text HTTP/1.1\r\nHost : a\r\n\r\n",
         "INFO request method=GET path=/text status=400 bytes=99\n"},
        {"a bad HEAD", "HEAD /text HTTP/1.1\r\n\r\n",
         "INFO request method=HEAD path=/text status=400 bytes=0\n"},
    };
    struct http_bed bed;
    int fd, port;
    http_bed_start(&bed, NULL, routes, .access_log = true);
    fd = capture(false);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].name);
        talk(&bed, cases[i].said, &port);
        expect_lines(logged(fd), cases[i].lines, port);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(access_log_is_off_by_default)
{
    struct http_bed bed;
    int fd, port;
    http_bed_start(&bed, NULL, routes);
    fd = capture(false);
    talk(&bed, LAST("GET /text"), &port);
    talk(&bed, "no request\r\n", &port);
    EXPECT_EQ(http_bed_end(&bed), NULL);
    EXPECT_EQ(logged(fd), "");
}

TEST(access_log_says_what_came_of_requests_that_did_not_end_well)
{
    static const struct {
        const char *name, *said, *lines;
    } cases[] = {
        {"a head in part", "GET /text HTTP/1.1\r\nHos",
         "INFO request method=GET path=/text status=408 bytes=97\n"},
        {"a request line in part", "GET /te",
         "INFO request method=\"\" path=\"\" status=408 bytes=97\n"},
        {"a body in part", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
         "INFO request method=POST path=/echo status=408 bytes=84\n"},
        {"a handler that failed after its start", LAST("GET /started"),
         "INFO request cut off method=GET path=/started status=200 bytes=7\n"},
    };
    struct http_bed bed;
    int port;
    http_bed_start(&bed, NULL, routes, .access_log = true, .head_timeout = 30 * BO_MILLISECOND,
                   .body_timeout = 30 * BO_MILLISECOND);
    int fd = capture(false);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].name);
        bo_log_set_level(BO_LOG_INFO);
        talk(&bed, cases[i].said, &port);
        bo_str lines = logged(fd), failure;
        // The failure of a handler has a line of its own, before.
        if (bo_str_find(lines, bo_s(" ERROR ")) > 0)
            bo_str_cut(lines, '\n', &failure, &lines);
        expect_lines(lines, cases[i].lines, port);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(access_log_gives_499_to_requests_that_got_no_answer)
{
    for (int by_drain = 0; by_drain < 2; by_drain++) {
        test_case("by drain %d", by_drain);
        struct http_bed bed;
        bo_semaphore entered = {0};
        http_bed_start(&bed, &entered, routes, .access_log = true,
                       .drain_timeout = by_drain ? BO_MILLISECOND : BO_HOUR);
        int fd = capture(false);
        bo_conn *conn = http_dial(&bed);
        int port = bo_conn_local_addr(conn).port;
        http_say(conn, bo_s(REQUEST("GET /sleep")));
        bo_semaphore_acquire(&entered, 1);
        if (!by_drain)
            bo_conn_close(conn);
        bo_err err = http_bed_end(&bed);
        EXPECT_EQ(bo_err_kind(err), by_drain ? BO_TIMEOUT : NULL);
        bo_err_free(err);
        bo_conn_free(conn);
        expect_lines(logged(fd), "INFO request cut off method=GET path=/sleep status=499 bytes=0\n",
                     port);
    }
}

TEST(access_log_says_nothing_of_a_client_that_goes_before_its_head_is_whole)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes, .access_log = true);
    int fd = capture(false);
    bo_conn *conn = http_dial(&bed);
    http_say(conn, bo_s("GET / HT"));
    EXPECT_EQ(bo_conn_shutdown_write(conn), NULL);
    EXPECT_EQ(http_hear(&bed.arena, conn, bo_s("")), "");
    bo_conn_free(conn);
    EXPECT_EQ(http_bed_end(&bed), NULL);
    EXPECT_EQ(logged(fd), "");
}

TEST(access_log_keeps_its_part_of_a_line_whatever_the_length_of_the_clients)
{
    enum { LONG = 12000 };
    struct http_bed bed;
    int port;
    http_bed_start(&bed, NULL, routes, .access_log = true);
    // A quote is the worst: it takes two bytes in the log.
    char *quotes = bo_new_n(&bed.arena, char, LONG + 1);
    memset(quotes, '"', LONG);
    char *letters = bo_new_n(&bed.arena, char, LONG + 1);
    memset(letters, 'M', LONG);
    bo_str said =
        bo_str_printf(&bed.arena, "%s /deep/%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                      letters, quotes);
    for (int json = 0; json < 2; json++) {
        test_case("json %d", json);
        int fd = capture(json);
        talk(&bed, said.ptr, &port);
        bo_str line = logged(fd);
        const char *end =
            json ? "\",\"status\":200,\"bytes\":5,\"took\":" : "\" status=200 bytes=5 took=";
        EXPECT(bo_str_find(line, bo_str_of(end)) > 2048);
        EXPECT(bo_str_find(line, bo_str_printf(&bed.arena, "127.0.0.1:%d", port)) > 2048);
        EXPECT_EQ(bo_str_find(line, bo_s("cut")), -1);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(failures_from_500_on_are_told_to_the_log_and_not_to_the_client)
{
    static const struct {
        const char *path, *status, *line;
    } cases[] = {
        {"/fail", "500",
         "ERROR handler failed route=/fail err=\"the secret of the cellar\" target=\"/fail?q=1\"\n"},
        {"/started", "200",
         "ERROR handler failed route=/started err=\"the secret of the cellar\" "
         "target=\"/started?q=1\"\n"},
        {"/all", "200",
         "ERROR handler failed route=/all err=\"the secret of the cellar: invalid\" "
         "target=\"/all?q=1\"\n"},
        {"/missing", "404", ""},
        {"/text", "200", ""},
    };
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    int fd = capture(false);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].path);
        bo_str heard = http_talk(
            &bed,
            bo_str_printf(&bed.arena, "GET %s?q=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                          cases[i].path));
        EXPECT_EQ(bo_str_sub(heard, 9, 12), cases[i].status);
        EXPECT_EQ(bo_str_find(heard, bo_s("secret")), -1);
        bo_str line = logged(fd);
        EXPECT_EQ(bo_str_sub(line, HEAD, line.len), cases[i].line);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}
