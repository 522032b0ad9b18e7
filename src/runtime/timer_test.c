// SPDX-License-Identifier: MIT
// A wheel is driven here by a clock of the test's own, from milliseconds to years.
#include <bora/go.h>
#include <bora/sync.h>
#include <bora/test.h>

#include "runtime/sched.h"

#include <stdlib.h>

#define TICK (1 << 16)  // nanoseconds, as in timer.c

typedef struct {
    bo__timer timer;
    int64_t when;
    int64_t fired_at;  // 0: not yet
} alarm_clock;

static int64_t test_now;
static int fired;

static void fire(bo__timer *timer)
{
    alarm_clock *a = (alarm_clock *)(void *)timer;
    a->fired_at = test_now;
    fired++;
}

// A thread that holds a P with nothing but a wheel, for bo__timer_add.
typedef struct {
    bo__m m;
    bo__p p;
} stand;

static stand *stand_new(void)
{
    stand *s = aligned_alloc(BO__CACHE_LINE, sizeof *s);
    REQUIRE(s != NULL);
    memset(s, 0, sizeof *s);
    s->p.wheel = bo__wheel_new();
    atomic_store(&s->m.p, &s->p);
    test_now = bo_mono();
    fired = 0;
    return s;
}

static void stand_free(stand *s)
{
    free(s->p.wheel);
    free(s);
}

static void set(stand *s, alarm_clock *a, int64_t when)
{
    *a = (alarm_clock){.timer = {.fire_ = fire}, .when = when};
    bo__timer_add(&s->m, &a->timer, when);
}

static void advance(stand *s, int64_t now)
{
    test_now = now;
    bo__wheel_run(s->p.wheel, now);
}

TEST(a_timer_fires_within_a_tick_of_its_time_and_never_early)
{
    static const int64_t delays[] = {0,
                                     1,
                                     TICK - 1,
                                     TICK,
                                     TICK + 1,
                                     63 * TICK,
                                     64 * TICK,
                                     65 * TICK,
                                     BO_SECOND,
                                     4096ll * TICK,
                                     4097ll * TICK + 1,
                                     BO_HOUR,
                                     30 * 24 * BO_HOUR,
                                     365 * 24 * BO_HOUR};
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        test_case("%lld ns", (long long)delays[i]);
        stand *s = stand_new();
        alarm_clock a;
        int64_t when = test_now + delays[i];
        set(s, &a, when);
        advance(s, when - 1);
        EXPECT_EQ(a.fired_at, 0);
        EXPECT_EQ(bo__wheel_count(s->p.wheel), 1);
        advance(s, when + 2 * TICK);
        EXPECT(a.fired_at != 0);
        EXPECT_EQ(bo__wheel_count(s->p.wheel), 0);
        stand_free(s);
    }
}

TEST(the_wheel_says_when_it_wants_to_be_looked_at_next)
{
    stand *s = stand_new();
    alarm_clock near, far;
    EXPECT_EQ(bo__wheel_due(s->p.wheel), INT64_MAX);
    int64_t base = test_now;
    set(s, &far, base + BO_HOUR);
    EXPECT(bo__wheel_due(s->p.wheel) <= base + BO_HOUR + TICK);
    set(s, &near, base + BO_SECOND);
    int64_t due = bo__wheel_due(s->p.wheel);
    EXPECT(due >= base + BO_SECOND - TICK && due <= base + BO_SECOND + TICK);
    // Whoever looks just when it says so, and only then, meets every timer.
    int looks = 0;
    for (; bo__wheel_due(s->p.wheel) != INT64_MAX && looks < 100; looks++)
        advance(s, bo__wheel_due(s->p.wheel));
    EXPECT(looks < 100);
    EXPECT(near.fired_at >= near.when && near.fired_at <= near.when + TICK);
    EXPECT(far.fired_at >= far.when && far.fired_at <= far.when + TICK);
    stand_free(s);
}

TEST(a_removed_timer_does_not_fire)
{
    stand *s = stand_new();
    alarm_clock a[64];
    for (int i = 0; i < 64; i++)
        set(s, &a[i], test_now + (int64_t)i * i * BO_MILLISECOND);
    for (int i = 0; i < 64; i += 2)
        bo__timer_remove(&a[i].timer);
    bo__timer_remove(&a[0].timer);  // again: no effect
    advance(s, test_now + BO_HOUR);
    for (int i = 0; i < 64; i++)
        EXPECT_EQ(a[i].fired_at != 0, i % 2 == 1);
    stand_free(s);
}

static uint64_t random_state = 1;

static int64_t random_below(int64_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(random_state >> 33) % n;
}

TEST(random_timers_fire_in_their_tick_whatever_is_added_and_removed_between)
{
    enum { COUNT = 2000 };
    static alarm_clock a[COUNT];
    stand *s = stand_new();
    int64_t now = test_now;
    for (int round = 0; round < 20 * COUNT; round++) {
        alarm_clock *x = &a[random_below(COUNT)];
        if (x->timer.wheel_) {
            bo__timer_remove(&x->timer);
        } else {
            if (x->when != 0 && x->fired_at != 0)
                EXPECT(x->fired_at >= x->when && x->fired_at <= x->when + 3 * BO_MILLISECOND);
            int64_t reach = BO_MICROSECOND << random_below(30);
            set(s, x, now + random_below(reach));
        }
        now += random_below(2 * BO_MILLISECOND);
        advance(s, now);
    }
    EXPECT(fired > COUNT);
    for (int i = 0; i < COUNT; i++)
        if (a[i].timer.wheel_)
            EXPECT(a[i].when + TICK > now);
    stand_free(s);
}

TEST(a_timer_beyond_the_reach_of_the_wheel_stays_in_it)
{
    stand *s = stand_new();
    alarm_clock a;
    set(s, &a, INT64_MAX - 1);
    // Half a century at one look a year.
    for (int year = 0; year < 50; year++) {
        advance(s, test_now + 365 * 24 * BO_HOUR);
        EXPECT_EQ(a.fired_at, 0);
    }
    EXPECT_EQ(bo__wheel_count(s->p.wheel), 1);
    stand_free(s);
}

// -- with goroutines ------------------------------------------------------------------------------

static void sleep_until(int64_t deadline, bo_wg *done, _Atomic int *early)
{
    int64_t left;
    while ((left = deadline - bo_mono()) > 0)
        EXPECT(bo_sleep(left) == NULL);
    if (bo_mono() < deadline)
        atomic_fetch_add(early, 1);
    bo_wg_done(done);
}

TEST(thousands_of_sleepers_all_wake_up)
{
    enum { SLEEPERS = 3000 };
    bo_wg done = {0};
    _Atomic int early = 0;
    bo_wg_add(&done, SLEEPERS);
    for (int i = 0; i < SLEEPERS; i++)
        go(sleep_until, bo_mono() + random_below(50 * BO_MILLISECOND), &done, &early);
    bo_wg_wait(&done);
    EXPECT_EQ(atomic_load(&early), 0);
}
