// SPDX-License-Identifier: MIT
// Servers: time-outs, clients that go, the drain, shortages, and a crowd.
#include "http/h1_wire.h"
#include "http/http_test.h"
#include "http/server.h"
#include <bora/chan.h>
#include <bora/sync.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// What the handlers and the test tell each other.
struct stage {
    bo_semaphore entered;  // A permit for each handler that waits.
    bo_semaphore left;     // One for each that has an end, in err.
    bo_semaphore go_on;    // What hold waits for.
    bo_err err;            // Static.
};

// sleeper waits until its scope ends.
static bo_err sleeper(bo_http_request *req, bo_http_response *res)
{
    (void)res;
    struct stage *stage = bo_http_context(req);
    bo_semaphore_release(&stage->entered, 1);
    bo_err err = bo_sleep(BO_HOUR);
    stage->err = bo_err_kind(err);
    bo_semaphore_release(&stage->left, 1);
    return err;
}

// hold waits until the test lets it go, whatever its scope says.
static bo_err hold(bo_http_request *req, bo_http_response *res)
{
    struct stage *stage = bo_http_context(req);
    bo_semaphore_release(&stage->entered, 1);
    bo_semaphore_acquire(&stage->go_on, 1);
    return bo_http_write(res, 200, NULL, bo_s("held"));
}

static bo_err echo(bo_http_request *req, bo_http_response *res)
{
    bo_str body;
    BO_TRY(bo_http_body(req, &body));
    return bo_http_write(res, 200, NULL, body);
}

// drop reads a body to its end, and keeps nothing of it.
static bo_err drop(bo_http_request *req, bo_http_response *res)
{
    char part[4096];
    size_t got;
    do
        BO_TRY(bo_http_body_read(req, part, sizeof part, &got));
    while (got > 0);
    return bo_http_write(res, 200, NULL, bo_s("dropped"));
}

// flood sends until that fails.
static bo_err flood(bo_http_request *req, bo_http_response *res)
{
    static const char block[64 << 10];
    struct stage *stage = bo_http_context(req);
    bo_err err = bo_http_start(res, 200, NULL);
    while (!err)
        err = bo_http_send(res, bo_str_n(block, sizeof block));
    stage->err = bo_err_kind(err);
    bo_semaphore_release(&stage->left, 1);
    return err;
}

static const struct http_bed_route routes[] = {
    {"GET /bye", http_bye}, {"GET /sleep", sleeper}, {"GET /hold", hold}, {"POST /drop", drop},
    {"POST /echo", echo},   {"GET /flood", flood},   {NULL, NULL},
};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define HELD "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld"
#define HELD_LAST "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nheld"

// -- time-outs ------------------------------------------------------------------------------------

// drip sends something over and over until the other side will not have it.
static bo_err drip(bo_conn *conn, const char *text)
{
    bo_err err = NULL;
    while (!err && !(err = bo_conn_write(conn, text, strlen(text))))
        bo_err_free(bo_sleep(BO_MILLISECOND));
    bo_err_free(err);
    return NULL;
}

TEST(server_gives_up_on_slow_heads_and_bodies)
{
    static const struct {
        const char *name, *first, *again, *status;
    } cases[] = {
        {"a head that stops", "GET / HTTP/1.1\r\n", NULL, "408"},
        {"a head without end", "GET / HTTP/1.1\r\n", "X: y\r\n", "408"},
        {"a request line without end", "GET /", "x", "408"},
        {"a body that stops", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx",
         NULL, "408"},
        {"a body without end",
         "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n",
         "408"},
    };
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes, .head_timeout = 60 * BO_MILLISECOND,
                   .body_timeout = 60 * BO_MILLISECOND, .header_count_max = 1000,
                   .header_bytes_max = 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].name);
        bo_conn *conn = http_dial(&bed);
        bo_group group = {0};
        http_say(conn, bo_str_of(cases[i].first));
        if (cases[i].again)
            bo_group_go(&group, drip, conn, cases[i].again);
        bo_str heard = http_hear(&bed.arena, conn, bo_s(""));
        EXPECT_EQ(bo_str_sub(heard, 9, 12), cases[i].status);
        bo_conn_close(conn);
        EXPECT_EQ(bo_group_wait(&group), NULL);
        bo_conn_free(conn);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// pour sends without a pause until the other side will not have it.
