// SPDX-License-Identifier: MIT
// bora/test.h: tests that sit beside the code.
//
// `bora test` links every *_test.c of a folder into one program. A test registers itself by being
// written; it runs as the first goroutine of a process of its own, in parallel with the others, so
// that a crash, a hang or an abort is the failure of that one test and the rest go on.
//
//     #include <bora/test.h>
//
//     TEST(str_cut_splits_at_the_first_separator)
//     {
//         bo_str key, value;
//         REQUIRE(bo_str_cut(bo_s("a=b=c"), '=', &key, &value));
//         EXPECT_EQ(key, "a");
//         EXPECT_EQ(value, "b=c");
//     }
//
// A failure prints "file:line: test/case: got X, want Y". The checks may be used from any goroutine
// and thread of the test. The program that comes out takes -run REGEX, -list, -v, -count N,
// -parallel N and -timeout DURATION (60s each test); see `bora test --help`.
#ifndef BORA_TEST_H
#define BORA_TEST_H

#include <bora/err.h>
#include <bora/str.h>

// TEST opens a test: `TEST(name) { ... }`. The body runs as the first goroutine; the test is over
// when it returns. It has passed if no check failed and the process ended well (under a sanitizer:
// without a report).
#define TEST(name) BO__TEST(name, 0)

// TEST_PLAIN is a test that runs on the main thread without the runtime started, for code that is
// called from foreign threads or starts the runtime itself.
#define TEST_PLAIN(name) BO__TEST(name, BO__TEST_PLAIN)

// TEST_PROGRAM opens a program that tests run as a child process with test_run: for what must end
// the process (a panic, a deadlock report, a signal) or needs another environment. It ends with
// exit status 0 when its body returns and no check failed. TEST_PLAIN_PROGRAM has no runtime.
#define TEST_PROGRAM(name) BO__TEST(name, BO__TEST_PROGRAM)
#define TEST_PLAIN_PROGRAM(name) BO__TEST(name, BO__TEST_PROGRAM | BO__TEST_PLAIN)

// EXPECT records a failure when the condition is false, and returns the condition: the test goes
// on. REQUIRE ends the test at once when it is false.
#define EXPECT(condition) bo__test_expect(!!(condition), __FILE__, __LINE__, #condition)
#define REQUIRE(condition) bo__test_require(!!(condition), __FILE__, __LINE__, #condition)

