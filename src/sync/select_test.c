// SPDX-License-Identifier: MIT
#include <bora/chan.h>
#include <bora/group.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <pthread.h>
#include <string.h>

// -- what is chosen -------------------------------------------------------------------------------

TEST(select_does_the_case_that_is_ready_and_no_other)
{
    bo_chan(int) a = bo_chan_new(int, 1), b = bo_chan_new(int, 1), full = bo_chan_new(int, 1);
    bo_send(full, 9);
    bo_send(b, 5);
    int x = -1, y = -1;
    EXPECT_EQ(bo_select(bo_on_recv(a, &x), bo_on_recv(b, &y), bo_on_send(full, 1)), 1);
    EXPECT_EQ(x, -1);
    EXPECT_EQ(y, 5);
    EXPECT_EQ(bo_select(bo_on_recv(b, &x), bo_on_send(a, 7)), 1);
    EXPECT_EQ(bo_chan_len(a), 1);
    EXPECT_EQ(bo_chan_len(full), 1);
    EXPECT(bo_recv(a, &x));
    EXPECT_EQ(x, 7);
    bo_chan_free(a);
    bo_chan_free(b);
    bo_chan_free(full);
}

TEST(select_takes_default_only_when_nothing_is_ready)
{
    bo_chan(int) a = bo_chan_new(int, 1), b = bo_chan_new(int, 0), none = NULL;
    int v = 3;
    EXPECT_EQ(bo_select(bo_on_default), 0);
    EXPECT_EQ(bo_select(bo_on_recv(a, &v), bo_on_default), 1);
    EXPECT_EQ(bo_select(bo_on_default, bo_on_recv(a, &v), bo_on_recv(b, &v)), 0);
    EXPECT_EQ(bo_select(bo_on_send(b, 1), bo_on_recv(none, &v), bo_on_default), 2);
    EXPECT_EQ(bo_select(bo_on_timeout(0), bo_on_recv(b, &v), bo_on_default), 2);
    EXPECT_EQ(v, 3);
    EXPECT_EQ(bo_select(bo_on_send(a, 4), bo_on_default), 0);
    EXPECT_EQ(bo_select(bo_on_default, bo_on_recv(b, &v), bo_on_recv(a, &v)), 2);
    EXPECT_EQ(v, 4);
    bo_chan_free(a);
    bo_chan_free(b);
}

TEST(select_ends_with_the_shortest_timeout)
{
    bo_chan(int) a = bo_chan_new(int, 0);
    int64_t begun = bo_mono();
    EXPECT_EQ(
        bo_select(bo_on_timeout(BO_HOUR), bo_on_recv(a, NULL), bo_on_timeout(2 * BO_MILLISECOND)),
        2);
    EXPECT(bo_mono() - begun >= 2 * BO_MILLISECOND);
    EXPECT_EQ(bo_select(bo_on_timeout(BO_MILLISECOND)), 0);
    EXPECT_EQ(bo_select(bo_on_recv(a, NULL), bo_on_timeout(0)), 1);
    EXPECT_EQ(bo_select(bo_on_recv(a, NULL), bo_on_timeout(-1)), 1);
    EXPECT_EQ(bo_select(bo_on_timeout(INT64_MIN)), 0);
    EXPECT_EQ(receivers(a), 0);
    bo_chan_free(a);
}

static void send_one(bo_chan(int) ch, int value)
{
    bo_send(ch, value);
}

TEST(select_prefers_a_ready_case_to_a_timeout_that_has_passed)
{
    bo_chan(int) a = bo_chan_new(int, 1);
    bo_send(a, 8);
    int v = 0;
    EXPECT_EQ(bo_select(bo_on_timeout(0), bo_on_recv(a, &v)), 1);
    EXPECT_EQ(v, 8);
    go(send_one, a, 9);
    EXPECT_EQ(bo_select(bo_on_timeout(INT64_MAX), bo_on_recv(a, &v)), 1);
    EXPECT_EQ(v, 9);
    bo_chan_free(a);
}