static bo_err pour(bo_conn *conn, const char *text)
{
    bo_err err = NULL;
    while (!err)
        err = bo_conn_write(conn, text, strlen(text));
    bo_err_free(err);
    return NULL;
}

TEST(server_gives_up_on_a_body_that_neither_ends_nor_pauses)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes, .body_timeout = 30 * BO_MILLISECOND,
                   .body_bytes_max = UINT64_MAX);
    bo_conn *conn = http_dial(&bed);
    bo_group group = {0};
    http_say(conn, bo_s("POST /drop HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    bo_group_go(&group, pour, conn, "1\r\nx\r\n1\r\ny\r\n1\r\nz\r\n");
    bo_str heard = http_hear(&bed.arena, conn, bo_s("}\n"));
    EXPECT_EQ(bo_str_sub(heard, 9, 12), "408");
    bo_conn_close(conn);
    EXPECT_EQ(bo_group_wait(&group), NULL);
    bo_conn_free(conn);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// What a client sends after an answer that ends the connection is taken for a while, no matter how
// fast it comes.
TEST(server_gives_up_on_a_client_that_never_stops_sending)
{
    static char block[64 << 10];
    memset(block, 'x', sizeof block - 1);
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes);
    bo_conn *conn = http_dial(&bed);
    http_say(conn, bo_s("no request\r\n"));
    bo_str heard = http_hear(&bed.arena, conn, bo_s(""));
    EXPECT_EQ(bo_str_sub(heard, 9, 12), "400");
    EXPECT_EQ(pour(conn, block), NULL);
    bo_conn_free(conn);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(server_closes_connections_that_are_idle_for_too_long)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes, .idle_timeout = 20 * BO_MILLISECOND);
    EXPECT_EQ(http_talk(&bed, bo_s("")), "");
    // On a busy machine the request itself may come too late, and the connection be reset.
    char text[256];
    size_t len = 0;
    while (len == 0) {
        bo_conn *conn = http_dial(&bed);
        http_say(conn, bo_s(GET("/bye")));
        bo_err_free(bo_conn_read(conn, text, sizeof text, &len));
        if (len > 0)
            EXPECT_EQ(http_hear(&bed.arena, conn, bo_s("")), "");
        bo_conn_free(conn);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(server_gives_up_on_a_client_that_does_not_read)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes, .write_timeout = 50 * BO_MILLISECOND);
    bo_conn *conn = http_dial(&bed);
    http_say(conn, bo_s(GET("/flood")));
    bo_semaphore_acquire(&stage.left, 1);
    EXPECT_EQ(stage.err, BO_TIMEOUT);
    bo_conn_free(conn);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(server_ends_a_handlers_scope_when_its_time_is_over)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes, .handler_timeout = 30 * BO_MILLISECOND);
    bo_str heard = http_talk(&bed, bo_s(GET("/sleep") HTTP_BYE));
    EXPECT_EQ(stage.err, BO_TIMEOUT);
    EXPECT(bo_str_starts(heard, bo_s("HTTP/1.1 503 Service Unavailable\r\n")));
    EXPECT(bo_str_ends(heard, bo_s(HTTP_BYE_REPLY)));
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// -- clients that go ------------------------------------------------------------------------------

static void reset(bo_conn *conn, int fd)
{
    struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    bo_conn_free(conn);
}

