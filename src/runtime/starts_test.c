// SPDX-License-Identifier: MIT
#include <bora/go.h>
#include <bora/sync.h>
#include <bora/test.h>

#include "runtime/sched.h"

#include <stdio.h>
#include <string.h>

static void count_down(bo_wg *wg)
{
    bo_wg_done(wg);
}

static bool count_start(bo__start *start, void *count)
{
    (void)start;
    ++*(int *)count;
    return true;
}

static int starts_in_use(void)
{
    int n = 0;
    bo__start_each(count_start, &n);
    return n;
}

TEST(records_are_visited_while_they_wait_and_not_after)
{
    bo_wg wg = {0};
    bo_wg_add(&wg, 1000);
    bo_pin_thread();  // so that this goroutine does not let go of its queue
    EXPECT_EQ(starts_in_use(), 0);
    for (int i = 0; i < 1000; i++)
        go(count_down, &wg);
    bo_wg_wait(&wg);
    EXPECT_EQ(starts_in_use(), 0);
    bo_unpin_thread();
}

static long resident_kb(void)
{
    char line[256];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            sscanf(line + 6, "%ld", &kb);
    if (file)
        fclose(file);
    return kb;
}

// A P of the test's own, with nothing but its list of records.
static void use_and_put(bo__p *p, bo__start **records, int count)
{
    static void *(*const thunk)(void *, void *) = (void *(*)(void *, void *))(uintptr_t)1;
    for (int i = 0; i < count; i++) {
        records[i] = bo__start_get(p);
        EXPECT(!records[i]->call.thunk);
        records[i]->call.thunk = thunk;
    }
    EXPECT_EQ(starts_in_use(), count);
    for (int i = 0; i < count; i++)
        bo__start_put(p, records[i]);
    EXPECT_EQ(starts_in_use(), 0);
}

TEST(memory_of_a_burst_that_is_over_goes_back_to_the_kernel_and_is_used_again)
{
    enum { BURST = 400000 };  // 50 MB
    static bo__p p;
    static bo__start *records[BURST];
    use_and_put(&p, records, BURST);
    EXPECT(bo__starts_trimmable());
    long before = resident_kb();
    for (int i = 0; i < 3; i++)  // the first one only sees how things are
        bo__starts_trim();
    EXPECT(!bo__starts_trimmable());
#if !defined(BO__THREAD_SANITIZER) && !defined(BO__ADDRESS_SANITIZER) && !defined(BORA_VALGRIND)
    EXPECT(resident_kb() < before - 40000);
#else
    (void)before;  // their own memory hides it
#endif
    use_and_put(&p, records, BURST);
}

TEST(a_little_free_memory_is_not_worth_a_trim)
{
    static bo__p p;
    static bo__start *records[64 * 1024];
    use_and_put(&p, records, 64 * 1024);
    EXPECT(!bo__starts_trimmable());
}
