// SPDX-License-Identifier: MIT
#include <bora/chan.h>
#include <bora/group.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <pthread.h>
#include <string.h>

// -- values ---------------------------------------------------------------------------------------

static void send_upto(bo_chan(int) ch, int n)
{
    for (int i = 0; i < n; i++)
        bo_send(ch, i);
    bo_chan_close(ch);
}

TEST(chan_values_come_out_in_the_order_they_went_in)
{
    static const size_t capacities[] = {0, 1, 2, 3, 7, 100, 1000};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        test_case("capacity %zu", capacities[i]);
        bo_chan(int) ch = bo_chan_new(int, capacities[i]);
        go(send_upto, ch, 1000);
        int want = 0;
        for (int got; bo_recv(ch, &got); want++)
            REQUIRE_EQ(got, want);
        EXPECT_EQ(want, 1000);
        bo_chan_free(ch);
    }
}

// A frame holds a copy of a value for each send in it, and sanitizers do not let them share a
// place.
enum { LARGE_STACK = 8 << 20 };

#define BYTES_OF(n)                                                                                \
    struct bytes##n {                                                                              \
        unsigned char b[n];                                                                        \
    };                                                                                             \
    static struct bytes##n bytes##n##_of(int seed)                                                 \
    {                                                                                              \
        struct bytes##n v;                                                                         \
        for (size_t i = 0; i < sizeof v; i++)                                                      \
            v.b[i] = (unsigned char)((size_t)seed * 31 + i * 7);                                   \
        return v;                                                                                  \
    }                                                                                              \
    static void bytes##n##_send(bo_chan(struct bytes##n) ch, int seed)                             \
    {                                                                                              \
        bo_send(ch, bytes##n##_of(seed));                                                          \
    }                                                                                              \
    static bool bytes##n##_are(const struct bytes##n *v, int seed)                                 \
    {                                                                                              \
        struct bytes##n want = bytes##n##_of(seed);                                                \
        return memcmp(v, &want, sizeof want) == 0;                                                 \
    }                                                                                              \
    static void bytes##n##_take(bo_chan(struct bytes##n) ch, bo_chan(bool) good)                   \
    {                                                                                              \
        struct bytes##n v;                                                                         \
        bo_send(good, bo_recv(ch, &v) && bytes##n##_are(&v, 3));                                   \
    }                                                                                              \
    static void check_bytes##n(bo_wg *wg)                                                          \
    {                                                                                              \
        bo_defer(bo_wg_done, wg);                                                                  \
        test_case("%d bytes", n);                                                                  \
        struct bytes##n v;                                                                         \
        bo_chan(struct bytes##n) ch = bo_chan_new(struct bytes##n, 2);                             \
        bo_send(ch, bytes##n##_of(1));                                                             \
        bo_send(ch, bytes##n##_of(2));                                                             \
        EXPECT(bo_recv(ch, &v) && bytes##n##_are(&v, 1));                                          \
        bo_send(ch, bytes##n##_of(3));                                                             \
        bo_go_with((bytes##n##_send, ch, 4), .stack_bytes = LARGE_STACK);                          \
        await_senders(ch, 1);                                                                      \
        for (int i = 2; i <= 4; i++)                                                               \
            EXPECT(bo_recv(ch, &v) && bytes##n##_are(&v, i));                                      \
        bo_chan_free(ch);                                                                          \
        ch = bo_chan_new(struct bytes##n, 0);                                                      \
        bo_go_with((bytes##n##_send, ch, 5), .stack_bytes = LARGE_STACK);                          \
        await_senders(ch, 1);                                                                      \
        EXPECT(bo_recv(ch, &v) && bytes##n##_are(&v, 5));                                          \
        bo_chan(bool) good = bo_chan_new(bool, 1);                                                 \
        bo_go_with((bytes##n##_take, ch, good), .stack_bytes = LARGE_STACK);                       \
        await_receivers(ch, 1);                                                                    \
        bo_send(ch, bytes##n##_of(3));                                                             \
        bool ok = false;                                                                           \
        bo_recv(good, &ok);                                                                        \
        EXPECT(ok);                                                                                \
        bo_chan_free(good);                                                                        \
        bo_chan_free(ch);                                                                          \
    }

BYTES_OF(1)
BYTES_OF(2)
BYTES_OF(3)
BYTES_OF(4)
BYTES_OF(7)
BYTES_OF(8)
BYTES_OF(9)
BYTES_OF(15)
BYTES_OF(16)
BYTES_OF(17)
BYTES_OF(200)
BYTES_OF(65536)

TEST(chan_moves_values_of_every_size_through_the_ring_and_from_stack_to_stack)
{
    static void (*const checks[])(bo_wg *) = {
        check_bytes1, check_bytes2,  check_bytes3,  check_bytes4,  check_bytes7,   check_bytes8,
        check_bytes9, check_bytes15, check_bytes16, check_bytes17, check_bytes200, check_bytes65536,
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        bo_wg wg = {0};
        bo_wg_add(&wg, 1);
        bo_go_with((checks[i], &wg), .stack_bytes = LARGE_STACK);
        bo_wg_wait(&wg);
    }
}

struct pair {
    int a, b;
};

TEST(chan_carries_structs_strings_pointers_and_channels)
{
    bo_chan(struct pair) pairs = bo_chan_new(struct pair, 3);
    struct pair p = {1, 2};
    bo_send(pairs, p);
    bo_send(pairs, (struct pair){3, 4});
    bo_send(pairs, {.b = 6, .a = 5});
    for (int i = 1; i <= 5; i += 2) {
        REQUIRE(bo_recv(pairs, &p));
        EXPECT_EQ(p.a, i);
        EXPECT_EQ(p.b, i + 1);
    }
    bo_chan(bo_str) texts = bo_chan_new(bo_str, 1);
    bo_send(texts, bo_s("hello"));
    bo_str s;
    REQUIRE(bo_recv(texts, &s));
    EXPECT_EQ(s, "hello");

    bo_chan(const char *) names = bo_chan_new(const char *, 1);
    bo_send(names, "Ada");
    const char *name;
    REQUIRE(bo_recv(names, &name));
    EXPECT_EQ(name, "Ada");

    bo_chan(bo_chan(int)) replies = bo_chan_new(bo_chan(int), 1);
    bo_chan(int) reply = bo_chan_new(int, 1), same;
    bo_send(replies, reply);
    REQUIRE(bo_recv(replies, &same));
    EXPECT(same == reply);

    bo_chan(double) numbers = bo_chan_new(double, 1);
    bo_send(numbers, 3);
    double d;
    REQUIRE(bo_recv(numbers, &d));
    EXPECT_EQ(d, 3.0);
    bo_chan_free(pairs);
    bo_chan_free(texts);
    bo_chan_free(names);
    bo_chan_free(replies);
    bo_chan_free(reply);
    bo_chan_free(numbers);
}

static int calls;

static bo_chan(int) counted_channel(bo_chan(int) ch)
{
    calls++;
    return ch;
}

TEST(chan_macros_evaluate_their_arguments_once)
{
    bo_chan(int) ch = bo_chan_new(int, 4);
    int i = 0, v[2] = {0};
    bo_send(counted_channel(ch), i++);
    bo_try_send(counted_channel(ch), i++);
    int *to = v;
    bo_recv(counted_channel(ch), to++);
    bo_try_recv(counted_channel(ch), to++);
    EXPECT_EQ(i, 2);
    EXPECT_EQ(to - v, 2);
    EXPECT_EQ(v[1], 1);
    bo_chan_len(counted_channel(ch));
    bo_chan_cap(counted_channel(ch));
    bo_chan_close(counted_channel(ch));
    EXPECT_EQ(calls, 7);
    bo_chan_free(counted_channel(ch));
    EXPECT_EQ(calls, 8);
}

TEST(chan_recv_into_null_drops_the_value)
{
    bo_chan(int) ch = bo_chan_new(int, 2);
    bo_send(ch, 1);
    bo_send(ch, 2);
    EXPECT(bo_recv(ch, NULL));
    EXPECT(bo_try_recv(ch, NULL));
    EXPECT_EQ(bo_chan_len(ch), 0);
    go(send_upto, ch, 1);
    EXPECT(bo_recv(ch, NULL));
    EXPECT(!bo_recv(ch, NULL));
    bo_chan_free(ch);
}

TEST(chan_len_and_cap_say_what_is_in_it)
{
    bo_chan(int) ch = bo_chan_new(int, 3), none = NULL;
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(bo_chan_len(ch), i);
        bo_send(ch, i);
    }
    EXPECT_EQ(bo_chan_len(ch), 3);
    EXPECT_EQ(bo_chan_cap(ch), 3);
    bo_chan_close(ch);
    EXPECT_EQ(bo_chan_len(ch), 3);
    EXPECT_EQ(bo_chan_len(none), 0);
    EXPECT_EQ(bo_chan_cap(none), 0);
    bo_chan_free(ch);
    bo_chan_free(none);
}

// -- who waits ------------------------------------------------------------------------------------

static void send_one(bo_chan(int) ch, int value)
{
    bo_send(ch, value);
}

TEST(chan_takes_waiting_senders_in_the_order_they_came)
{
    for (size_t capacity = 0; capacity <= 2; capacity++) {
        test_case("capacity %zu", capacity);
        bo_chan(int) ch = bo_chan_new(int, capacity);
        for (int i = 0; i < (int)capacity; i++)
            bo_send(ch, i);
        for (int i = 0; i < 5; i++) {
            go(send_one, ch, (int)capacity + i);
            await_senders(ch, (size_t)i + 1);
        }
        EXPECT_EQ(bo_chan_len(ch), capacity);
        for (int i = 0, v; i < (int)capacity + 5; i++) {
            REQUIRE(bo_recv(ch, &v));
            EXPECT_EQ(v, i);
        }
        EXPECT_EQ(bo_chan_len(ch), 0);
        EXPECT_EQ(senders(ch), 0);
        bo_chan_free(ch);
    }
}

struct taken {
    int who, value;
};

static void take_one(bo_chan(int) ch, int who, bo_chan(struct taken) out)
{
    int v = -1;
    bo_recv(ch, &v);
    bo_send(out, {who, v});
}

TEST(chan_serves_waiting_receivers_in_the_order_they_came)
{
    for (size_t capacity = 0; capacity <= 2; capacity++) {
        test_case("capacity %zu", capacity);
        bo_chan(int) ch = bo_chan_new(int, capacity);
        bo_chan(struct taken) out = bo_chan_new(struct taken, 5);
        for (int i = 0; i < 5; i++) {
            go(take_one, ch, i, out);
            await_receivers(ch, (size_t)i + 1);
        }
        for (int i = 0; i < 5; i++)
            bo_send(ch, i);
        EXPECT_EQ(bo_chan_len(ch), 0);
        for (int i = 0; i < 5; i++) {
            struct taken t;
            REQUIRE(bo_recv(out, &t));
            EXPECT_EQ(t.who, t.value);
        }
        bo_chan_free(ch);
        bo_chan_free(out);
    }
}

static void send_then_note(bo_chan(int) ch, int *noted)
{
    bo_send(ch, 1);
    __atomic_store_n(noted, 1, __ATOMIC_RELEASE);
}

TEST(chan_without_room_keeps_the_sender_until_the_value_is_taken)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    int noted = 0;
    go(send_then_note, ch, &noted);
    await_senders(ch, 1);
    EXPECT_EQ(__atomic_load_n(&noted, __ATOMIC_ACQUIRE), 0);
    EXPECT(bo_recv(ch, NULL));
    while (!__atomic_load_n(&noted, __ATOMIC_ACQUIRE))
        bo_yield();
    bo_chan_free(ch);
}

TEST(chan_try_send_and_try_recv_never_wait)
{
    bo_chan(int) full = bo_chan_new(int, 1), meet = bo_chan_new(int, 0), none = NULL;
    int v = 7;
    EXPECT(!bo_try_recv(full, &v));
    EXPECT(!bo_try_recv(meet, &v));
    EXPECT(!bo_try_recv(none, &v));
    EXPECT_EQ(v, 7);
    EXPECT(!bo_try_send(meet, 1));
    EXPECT(!bo_try_send(none, 1));
    EXPECT(bo_try_send(full, 1));
    EXPECT(!bo_try_send(full, 2));
    EXPECT(bo_try_recv(full, &v));
    EXPECT_EQ(v, 1);

    go(send_one, meet, 5);
    await_senders(meet, 1);
    EXPECT(bo_try_recv(meet, &v));
    EXPECT_EQ(v, 5);
    bo_chan(struct taken) out = bo_chan_new(struct taken, 1);
    go(take_one, meet, 6, out);
    await_receivers(meet, 1);
    EXPECT(bo_try_send(meet, 6));
    struct taken t;
    REQUIRE(bo_recv(out, &t));
    EXPECT_EQ(t.value, 6);

    bo_try_send(full, 9);
    bo_chan_close(full);
    EXPECT(bo_try_recv(full, &v));
    EXPECT_EQ(v, 9);
    EXPECT(!bo_try_recv(full, &v));
    bo_chan_free(full);
    bo_chan_free(meet);
    bo_chan_free(out);
}

// -- closing --------------------------------------------------------------------------------------

TEST(chan_gives_what_is_left_after_close_and_then_nothing)
{
    bo_chan(int) ch = bo_chan_new(int, 3);
    bo_send(ch, 1);
    bo_send(ch, 2);
    bo_chan_close(ch);
    int v = 0;
    EXPECT(bo_recv(ch, &v));
    EXPECT_EQ(v, 1);
    EXPECT(bo_recv(ch, &v));
    EXPECT_EQ(v, 2);
    for (int i = 0; i < 3; i++)
        EXPECT(!bo_recv(ch, &v));
    EXPECT_EQ(v, 2);
    EXPECT_EQ(bo_scope_err(), NULL);
    bo_chan_free(ch);
}

static void note_end(bo_chan(int) ch, bo_wg *wg, int *values)
{
    if (bo_recv(ch, NULL))
        __atomic_fetch_add(values, 1, __ATOMIC_RELAXED);
    bo_wg_done(wg);
}

TEST(chan_close_wakes_every_receiver)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_wg wg = {0};
    int values = 0;
    bo_wg_add(&wg, 100);
    for (int i = 0; i < 100; i++)
        go(note_end, ch, &wg, &values);
    await_receivers(ch, 100);
    bo_send(ch, 1);
    bo_chan_close(ch);
    bo_wg_wait(&wg);
    EXPECT_EQ(values, 1);
    bo_chan_free(ch);
}

static void fill(char *memory, bo_chan(int) ch)
{
    memset(memory, 'x', 100);
    bo_chan_close(ch);
}

TEST(chan_close_shows_what_was_written_before)
{
    char memory[100];
    bo_chan(int) ch = bo_chan_new(int, 0);
    go(fill, memory, ch);
    EXPECT(!bo_recv(ch, NULL));
    for (size_t i = 0; i < sizeof memory; i++)
        EXPECT_EQ(memory[i], 'x');
    bo_chan_free(ch);
}

// -- mistakes -------------------------------------------------------------------------------------

TEST_PROGRAM(program_sends_on_closed)
{
    bo_chan(int) ch = bo_chan_new(int, 1);
    bo_chan_close(ch);
    bo_send(ch, 1);
}

TEST_PROGRAM(program_tries_to_send_on_closed)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_chan_close(ch);
    bo_try_send(ch, 1);
}

TEST_PROGRAM(program_closes_under_a_sender)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    go(send_one, ch, 1);
    await_senders(ch, 1);
    bo_chan_close(ch);
    bo_chan_free(bo_chan_new(int, 0));
    bo_recv((bo_chan(int))NULL, NULL);
}

TEST_PROGRAM(program_closes_twice)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_chan_close(ch);
    bo_chan_close(ch);
}

TEST_PROGRAM(program_closes_null)
{
    bo_chan_close((bo_chan(int))NULL);
}

TEST_PROGRAM(program_frees_under_a_receiver)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_wg wg = {0};
    int values = 0;
    go(note_end, ch, &wg, &values);
    await_receivers(ch, 1);
    bo_chan_free(ch);
}

TEST_PROGRAM(program_makes_too_large_a_channel)
{
    bo_chan_new(int64_t, (1 << 27) + 1);
}

TEST(chan_mistakes_panic_with_a_reason)
{
    static const struct {
        const char *program, *reason;
    } cases[] = {
        {"program_sends_on_closed", "send on a closed channel"},
        {"program_tries_to_send_on_closed", "send on a closed channel"},
        {"program_closes_under_a_sender", "send on a closed channel"},
        {"program_closes_twice", "close of a closed channel"},
        {"program_closes_null", "close of a NULL channel"},
        {"program_frees_under_a_receiver", "freed while goroutines wait"},
        {"program_makes_too_large_a_channel", "the limit is 1073741824 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("%s", cases[i].program);
        test_result r = test_run(cases[i].program, NULL);
        EXPECT(r.status != 0);
        if (!strstr(r.output.ptr, cases[i].reason))
            test_fail("no \"%s\" in: %s", cases[i].reason, r.output.ptr);
    }
}

TEST(chan_may_have_a_gigabyte)
{
    bo_chan(int64_t) ch = bo_chan_new(int64_t, 1 << 27);
    EXPECT_EQ(bo_chan_cap(ch), 1 << 27);
    bo_chan_free(ch);
}

// -- cancellation ---------------------------------------------------------------------------------

static bo_err recv_in_scope(bo_chan(int) ch, int *to)
{
    EXPECT(!bo_recv(ch, to));
    return bo_scope_err();
}

static bo_err send_in_scope(bo_chan(int) ch)
{
    EXPECT(!bo_send(ch, 99));
    return bo_scope_err();
}

TEST(chan_wait_ends_with_the_scope_and_moves_nothing)
{
    bo_chan(int) empty = bo_chan_new(int, 1), full = bo_chan_new(int, 1), none = NULL;
    bo_send(full, 1);
    int to = 5;
    bo_group group = {0};
    bo_group_go(&group, recv_in_scope, empty, &to);
    bo_group_go(&group, send_in_scope, full);
    bo_group_go(&group, send_in_scope, none);
    bo_group_go(&group, recv_in_scope, none, &to);
    await_receivers(empty, 1);
    await_senders(full, 1);
    bo_group_cancel(&group);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    EXPECT_EQ(to, 5);
    EXPECT_EQ(receivers(empty), 0);
    EXPECT_EQ(senders(full), 0);
    EXPECT_EQ(bo_chan_len(empty), 0);
    EXPECT_EQ(bo_chan_len(full), 1);
    bo_chan_free(empty);
    bo_chan_free(full);
}

TEST(chan_call_that_need_not_wait_goes_ahead_in_an_ended_scope)
{
    bo_chan(int) ch = bo_chan_new(int, 1);
    BO_DEADLINE(0);
    EXPECT_EQ(bo_scope_err(), BO_TIMEOUT);
    EXPECT(bo_send(ch, 1));
    EXPECT(!bo_send(ch, 2));
    int v = 0;
    EXPECT(bo_recv(ch, &v));
    EXPECT_EQ(v, 1);
    EXPECT(!bo_recv(ch, &v));
    bo_chan_free(ch);
}

TEST(chan_deadline_passes_over_a_waiter_that_has_left)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    {
        BO_DEADLINE(BO_MILLISECOND);
        EXPECT(!bo_recv(ch, NULL));
        EXPECT_EQ(bo_scope_err(), BO_TIMEOUT);
    }
    EXPECT_EQ(bo_scope_err(), NULL);
    EXPECT(!bo_try_send(ch, 1));
    go(send_one, ch, 3);
    int v;
    EXPECT(bo_recv(ch, &v));
    EXPECT_EQ(v, 3);
    bo_chan_free(ch);
}

// -- foreign threads ------------------------------------------------------------------------------

struct ends {
    bo_chan(int) in, out;
};

static void *thread_echo(void *arg)
{
    struct ends *e = arg;
    for (int v; bo_recv(e->in, &v);)
        bo_send(e->out, v + 1);
    bo_chan_close(e->out);
    return NULL;
}

TEST(chan_works_between_goroutines_and_threads)
{
    for (size_t capacity = 0; capacity <= 3; capacity += 3) {
        test_case("capacity %zu", capacity);
        struct ends e = {bo_chan_new(int, capacity), bo_chan_new(int, capacity)};
        pthread_t thread;
        REQUIRE(pthread_create(&thread, NULL, thread_echo, &e) == 0);
        for (int i = 0, v; i < 500; i++) {
            REQUIRE(bo_send(e.in, i));
            REQUIRE(bo_recv(e.out, &v));
            REQUIRE_EQ(v, i + 1);
        }
        bo_chan_close(e.in);
        EXPECT(!bo_recv(e.out, NULL));
        bo_blocking(pthread_join, thread, NULL);
        bo_chan_free(e.in);
        bo_chan_free(e.out);
    }
}

static void *thread_send(void *arg)
{
    struct ends *e = arg;
    for (int i = 0; i < 500; i++)
        bo_send(e->in, i);
    return NULL;
}

TEST(chan_works_between_two_threads)
{
    struct ends e = {bo_chan_new(int, 1), bo_chan_new(int, 500)};
    pthread_t sender, echo;
    REQUIRE(pthread_create(&echo, NULL, thread_echo, &e) == 0);
    REQUIRE(pthread_create(&sender, NULL, thread_send, &e) == 0);
    bo_blocking(pthread_join, sender, NULL);
    bo_chan_close(e.in);
    bo_blocking(pthread_join, echo, NULL);
    for (int i = 0, v; i < 500; i++) {
        REQUIRE(bo_recv(e.out, &v));
        REQUIRE_EQ(v, i + 1);
    }
    bo_chan_free(e.in);
    bo_chan_free(e.out);
}