TEST(select_says_whether_a_value_came_or_the_channel_is_drained)
{
    bo_chan(int) a = bo_chan_new(int, 1), b = bo_chan_new(int, 0);
    bo_send(a, 1);
    bo_chan_close(a);
    int v = 0;
    bool ok = false;
    EXPECT_EQ(bo_select(bo_on_recv(b, &v), bo_on_recv(a, &v, &ok)), 1);
    EXPECT(ok);
    EXPECT_EQ(v, 1);
    v = 7;
    EXPECT_EQ(bo_select(bo_on_recv(b, &v), bo_on_recv(a, &v, &ok)), 1);
    EXPECT(!ok);
    EXPECT_EQ(v, 7);
    EXPECT_EQ(bo_select(bo_on_recv(a, NULL), bo_on_default), 0);
    bo_chan_free(a);
    bo_chan_free(b);
}

TEST(select_evaluates_its_arguments_once_and_in_order)
{
    bo_chan(int) a = bo_chan_new(int, 1), b = bo_chan_new(int, 1);
    int n = 0, at_send = -1, at_timeout = -1, v[2] = {0}, *to = v;
    bo_send(a, 5);
    EXPECT_EQ(bo_select(bo_on_recv(a, to++), bo_on_send((bo_chan(int))NULL, (at_send = n++)),
                        bo_on_timeout((at_timeout = n++, BO_SECOND))),
              0);
    EXPECT_EQ(to - v, 1);
    EXPECT_EQ(v[0], 5);
    EXPECT_EQ(at_send, 0);
    EXPECT_EQ(at_timeout, 1);
    bo_chan_free(a);
    bo_chan_free(b);
}

// -- waiting --------------------------------------------------------------------------------------

struct ending {
    int chosen, value;
    bool ok;
};

static void select_two(bo_chan(int) a, bo_chan(int) b, bo_chan(struct ending) out)
{
    struct ending e = {.value = -1, .ok = false};
    e.chosen = bo_select(bo_on_recv(a, &e.value, &e.ok), bo_on_send(b, 40));
    bo_send(out, e);
}

TEST(select_waits_in_all_channels_and_leaves_all_of_them)
{
    bo_chan(int) a = bo_chan_new(int, 0), b = bo_chan_new(int, 0);
    bo_chan(struct ending) out = bo_chan_new(struct ending, 1);
    struct ending e;
    int v = 0;

    test_case("woken by a send");
    go(select_two, a, b, out);
    await_receivers(a, 1);
    await_senders(b, 1);
    bo_send(a, 6);
    REQUIRE(bo_recv(out, &e));
    EXPECT(e.chosen == 0 && e.value == 6 && e.ok);
    EXPECT_EQ(receivers(a) + senders(b), 0);

    test_case("woken by a receive");
    go(select_two, a, b, out);
    await_senders(b, 1);
    EXPECT(bo_recv(b, &v));
    EXPECT_EQ(v, 40);
    REQUIRE(bo_recv(out, &e));
    EXPECT(e.chosen == 1 && e.value == -1);
    EXPECT_EQ(receivers(a) + senders(b), 0);

    test_case("woken by try versions");
    go(select_two, a, b, out);
    await_senders(b, 1);
    EXPECT(bo_try_send(a, 2));
    EXPECT(!bo_try_recv(b, &v));
    REQUIRE(bo_recv(out, &e));
    EXPECT(e.chosen == 0 && e.value == 2);

    test_case("woken by a close");
    go(select_two, a, b, out);
    await_senders(b, 1);
    bo_chan_close(a);
    REQUIRE(bo_recv(out, &e));
    EXPECT(e.chosen == 0 && e.value == -1 && !e.ok);
    EXPECT_EQ(receivers(a) + senders(b), 0);
    bo_chan_free(a);
    bo_chan_free(b);
    bo_chan_free(out);
}

static void same_twice(bo_chan(int) ch, bo_chan(struct ending) out)
{
    int x = -1, y = -1;
    int chosen = bo_select(bo_on_recv(ch, &x), bo_on_send(ch, 1), bo_on_recv(ch, &y));
    bo_send(out, {chosen, chosen == 0 ? x : chosen == 2 ? y : 0, true});
}

