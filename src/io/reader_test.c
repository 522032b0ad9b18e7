// SPDX-License-Identifier: MIT
#include "io/io_test.h"

#include <bora/arena.h>

// ---- single functions ----

TEST(read_gives_what_is_there_and_then_the_end)
{
    char buf[8], into[8];
    size_t got = 99;
    struct source s = source_of(bo_s("abcdef"), 4, buf, sizeof buf);
    REQUIRE_EQ(bo_read(&s.reader, into, 3, &got), NULL);
    EXPECT_EQ(bo_str_n(into, got), "abc");
    // One byte is buffered: it is not worth waiting for more.
    REQUIRE_EQ(bo_read(&s.reader, into, 3, &got), NULL);
    EXPECT_EQ(bo_str_n(into, got), "d");
    REQUIRE_EQ(bo_read(&s.reader, into, 8, &got), NULL);
    EXPECT_EQ(bo_str_n(into, got), "ef");
    EXPECT_EQ(bo_read(&s.reader, into, 8, &got), BO_EOF);
    EXPECT_EQ(bo_read(&s.reader, into, 8, &got), BO_EOF);
    EXPECT_EQ(bo_read(&s.reader, into, 0, &got), NULL);
    EXPECT_EQ(got, 0);
    EXPECT_EQ(s.reader.err, BO_EOF);
}

TEST(large_reads_go_past_the_buffer)
{
    char buf[4], into[16];
    size_t got = 0;
    struct source s = source_of(bo_s("0123456789"), 0, buf, sizeof buf);
    REQUIRE_EQ(bo_read(&s.reader, into, sizeof into, &got), NULL);
    EXPECT_EQ(bo_str_n(into, got), "0123456789");
    EXPECT_EQ(s.calls, 1);
}

TEST(read_full_tells_no_byte_from_too_few)
{
    char buf[4], into[8];
    struct source s = source_of(bo_s("abcde"), 1, buf, sizeof buf);
    EXPECT_EQ(bo_read_full(&s.reader, into, 0), NULL);
    REQUIRE_EQ(bo_read_full(&s.reader, into, 3), NULL);
    EXPECT_EQ(bo_str_n(into, 3), "abc");
    bo_err err = bo_read_full(&s.reader, into, 3);
    EXPECT(err != BO_EOF);
    EXPECT_ERR_TEXT(err, "unexpected end of file");
    EXPECT_EQ(bo_read_full(&s.reader, into, 3), BO_EOF);
    EXPECT_EQ(bo_read_full(&s.reader, into, 0), NULL);
}

TEST(read_byte_reads_to_the_end)
{
    char buf[2], byte = 0;
    struct source s = source_of(bo_s("xyz"), 0, buf, sizeof buf);
    for (const char *want = "xyz"; *want; want++) {
        REQUIRE_EQ(bo_read_byte(&s.reader, &byte), NULL);
        EXPECT_EQ(byte, *want);
    }
    EXPECT_EQ(bo_read_byte(&s.reader, &byte), BO_EOF);
}

TEST(read_until_keeps_to_its_limit)
{
    static const struct {
        const char *data;
        size_t cap, limit;
        const char *out;  // NULL: an error.
        bo_err err;
    } cases[] = {
        {"abc;d", 8, 4, "abc", NULL},
        {"abc;d", 8, 3, "abc", NULL},
        {"abc;d", 8, 2, NULL, BO_TOO_LARGE},
        {"abc;d", 8, 0, "abc", NULL},
        {"abc;d", 4, 0, "abc", NULL},
        {"abc;d", 3, 0, NULL, BO_TOO_LARGE},
        {"abc;d", 3, 99, NULL, BO_TOO_LARGE},
        {"abc;d", 4, 99, "abc", NULL},
        {";", 1, 0, "", NULL},
        {";", 8, 1, "", NULL},
        {"a;", 1, 0, NULL, BO_TOO_LARGE},
        {"abc", 8, 0, NULL, BO_EOF},
        {"abc", 8, 3, NULL, BO_EOF},
        {"abc", 8, 2, NULL, BO_TOO_LARGE},
        {"", 8, 0, NULL, BO_EOF},
        {"", 8, 5, NULL, BO_EOF},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t step = 0; step < 4; step++) {
            char buf[8];
            bo_str out = {0};
            test_case("row %zu, step %zu", i, step);
            struct source s = source_of(bo_str_of(cases[i].data), step, buf, cases[i].cap);
            bo_err err = bo_read_until(&s.reader, ';', cases[i].limit, &out);
            if (cases[i].out && EXPECT_EQ(err, NULL))
                EXPECT_EQ(out, cases[i].out);
            else
                EXPECT_ERR(err, cases[i].err);
        }
    }
}

