// SPDX-License-Identifier: MIT
// What the rooms above ask of a connection beyond bora/net.h.
#include "net/conn.h"
#include "net/net_test.h"
#include "runtime/runtime.h"
#include <errno.h>

static const char *const addresses[] = {"127.0.0.1:0", "unix:@"};

// One who watches a connection, until the watch's goroutine has run.
struct watcher {
    bo_conn *conn;
    bo_semaphore woken;
    bo_err err;
};

static void wake(void *data)
{
    struct watcher *w = data;
    w->err = bo__conn_watched(w->conn);
    bo_semaphore_release(&w->woken, 1);
}

static void watch(struct watcher *w)
{
    bool watching;
    EXPECT_EQ(bo__conn_watch(w->conn, &(bo__watch){wake, w, "watch"}, &watching), NULL);
    if (!watching)
        wake(w);
}

static bo_err watched(struct watcher *w)
{
    bo_semaphore_acquire(&w->woken, 1);
    return w->err;
}

static bo_str read_now(bo_conn *conn, char buf[4])
{
    size_t got = 0;
    bool nothing = true;
    EXPECT_EQ(bo__conn_read_now(conn, buf, 4, &got, &nothing), NULL);
    return nothing ? bo_s("nothing") : bo_str_n(buf, got);
}

TEST(conn_watch_starts_a_goroutine_when_there_is_something_to_read)
{
    for (size_t i = 0; i < 2; i++) {
        // In the order of a connection's life: bytes before the first watch, in a watch, left over
        // by a read that filled its buffer, and the end.
        test_case("%s", addresses[i]);
        struct net_pair pair = net_pair_over(addresses[i]);
        struct watcher w = {.conn = pair.accepted};
        char buf[4];
        EXPECT_EQ(bo_conn_write(pair.dialed, "abc", 3), NULL);
        watch(&w);
        EXPECT_EQ(watched(&w), NULL);
        EXPECT_EQ(read_now(pair.accepted, buf), "abc");

        watch(&w);
        EXPECT_EQ(bo_conn_write(pair.dialed, "defghi", 6), NULL);
        EXPECT_EQ(watched(&w), NULL);
        EXPECT_EQ(read_now(pair.accepted, buf), "defg");
        watch(&w);
        EXPECT_EQ(watched(&w), NULL);
        EXPECT_EQ(read_now(pair.accepted, buf), "hi");
        EXPECT_EQ(read_now(pair.accepted, buf), "nothing");

        watch(&w);
        bo_conn_free(pair.dialed);
        EXPECT_EQ(watched(&w), NULL);
        EXPECT_EQ(read_now(pair.accepted, buf), "");
        watch(&w);
        EXPECT_EQ(watched(&w), NULL);
        EXPECT_EQ(read_now(pair.accepted, buf), "");
        bo_conn_free(pair.accepted);
    }
}

TEST(conn_watch_ends_at_its_deadline_and_at_a_close)
{
    struct net_pair pair = net_pair_over("127.0.0.1:0");
    struct watcher w = {.conn = pair.accepted};
    for (int late = 0; late < 2; late++) {
        bo_conn_set_read_deadline(pair.accepted, late ? 1 : bo_mono() + BO_MILLISECOND);
        watch(&w);
        EXPECT_ERR(watched(&w), BO_TIMEOUT);
    }
    bo_conn_set_read_deadline(pair.accepted, BO_NO_DEADLINE);
    watch(&w);
    bo_conn_close(pair.accepted);
    EXPECT_EQ(watched(&w), NULL);
    char byte;
    size_t got;
    EXPECT_ERR(bo_conn_read(pair.accepted, &byte, 1, &got), BO_CLOSED);
    bo_conn_free(pair.dialed);
    bo_conn_free(pair.accepted);
}

