// SPDX-License-Identifier: MIT
// symbol_test.c: what this very program is told about its own addresses.
#include "runtime/symbol.h"

#include "runtime/module.h"
#include "runtime/sample_test.h"
#include "runtime/unwind.h"

#include <bora/go.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

static bo__symbol look_up(uintptr_t pc)
{
    bo__symbol s;
    REQUIRE(bo__report_lock(10000));
    if (!bo__symbolize(pc, &s))
        s = (bo__symbol){0};
    bo__report_unlock();
    return s;
}

// A call's place: the address and what it must be told as.
struct place {
    uintptr_t pc;
    const char *function, *file;
    int line;
};

// here fills a place in for the line it is written on.
#define here(p) ((p)->pc = bo__regs_here().pc - 1, (p)->line = __LINE__, (p)->file = __FILE__)

static __attribute__((noinline)) void in_static_function(struct place *p)
{
    here(p);
    p->function = "in_static_function";
}

static inline __attribute__((always_inline)) void inlined(struct place *p)
{
    here(p);
}

// The line is that of the code that stands there; the function is the one that it became part of.
static __attribute__((noinline)) void in_inlined_code(struct place *p)
{
    inlined(p);
    p->function = "in_inlined_code";
}

static __attribute__((noinline, cold)) void in_cold_code(struct place *p)
{
    here(p);
    p->function = "in_cold_code";
}

void symbol_test_global(struct place *p);
__attribute__((noinline)) void symbol_test_global(struct place *p)
{
    here(p);
    p->function = "symbol_test_global";
}

// Where a function ends in a call, the return address is the first byte behind it.
static volatile uintptr_t last_call;

static __attribute__((noinline, noreturn)) void leave(void **env)
{
    last_call = (uintptr_t)__builtin_return_address(0) - 1;
    __builtin_longjmp(env, 1);
}

static __attribute__((noinline, noreturn)) void ends_in_a_call(void **env)
{
    leave(env);
}

static __attribute__((noinline)) bool call_and_come_back(void)
{
    void *env[5];
    if (__builtin_setjmp(env))
        return true;
    ends_in_a_call(env);
}

static const struct {
    const char *name;
    void (*fill)(struct place *);
} places[] = {
    {"static", in_static_function},
    {"inlined", in_inlined_code},
    {"cold", in_cold_code},
    {"global", symbol_test_global},
};

static bo_str last_part(bo_str path)
{
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    return bo_str_sub(path, at, path.len);
}

TEST(symbol_tells_function_file_and_line_of_a_call)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        test_case("%s", places[i].name);
        struct place want = {0};
        places[i].fill(&want);
        bo__symbol s = look_up(want.pc);
        EXPECT_EQ(s.function, want.function);
        EXPECT_EQ(last_part(s.file), last_part(bo_str_of(want.file)));
        EXPECT_EQ(s.line, want.line);
        EXPECT_EQ(s.module, last_part(bo_str_of(own_path())));
        EXPECT(s.dir.len == 0 || bo_str_ends(s.dir, bo_s("runtime")));
        EXPECT(s.offset > 0 && s.offset < 1000);
    }
}

TEST(symbol_tells_the_function_that_ends_in_a_call)
{
    REQUIRE(call_and_come_back());
    bo__symbol s = look_up(last_call);
    EXPECT_EQ(s.function, "ends_in_a_call");
    EXPECT_EQ(last_part(s.file), "symbol_test.c");
}