// EXPECT_EQ compares what the code gave with what is right, and prints both when they differ.
// Integers compare by value whatever their types are, `char *` and bo_str by their bytes with each
// other, doubles exactly, bo_err and other pointers by address (an error prints as its message).
// Structs do not compile. REQUIRE_EQ ends the test at once when they differ.
#define EXPECT_EQ(got, want)                                                                       \
    bo__test_expect_eq(bo__test_value(got), bo__test_value(want), __FILE__, __LINE__, #got)
#define REQUIRE_EQ(got, want)                                                                      \
    bo__test_require_eq(bo__test_value(got), bo__test_value(want), __FILE__, __LINE__, #got)

// EXPECT_ERR checks what an error is or wraps (bo_err_is), EXPECT_ERR_TEXT what its whole message
// is. Both free the error, right or not.
#define EXPECT_ERR(err, kind) bo__test_expect_err((err), (kind), __FILE__, __LINE__, #err)
#define EXPECT_ERR_TEXT(err, text) bo__test_expect_err_text((err), (text), __FILE__, __LINE__, #err)

// test_fail records a failure in words: the test goes on. test_skip ends the test at once as
// skipped, with the reason; what had failed before stays a failure.
#define test_fail(...) bo__test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define test_skip(...) bo__test_skip(__FILE__, __LINE__, __VA_ARGS__)

// test_case names the case, the row of a table, that the checks from here on belong to; it replaces
// the one before. The name is cut at 120 bytes. One name serves the whole process.
void test_case(const char *format, ...) __attribute__((format(printf, 1, 2)));

// test_dir is the path of an empty folder that belongs to this test alone; it is removed with all
// that is in it when the test is over. The same path at every call.
const char *test_dir(void);

// test_runs_under reports whether another program runs the test: "qemu" (--aarch64 on another
// machine), "valgrind". For what those cannot do, not for what they find.
bool test_runs_under(const char *program);

// A finished program: its exit status (128 + the signal's number if one killed it) and what it
// wrote to standard output and standard error, up to 1 MB, with a NUL behind it.
typedef struct {
    int status;
    bo_str output;
} test_result;

// test_run runs a TEST_PROGRAM of this folder as a child process and waits for it. environment adds
// to the test's own, as "NAME=value" strings with a NULL behind the last, or is NULL. The output
// lives until the test ends. It blocks the thread, not only the goroutine.
test_result test_run(const char *program, const char *const *environment);

// ---- what the macros above expand to; nothing below is for direct use ----

enum { BO__TEST_PLAIN = 1, BO__TEST_PROGRAM = 2 };

struct bo__test {
    const char *name;
    const char *file;
    int line;
    int flags;
    void (*run)(void);
};

#if __has_attribute(retain)
#define BO__TEST_KEPT section("bora_tests"), used, retain
#else
#define BO__TEST_KEPT section("bora_tests"), used
#endif

// The linker section holds pointers, not the structs, so that it is an array whatever padding a
// compiler or sanitizer puts around objects.
#define BO__TEST(name, flags)                                                                      \
    static void bo__test_run_##name(void);                                                         \
    static const struct bo__test bo__test_##name = {#name, __FILE__, __LINE__, flags,              \
                                                    bo__test_run_##name};                          \
    __attribute__((BO__TEST_KEPT)) static const struct bo__test *const bo__test_at_##name =        \
        &bo__test_##name;                                                                          \
    static void bo__test_run_##name(void)

enum bo__test_kind {
    BO__TEST_BOOL,
    BO__TEST_INT,
    BO__TEST_UINT,
    BO__TEST_DOUBLE,
    BO__TEST_STR,
    BO__TEST_POINTER,
    BO__TEST_ERR,
};

struct bo__test_value {
    enum bo__test_kind kind;
    union {
        int64_t i;
        uint64_t u;
        double d;
        bo_str s;
        const volatile void *p;
        bo_err e;
    };
};

static inline struct bo__test_value bo__test_bool(bool v)
{
    return (struct bo__test_value){BO__TEST_BOOL, {.i = v}};
}

static inline struct bo__test_value bo__test_int(int64_t v)
{
    return (struct bo__test_value){BO__TEST_INT, {.i = v}};
}

static inline struct bo__test_value bo__test_uint(uint64_t v)
{
    return (struct bo__test_value){BO__TEST_UINT, {.u = v}};
}

static inline struct bo__test_value bo__test_double(double v)
{
    return (struct bo__test_value){BO__TEST_DOUBLE, {.d = v}};
}

static inline struct bo__test_value bo__test_str(bo_str v)
{
    return (struct bo__test_value){BO__TEST_STR, {.s = v}};
}

static inline struct bo__test_value bo__test_pointer(const volatile void *v)
{
    return (struct bo__test_value){BO__TEST_POINTER, {.p = v}};
}

// A NULL text is a NULL pointer, so that EXPECT_EQ(text, NULL) means what it says.
static inline struct bo__test_value bo__test_text(const char *v)
{
    return v ? bo__test_str(bo_str_of(v)) : bo__test_pointer(v);
}

static inline struct bo__test_value bo__test_err(bo_err v)
{
    return (struct bo__test_value){BO__TEST_ERR, {.e = v}};
}

#define bo__test_value(x)                                                                          \
    _Generic((x),                                                                                  \
        bool: bo__test_bool,                                                                       \
        char: bo__test_int,                                                                        \
        signed char: bo__test_int,                                                                 \
        short: bo__test_int,                                                                       \
        int: bo__test_int,                                                                         \
        long: bo__test_int,                                                                        \
        long long: bo__test_int,                                                                   \
        unsigned char: bo__test_uint,                                                              \
        unsigned short: bo__test_uint,                                                             \
        unsigned int: bo__test_uint,                                                               \
        unsigned long: bo__test_uint,                                                              \
        unsigned long long: bo__test_uint,                                                         \
        float: bo__test_double,                                                                    \
        double: bo__test_double,                                                                   \
        char *: bo__test_text,                                                                     \
        const char *: bo__test_text,                                                               \
        bo_str: bo__test_str,                                                                      \
        bo_err: bo__test_err,                                                                      \
        default: bo__test_pointer)(x)

bool bo__test_expect(bool ok, const char *file, int line, const char *condition);
void bo__test_require(bool ok, const char *file, int line, const char *condition);
bool bo__test_expect_eq(struct bo__test_value got, struct bo__test_value want, const char *file,
                        int line, const char *expression);
void bo__test_require_eq(struct bo__test_value got, struct bo__test_value want, const char *file,
                         int line, const char *expression);
bool bo__test_expect_err(bo_err got, bo_err kind, const char *file, int line,
                         const char *expression);
bool bo__test_expect_err_text(bo_err got, const char *text, const char *file, int line,
                              const char *expression);
void bo__test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void bo__test_skip(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
