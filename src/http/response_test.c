// SPDX-License-Identifier: MIT
// What handlers can ask and say, and what becomes of their errors.
#include "http/http_test.h"
#include "http/message.h"

// -- what a handler can ask -----------------------------------------------------------------------

static bo_err show_request(bo_http_request *req, bo_http_response *res)
{
    bo_arena *arena = bo_http_arena(req);
    int64_t id, page;
    BO_TRY(bo_http_path_int(req, "id", &id));
    BO_TRY(bo_http_query_int(req, "page", 7, &page));
    bo_str missing;
    bool found = bo_http_query_find(req, "missing", &missing);
    bo_str text = bo_str_printf(
        arena, "%s|" BO_FMT "|%lld|" BO_FMT "|%lld|%d|" BO_FMT "|" BO_FMT "|%zu|" BO_FMT,
        bo_http_route(req), BO_ARG(bo_http_path(req, "rest")), (long long)id,
        BO_ARG(bo_http_query(req, "q")), (long long)page, found,
        BO_ARG(bo_http_header(req, "content-TYPE")), BO_ARG(bo_http_header(req, "x-odd")),
        bo_http_header_count(req), BO_ARG(bo_http_header_at(req, 1).name));
    return bo_http_write(res, 200, NULL, text);
}

TEST(request_gives_what_was_asked)
{
    static const struct {
        const char *name, *said, *body;
    } cases[] = {
        {"all",
         "GET /items/-5/a%2fb/c?q=x+y%21&page=2 HTTP/1.1\r\nHost: a\r\nX-Odd: 1\r\n"
         "Content-Type: text/x\r\nx-odd: 2\r\n\r\n",
         "GET /items/{id}/{rest...}|a/b/c|-5|x y!|2|0|text/x|1|4|X-Odd"},
        {"little", "GET /items/0/ HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n",
         "GET /items/{id}/{rest...}||0||7|0|||2|A"},
        {"no integer in the path", "GET /items/1x/ HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n",
         "{\"title\":\"Bad Request\",\"status\":400,"
         "\"detail\":\"id \\\"1x\\\" is not an integer of 64 bits\"}\n"},
        {"no integer in the query", "GET /items/1/?page= HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n",
         "{\"title\":\"Bad Request\",\"status\":400,"
         "\"detail\":\"page \\\"\\\" is not an integer of 64 bits\"}\n"},
        {"beyond 64 bits", "GET /items/9223372036854775808/ HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n",
         "{\"title\":\"Bad Request\",\"status\":400,"
         "\"detail\":\"id \\\"9223372036854775808\\\" is not an integer of 64 bits\"}\n"},
    };
    static const struct http_bed_route routes[] = {
        {"GET /items/{id}/{rest...}", show_request}, {"GET /bye", http_bye}, {NULL, NULL}};
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].name);
        bo_str heard = http_talk(&bed, bo_str_printf(&bed.arena, "%s" HTTP_BYE, cases[i].said));
        ptrdiff_t at = bo_str_find(heard, bo_s("\r\n\r\n"));
        bo_str want = bo_str_printf(&bed.arena, "%s" HTTP_BYE_REPLY, cases[i].body);
        EXPECT_EQ(bo_str_sub(heard, (size_t)at + 4, heard.len), want);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

static bo_err read_in_parts(bo_http_request *req, bo_http_response *res)
{
    char first[4];
    size_t got;
    bo_str rest, again;
    BO_TRY(bo_http_body_read(req, first, sizeof first, &got));
    BO_TRY(bo_http_body(req, &rest));
    BO_TRY(bo_http_body(req, &again));
    EXPECT(rest.ptr == again.ptr && rest.len == again.len);
    BO_TRY(bo_http_start(res, 200, NULL));
    BO_TRY(bo_http_send(res, bo_str_n(first, got)));
    BO_TRY(bo_http_send(res, bo_s("|")));
    return bo_http_send(res, rest);
}

static bo_err allow_more(bo_http_request *req, bo_http_response *res)
{
    bo_str body;
    bo_http_body_allow(req, 20, 0);
    BO_TRY(bo_http_body(req, &body));
    return bo_http_write(res, 200, NULL, body);
}

// A handler that goes on after it was refused a body is refused again.
static bo_err insist(bo_http_request *req, bo_http_response *res)
{
    bo_str body;
    for (int i = 0; i < 2; i++)
        EXPECT_ERR(bo_http_body(req, &body), BO_TOO_LARGE);
    return bo_http_write(res, 200, NULL, bo_s("refused"));
}

