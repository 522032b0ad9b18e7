// SPDX-License-Identifier: MIT
// expect.c: the checks, and how a value is compared and shown.
//
// Every report is formatted into one buffer and written by one write(2) to standard error, past
// stdio: a check may fail on any goroutine or thread, while another one holds stdio's lock, and in
// a process that is about to crash. The state is a counter and two names, all of it process-wide,
// since a process runs one test.
//
// Ending a test early is _exit: there is no stack to unwind, no lock to free, and the process was
// made for this test only. Leak checkers do not run then, which is right: the test has failed.
#include "testing/testing.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum {
    REPORT_BYTES_MAX = 4096,  // One failure; what is longer is cut.
    SHOWN_BYTES_MAX = 600,    // One value of type string in it.
    CASE_BYTES_MAX = 120,
};

static _Atomic int failures;
static const char *test_name = "?";
static char case_name[CASE_BYTES_MAX + 1];

bool test_failed(void)
{
    return atomic_load(&failures) > 0;
}

void test_named(const char *name)
{
    test_name = name;
}

// A bounded text under construction. It never overflows: what does not fit is dropped.
struct text {
    char bytes[REPORT_BYTES_MAX];
    size_t len;
};

__attribute__((format(printf, 2, 0))) static void text_vadd(struct text *t, const char *format,
                                                            va_list args)
{
    size_t room = sizeof t->bytes - t->len;
    int n = vsnprintf(t->bytes + t->len, room, format, args);
    if (n > 0)
        t->len += (size_t)n < room ? (size_t)n : room - 1;
}

__attribute__((format(printf, 2, 3))) static void text_add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vadd(t, format, args);
    va_end(args);
}

static void text_add_byte(struct text *t, unsigned char c)
{
    if (c == '"' || c == '\\')
        text_add(t, "\\%c", c);
    else if (c == '\n')
        text_add(t, "\\n");
    else if (c == '\r')
        text_add(t, "\\r");
    else if (c == '\t')
        text_add(t, "\\t");
    else if (c < 0x20 || c == 0x7f)
        text_add(t, "\\x%02x", c);
    else
        text_add(t, "%c", c);
}

static void text_add_quoted(struct text *t, bo_str s)
{
    size_t shown = s.len < SHOWN_BYTES_MAX ? s.len : SHOWN_BYTES_MAX;
    text_add(t, "\"");
    for (size_t i = 0; i < shown; i++)
        text_add_byte(t, (unsigned char)s.ptr[i]);
    text_add(t, "\"");
    if (shown < s.len)
        text_add(t, "... (%zu bytes)", s.len);
}

static void text_add_value(struct text *t, struct bo__test_value v)
{
    switch (v.kind) {
    case BO__TEST_BOOL:
        text_add(t, "%s", v.i ? "true" : "false");
        break;
    case BO__TEST_INT:
        text_add(t, "%" PRId64, v.i);
        break;
    case BO__TEST_UINT:
        text_add(t, "%" PRIu64, v.u);
        break;
    case BO__TEST_DOUBLE:
        text_add(t, "%.17g", v.d);
        break;
    case BO__TEST_STR:
        text_add_quoted(t, v.s);
        break;
    case BO__TEST_POINTER:
        if (v.p)
            text_add(t, "%#" PRIxPTR, (uintptr_t)v.p);
        else
            text_add(t, "NULL");
        break;
    case BO__TEST_ERR:
        if (v.e)
            text_add(t, "error \"%s\"", bo_err_message(v.e));
        else
            text_add(t, "no error");
        break;
    }
}

static bool is_integer(enum bo__test_kind kind)
{
    return kind == BO__TEST_BOOL || kind == BO__TEST_INT || kind == BO__TEST_UINT;
}

static bool is_pointer(enum bo__test_kind kind)
{
    return kind == BO__TEST_POINTER || kind == BO__TEST_ERR;
}

static double as_double(struct bo__test_value v)
{
    if (v.kind == BO__TEST_DOUBLE)
        return v.d;
    return v.kind == BO__TEST_UINT ? (double)v.u : (double)v.i;
}

// A negative number has no equal among the unsigned ones, though its bits may have.
static bool integers_equal(struct bo__test_value a, struct bo__test_value b)
{
    if (a.kind != BO__TEST_UINT && a.i < 0 && b.kind == BO__TEST_UINT)
        return false;
    if (b.kind != BO__TEST_UINT && b.i < 0 && a.kind == BO__TEST_UINT)
        return false;
    return a.u == b.u;
}