// dial_fd gives the descriptor as well.
static bo_conn *dial_fd(const struct http_bed *bed, int *fd)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)bo_http_server_port(bed->server)),
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    bo_conn *conn;
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(connect(*fd, (struct sockaddr *)&addr, sizeof addr) == 0);
    REQUIRE_EQ(bo_conn_of_fd(*fd, &conn), NULL);
    return conn;
}

TEST(server_ends_a_handlers_scope_when_the_client_hangs_up)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes);
    for (int how = 0; how < 3; how++) {
        test_case("%s", how == 0 ? "close" : how == 1 ? "reset" : "half close");
        int fd;
        bo_conn *conn = dial_fd(&bed, &fd);
        http_say(conn, bo_s(GET("/sleep")));
        bo_semaphore_acquire(&stage.entered, 1);
        if (how == 0)
            bo_conn_free(conn);
        else if (how == 1)
            reset(conn, fd);
        else
            EXPECT_EQ(bo_conn_shutdown_write(conn), NULL);
        bo_semaphore_acquire(&stage.left, 1);
        EXPECT_EQ(stage.err, BO_CANCELED);
        if (how == 2) {
            EXPECT_EQ(http_hear(&bed.arena, conn, bo_s("")), "");
            bo_conn_free(conn);
        }
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(server_answers_a_client_that_only_shuts_down_its_side)
{
    struct http_bed bed;
    struct stage stage = {.go_on = {.permits = 1}};
    http_bed_start(&bed, &stage, routes);
    static const struct {
        const char *said, *heard;
    } cases[] = {
        {GET("/hold"), HELD},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET("/bye"),
         "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 No Content\r\n\r\n"},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
         "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n"
         "Content-Length: 107\r\nConnection: close\r\n\r\n{\"title\":\"Bad Request\",\"status\":400,"
         "\"detail\":\"the client hung up before the end of the body: end of file\"}\n"},
        {"GET / HT", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].said);
        bo_conn *conn = http_dial(&bed);
        http_say(conn, bo_str_of(cases[i].said));
        EXPECT_EQ(bo_conn_shutdown_write(conn), NULL);
        EXPECT_EQ(http_hear(&bed.arena, conn, bo_s("")), cases[i].heard);
        bo_conn_free(conn);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(server_tells_a_handler_that_sends_when_the_client_has_gone)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes);
    for (int hard = 0; hard < 2; hard++) {
        int fd;
        bo_conn *conn = dial_fd(&bed, &fd);
        http_say(conn, bo_s(GET("/flood")));
        char some[1000];
        size_t got;
        EXPECT_EQ(bo_conn_read(conn, some, sizeof some, &got), NULL);
        if (hard)
            reset(conn, fd);
        else
            bo_conn_free(conn);
        bo_semaphore_acquire(&stage.left, 1);
        EXPECT_EQ(stage.err, BO_CLOSED);
    }
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// -- the drain ------------------------------------------------------------------------------------

TEST(server_drain_closes_idle_connections_and_lets_requests_finish)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes);
    bo_conn *unused = http_dial(&bed), *idle = http_dial(&bed), *busy = http_dial(&bed),
            *pipelined = http_dial(&bed);
    http_say(idle, bo_s(GET("/bye")));
    EXPECT_EQ(http_hear(&bed.arena, idle, bo_s("\r\n\r\n")), "HTTP/1.1 204 No Content\r\n\r\n");
    http_say(busy, bo_s(GET("/hold")));
    http_say(pipelined, bo_s(GET("/hold") GET("/hold")));
    bo_semaphore_acquire(&stage.entered, 2);

    bo_http_server_shutdown(bed.server);
    EXPECT_EQ(http_hear(&bed.arena, unused, bo_s("")), "");
    EXPECT_EQ(http_hear(&bed.arena, idle, bo_s("")), "");
    bo_conn *late;
    EXPECT_ERR(bo_dial(bed.addr, &late), bo_err_sys(ECONNREFUSED));

    bo_semaphore_release(&stage.go_on, 3);
    EXPECT_EQ(http_hear(&bed.arena, busy, bo_s("")), HELD_LAST);
    EXPECT_EQ(http_hear(&bed.arena, pipelined, bo_s("")), HELD_LAST);
    bo_conn_free(unused);
    bo_conn_free(idle);
    bo_conn_free(busy);
    bo_conn_free(pipelined);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// To close with something unread would take the response back: the client would see a reset.
