// SPDX-License-Identifier: MIT
#include <bora/chan.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define await_readers(m, n) await_queue(&(m)->lock_, &(m)->readers_, (n))
#define await_writers(m, n) await_queue(&(m)->lock_, &(m)->writers_, (n))

// -- who gets in ----------------------------------------------------------------------------------

TEST(rwmutex_admits_many_readers_or_one_writer)
{
    bo_rwmutex m = {0};
    bo_rwmutex_read_lock(&m);
    EXPECT(bo_rwmutex_try_read_lock(&m));
    EXPECT(!bo_rwmutex_try_lock(&m));
    bo_rwmutex_read_unlock(&m);
    EXPECT(!bo_rwmutex_try_lock(&m));
    bo_rwmutex_read_unlock(&m);
    EXPECT(bo_rwmutex_try_lock(&m));
    EXPECT(!bo_rwmutex_try_lock(&m));
    EXPECT(!bo_rwmutex_try_read_lock(&m));
    bo_rwmutex_unlock(&m);
    bo_rwmutex_lock(&m);
    bo_rwmutex_unlock(&m);
    EXPECT_EQ(m.state_, 0);
}

static void read_and_say(bo_rwmutex *m, bo_chan(char) order, bo_chan(char) go_on)
{
    bo_rwmutex_read_lock(m);
    bo_send(order, 'r');
    bo_recv(go_on, NULL);
    bo_rwmutex_read_unlock(m);
}

static void write_and_say(bo_rwmutex *m, bo_chan(char) order)
{
    bo_rwmutex_lock(m);
    bo_send(order, 'W');
    bo_rwmutex_unlock(m);
}

TEST(rwmutex_keeps_new_readers_behind_a_waiting_writer_and_gives_turns)
{
    bo_rwmutex m = {0};
    bo_chan(char) order = bo_chan_new(char, 10), go_on = bo_chan_new(char, 10);
    bo_rwmutex_read_lock(&m);
    go(write_and_say, &m, order);
    await_writers(&m, 1);
    EXPECT(!bo_rwmutex_try_read_lock(&m));
    for (size_t i = 1; i <= 3; i++) {
        go(read_and_say, &m, order, go_on);
        await_readers(&m, i);
    }
    go(write_and_say, &m, order);
    await_writers(&m, 2);
    EXPECT_EQ(bo_chan_len(order), 0);
    bo_rwmutex_read_unlock(&m);

    char got[6] = {0};
    for (int i = 0; i < 4; i++)
        bo_recv(order, &got[i]);
    EXPECT_EQ(bo_chan_len(order), 0);  // The second writer waits for the three readers.
    for (int i = 0; i < 3; i++)
        bo_send(go_on, 0);
    bo_recv(order, &got[4]);
    EXPECT_EQ(got, "WrrrW");
    bo_rwmutex_lock(&m);
    bo_rwmutex_unlock(&m);
    EXPECT_EQ(m.state_, 0);
    bo_chan_free(order);
    bo_chan_free(go_on);
}

TEST(rwmutex_hands_a_writers_lock_to_all_readers_that_wait)
{
    bo_rwmutex m = {0};
    bo_chan(char) order = bo_chan_new(char, 10), go_on = bo_chan_new(char, 0);
    bo_rwmutex_lock(&m);
    for (size_t i = 1; i <= 5; i++) {
        go(read_and_say, &m, order, go_on);
        await_readers(&m, i);
    }
    bo_rwmutex_unlock(&m);
    for (int i = 0; i < 5; i++)
        EXPECT(bo_recv(order, NULL));  // All five are in before one goes on.
    EXPECT(bo_rwmutex_try_read_lock(&m));
    bo_rwmutex_read_unlock(&m);
    for (int i = 0; i < 5; i++)
        bo_send(go_on, 0);
    bo_rwmutex_lock(&m);
    bo_rwmutex_unlock(&m);
    EXPECT_EQ(m.state_, 0);
    bo_chan_free(order);
    bo_chan_free(go_on);
}

// -- many -----------------------------------------------------------------------------------------

struct pair {
    bo_rwmutex lock;
    int64_t a, b;  // guarded by lock; equal
    int readers, most;
    bo_wg running;
};

static void mixed(struct pair *p, int times, int writes_of_ten)
{
    for (int i = 0; i < times; i++) {
        if (i % 10 < writes_of_ten) {
            bo_rwmutex_lock(&p->lock);
            EXPECT_EQ(__atomic_load_n(&p->readers, __ATOMIC_RELAXED), 0);
            p->a++;
            if (i % 20 == 0)
                bo_yield();
            p->b++;
            bo_rwmutex_unlock(&p->lock);
        } else {
            bo_rwmutex_read_lock(&p->lock);
            __atomic_fetch_add(&p->readers, 1, __ATOMIC_RELAXED);
            if (i % 10 == 9)
                bo_yield();
            EXPECT(p->a == p->b);
            __atomic_fetch_sub(&p->readers, 1, __ATOMIC_RELAXED);
            bo_rwmutex_read_unlock(&p->lock);
        }
    }
    bo_wg_done(&p->running);
}

static void *thread_mixed(void *arg)
{
    mixed(arg, 500, 5);
    return NULL;
}

TEST(rwmutex_never_shows_a_half_written_state)
{
    struct pair p = {0};
    pthread_t threads[3];
    bo_wg_add(&p.running, 43);
    for (int i = 0; i < 40; i++)
        go(mixed, &p, 500, i % 4);
    for (int i = 0; i < 3; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_mixed, &p) == 0);
    bo_wg_wait(&p.running);
    for (int i = 0; i < 3; i++)
        bo_blocking(pthread_join, threads[i], NULL);
    EXPECT_EQ(p.a, 10 * (0 + 50 + 100 + 150) + 3 * 250);
    EXPECT_EQ(p.a, p.b);
    EXPECT_EQ(p.lock.state_, 0);
}