TEST(read_until_in_memory_knows_no_buffer_to_be_too_small)
{
    bo_str out;
    bo_reader r = bo_mem_reader(bo_s("ab;cd;ef"));
    REQUIRE_EQ(bo_read_until(&r, ';', 0, &out), NULL);
    EXPECT_EQ(out, "ab");
    EXPECT_EQ(bo_read_until(&r, ';', 1, &out), BO_TOO_LARGE);
    REQUIRE_EQ(bo_read_until(&r, ';', 2, &out), NULL);
    EXPECT_EQ(out, "cd");
    EXPECT_ERR_TEXT(bo_read_until(&r, ';', 0, &out), "unexpected end of file");
    REQUIRE_EQ(bo_read_line(&r, 0, &out), NULL);
    EXPECT_EQ(out, "ef");
    EXPECT_EQ(bo_read_until(&r, ';', 0, &out), BO_EOF);
}

TEST(after_a_view_that_failed_nothing_is_lost)
{
    char buf[8], into[8];
    bo_str out;
    struct source s = source_of(bo_s("abcdef"), 2, buf, sizeof buf);
    EXPECT_EQ(bo_read_until(&s.reader, ';', 3, &out), BO_TOO_LARGE);
    EXPECT_EQ(s.reader.err, NULL);
    EXPECT_EQ(bo_peek(&s.reader, 9, &out), BO_TOO_LARGE);
    bo_err err = bo_read_until(&s.reader, ';', 7, &out);
    EXPECT(err != BO_EOF);
    EXPECT_ERR(err, BO_EOF);
    EXPECT_ERR_TEXT(bo_peek(&s.reader, 7, &out), "unexpected end of file");
    REQUIRE_EQ(bo_read_full(&s.reader, into, 6), NULL);
    EXPECT_EQ(bo_str_n(into, 6), "abcdef");
    EXPECT_EQ(bo_peek(&s.reader, 1, &out), BO_EOF);
}