TEST(server_drain_loses_no_response_to_a_request_that_comes_too_late)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes);
    bo_conn *conn = http_dial(&bed);
    http_say(conn, bo_s(GET("/hold")));
    bo_semaphore_acquire(&stage.entered, 1);
    bo_http_server_shutdown(bed.server);
    http_say(conn, bo_s(GET("/hold")));
    bo_semaphore_release(&stage.go_on, 1);
    EXPECT_EQ(http_hear(&bed.arena, conn, bo_s("")), HELD_LAST);
    bo_conn_free(conn);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(server_drain_cancels_what_takes_too_long)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes, .drain_timeout = 30 * BO_MILLISECOND);
    bo_conn *sleeping = http_dial(&bed), *half = http_dial(&bed);
    http_say(sleeping, bo_s(GET("/sleep")));
    http_say(half, bo_s("GET / HTTP/1.1\r\n"));
    bo_semaphore_acquire(&stage.entered, 1);
    EXPECT_ERR(http_bed_end(&bed), BO_TIMEOUT);
    EXPECT_EQ(stage.err, BO_CANCELED);
    bo_conn_free(sleeping);
    bo_conn_free(half);
}

// stubborn heeds no scope, as a library that knows nothing of them.
static bo_err stubborn(bo_http_request *req, bo_http_response *res)
{
    struct stage *stage = bo_http_context(req);
    bo_semaphore_release(&stage->entered, 1);
    bo_semaphore_acquire(&stage->go_on, 1);
    bo_err err = bo_http_write(res, 200, NULL, bo_s("too late"));
    bo_semaphore_release(&stage->left, 1);
    return err;
}

TEST(server_drain_leaves_a_handler_behind_that_heeds_no_scope)
{
    static const struct http_bed_route stubborn_routes[] = {{"GET /stubborn", stubborn},
                                                            {NULL, NULL}};
    for (int runner_ends = 0; runner_ends < 2; runner_ends++) {
        test_case("%s", runner_ends ? "the scope of the runner ends" : "shut down");
        struct http_bed bed;
        struct stage stage = {0};
        http_bed_start(&bed, &stage, stubborn_routes, .drain_timeout = BO_MILLISECOND);
        bo_conn *conn = http_dial(&bed);
        http_say(conn, bo_s(GET("/stubborn")));
        bo_semaphore_acquire(&stage.entered, 1);
        if (runner_ends)
            bo_group_cancel(&bed.group);
        // The server and the mux are freed here as far as the program is concerned.
        EXPECT_ERR_TEXT(http_bed_end(&bed),
                        "drain: handlers that heed no scope still run, 1 in all: timed out");
        EXPECT_EQ(http_hear(&bed.arena, conn, bo_s("")), "");
        bo_semaphore_release(&stage.go_on, 1);
        bo_semaphore_acquire(&stage.left, 1);
        bo_conn_free(conn);
        bo_arena_free(&bed.arena);
    }
}

TEST(server_drains_when_the_scope_of_its_runner_ends)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes);
    bo_conn *sleeping = http_dial(&bed);
    http_say(sleeping, bo_s(GET("/sleep")));
    bo_semaphore_acquire(&stage.entered, 1);
    bo_group_cancel(&bed.group);
    EXPECT_ERR(bo_group_wait(&bed.group), BO_CANCELED);
    EXPECT_EQ(stage.err, BO_CANCELED);
    bo_conn_free(sleeping);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// -- shortages and crowds -------------------------------------------------------------------------