TEST(request_bodies_have_limits_of_their_own)
{
    static const struct {
        const char *path, *body, *reply;
    } cases[] = {
        {"/parts", "abcdefg",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0008\r\nabcd|efg\r\n0\r\n\r\n"},
        {"/parts", "",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0001\r\n|\r\n0\r\n\r\n"},
        {"/more", "0123456789abcdefghij",
         "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789abcdefghij"},
        {"/insist", "0123456789a", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nrefused"},
    };
    static const struct http_bed_route routes[] = {{"/parts", read_in_parts},
                                                   {"/more", allow_more},
                                                   {"/insist", insist},
                                                   {"GET /bye", http_bye},
                                                   {NULL, NULL}};
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes, .body_bytes_max = 10);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].path);
        bo_str said = bo_str_printf(
            &bed.arena, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s" HTTP_BYE,
            cases[i].path, strlen(cases[i].body), cases[i].body);
        EXPECT_EQ(http_talk(&bed, said),
                  bo_str_printf(&bed.arena, "%s" HTTP_BYE_REPLY, cases[i].reply));
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// -- what a handler can say -----------------------------------------------------------------------

static bo_err set_headers(bo_http_request *req, bo_http_response *res)
{
    static const char *const own[] = {
        "Content-Length", "transfer-encoding", "CONNECTION", "Keep-Alive",
        "Upgrade",        "Trailer",           "Date"};
    (void)req;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        EXPECT_ERR(bo_http_set_header(res, own[i], bo_s("1")), BO_INVALID);
    EXPECT_ERR(bo_http_set_header(res, "", bo_s("1")), BO_INVALID);
    EXPECT_ERR(bo_http_set_header(res, "A B", bo_s("1")), BO_INVALID);
    EXPECT_ERR(bo_http_set_header(res, "A:", bo_s("1")), BO_INVALID);
    EXPECT_ERR(bo_http_set_header(res, "A", bo_s("1\r\nB: 2")), BO_INVALID);
    EXPECT_ERR(bo_http_add_header(res, "A", bo_s("1\n")), BO_INVALID);
    EXPECT_ERR(bo_http_add_header(res, "A", bo_s("\0")), BO_INVALID);
    EXPECT_EQ(bo_http_set_header(res, "A", bo_s("1")), NULL);
    EXPECT_EQ(bo_http_set_header(res, "Content-Type", bo_s("text/odd")), NULL);
    EXPECT_EQ(bo_http_add_header(res, "a", bo_s("2")), NULL);
    EXPECT_EQ(bo_http_set_header(res, "B", bo_s("\xc3\xa9\t")), NULL);
    EXPECT_EQ(bo_http_set_header(res, "C", bo_s("3")), NULL);
    EXPECT_EQ(bo_http_set_header(res, "c", bo_s("")), NULL);
    EXPECT_EQ(bo_http_status(res), 0);
    EXPECT_EQ(bo_http_write(res, 201, "text/plain", bo_s("ok")), NULL);
    EXPECT_EQ(bo_http_status(res), 201);
    EXPECT_ERR(bo_http_set_header(res, "D", bo_s("4")), BO_INVALID);
    EXPECT_ERR(bo_http_write(res, 200, NULL, bo_s("")), BO_INVALID);
    EXPECT_ERR(bo_http_start(res, 200, NULL), BO_INVALID);
    EXPECT_ERR(bo_http_send(res, bo_s("x")), BO_INVALID);
    EXPECT_EQ(bo_http_flush(res), NULL);
    return NULL;
}

static bo_err too_many_headers(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    for (int i = 0; i < HTTP_HEADERS_OUT_MAX; i++)
        EXPECT_EQ(bo_http_add_header(res, "A", bo_s("b")), NULL);
    EXPECT_ERR(bo_http_add_header(res, "A", bo_s("b")), BO_TOO_LARGE);
    EXPECT_ERR(bo_http_set_header(res, "B", bo_s("b")), BO_TOO_LARGE);
    EXPECT_EQ(bo_http_set_header(res, "A", bo_s("c")), NULL);
    return NULL;
}

static bo_err too_large_headers(bo_http_request *req, bo_http_response *res)
{
    static char value[HTTP_HEADER_BYTES_OUT_MAX];
    (void)req;
    memset(value, 'v', sizeof value);
    EXPECT_ERR(bo_http_set_header(res, "A", bo_str_n(value, sizeof value)), BO_TOO_LARGE);
    EXPECT_EQ(bo_http_set_header(res, "A", bo_str_n(value, sizeof value - 1)), NULL);
    EXPECT_EQ(bo_http_set_header(res, "A", bo_str_n(value, sizeof value - 2)), NULL);
    EXPECT_ERR(bo_http_add_header(res, "A", bo_s("")), NULL);
    EXPECT_ERR(bo_http_add_header(res, "A", bo_s("")), BO_TOO_LARGE);
    return NULL;
}

static bo_err wrong_statuses(bo_http_request *req, bo_http_response *res)
{
    static char type[HTTP_CONTENT_TYPE_MAX + 2];
    (void)req;
    memset(type, 't', sizeof type - 1);
    EXPECT_ERR(bo_http_write(res, 199, NULL, bo_s("")), BO_INVALID);
    EXPECT_ERR(bo_http_write(res, 600, NULL, bo_s("")), BO_INVALID);
    EXPECT_ERR(bo_http_write(res, 200, "a\r\nb", bo_s("")), BO_INVALID);
    EXPECT_ERR(bo_http_write(res, 200, type, bo_s("")), BO_INVALID);
    EXPECT_ERR(bo_http_redirect(res, 200, bo_s("/")), BO_INVALID);
    EXPECT_ERR(bo_http_redirect(res, 303, bo_s("/\r\nA: b")), BO_INVALID);
    return bo_http_redirect(res, 303, bo_s("/there"));
}

static bo_err not_modified(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    BO_TRY(bo_http_set_header(res, "ETag", bo_s("\"1\"")));
    return bo_http_write(res, 304, NULL, bo_s("not sent"));
}

static bo_err sized(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    BO_TRY(bo_http_start_sized(res, 200, "text/plain", 6));
    BO_TRY(bo_http_send(res, bo_s("abc")));
    EXPECT_ERR(bo_http_send(res, bo_s("defg")), BO_INVALID);
    BO_TRY(bo_http_send(res, bo_s("")));
    return bo_http_send(res, bo_s("def"));
}

static bo_err too_short(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    BO_TRY(bo_http_start_sized(res, 200, NULL, 6));
    return bo_http_send(res, bo_s("abc"));
}

static bo_err fails_midway(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    BO_TRY(bo_http_start(res, 200, NULL));
    BO_TRY(bo_http_send(res, bo_s("abc")));
    BO_TRY(bo_http_flush(res));
    return BO_INTERNAL;
}

static bo_err fails_after_all(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    BO_TRY(bo_http_write(res, 200, NULL, bo_s("done")));
    return BO_INTERNAL;
}

static bo_err not_found(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    BO_TRY(bo_http_set_header(res, "Cache-Control", bo_s("max-age=60")));
    return bo_errf(BO_NOT_FOUND, "user \"\n\\7\x7f\xff");
}

static bo_err internal(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    (void)res;
    return bo_errf(bo_err_sys(ECONNREFUSED), "the secret database");
}

static bo_err problem(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    return bo_http_write_problem(res, 409, bo_s("h\xc3\xa9"));
}

static const struct http_bed_route routes[] = {
    {"GET /bye", http_bye},
    {"GET /headers", set_headers},
    {"GET /many", too_many_headers},
    {"GET /large", too_large_headers},
    {"GET /statuses", wrong_statuses},
    {"GET /304", not_modified},
    {"GET /sized", sized},
    {"GET /short", too_short},
    {"GET /midway", fails_midway},
    {"GET /after", fails_after_all},
    {"GET /404", not_found},
    {"GET /500", internal},
    {"GET /409", problem},
    {"POST /post", http_bye},
    {"/dir/", http_bye},
    {"GET /dir/sub/{$}", http_bye},
    {NULL, NULL},
};

#define BYE HTTP_BYE_REPLY

TEST(response_is_what_the_handler_says)
{
    static const struct {
        const char *line, *heard;
    } cases[] = {
        {"GET /headers",
         "HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nA: 1\r\na: 2\r\nB: \xc3\xa9\t\r\n"
         "c: \r\nContent-Length: 2\r\n\r\nok" BYE},
        {"GET /many", "HTTP/1.1 204 No Content\r\nA: c\r\n\r\n" BYE},
        {"GET /statuses",
         "HTTP/1.1 303 See Other\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n" BYE},
        {"GET /304", "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n" BYE},
        {"GET /sized",
         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nabcdef" BYE},
        {"GET /short", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"},
        {"GET /midway", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0003\r\nabc\r\n"},
        {"GET /after", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone" BYE},
        {"GET /404", "HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n"
                     "Content-Length: 72\r\n\r\n{\"title\":\"Not Found\",\"status\":404,"
                     "\"detail\":\"user \\\"\\n\\\\7\x7f?: not found\"}\n" BYE},
        {"GET /500",
         "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/problem+json\r\n"
         "Content-Length: 47\r\n\r\n{\"title\":\"Internal Server Error\",\"status\":500}\n" BYE},
        {"GET /409", "HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\n"
                     "Content-Length: 49\r\n\r\n{\"title\":\"Conflict\",\"status\":409,"
                     "\"detail\":\"h\xc3\xa9\"}\n" BYE},
        {"GET /nowhere",
         "HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n"
         "Content-Length: 35\r\n\r\n{\"title\":\"Not Found\",\"status\":404}\n" BYE},
        {"PUT /post",
         "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: application/problem+json\r\n"
         "Allow: POST\r\nContent-Length: 78\r\n\r\n{\"title\":\"Method Not Allowed\","
         "\"status\":405,\"detail\":\"PUT is not one of POST\"}\n" BYE},
        {"GET /a/../bye?x=1",
         "HTTP/1.1 308 Permanent Redirect\r\nLocation: /bye?x=1\r\nContent-Length: 0\r\n\r\n" BYE},
        {"GET //evil.example/..",
         "HTTP/1.1 308 Permanent Redirect\r\nLocation: /\r\nContent-Length: 0\r\n\r\n" BYE},
        {"GET /dir", "HTTP/1.1 308 Permanent Redirect\r\nLocation: /dir/\r\n"
                     "Content-Length: 0\r\n\r\n" BYE},
        {"GET /dir/sub", "HTTP/1.1 308 Permanent Redirect\r\nLocation: /dir/sub/\r\n"
                         "Content-Length: 0\r\n\r\n" BYE},
        {"GET /dir/other", "HTTP/1.1 204 No Content\r\n\r\n" BYE},
        {"GET /%zz", "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n"
                     "Content-Length: 79\r\n\r\n{\"title\":\"Bad Request\",\"status\":400,"
                     "\"detail\":\"the path has an invalid escape\"}\n" BYE},
    };
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].line);
        bo_str said =
            bo_str_printf(&bed.arena, "%s HTTP/1.1\r\nHost: a\r\n\r\n" HTTP_BYE, cases[i].line);
        EXPECT_EQ(http_talk(&bed, said), cases[i].heard);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(response_that_only_the_close_would_end_is_reset_when_it_is_not_whole)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    char some[1000];
    size_t got = 1;
    bo_err err = NULL;
    bo_conn *conn = http_dial(&bed);
    http_say(conn, bo_s("GET /midway HTTP/1.0\r\n\r\n"));
    while (!err && got > 0)
        err = bo_conn_read(conn, some, sizeof some, &got);
    EXPECT_ERR(err, bo_err_sys(ECONNRESET));
    bo_conn_free(conn);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(response_headers_have_limits)
{
    struct http_bed bed;
    http_bed_start(&bed, NULL, routes);
    bo_str heard = http_talk(&bed, bo_s("GET /large HTTP/1.1\r\nHost: a\r\n\r\n" HTTP_BYE));
    // One name, its value and an empty one more are all that 16 KB hold.
    EXPECT_EQ(heard.len, sizeof "HTTP/1.1 204 No Content\r\nA: \r\nA: \r\n\r\n" BYE - 1 +
                             HTTP_HEADER_BYTES_OUT_MAX - 2);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(mux_tells_its_handlers_the_context)
{
    int context;
    bo_http_mux *mux = bo_http_mux_new(&context);
    bo_http_request req = {.mux = mux};
    EXPECT_EQ(bo_http_context(&req), &context);
    bo_http_mux_free(mux);
    bo_http_mux_free(NULL);
}

TEST_PROGRAM(conflicting_routes)
{
    bo_http_mux *mux = bo_http_mux_new(NULL);
    bo_http_handle(mux, "GET /a/{b}", http_bye);
    bo_http_handle(mux, "GET /{a}/b", http_bye);
}

TEST(mux_ends_the_program_over_routes_that_conflict)
{
    test_result result = test_run("conflicting_routes", NULL);
    EXPECT_EQ(result.status, 128 + 6);
    EXPECT(bo_str_find(result.output, bo_s("both match the path /a/b")) > 0);
}