TEST(read_line_knows_both_line_ends_and_the_last_line)
{
    static const struct {
        const char *data;
        size_t limit;
        const char *lines[5];  // Up to the end of file.
    } cases[] = {
        {"a\nbb\nccc\n", 0, {"a", "bb", "ccc"}},
        {"a\r\nbb\r\nccc", 0, {"a", "bb", "ccc"}},
        {"\n\r\n\r\r\n", 0, {"", "", "\r"}},
        {"a\rb\nc\r", 0, {"a\rb", "c\r"}},  // No line end, so no '\r' before it.
        {"", 0, {NULL}},
        {"abcd\nabc\r\n", 4, {"abcd", "abc"}},
        {"abcd", 4, {"abcd"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t step = 0; step < 3; step++) {
            char buf[16];
            bo_str line;
            test_case("row %zu, step %zu", i, step);
            struct source s = source_of(bo_str_of(cases[i].data), step, buf, sizeof buf);
            for (const char *const *want = cases[i].lines; *want; want++) {
                REQUIRE_EQ(bo_read_line(&s.reader, cases[i].limit, &line), NULL);
                EXPECT_EQ(line, *want);
            }
            EXPECT_EQ(bo_read_line(&s.reader, cases[i].limit, &line), BO_EOF);
        }
    }
}

TEST(read_line_refuses_what_is_over_the_limit_and_goes_on_if_wanted)
{
    static const char *const too_long[] = {"abcde\nnext", "abcd\r\nnext", "abcde"};
    for (size_t i = 0; i < sizeof too_long / sizeof *too_long; i++) {
        char buf[16];
        bo_str line;
        test_case("row %zu", i);
        struct source s = source_of(bo_str_of(too_long[i]), 1, buf, sizeof buf);
        EXPECT_EQ(bo_read_line(&s.reader, 4, &line), BO_TOO_LARGE);
        EXPECT_EQ(bo_read_line(&s.reader, 4, &line), BO_TOO_LARGE);
        EXPECT_EQ(bo_read_line(&s.reader, 5, &line), NULL);
        EXPECT_EQ(line.ptr[0], 'a');
    }
}

TEST(peek_takes_nothing)
{
    char buf[4];
    bo_str out;
    struct source s = source_of(bo_s("abcdef"), 1, buf, sizeof buf);
    REQUIRE_EQ(bo_peek(&s.reader, 0, &out), NULL);
    EXPECT_EQ(out.len, 0);
    EXPECT_EQ(s.calls, 0);
    REQUIRE_EQ(bo_peek(&s.reader, 3, &out), NULL);
    EXPECT_EQ(out, "abc");
    REQUIRE_EQ(bo_peek(&s.reader, 4, &out), NULL);
    EXPECT_EQ(out, "abcd");
    EXPECT_EQ(bo_peek(&s.reader, 5, &out), BO_TOO_LARGE);
    REQUIRE_EQ(bo_skip(&s.reader, 3), NULL);
    REQUIRE_EQ(bo_peek(&s.reader, 3, &out), NULL);
    EXPECT_EQ(out, "def");

    bo_reader memory = bo_mem_reader(bo_s("xy"));
    EXPECT_ERR(bo_peek(&memory, 3, &out), BO_EOF);
    REQUIRE_EQ(bo_peek(&memory, 2, &out), NULL);
    EXPECT_EQ(out, "xy");
}

TEST(skip_tells_no_byte_from_too_few)
{
    char buf[4];
    for (size_t cap = 0; cap <= sizeof buf; cap += 2) {
        test_case("buffer of %zu", cap);
        struct source s = source_of(bo_s("abcdefgh"), 3, buf, cap);
        EXPECT_EQ(bo_skip(&s.reader, 0), NULL);
        EXPECT_EQ(bo_skip(&s.reader, 5), NULL);
        bo_err err = bo_skip(&s.reader, 4);
        EXPECT(err != BO_EOF);
        EXPECT_ERR(err, BO_EOF);
        EXPECT_EQ(bo_skip(&s.reader, 1), BO_EOF);
    }
}

TEST(skip_without_a_buffer_takes_no_byte_too_many)
{
    static char data[5000];
    char byte = 0;
    memset(data, 'a', sizeof data);
    data[4321] = 'b';
    struct source s = source_of(bo_str_n(data, sizeof data), 0, NULL, 0);
    REQUIRE_EQ(bo_skip(&s.reader, 4321), NULL);
    REQUIRE_EQ(bo_read_byte(&s.reader, &byte), NULL);
    EXPECT_EQ(byte, 'b');
}

TEST(an_empty_reader_in_memory_has_ended)
{
    char byte;
    size_t got;
    bo_str out;
    bo_arena arena = {0};
    bo_reader r = bo_mem_reader((bo_str){0});
    EXPECT_EQ(bo_read_line(&r, 0, &out), BO_EOF);
    EXPECT_EQ(bo_read_until(&r, ';', 5, &out), BO_EOF);
    EXPECT_EQ(bo_peek(&r, 1, &out), BO_EOF);
    EXPECT_EQ(bo_peek(&r, 0, &out), NULL);
    EXPECT_EQ(bo_skip(&r, 1), BO_EOF);
    EXPECT_EQ(bo_read_byte(&r, &byte), BO_EOF);
    EXPECT_EQ(bo_read(&r, &byte, 1, &got), BO_EOF);
    REQUIRE_EQ(bo_read_all(&arena, &r, 0, &out), NULL);
    EXPECT_EQ(out, "");
    bo_arena_free(&arena);
}

// ---- errors ----

TEST(the_first_error_is_handed_out_once_and_its_kind_sticks)
{
    char buf[8], into[4];
    size_t got;
    bo_str out;
    struct source s = source_of(bo_s("ab"), 0, buf, sizeof buf);
    s.end = bo_errf(BO_TIMEOUT, "source");
    EXPECT_ERR_TEXT(bo_read_line(&s.reader, 0, &out), "source: timed out");
    EXPECT_EQ(bo_read_line(&s.reader, 0, &out), BO_TIMEOUT);
    EXPECT_EQ(bo_peek(&s.reader, 3, &out), BO_TIMEOUT);
    // What had come before it is still there.
    REQUIRE_EQ(bo_read(&s.reader, into, 4, &got), NULL);
    EXPECT_EQ(bo_str_n(into, got), "ab");
    EXPECT_EQ(bo_read(&s.reader, into, 4, &got), BO_TIMEOUT);
    EXPECT_EQ(bo_skip(&s.reader, 1), BO_TIMEOUT);
}

TEST(a_source_that_was_cut_short_never_looks_as_if_it_had_ended)
{
    char buf[8];
    bo_str out;
    uint64_t copied = 0;
    char sink[8];
    struct source s = source_of(bo_s("ab"), 0, buf, sizeof buf);
    s.end = bo_errf(BO_EOF, "gzip");
    EXPECT_ERR_TEXT(bo_read_line(&s.reader, 0, &out), "gzip: end of file");
    bo_err err = bo_read_line(&s.reader, 0, &out);
    EXPECT(err != BO_EOF);
    EXPECT_ERR(err, BO_EOF);
    bo_writer to = bo_mem_writer(sink, sizeof sink);
    EXPECT_ERR(bo_copy(&to, &s.reader, 10, &copied), BO_EOF);
    EXPECT_EQ(copied, 2);
}

// ---- whole sources ----

TEST(read_all_keeps_to_its_limit_whatever_the_buffers_are)
{
    static const size_t lengths[] = {0, 1, 2, 511, 512, 513, 1024, 5000};
    static const size_t caps[] = {0, 1, 16, 8192};
    static char data[5001];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)('a' + i % 23);
    for (size_t row = 0; row < 4 * sizeof lengths / sizeof *lengths; row++) {
        size_t len = lengths[row / 4], cap = caps[row % 4];
        for (int over = -1; over <= 1; over++) {
            char buf[8192];
            bo_arena arena = {0};
            bo_str out;
            if (over < 0 && len == 0)
                continue;
            test_case("%zu bytes, buffer %zu, limit %+d", len, cap, over);
            struct source s = source_of(bo_str_n(data, len), row % 3 * 100, buf, cap);
            bo_err err = bo_read_all(&arena, &s.reader, len + (size_t)over, &out);
            EXPECT_EQ(err, over < 0 ? BO_TOO_LARGE : NULL);
            if (!err) {
                EXPECT_EQ(out, bo_str_n(data, len));
                EXPECT_EQ(out.ptr[len], 0);
            }
            bo_arena_free(&arena);
        }
    }
}

