// SPDX-License-Identifier: MIT
// Who gets to run: liveness under goroutines that compute or block, hand-overs, and configuration.
// How long anything takes is measured in bench/; here what must happen does, or the test's time
// runs out.
#include <bora/chan.h>
#include <bora/go.h>
#include <bora/sync.h>
#include <bora/test.h>

#include "runtime/sched.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// A goroutine is a thread to ThreadSanitizer, and as slow to start.
#ifdef BO__THREAD_SANITIZER
#define FAST false
#else
#define FAST true
#endif

// -- nobody starves -------------------------------------------------------------------------------

static _Atomic bool stop_hogs;

static void hog(bo_wg *done)
{
    for (volatile uint64_t n = 0; !atomic_load_explicit(&stop_hogs, memory_order_relaxed);)
        n++;
    bo_wg_done(done);
}

static void read_blocking(int fd, bo_wg *done)
{
    char byte;
    EXPECT_EQ(read(fd, &byte, 1), 1);
    bo_wg_done(done);
}

static void tick(int times)
{
    for (int i = 0; i < times; i++)
        EXPECT(bo_sleep(BO_MILLISECOND) == NULL);
}

TEST(goroutines_that_compute_on_every_core_do_not_stop_the_others)
{
    bo_wg done = {0};
    int hogs = bo_procs() + 1;
    bo_wg_add(&done, hogs);
    for (int i = 0; i < hogs; i++)
        go(hog, &done);
    tick(30);
    atomic_store(&stop_hogs, true);
    bo_wg_wait(&done);
}

TEST(blocking_reads_on_every_core_do_not_stop_the_others)
{
    bo_wg done = {0};
    int pipes[2], readers = bo_procs() + 1;
    REQUIRE_EQ(pipe(pipes), 0);
    bo_wg_add(&done, readers);
    for (int i = 0; i < readers; i++)
        go(read_blocking, pipes[0], &done);
    tick(30);
    for (int i = 0; i < readers; i++)
        EXPECT_EQ(write(pipes[1], "x", 1), 1);
    bo_wg_wait(&done);
}

static void spin_until(_Atomic int *arrived, int wanted)
{
    atomic_fetch_add(arrived, 1);
    while (atomic_load(arrived) < wanted)
        ;
}

TEST(as_many_goroutines_run_at_once_as_there_are_procs)
{
    // Each waits for the others without ever letting go of its processor.
    static _Atomic int arrived;
    int procs = bo_procs();
    for (int i = 1; i < procs; i++)
        go(spin_until, &arrived, procs);
    spin_until(&arrived, procs);
}

static void pass_on(bo_chan(int) from, bo_chan(int) to)
{
    for (int n; bo_recv(from, &n);)
        bo_send(to, n);
}

static void count_once(_Atomic int *n)
{
    atomic_fetch_add(n, 1);
}

TEST(two_that_make_each_other_ready_do_not_starve_a_third)
{
    bo_chan(int) there = bo_chan_new(int, 0), back = bo_chan_new(int, 0);
    static _Atomic int others;
    go(pass_on, there, back);
    go(count_once, &others);
    while (atomic_load(&others) == 0) {
        int n;
        bo_send(there, 1);
        bo_recv(back, &n);
    }
    bo_chan_close(there);
}

TEST(a_burst_of_goroutines_far_over_the_run_queue_all_run)
{
    enum { BURST = (FAST ? 100 : 10) * BO__RING };
    static _Atomic int ran;
    for (int i = 0; i < BURST; i++)
        go(count_once, &ran);
    while (atomic_load(&ran) < BURST)
        bo_yield();
}

static void spawn_tree(int depth, _Atomic int *leaves)
{
    if (depth == 0) {
        atomic_fetch_add(leaves, 1);
        return;
    }
    go(spawn_tree, depth - 1, leaves);
    go(spawn_tree, depth - 1, leaves);
}

TEST(goroutines_that_start_goroutines_all_run)
{
    static _Atomic int leaves;
    const int depth = FAST ? 14 : 10;
    spawn_tree(depth, &leaves);
    while (atomic_load(&leaves) < 1 << depth)
        bo_yield();
}

