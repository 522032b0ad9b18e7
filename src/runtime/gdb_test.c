// SPDX-License-Identifier: MIT
// gdb_test.c: a debugger walks through parked and running goroutines down to their entry.
//
// The test starts its own program once more under gdb, stops it beside a parked goroutine, and lets
// gdb print two backtraces: that of the goroutine it stopped in, and, with the registers set to
// what the switch has saved, that of the parked one.
#include "runtime/sched.h"

#include "runtime/sample_test.h"

#include <bora/sync.h>

#if defined(__x86_64__)

static bo_wg ready, over;
static bo__g *gdb_test_parked;

static __attribute__((noinline)) int gdb_test_inner(int depth)
{
    gdb_test_parked = bo__self();
    bo_wg_done(&ready);
    bo_wg_wait(&over);
    return depth + 1;
}

static __attribute__((noinline)) int gdb_test_outer(int depth)
{
    return gdb_test_inner(depth + 1) + depth;
}

static void gdb_test_goroutine(int depth)
{
    EXPECT(gdb_test_outer(depth) > 0);
}

static __attribute__((noinline)) void gdb_test_stop(void)
{
    __asm__ volatile("");
}

static void be_the_victim(void)
{
    bo_wg_add(&ready, 1);
    bo_wg_add(&over, 1);
    go(gdb_test_goroutine, 1);
    bo_wg_wait(&ready);
    while (atomic_load(&gdb_test_parked->state) != BO__G_WAITING ||
           atomic_load(&gdb_test_parked->on_cpu) != 0)
        bo_yield();
    gdb_test_stop();
    __asm__ volatile("");
}

// gdb 13 takes two underscores in assembly for Ada's dot.
#define ENTRY "g_entry ("

// The frame is that of switch_x86_64.S.
static const char script[] = "set debuginfod enabled off\n"
                             "set pagination off\n"
                             "set width 0\n"
                             "break gdb_test_stop\n"
                             "run\n"
                             "echo == running\\n\n"
                             "bt\n"
                             "set $frame = (unsigned long *)gdb_test_parked->sp\n"
                             "set $rbp = $frame[6]\n"
                             "set $pc = $frame[7]\n"
                             "set $sp = $frame + 8\n"
                             "echo == parked\\n\n"
                             "bt\n"
                             "echo == end\\n\n"
                             "kill\n";

// run_gdb returns what gdb wrote.
static bo_str run_gdb(void)
{
    char path[512], args[256] = {0};
    snprintf(path, sizeof path, "%s/script", test_dir());
    FILE *f = fopen(path, "w");
    REQUIRE(f != NULL && fputs(script, f) >= 0 && fclose(f) == 0);

    // The same arguments lead the new program to this same test.
    f = fopen("/proc/self/cmdline", "r");
    REQUIRE(f != NULL);
    size_t len = fread(args, 1, sizeof args - 1, f);
    fclose(f);
    char *rest = memchr(args, '\0', len);
    REQUIRE(rest != NULL);
    rest++;
    for (char *c = rest; c + 1 < args + len; c++)
        *c = *c ? *c : ' ';

    static char output[64 << 10];
    f = tool_open("GDB_TEST_VICTIM=1 gdb -nx -batch -x %s --args '%s' %s 2>&1 </dev/null", path,
                  own_path(), rest);
    len = fread(output, 1, sizeof output - 1, f);
    pclose(f);
    return bo_str_n(output, len);
}

// expect_walk checks that a part of the output shows the calls in order, with the entry as the
// last.
static void expect_walk(bo_str output, const char *from, const char *to, const char *const *calls)
{
    test_case("%s", from);
    ptrdiff_t begin = bo_str_find(output, bo_str_of(from));
    ptrdiff_t end = bo_str_find(output, bo_str_of(to));
    REQUIRE(begin >= 0 && end > begin);
    bo_str rest = bo_str_sub(output, (size_t)begin, (size_t)end), line;
    bool entry = false;
    while (bo_str_next(&rest, '\n', &line)) {
        if (!bo_str_starts(line, bo_s("#")))
            continue;
        EXPECT(!entry);
        entry = bo_str_find(line, bo_s(ENTRY)) >= 0;
        if (*calls && bo_str_find(line, bo_str_of(*calls)) >= 0)
            calls++;
    }
    EXPECT(entry);
    if (*calls)
        test_fail("no %s in:\n" BO_FMT, *calls, BO_ARG(output));
}

TEST(gdb_walks_through_goroutines_to_their_entry)
{
    if (getenv("GDB_TEST_VICTIM")) {
        be_the_victim();
        return;
    }
    if (!has_tool("gdb"))
        test_skip("no gdb");
    bo_str output = run_gdb();
    if (bo_str_find(output, bo_s("== end")) < 0 && bo_str_find(output, bo_s("ptrace")) >= 0)
        test_skip("gdb may not trace here");
    static const char *const running[] = {
        "gdb_test_stop", "be_the_victim", "bo__test_run_gdb_walks", "bo__g_main", ENTRY, NULL};
    static const char *const parked[] = {
        "bo_wg_wait", "gdb_test_inner", "gdb_test_outer", "gdb_test_goroutine", "bo__g_main", ENTRY,
        NULL};
    expect_walk(output, "== running", "== parked", running);
    expect_walk(output, "== parked", "== end", parked);
}

#endif