TEST(read_all_takes_no_memory_for_what_is_over_the_limit)
{
    static char data[1 << 20];
    bo_str out;
    bo_arena arena = {0};
    struct source s = source_of(bo_str_n(data, sizeof data), 0, NULL, 0);
    EXPECT_EQ(bo_read_all(&arena, &s.reader, 1000, &out), BO_TOO_LARGE);
    EXPECT(sizeof data - s.data.len <= 1001);
    EXPECT(bo_arena_used(&arena) < 4096);
    bo_arena_free(&arena);
}

TEST(read_all_hands_on_the_error_of_its_source)
{
    bo_str out;
    bo_arena arena = {0};
    struct source s = source_of(bo_s("abc"), 1, NULL, 0);
    s.end = bo_errf(BO_CANCELED, "source");
    EXPECT_ERR_TEXT(bo_read_all(&arena, &s.reader, 99, &out), "source: canceled");
    bo_arena_free(&arena);
}

TEST(a_limit_reader_takes_so_many_bytes_and_no_more)
{
    char buf[16], own[4], into[16];
    bo_str out;
    for (size_t cap = 0; cap <= sizeof own; cap += 4) {
        bo_limit_reader part;
        size_t got = 0;
        test_case("own buffer of %zu", cap);
        struct source s = source_of(bo_s("abcdefgh"), 0, buf, sizeof buf);
        bo_limit_reader_init(&part, &s.reader, 5, own, cap);
        REQUIRE_EQ(bo_read(&part.reader, into, 3, &got), NULL);
        EXPECT_EQ(bo_str_n(into, got), "abc");
        REQUIRE_EQ(bo_skip(&part.reader, 2), NULL);
        EXPECT_EQ(part.left, 0);
        EXPECT_EQ(bo_read(&part.reader, into, 3, &got), BO_EOF);
        REQUIRE_EQ(bo_read_line(&s.reader, 0, &out), NULL);
        EXPECT_EQ(out, "fgh");
    }
}