TEST(server_goes_on_when_descriptors_run_out_and_accepts_again_later)
{
    enum { MORE = 40 };
    struct http_bed bed;
    struct stage stage = {0};
    bo_conn *conns[MORE];
    int count = 0;
    http_bed_start(&bed, &stage, routes);
    bo_conn *before = http_dial(&bed);
    http_say(before, bo_s(GET("/bye")));
    http_hear(&bed.arena, before, bo_s("\r\n\r\n"));

    int probe = dup(0);
    struct rlimit limit = {.rlim_cur = (rlim_t)probe + MORE, .rlim_max = (rlim_t)probe + MORE};
    close(probe);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (count < MORE) {
        bo_err err = bo_dial(bed.addr, &conns[count]);
        if (err) {
            EXPECT_EQ(bo_err_errno(err), EMFILE);
            bo_err_free(err);
            break;
        }
        count++;
    }
    EXPECT(count > MORE / 2 - 5);
    // Who is connected is served.
    http_say(before, bo_s(GET("/bye")));
    EXPECT_EQ(http_hear(&bed.arena, before, bo_s("\r\n\r\n")), "HTTP/1.1 204 No Content\r\n\r\n");
    // Those in the queue are, once there are descriptors again.
    for (int i = 0; i < count - 1; i++)
        bo_conn_free(conns[i]);
    bo_conn_set_read_deadline(conns[count - 1], bo_mono() + 30 * BO_SECOND);
    http_say(conns[count - 1], bo_s(HTTP_BYE));
    EXPECT_EQ(http_hear(&bed.arena, conns[count - 1], bo_s("")), HTTP_BYE_REPLY);
    bo_conn_free(conns[count - 1]);
    bo_conn_free(before);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

TEST(server_keeps_no_memory_of_what_it_refused)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes);
    for (int i = 0; i < 20; i++) {
        bo_str heard = http_talk(&bed, bo_s("no request\r\n"));
        EXPECT_EQ(bo_str_sub(heard, 9, 12), "400");
    }
    bo_http_server_shutdown(bed.server);
    EXPECT_EQ(bo_group_wait(&bed.group), NULL);
    int sets = 0;
    for (int i = 0; i < HTTP_POOLS; i++) {
        for (h1_work *w = bed.server->pools[i].first; w; w = w->next, sets++)
            EXPECT_EQ(bo_arena_used(&w->x.arena), 0);
    }
    EXPECT(sets > 0);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}

// crowd_member asks for many things on a few connections, and checks each answer.
static bo_err crowd_member(const struct http_bed *bed, int number)
{
    bo_arena arena = {0};
    for (int round = 0; round < 4; round++) {
        bo_conn *conn = http_dial(bed);
        for (int i = 0; i < 25; i++) {
            bo_arena_reset(&arena);
            bo_str body = bo_str_printf(&arena, "%d.%d.%d", number, round, i);
            bo_str ask = bo_str_printf(
                &arena, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n" BO_FMT,
                body.len, BO_ARG(body));
            http_say(conn, ask);
            bo_str heard = http_hear(&arena, conn, body);
            bo_str want =
                bo_str_printf(&arena, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n" BO_FMT,
                              body.len, BO_ARG(body));
            EXPECT_EQ(heard, want);
        }
        bo_conn_free(conn);
    }
    bo_arena_free(&arena);
    return NULL;
}

TEST(server_answers_ten_thousand_requests_of_a_hundred_clients)
{
    struct http_bed bed;
    struct stage stage = {0};
    http_bed_start(&bed, &stage, routes);
    bo_group group = {0};
    for (int i = 0; i < 100; i++)
        bo_group_go(&group, crowd_member, &bed, i);
    EXPECT_EQ(bo_group_wait(&group), NULL);
    EXPECT_EQ(http_bed_end(&bed), NULL);
}
