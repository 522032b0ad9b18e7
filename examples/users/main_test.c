// SPDX-License-Identifier: MIT
// The program from outside: what curl would send, what comes back, and its end by a signal.
#include <bora.h>
#include <bora/test.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static bo_arena arena;
static char address[64];

// users is bo_main, on a socket that no other test has.
static bo_err users(int *status)
{
    *status = bo_main(2, (char *[]){"users", address, NULL});
    return NULL;
}

static void start(bo_group *program, int *status)
{
    bo_log_set_level(BO_LOG_OFF);
    snprintf(address, sizeof address, "unix:@bora-users-%d", (int)getpid());
    bo_group_go(program, users, status);
}

static bo_conn *dial(void)
{
    bo_conn *conn = NULL;
    for (bo_err err; (err = bo_dial(address, &conn));) {
        bo_err_free(err);  // It does not listen yet.
        bo_sleep(BO_MILLISECOND);
    }
    return conn;
}

// ask sends a request that is the last of its connection, and gives the whole reply.
static bo_str ask(bo_arena *arena, const char *line, const char *headers, bo_str body)
{
    char in[16 << 10];
    bo_conn_reader reader;
    bo_conn *conn = dial();
    bo_str request = bo_str_printf(arena,
                                   "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s"
                                   "Content-Length: %zu\r\n\r\n",
                                   line, headers, body.len);
    EXPECT_EQ(bo_conn_write(conn, request.ptr, request.len), NULL);
    // A body that is refused for its size need not be taken.
    bo_err_free(bo_conn_write(conn, body.ptr, body.len));
    bo_str reply = {0};
    bo_conn_reader_init(&reader, conn, in, sizeof in);
    EXPECT_EQ(bo_read_all(arena, &reader.reader, 1 << 20, &reply), NULL);
    bo_conn_free(conn);
    return reply;
}

static void stop(bo_group *program)
{
    raise(SIGTERM);
    EXPECT_EQ(bo_group_wait(program), NULL);
    bo_arena_free(&arena);
}

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"  // What curl -d says.

TEST(users_answers_as_an_api_should)
{
    static const struct {
        const char *line, *body;  // In the order of one program's life.
        const char *status, *contains;
    } cases[] = {
        {"GET /users", "", "200 OK", "\r\n\r\n{\"users\":[]}\n"},
        {"POST /users", "{\"name\":\"Ada\",\"email\":\"ada@example.com\"}", "201 Created",
         "{\"id\":1,\"name\":\"Ada\",\"email\":\"ada@example.com\",\"created_at\":\"20"},
        {"POST /users", "{\"name\":\"Grace\",\"id\":7,\"created_at\":\"never\"}", "201 Created",
         "\r\nLocation: /users/2\r\n"},
        {"GET /users/1", "", "200 OK", "{\"id\":1,\"name\":\"Ada\","},
        {"HEAD /users/1", "", "200 OK", "\r\n\r\n"},
        {"GET /users", "", "200 OK", "},{\"id\":2,\"name\":\"Grace\",\"created_at\":\"20"},
        {"PUT /users/1", "{\"name\":\"Ada Lovelace\"}", "200 OK",
         "{\"id\":1,\"name\":\"Ada Lovelace\",\"created_at\":\"20"},
        {"GET /users/1", "", "200 OK", "\"Ada Lovelace\""},
        {"DELETE /users/1", "", "204 No Content", "\r\n\r\n"},
        {"GET /users/1", "", "404 Not Found", "\"detail\":\"user 1: not found\""},
        {"PUT /users/1", "{\"name\":\"x\"}", "404 Not Found", "\"detail\":\"user 1: not found\""},
        {"DELETE /users/1", "", "404 Not Found", "\"detail\":\"user 1: not found\""},
        {"POST /users", "{\"name\":\"Barbara\"}", "201 Created", "{\"id\":3,"},
        {"POST /users", "{\"name\":", "400 Bad Request", "\"detail\":\""},
        {"POST /users", "", "400 Bad Request", "\"detail\":\""},
        {"POST /users", "{\"name\":7}", "400 Bad Request",
         "name: expected string, got 7 at byte 8"},
        {"POST /users", "{}", "422 Unprocessable Content", "name: "},
        {"POST /users", "{\"name\":\"x\",\"email\":\"y\"}", "422 Unprocessable Content", "email: "},
        {"PUT /users/2", "[]", "400 Bad Request", "expected "},
        {"GET /users/two", "", "400 Bad Request", "id \\\"two\\\" is not an integer"},
        {"GET /users/99999999999999999999", "", "400 Bad Request", "is not an integer"},
        {"PATCH /users/2", "{}", "405 Method Not Allowed", "\r\nAllow: DELETE, GET, HEAD, PUT\r\n"},
        {"DELETE /users", "", "405 Method Not Allowed", "\r\nAllow: GET, HEAD, POST\r\n"},
        {"GET /", "", "404 Not Found", "{\"title\":\"Not Found\",\"status\":404}\n"},
    };
    bo_group program = {0};
    int status = -1;
    start(&program, &status);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s %s", cases[i].line, cases[i].body);
        bo_str reply = ask(&arena, cases[i].line, FORM, bo_str_of(cases[i].body)), first;
        bo_str_cut(reply, '\r', &first, NULL);
        EXPECT_EQ(bo_str_sub(first, 9, first.len), cases[i].status);
        if (bo_str_find(reply, bo_str_of(cases[i].contains)) < 0)
            EXPECT_EQ(reply, cases[i].contains);
    }
    stop(&program);
    EXPECT_EQ(status, 0);
}

TEST(users_refuses_a_body_of_more_than_64_kb)
{
    bo_group program = {0};
    int status = -1;
    start(&program, &status);
    for (size_t over = 0; over <= 1; over++) {
        // JSON with so much white space before it.
        size_t len = (64 << 10) + over;
        char *text = bo_new_n(&arena, char, len);
        memset(text, ' ', len);
        memcpy(text + len - 14, "{\"name\":\"Ada\"}", 14);
        bo_str reply = ask(&arena, "POST /users", "", bo_str_n(text, len));
        EXPECT_EQ(bo_str_sub(reply, 9, 12), over ? "413" : "201");
    }
    stop(&program);
    EXPECT_EQ(status, 0);
}

static bo_err add_fifty(void)
{
    bo_arena own = {0};
    for (int i = 0; i < 50; i++) {
        bo_str reply = ask(&own, "POST /users", "", bo_s("{\"name\":\"one of many\"}"));
        EXPECT(bo_str_starts(reply, bo_s("HTTP/1.1 201 ")));
    }
    bo_arena_free(&own);
    return NULL;
}

TEST(users_gives_each_user_an_id_of_its_own)
{
    bo_group program = {0}, clients = {0};
    int status = -1;
    start(&program, &status);
    for (int i = 0; i < 4; i++)
        bo_group_go(&clients, add_fifty);
    EXPECT_EQ(bo_group_wait(&clients), NULL);
    bo_str last = ask(&arena, "GET /users/200", "", bo_s(""));
    EXPECT_EQ(bo_str_sub(last, 9, 12), "200");
    bo_str none = ask(&arena, "GET /users/201", "", bo_s(""));
    EXPECT_EQ(bo_str_sub(none, 9, 12), "404");
    stop(&program);
    EXPECT_EQ(status, 0);
}

TEST(users_says_why_it_cannot_listen)
{
    EXPECT_EQ(bo_main(2, (char *[]){"users", "nowhere.example:80", NULL}), 1);
}