TEST(a_limit_reader_ends_with_its_source_and_says_what_is_missing)
{
    char buf[16], into[16];
    size_t got = 0;
    bo_limit_reader part;
    struct source s = source_of(bo_s("abc"), 0, buf, sizeof buf);
    bo_limit_reader_init(&part, &s.reader, 5, NULL, 0);
    REQUIRE_EQ(bo_read(&part.reader, into, 16, &got), NULL);
    EXPECT_EQ(got, 3);
    EXPECT_EQ(bo_read(&part.reader, into, 16, &got), BO_EOF);
    EXPECT_EQ(part.left, 2);
    bo_limit_reader_init(&part, &s.reader, 0, NULL, 0);
    EXPECT_EQ(bo_read(&part.reader, into, 16, &got), BO_EOF);
}

TEST(copy_keeps_to_its_limit_and_counts)
{
    static const struct {
        size_t limit;
        bo_err err;
        const char *written;
    } cases[] = {
        {0, BO_TOO_LARGE, ""},
        {4, BO_TOO_LARGE, "abcd"},
        {5, NULL, "abcde"},
        {6, NULL, "abcde"},
    };
    for (size_t row = 0; row < 4 * sizeof cases / sizeof *cases; row++) {
        size_t i = row / 4, cap = row % 4;
        char buf[8], sink[8];
        uint64_t copied = 99;
        test_case("limit %zu, buffer of %zu", cases[i].limit, cap);
        struct source s = source_of(bo_s("abcde"), 2, buf, cap);
        bo_writer to = bo_mem_writer(sink, sizeof sink);
        EXPECT_EQ(bo_copy(&to, &s.reader, cases[i].limit, &copied), cases[i].err);
        EXPECT_EQ(bo_written(&to), cases[i].written);
        EXPECT_EQ(copied, strlen(cases[i].written));
    }
}

TEST(copy_hands_on_the_errors_of_both_sides)
{
    char buf[2], sink[4];
    uint64_t copied = 0;
    struct source s = source_of(bo_s("abcdef"), 0, buf, sizeof buf);
    bo_writer to = bo_mem_writer(sink, sizeof sink - 1);
    EXPECT_EQ(bo_copy(&to, &s.reader, 99, &copied), BO_TOO_LARGE);
    EXPECT_EQ(copied, 2);
    EXPECT_EQ(to.err, BO_TOO_LARGE);
    EXPECT_EQ(s.reader.err, NULL);

    s = source_of(bo_s("ab"), 0, buf, sizeof buf);
    s.end = bo_errf(BO_CLOSED, "source");
    to = bo_mem_writer(sink, sizeof sink);
    EXPECT_ERR_TEXT(bo_copy(&to, &s.reader, 99, NULL), "source: closed");
    EXPECT_EQ(bo_written(&to), "ab");
}