TEST(select_may_name_a_channel_more_than_once)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_chan(struct ending) out = bo_chan_new(struct ending, 2);
    struct ending e;
    int v;

    test_case("a send comes");
    go(same_twice, ch, out);
    await_receivers(ch, 2);
    bo_send(ch, 5);
    REQUIRE(bo_recv(out, &e));
    EXPECT(e.chosen != 1 && e.value == 5);

    test_case("a receive comes");
    go(same_twice, ch, out);
    await_receivers(ch, 2);
    EXPECT(bo_recv(ch, &v));
    REQUIRE(bo_recv(out, &e));
    EXPECT_EQ(e.chosen, 1);

    test_case("two of them meet each other, never themselves");
    go(same_twice, ch, out);
    await_receivers(ch, 2);
    go(same_twice, ch, out);
    struct ending f;
    REQUIRE(bo_recv(out, &e) && bo_recv(out, &f));
    EXPECT((e.chosen == 1) != (f.chosen == 1));
    EXPECT_EQ(e.value + f.value, 1);
    EXPECT_EQ(receivers(ch) + senders(ch), 0);
    bo_chan_free(ch);
    bo_chan_free(out);
}

static void receive_twice(bo_chan(int) ch, bo_chan(struct ending) out)
{
    struct ending e = {.value = -1, .ok = true};
    e.chosen = bo_select(bo_on_recv(ch, &e.value, &e.ok), bo_on_recv(ch, &e.value, &e.ok));
    bo_send(out, e);
}

TEST(select_that_receives_twice_from_one_channel_sees_its_close_once)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_chan(struct ending) out = bo_chan_new(struct ending, 1);
    struct ending e;
    go(receive_twice, ch, out);
    await_receivers(ch, 2);
    bo_chan_close(ch);
    REQUIRE(bo_recv(out, &e));
    EXPECT(!e.ok && e.value == -1);
    EXPECT_EQ(receivers(ch), 0);
    bo_chan_free(ch);
    bo_chan_free(out);
}

static void two_sends(bo_chan(int) ch, bo_wg *wg)
{
    bo_select(bo_on_send(ch, 1), bo_on_send(ch, 1));
    bo_wg_done(wg);
}

TEST(select_with_one_channel_twice_sends_once)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_wg wg = {0};
    bo_wg_add(&wg, 1);
    go(two_sends, ch, &wg);
    await_senders(ch, 2);
    int v, sum = 0;
    while (bo_try_recv(ch, &v))
        sum += v;
    bo_wg_wait(&wg);
    EXPECT_EQ(sum, 1);
    EXPECT_EQ(senders(ch), 0);
    bo_chan_free(ch);
}

static void pass_on(bo_chan(int) from, bo_chan(int) to, int times)
{
    for (int i = 0, v; i < times; i++) {
        bo_select(bo_on_recv(from, &v));
        bo_select(bo_on_send(to, v + 1));
    }
}

TEST(select_of_one_case_is_that_operation)
{
    bo_chan(int) there = bo_chan_new(int, 0), back = bo_chan_new(int, 0);
    go(pass_on, there, back, 100);
    for (int i = 0, v; i < 100; i++) {
        bo_send(there, i);
        REQUIRE(bo_recv(back, &v));
        EXPECT_EQ(v, i + 1);
    }
    bo_chan_free(there);
    bo_chan_free(back);
}

static void offer(bo_chan(int) ch, int value, bo_chan(int) quit, bo_wg *wg)
{
    bo_select(bo_on_recv(quit, NULL), bo_on_send(ch, value), bo_on_timeout(BO_HOUR));
    bo_wg_done(wg);
}

TEST(select_does_not_touch_a_channel_again_once_the_other_side_has_the_value)
{
    bo_chan(int) quit = bo_chan_new(int, 0);
    bo_wg wg = {0};
    bo_wg_add(&wg, 1000);
    for (int i = 0, v; i < 1000; i++) {
        bo_chan(int) ch = bo_chan_new(int, (size_t)i % 2);
        go(offer, ch, i, quit, &wg);
        REQUIRE(bo_recv(ch, &v));
        EXPECT_EQ(v, i);
        bo_chan_free(ch);
    }
    bo_wg_wait(&wg);
    bo_chan_free(quit);
}

// Two that name the same channels in opposite order: the locks have an order of their own.
static void cross(bo_chan(int) a, bo_chan(int) b, int rounds, int *sum, bo_wg *wg)
{
    for (int i = 0, v = 0; i < rounds; i++)
        if (bo_select(bo_on_recv(a, &v), bo_on_send(b, 1)) == 0)
            __atomic_fetch_add(sum, v, __ATOMIC_RELAXED);
        else
            __atomic_fetch_sub(sum, 1, __ATOMIC_RELAXED);
    bo_wg_done(wg);
}