struct crowd {
    bo_rwmutex lock;
    int stop;
    bo_wg running;
};

static void keep_reading(struct crowd *c)
{
    while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
        bo_rwmutex_read_lock(&c->lock);
        bo_yield();
        bo_rwmutex_read_unlock(&c->lock);
    }
    bo_wg_done(&c->running);
}

static void keep_writing(struct crowd *c)
{
    while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
        bo_rwmutex_lock(&c->lock);
        bo_yield();
        bo_rwmutex_unlock(&c->lock);
    }
    bo_wg_done(&c->running);
}

TEST(rwmutex_starves_neither_a_writer_among_readers_nor_a_reader_among_writers)
{
    struct crowd c = {0};
    test_case("a writer");
    bo_wg_add(&c.running, 8);
    for (int i = 0; i < 8; i++)
        go(keep_reading, &c);
    for (int i = 0; i < 50; i++) {
        bo_rwmutex_lock(&c.lock);
        bo_rwmutex_unlock(&c.lock);
    }
    __atomic_store_n(&c.stop, 1, __ATOMIC_RELAXED);
    bo_wg_wait(&c.running);

    test_case("a reader");
    c.stop = 0;
    bo_wg_add(&c.running, 8);
    for (int i = 0; i < 8; i++)
        go(keep_writing, &c);
    for (int i = 0; i < 50; i++) {
        bo_rwmutex_read_lock(&c.lock);
        bo_rwmutex_read_unlock(&c.lock);
    }
    __atomic_store_n(&c.stop, 1, __ATOMIC_RELAXED);
    bo_wg_wait(&c.running);
    EXPECT_EQ(c.lock.state_, 0);
}

// -- life, limits, mistakes -----------------------------------------------------------------------

struct shared {
    bo_rwmutex lock;
    int users;
};

static void leave(struct shared *s, bool write, bo_wg *wg)
{
    if (write)
        bo_rwmutex_lock(&s->lock);
    else
        bo_rwmutex_read_lock(&s->lock);
    int left = __atomic_sub_fetch(&s->users, 1, __ATOMIC_ACQ_REL);
    if (write)
        bo_rwmutex_unlock(&s->lock);
    else
        bo_rwmutex_read_unlock(&s->lock);
    if (left == 0) {
        // Readers that were in with us may still be on their way out: a writer comes after them.
        bo_rwmutex_lock(&s->lock);
        bo_rwmutex_unlock(&s->lock);
        memset(s, 0xff, sizeof *s);
        free(s);
    }
    bo_wg_done(wg);
}

TEST(rwmutex_may_be_freed_by_the_last_one_right_after_unlock)
{
    bo_wg wg = {0};
    for (int round = 0; round < 500; round++) {
        struct shared *s = calloc(1, sizeof *s);
        s->users = 6;
        bo_wg_add(&wg, 6);
        for (int i = 0; i < 6; i++)
            go(leave, s, i % 2 == 0, &wg);
        bo_wg_wait(&wg);
    }
}

// A reader's place is 4 in the word of state: 2^30 - 1 fit.
enum { READERS_MOST = (1 << 30) - 1 };

TEST(rwmutex_takes_as_many_readers_as_it_says)
{
    bo_rwmutex m = {.state_ = (uint32_t)(READERS_MOST - 1) * 4};
    EXPECT(bo_rwmutex_try_read_lock(&m));
    EXPECT_EQ(m.state_, (uint32_t)READERS_MOST * 4);
    bo_rwmutex_read_unlock(&m);
    EXPECT_EQ(m.state_, (uint32_t)(READERS_MOST - 1) * 4);
}

TEST_PROGRAM(program_has_too_many_readers)
{
    bo_rwmutex m = {.state_ = (uint32_t)READERS_MOST * 4};
    bo_rwmutex_read_lock(&m);
}

TEST_PROGRAM(program_unlocks_what_nobody_writes)
{
    bo_rwmutex m = {0};
    bo_rwmutex_unlock(&m);
}

TEST_PROGRAM(program_unlocks_a_reader_as_a_writer)
{
    bo_rwmutex m = {0};
    bo_rwmutex_read_lock(&m);
    bo_rwmutex_unlock(&m);
}

TEST_PROGRAM(program_unlocks_what_nobody_reads)
{
    bo_rwmutex m = {0};
    bo_rwmutex_read_unlock(&m);
}

TEST_PROGRAM(program_unlocks_a_writer_as_a_reader)
{
    bo_rwmutex m = {0};
    bo_rwmutex_lock(&m);
    bo_rwmutex_read_unlock(&m);
}

TEST(rwmutex_mistakes_panic_with_a_reason)
{
    static const struct {
        const char *program, *reason;
    } cases[] = {
        {"program_has_too_many_readers", "too many readers of one rwmutex"},
        {"program_unlocks_what_nobody_writes", "unlock of an rwmutex that nobody writes under"},
        {"program_unlocks_a_reader_as_a_writer", "unlock of an rwmutex that nobody writes under"},
        {"program_unlocks_what_nobody_reads", "read unlock of an rwmutex that nobody reads under"},
        {"program_unlocks_a_writer_as_a_reader",
         "read unlock of an rwmutex that nobody reads under"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("%s", cases[i].program);
        test_result r = test_run(cases[i].program, NULL);
        EXPECT(r.status != 0);
        if (!strstr(r.output.ptr, cases[i].reason))
            test_fail("no \"%s\" in: %s", cases[i].reason, r.output.ptr);
    }
}