// ---- against a model ----

// The model is the data themselves and how many of them are taken.
struct model {
    struct source source;
    bo_str rest;
    uint64_t random;
};

static void take(struct model *m, size_t len)
{
    m->rest = bo_str_n(m->rest.ptr + len, m->rest.len - len);
}

static void step_read(struct model *m)
{
    char into[64];
    size_t max = random_below(&m->random, sizeof into) + 1, got = 0;
    bo_err err = bo_read(&m->source.reader, into, max, &got);
    if (m->rest.len == 0) {
        EXPECT_EQ(err, BO_EOF);
        return;
    }
    REQUIRE_EQ(err, NULL);
    REQUIRE(got > 0 && got <= max && got <= m->rest.len);
    EXPECT_EQ(bo_str_n(into, got), bo_str_sub(m->rest, 0, got));
    take(m, got);
}

static void step_full(struct model *m)
{
    char into[64];
    size_t len = random_below(&m->random, 40);
    len = len < m->rest.len ? len : m->rest.len;
    REQUIRE_EQ(bo_read_full(&m->source.reader, into, len), NULL);
    EXPECT_EQ(bo_str_n(into, len), bo_str_sub(m->rest, 0, len));
    take(m, len);
}

static void step_skip(struct model *m)
{
    size_t len = random_below(&m->random, 60);
    len = len < m->rest.len ? len : m->rest.len;
    REQUIRE_EQ(bo_skip(&m->source.reader, len), NULL);
    take(m, len);
}

static void step_peek(struct model *m)
{
    size_t len = random_below(&m->random, m->source.reader.cap + 3);
    bo_str out;
    bo_err err = bo_peek(&m->source.reader, len, &out);
    if (len > m->source.reader.cap)
        EXPECT_EQ(err, BO_TOO_LARGE);
    else if (len > m->rest.len)
        EXPECT_ERR(err, BO_EOF);
    else if (EXPECT_EQ(err, NULL))
        EXPECT_EQ(out, bo_str_sub(m->rest, 0, len));
}

static void step_until(struct model *m)
{
    size_t limit = random_below(&m->random, 20), cap = m->source.reader.cap;
    size_t max = limit > 0 && limit < cap - 1 ? limit : cap - 1;
    ptrdiff_t at = bo_str_find_byte(m->rest, 'a');
    size_t before = at < 0 ? m->rest.len : (size_t)at;
    bo_str out;
    bo_err err = bo_read_until(&m->source.reader, 'a', limit, &out);
    if (before > max) {
        EXPECT_EQ(err, BO_TOO_LARGE);
        return;
    }
    if (at < 0) {
        EXPECT_EQ(err == BO_EOF, m->rest.len == 0);
        EXPECT_ERR(err, BO_EOF);
        return;
    }
    REQUIRE_EQ(err, NULL);
    EXPECT_EQ(out, bo_str_sub(m->rest, 0, before));
    take(m, before + 1);
}

TEST(any_mix_of_calls_reads_the_same_bytes)
{
    static void (*const steps[])(struct model *) = {step_read, step_full, step_skip, step_peek,
                                                    step_until};
    for (uint64_t seed = 1; seed <= 300; seed++) {
        char data[500], buf[64];
        struct model m = {.random = seed};
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (char)('a' + random_below(&m.random, 12));
        m.rest = bo_str_n(data, sizeof data);
        m.source = source_of(m.rest, random_below(&m.random, 30), buf,
                             random_below(&m.random, sizeof buf - 1) + 1);
        for (int i = 0; i < 200; i++) {
            test_case("seed %d, step %d", (int)seed, i);
            steps[random_below(&m.random, sizeof steps / sizeof *steps)](&m);
        }
    }
}