TEST(select_in_opposite_orders_neither_deadlocks_nor_loses_a_value)
{
    enum { ROUNDS = 2000 };
    bo_chan(int) a = bo_chan_new(int, 0), b = bo_chan_new(int, 0);
    int sum = 0;
    bo_wg wg = {0};
    bo_wg_add(&wg, 2);
    go(cross, a, b, ROUNDS, &sum, &wg);
    go(cross, b, a, ROUNDS, &sum, &wg);
    bo_wg_wait(&wg);
    EXPECT_EQ(sum, 0);
    bo_chan_free(a);
    bo_chan_free(b);
}

// -- any number of cases --------------------------------------------------------------------------

static void select_last(bo_chan(int) * channels, size_t n, bo_chan(int) out)
{
    bo_case cases[200];
    int v = -1;
    for (size_t i = 0; i < n; i++)
        cases[i] = bo_on_recv(channels[i], &v);
    int chosen = bo_select_n(cases, n);
    bo_send(out, chosen == (int)n - 1 ? v : -2);
}

TEST(select_takes_any_number_of_cases)
{
    static const size_t counts[] = {1, 2, 15, 16, 17, 64, 200};
    bo_chan(int) channels[200], out = bo_chan_new(int, 0);
    for (size_t i = 0; i < 200; i++)
        channels[i] = bo_chan_new(int, 0);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        size_t n = counts[i];
        test_case("%zu cases", n);
        bo_chan(int) last = channels[n - 1];
        int v;
        go(select_last, channels, n, out);
        await_receivers(last, 1);
        bo_send(last, 5);
        REQUIRE(bo_recv(out, &v));
        EXPECT_EQ(v, 5);
        go(send_one, last, 6);
        await_senders(last, 1);
        go(select_last, channels, n, out);
        REQUIRE(bo_recv(out, &v));
        EXPECT_EQ(v, 6);
        for (size_t k = 0; k < n; k++)
            EXPECT_EQ(receivers(channels[k]), 0);
    }
    for (size_t i = 0; i < 200; i++)
        bo_chan_free(channels[i]);
    bo_chan_free(out);
}

// Of n ready channels each is to be chosen as often as the others. The margins are eight standard
// deviations, which chance alone oversteps once in some 10^14 runs.
static void check_fairness(size_t n, bool waiting)
{
    enum { ROUNDS_EACH = 400, MOST = 100 };
    static bo_chan(int) channels[MOST];
    static bo_case cases[MOST];
    int chosen[MOST] = {0};
    for (size_t i = 0; i < n; i++) {
        channels[i] = bo_chan_new(int, waiting ? 0 : 1);
        cases[i] = bo_on_recv(channels[i], NULL);
        if (waiting)
            go(send_one, channels[i], 1);
        else
            bo_send(channels[i], 1);
    }
    for (size_t round = 0; round < n * ROUNDS_EACH; round++) {
        if (waiting)
            for (size_t i = 0; i < n; i++)
                await_senders(channels[i], 1);
        int i = bo_select_n(cases, n);
        REQUIRE(i >= 0 && i < (int)n);
        chosen[i]++;
        if (waiting)
            go(send_one, channels[i], 1);
        else
            bo_send(channels[i], 1);
    }
    for (size_t i = 0; i < n; i++) {
        if (chosen[i] < ROUNDS_EACH - 160 || chosen[i] > ROUNDS_EACH + 160)
            test_fail("case %zu of %zu was chosen %d times of %d", i, n, chosen[i], ROUNDS_EACH);
        bo_recv(channels[i], NULL);
        bo_chan_free(channels[i]);
    }
}

TEST(select_chooses_fairly_among_the_ready)
{
    static const size_t counts[] = {2, 3, 4, 7, 16, 17, 100};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        test_case("%zu buffered channels", counts[i]);
        check_fairness(counts[i], false);
    }
    test_case("3 channels with a sender each");
    check_fairness(3, true);
}

// With the half of them ready, the others must not give their neighbours their share.
TEST(select_chooses_fairly_past_those_that_are_not_ready)
{
    enum { ROUNDS = 4000 };
    bo_chan(int) channels[8];
    bo_case cases[8];
    int chosen[8] = {0};
    for (int i = 0; i < 8; i++) {
        channels[i] = bo_chan_new(int, 1);
        cases[i] = bo_on_recv(channels[i], NULL);
        if (i % 2)
            bo_send(channels[i], 1);
    }
    for (int round = 0; round < ROUNDS; round++) {
        int i = bo_select_n(cases, 8);
        chosen[i]++;
        bo_send(channels[i], 1);
    }
    for (int i = 0; i < 8; i++) {
        EXPECT(i % 2 ? chosen[i] > 780 && chosen[i] < 1220 : chosen[i] == 0);
        bo_chan_free(channels[i]);
    }
}