// -- blocking calls -------------------------------------------------------------------------------

static double half(int n)
{
    return n / 2.0;
}

TEST(blocking_yields_the_value_of_the_call)
{
    EXPECT_EQ(bo_blocking(half, 5), 2.5);
    EXPECT_EQ(bo_blocking(strlen, "four"), 4);
}

static int wait_for_byte(int fd)
{
    char byte = 0;
    return read(fd, &byte, 1) == 1 ? byte : -1;
}

static void read_announced(int fd, bo_wg *done)
{
    EXPECT_EQ(bo_blocking(wait_for_byte, fd), 'x');
    bo_wg_done(done);
}

TEST(blocking_calls_over_the_limit_wait_their_turn)
{
    // More than BORA_THREADS (512): each can only end once a byte is there for it.
    enum { CALLS = 600 };
    bo_wg done = {0};
    int pipes[2];
    REQUIRE_EQ(pipe(pipes), 0);
    bo_wg_add(&done, CALLS);
    for (int i = 0; i < CALLS; i++)
        go(read_announced, pipes[0], &done);
    tick(5);
    for (int i = 0; i < CALLS; i++)
        REQUIRE_EQ(write(pipes[1], "x", 1), 1);
    bo_wg_wait(&done);
    EXPECT(atomic_load(&bo__rt.threads) <= 512 + bo_procs() + 2);
}

// -- pinned ---------------------------------------------------------------------------------------

static void stay_pinned(bo_wg *done)
{
    bo_pin_thread();
    bo_pin_thread();
    pthread_t thread = pthread_self();
    for (int i = 0; i < 50; i++) {
        bo_yield();
        EXPECT(pthread_equal(pthread_self(), thread));
        EXPECT(bo_sleep(10 * BO_MICROSECOND) == NULL);
        EXPECT(pthread_equal(pthread_self(), thread));
    }
    bo_unpin_thread();
    EXPECT(pthread_equal(pthread_self(), thread));
    bo_unpin_thread();
    bo_wg_done(done);
}

TEST(a_pinned_goroutine_keeps_its_thread)
{
    bo_wg done = {0};
    bo_wg_add(&done, 8);
    for (int i = 0; i < 8; i++)
        go(stay_pinned, &done);
    bo_wg_wait(&done);
}

static void end_pinned(bo_wg *done)
{
    bo_pin_thread();
    bo_wg_done(done);
}

TEST(a_goroutine_may_end_pinned)
{
    bo_wg done = {0};
    bo_wg_add(&done, 20);
    for (int i = 0; i < 20; i++)
        go(end_pinned, &done);
    bo_wg_wait(&done);
}

TEST_PROGRAM(unpins_without_a_pin)
{
    bo_unpin_thread();
}

TEST(unpinning_without_a_pin_panics)
{
    EXPECT_EQ(test_run("unpins_without_a_pin", NULL).status, 128 + SIGABRT);
}

// -- threads --------------------------------------------------------------------------------------

static void *use_runtime(void *ch)
{
    bo_send((bo_chan(int))ch, 1);
    return NULL;
}

TEST(foreign_threads_come_and_go_without_leaving_records_behind)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    int records[2] = {0};
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 50; i++) {
            pthread_t thread;
            int n;
            REQUIRE_EQ(pthread_create(&thread, NULL, use_runtime, (void *)ch), 0);
            EXPECT(bo_recv(ch, &n));
            bo_blocking(pthread_join, thread, NULL);
        }
        for (bo__m *m = atomic_load(&bo__rt.all_m); m; m = m->next_all)
            records[round]++;
    }
    // The second fifty use the records of the first; a few more for spares that came up meanwhile.
    EXPECT(records[1] <= records[0] + 8);
    bo_chan_free(ch);
}