// Bytes that race the deadline end the watch once, in either way.
TEST(conn_watch_ends_once)
{
    for (int i = 0; i < 300; i++) {
        struct net_pair pair = net_pair_over("127.0.0.1:0");
        struct watcher w = {.conn = pair.accepted};
        bo_conn_set_read_deadline(pair.accepted, bo_mono() + i * BO_MICROSECOND);
        watch(&w);
        EXPECT_EQ(bo_conn_write(pair.dialed, "x", 1), NULL);
        bo_err err = watched(&w);
        EXPECT(!err || bo_err_is(err, BO_TIMEOUT));
        bo_err_free(err);
        bo_conn_free(pair.dialed);
        bo_conn_free(pair.accepted);
        EXPECT(!bo_semaphore_try_acquire(&w.woken, 1));
    }
}

// In a scope of its own, sleeps until that ends.
static void sleep_in(bo__scope *scope, bo_conn *conn)
{
    bo__scope_open(scope);
    bo__scope *outer = bo__scope_enter(scope);
    bo__conn_ends_scope(conn, scope);
    EXPECT_ERR(bo_sleep(BO_HOUR), BO_CANCELED);
    bo__conn_ends_scope(conn, NULL);
    bo__scope_enter(outer);
    bo__scope_close(scope);
}

static bo_err hang_up(bo_conn *conn, bool half)
{
    if (half)
        return bo_conn_shutdown_write(conn);
    bo_conn_free(conn);
    return NULL;
}

TEST(conn_ends_a_scope_when_the_peer_hangs_up)
{
    for (int half = 0; half < 2; half++) {
        for (int before = 0; before < 2; before++) {
            test_case("half %d, before %d", half, before);
            struct net_pair pair = net_pair_over("127.0.0.1:0");
            bo__scope scope = {0};
            bo_group group = {0};
            // The poller knows a connection from its first wait on.
            EXPECT_EQ(bo_conn_write(pair.dialed, "x", 1), NULL);
            struct watcher w = {.conn = pair.accepted};
            watch(&w);
            EXPECT_EQ(watched(&w), NULL);
            if (before)
                EXPECT_EQ(hang_up(pair.dialed, half), NULL);
            else
                bo_group_go(&group, hang_up, pair.dialed, half);
            sleep_in(&scope, pair.accepted);
            EXPECT_EQ(bo_group_wait(&group), NULL);
            if (half)
                bo_conn_free(pair.dialed);
            bo_conn_free(pair.accepted);
        }
    }
}

TEST(conn_gives_what_came_before_the_end_although_its_scope_ends)
{
    struct net_pair pair = net_pair_over("127.0.0.1:0");
    bo__scope scope = {0};
    char buf[8];
    size_t got;
    bo__scope_open(&scope);
    bo__scope *outer = bo__scope_enter(&scope);
    bo__conn_ends_scope(pair.accepted, &scope);
    EXPECT_EQ(bo_conn_write(pair.dialed, "last", 4), NULL);
    bo_conn_free(pair.dialed);
    EXPECT_EQ(bo_conn_read(pair.accepted, buf, sizeof buf, &got), NULL);
    EXPECT_EQ(bo_str_n(buf, got), "last");
    EXPECT_EQ(bo_conn_read(pair.accepted, buf, sizeof buf, &got), NULL);
    EXPECT_EQ(got, 0);
    bo__conn_ends_scope(pair.accepted, NULL);
    bo__scope_enter(outer);
    bo__scope_close(&scope);
    bo_conn_free(pair.accepted);
}

TEST(conn_is_reset_when_freed_if_asked_to)
{
    struct net_pair pair = net_pair_over("127.0.0.1:0");
    char byte;
    size_t got;
    bo__conn_reset_when_freed(pair.accepted);
    bo_conn_free(pair.accepted);
    EXPECT_ERR(bo_conn_read(pair.dialed, &byte, 1, &got), bo_err_sys(ECONNRESET));
    bo_conn_free(pair.dialed);
}