// -- mistakes, cancellation -----------------------------------------------------------------------

TEST_PROGRAM(program_selects_send_on_closed)
{
    bo_chan(int) ch = bo_chan_new(int, 1), other = bo_chan_new(int, 0);
    bo_chan_close(ch);
    bo_select(bo_on_recv(other, NULL), bo_on_send(ch, 1));
}

static void close_it(bo_chan(int) ch)
{
    await_senders(ch, 1);
    bo_chan_close(ch);
}

TEST_PROGRAM(program_waits_in_select_while_it_is_closed)
{
    bo_chan(int) ch = bo_chan_new(int, 0), other = bo_chan_new(int, 0);
    go(close_it, ch);
    bo_select(bo_on_recv(other, NULL), bo_on_send(ch, 1));
}

TEST(select_of_a_send_on_a_closed_channel_panics)
{
    static const char *const programs[] = {"program_selects_send_on_closed",
                                           "program_waits_in_select_while_it_is_closed"};
    for (size_t i = 0; i < 2; i++) {
        test_case("%s", programs[i]);
        test_result r = test_run(programs[i], NULL);
        EXPECT(r.status != 0);
        EXPECT(strstr(r.output.ptr, "send on a closed channel"));
    }
}

static bo_err select_in_scope(bo_chan(int) ch)
{
    int v = 5;
    bool ok = true;
    int chosen = ch ? bo_select(bo_on_recv(ch, &v, &ok), bo_on_send(ch, 1), bo_on_timeout(BO_HOUR))
                    : bo_select(bo_on_recv(ch, &v, &ok));
    EXPECT_EQ(chosen, BO_SELECT_CANCELED);
    EXPECT_EQ(v, 5);
    EXPECT(ok);
    return bo_scope_err();
}

TEST(select_ends_with_the_scope)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_group group = {0};
    bo_group_go(&group, select_in_scope, ch);
    bo_group_go(&group, select_in_scope, (bo_chan(int))NULL);
    await_receivers(ch, 1);
    bo_group_cancel(&group);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    EXPECT_EQ(receivers(ch) + senders(ch), 0);
    {
        BO_DEADLINE(BO_MILLISECOND);
        EXPECT_EQ(bo_select(bo_on_recv(ch, NULL)), BO_SELECT_CANCELED);
        EXPECT_EQ(bo_scope_err(), BO_TIMEOUT);
        EXPECT_EQ(bo_select(bo_on_recv(ch, NULL), bo_on_default), 1);
    }
    EXPECT_EQ(bo_select(bo_on_recv(ch, NULL), bo_on_timeout(BO_MICROSECOND)), 1);
    bo_chan_free(ch);
}

// -- foreign threads ------------------------------------------------------------------------------

struct ends {
    bo_chan(int) in, out, quit;
};

static void *thread_select(void *arg)
{
    struct ends *e = arg;
    int v, sum = 0;
    for (;;) {
        switch (
            bo_select(bo_on_recv(e->in, &v), bo_on_recv(e->quit, NULL), bo_on_timeout(BO_MINUTE))) {
        case 0:
            sum += v;
            break;
        default:
            bo_select(bo_on_send(e->out, sum));
            return NULL;
        }
    }
}

TEST(select_works_on_threads)
{
    struct ends e = {bo_chan_new(int, 0), bo_chan_new(int, 0), bo_chan_new(int, 0)};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_select, &e) == 0);
    for (int i = 1; i <= 200; i++)
        bo_send(e.in, i);
    bo_chan_close(e.quit);
    int x = 0, y = 0;
    EXPECT(bo_recv(e.out, &x) && bo_recv(e.out, &y));
    EXPECT_EQ(x + y, 200 * 201 / 2);
    for (int i = 0; i < 2; i++)
        bo_blocking(pthread_join, threads[i], NULL);
    bo_chan_free(e.in);
    bo_chan_free(e.out);
    bo_chan_free(e.quit);
}