TEST(threads_that_nobody_needs_any_more_end)
{
    bo__spare_life = BO_MILLISECOND;
    bo_wg done = {0};
    int pipes[2];
    REQUIRE_EQ(pipe(pipes), 0);
    bo_wg_add(&done, 40);
    for (int i = 0; i < 40; i++)
        go(read_announced, pipes[0], &done);
    while (atomic_load(&bo__rt.threads) < 40)
        bo_yield();
    for (int i = 0; i < 40; i++)
        REQUIRE_EQ(write(pipes[1], "x", 1), 1);
    bo_wg_wait(&done);
    // Two spares are kept, and one more may be on its way.
    while (atomic_load(&bo__rt.threads) > bo_procs() + 3)
        bo_err_free(bo_sleep(BO_MILLISECOND));
}

// -- configuration --------------------------------------------------------------------------------

TEST_PROGRAM(prints_procs)
{
    printf("procs %d\n", bo_procs());
}

TEST(BORA_PROCS_sets_how_many_run_at_once_and_nonsense_is_named_and_ignored)
{
    static const struct {
        const char *setting, *prints;
        bool warns;
    } cases[] = {
        {"BORA_PROCS=1", "procs 1\n", false},     {"BORA_PROCS=5", "procs 5\n", false},
        {"BORA_PROCS=256", "procs 256\n", false}, {"BORA_PROCS=257", "procs ", true},
        {"BORA_PROCS=0", "procs ", true},         {"BORA_PROCS=-1", "procs ", true},
        {"BORA_PROCS=two", "procs ", true},       {"BORA_PROCS=", "procs ", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].setting);
        const char *const environment[] = {cases[i].setting, NULL};
        test_result r = test_run("prints_procs", environment);
        EXPECT_EQ(r.status, 0);
        EXPECT(bo_str_find(r.output, bo_str_of(cases[i].prints)) >= 0);
        EXPECT_EQ(bo_str_find(r.output, bo_s("ignored")) >= 0, cases[i].warns);
    }
}

static bool write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return false;
    bool wrote = fputs(text, file) >= 0;
    return fclose(file) == 0 && wrote;
}

// Makes a group with a quota of 1.5 cores below the root of either version's tree; false: none can
// be made here.
static bool make_group(char *root, char *group, size_t size)
{
    static const struct {
        const char *root, *file, *quota;
    } versions[] = {{"/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "150000"},
                    {"/sys/fs/cgroup", "cpu.max", "150000 100000"}};
    for (size_t i = 0; i < 2; i++) {
        char path[320];
        snprintf(root, size, "%s", versions[i].root);
        snprintf(group, size, "%s/bora-test-%d", versions[i].root, (int)getpid());
        snprintf(path, sizeof path, "%s/cgroup.procs", root);
        if (access(path, W_OK) != 0 || mkdir(group, 0755) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", group, versions[i].file);
        if (access(path, W_OK) == 0 && write_file(path, versions[i].quota))
            return true;
        rmdir(group);
    }
    return false;
}

static bool join_group(const char *group)
{
    char path[320];
    snprintf(path, sizeof path, "%s/cgroup.procs", group);
    return write_file(path, "0");
}

TEST_PROGRAM(prints_the_cores_of_its_cgroup)
{
    printf("cores %d\n", bo__cgroup_cores());
}

TEST(a_cgroups_cpu_quota_limits_procs_rounded_up)
{
    char root[128], group[128];
    if (!make_group(root, group, sizeof group))
        test_skip("no cgroup can be made here");
    test_result r = {0};
    if (join_group(group)) {
        r = test_run("prints_the_cores_of_its_cgroup", NULL);
        join_group(root);
    }
    rmdir(group);
    EXPECT(bo_str_find(r.output, bo_s("cores 2\n")) >= 0);
}

TEST_PROGRAM(idles)
{
    struct rusage before, after;
    bo_sleep(300 * BO_MILLISECOND);  // until the monitor rests too
    getrusage(RUSAGE_SELF, &before);
    bo_sleep(500 * BO_MILLISECOND);
    getrusage(RUSAGE_SELF, &after);
    printf("switches %ld\n", after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw - before.ru_nivcsw);
}

TEST(an_idle_program_does_not_wake_up)
{
    test_result r = test_run("idles", NULL);
    const char *at = strstr(r.output.ptr, "switches ");
    REQUIRE(at != NULL);
    // The timer of the sleep itself, and the monitor that it wakes: not the 250 ticks of 2 ms.
    EXPECT(atoi(at + 9) < 60);
}