TEST(symbol_tells_functions_of_other_files)
{
    static const struct {
        const char *name, *file;
        void *address;
    } cases[] = {
        {"bo_yield", "sched.c", (void *)bo_yield},
        {"bo_str_cut", "str.c", (void *)bo_str_cut},
        {"bo__switch", "switch_", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        void bo__switch(void);
        uintptr_t pc = cases[i].address ? (uintptr_t)cases[i].address : (uintptr_t)bo__switch;
        test_case("%s", cases[i].name);
        bo__symbol s = look_up(pc);
        EXPECT_EQ(s.function, cases[i].name);
        EXPECT_EQ(s.offset, 0);
        EXPECT(bo_str_starts(last_part(s.file), bo_str_of(cases[i].file)));
        EXPECT(s.line > 0);
    }
}

// libc has several names for one function: the one that a person writes is told.
TEST(symbol_tells_functions_of_libc)
{
    static const struct {
        const char *name;
        void *address;
    } cases[] = {{"getppid", (void *)getppid}, {"isatty", (void *)isatty}, {"abs", (void *)abs}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].name);
        bo__symbol s = look_up((uintptr_t)cases[i].address + 1);
        EXPECT_EQ(s.function, cases[i].name);
        EXPECT_EQ(s.offset, 1);
        EXPECT(s.module.len > 0);
    }
}

static int variable = 1;

TEST(symbol_knows_nothing_of_what_is_no_code)
{
    static const char constant[] = "text";
    int local = 0;
    uintptr_t cases[] = {0,
                         1,
                         4095,
                         (uintptr_t)&variable,
                         (uintptr_t)constant,
                         (uintptr_t)&local,
                         UINTPTR_MAX,
                         (uintptr_t)1 << 63,
                         (uintptr_t)getauxval(AT_PHDR)};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%zu", i);
        bo__symbol s = look_up(cases[i]);
        EXPECT_EQ(s.module.len, 0);
        EXPECT_EQ(s.function.len, 0);
        EXPECT_EQ(s.line, 0);
    }
}

TEST(symbol_tells_the_vdso)
{
    uintptr_t vdso = (uintptr_t)getauxval(AT_SYSINFO_EHDR);
    if (!vdso)
        test_skip("no vdso here");
    // Somewhere in its code is a function that libc calls.
    bo__symbol s = {0};
    for (uintptr_t at = vdso; at < vdso + 8192 && s.function.len == 0; at += 16)
        s = look_up(at);
    EXPECT_EQ(s.module, "[vdso]");
    EXPECT(s.function.len > 0);
}

TEST(symbol_gives_the_same_answer_again)
{
    // More addresses than are remembered, so that they replace each other.
    uintptr_t first = (uintptr_t)bo_yield;
    bo__symbol before = look_up(first);
    for (uintptr_t i = 0; i < 20000; i++)
        look_up(first + i);
    bo__symbol after = look_up(first);
    EXPECT_EQ(after.function, before.function);
    EXPECT_EQ(after.file, before.file);
    EXPECT_EQ(after.line, before.line);
    EXPECT_EQ(after.offset, before.offset);
}

// The test runs itself once more from a copy without symbols and debug information.
TEST(symbol_knows_less_in_a_stripped_program)
{
    if (getenv("SYMBOL_TEST_STRIPPED")) {
        struct place p = {0};
        in_static_function(&p);
        bo__symbol s = look_up(p.pc);
        EXPECT_EQ(s.module, "stripped");
        EXPECT_EQ(s.line, 0);
        EXPECT_EQ(s.file.len, 0);
        // A dynamic program keeps the names of what it exports.
        EXPECT(s.function.len == 0 || !bo_str_eq(s.function, bo_s("in_static_function")));
        EXPECT(s.offset > 0);
        return;
    }
    char command[12000];
    const char *exec = getenv("BORA_TEST_EXEC");
    snprintf(
        command, sizeof command,
        "(aarch64-linux-gnu-strip -o %s/stripped '%s' || strip -o %s/stripped '%s') 2>/dev/null",
        test_dir(), own_path(), test_dir(), own_path());
    REQUIRE_EQ(system(command), 0);
    snprintf(
        command, sizeof command,
        "SYMBOL_TEST_STRIPPED=1 %s %s/stripped -run '^symbol_knows_less_in_a_stripped_program$'",
        exec ? exec : "", test_dir());
    EXPECT_EQ(system(command), 0);
}