static bool values_equal(struct bo__test_value a, struct bo__test_value b)
{
    if (is_integer(a.kind) && is_integer(b.kind))
        return integers_equal(a, b);
    if ((is_integer(a.kind) || a.kind == BO__TEST_DOUBLE) &&
        (is_integer(b.kind) || b.kind == BO__TEST_DOUBLE))
        return as_double(a) == as_double(b);
    if (a.kind == BO__TEST_STR && b.kind == BO__TEST_STR)
        return bo_str_eq(a.s, b.s);
    if (is_pointer(a.kind) && is_pointer(b.kind))
        return a.p == b.p;
    if (a.kind == BO__TEST_STR && b.kind == BO__TEST_POINTER)
        return a.s.ptr == b.p;
    if (a.kind == BO__TEST_POINTER && b.kind == BO__TEST_STR)
        return a.p == b.s.ptr;
    return false;
}

static void report_open(struct text *t, const char *file, int line)
{
    t->len = 0;
    text_add(t, "%s:%d: %s%s%s: ", file, line, test_name, case_name[0] ? "/" : "", case_name);
}

static void report_close(struct text *t)
{
    // The last byte may be the end of a cut text: the line break has its place there.
    if (t->len == sizeof t->bytes - 1)
        t->len--;
    t->bytes[t->len++] = '\n';
    for (size_t done = 0; done < t->len;) {
        ssize_t n = write(STDERR_FILENO, t->bytes + done, t->len - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
}

// Two long strings that differ far inside look alike when they are cut: say where they part.
static void report_difference(struct text *t, bo_str got, bo_str want)
{
    size_t shorter = got.len < want.len ? got.len : want.len;
    size_t at = 0;
    while (at < shorter && got.ptr[at] == want.ptr[at])
        at++;
    if (at >= 20)
        text_add(t, " (they differ from byte %zu on)", at);
}

bool bo__test_expect(bool ok, const char *file, int line, const char *condition)
{
    if (ok)
        return true;
    atomic_fetch_add(&failures, 1);
    struct text t;
    report_open(&t, file, line);
    text_add(&t, "got false, want %s", condition);
    report_close(&t);
    return false;
}

void bo__test_require(bool ok, const char *file, int line, const char *condition)
{
    if (!bo__test_expect(ok, file, line, condition))
        _exit(TEST_FAILED);
}

bool bo__test_expect_eq(struct bo__test_value got, struct bo__test_value want, const char *file,
                        int line, const char *expression)
{
    if (values_equal(got, want))
        return true;
    atomic_fetch_add(&failures, 1);
    struct text t;
    report_open(&t, file, line);
    text_add(&t, "%s: got ", expression);
    text_add_value(&t, got);
    text_add(&t, ", want ");
    text_add_value(&t, want);
    if (got.kind == BO__TEST_STR && want.kind == BO__TEST_STR)
        report_difference(&t, got.s, want.s);
    report_close(&t);
    return false;
}

void bo__test_require_eq(struct bo__test_value got, struct bo__test_value want, const char *file,
                         int line, const char *expression)
{
    if (!bo__test_expect_eq(got, want, file, line, expression))
        _exit(TEST_FAILED);
}

bool bo__test_expect_err(bo_err got, bo_err kind, const char *file, int line,
                         const char *expression)
{
    bool ok = bo_err_is(got, kind);
    // The comparison of what is known to differ is there for its report.
    if (!ok)
        bo__test_expect_eq(bo__test_err(got), bo__test_err(kind), file, line, expression);
    bo_err_free(got);
    return ok;
}

bool bo__test_expect_err_text(bo_err got, const char *text, const char *file, int line,
                              const char *expression)
{
    bool ok = bo__test_expect_eq(bo__test_text(bo_err_message(got)), bo__test_text(text), file,
                                 line, expression);
    bo_err_free(got);
    return ok;
}

void bo__test_fail(const char *file, int line, const char *format, ...)
{
    atomic_fetch_add(&failures, 1);
    struct text t;
    report_open(&t, file, line);
    va_list args;
    va_start(args, format);
    text_vadd(&t, format, args);
    va_end(args);
    report_close(&t);
}

void bo__test_skip(const char *file, int line, const char *format, ...)
{
    struct text t;
    report_open(&t, file, line);
    text_add(&t, "skipped: ");
    va_list args;
    va_start(args, format);
    text_vadd(&t, format, args);
    va_end(args);
    report_close(&t);
    _exit(test_failed() ? TEST_FAILED : TEST_SKIPPED);
}

void test_case(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(case_name, sizeof case_name, format, args);
    va_end(args);
}
