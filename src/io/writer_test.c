// SPDX-License-Identifier: MIT
#include "io/io_test.h"

#include <bora/arena.h>
#include <stdlib.h>

// A sink that keeps all it gets and fails with `fails` at the call of that number (from 1).
struct sink {
    bo_writer writer;
    char bytes[4096];
    size_t len;
    int calls, fails_at;
    bo_err fails;
};

static bo_err sink_drain(bo_writer *writer, const char *more, size_t more_len)
{
    struct sink *s = (struct sink *)writer;
    REQUIRE(s->fails_at == 0 || s->calls < s->fails_at);
    if (++s->calls == s->fails_at)
        return s->fails;
    REQUIRE(s->len + writer->len + more_len <= sizeof s->bytes);
    memcpy(s->bytes + s->len, writer->buf, writer->len);
    memcpy(s->bytes + s->len + writer->len, more_len ? more : "", more_len);
    s->len += writer->len + more_len;
    writer->len = 0;
    return NULL;
}

static void sink_init(struct sink *s, char *buf, size_t cap)
{
    *s = (struct sink){.writer = {.buf = buf, .cap = cap, .drain = sink_drain}};
}

static bo_str sunk(const struct sink *s)
{
    return bo_str_n(s->bytes, s->len);
}

TEST(writes_wait_in_the_buffer_until_it_is_full)
{
    char buf[8];
    struct sink s;
    sink_init(&s, buf, sizeof buf);
    EXPECT_EQ(bo_write(&s.writer, bo_s("abc")), NULL);
    EXPECT_EQ(bo_write(&s.writer, bo_s("defgh")), NULL);
    EXPECT_EQ(s.calls, 0);
    // The byte too many goes out with the rest, in one call.
    EXPECT_EQ(bo_write_byte(&s.writer, 'i'), NULL);
    EXPECT_EQ(s.calls, 1);
    EXPECT_EQ(sunk(&s), "abcdefghi");
    EXPECT_EQ(bo_write(&s.writer, bo_s("0123456789")), NULL);
    EXPECT_EQ(s.calls, 2);
    EXPECT_EQ(bo_write(&s.writer, bo_s("j")), NULL);
    EXPECT_EQ(bo_flush(&s.writer), NULL);
    EXPECT_EQ(bo_flush(&s.writer), NULL);
    EXPECT_EQ(s.calls, 3);
    EXPECT_EQ(sunk(&s), "abcdefghi0123456789j");
}

TEST(a_writer_without_a_buffer_writes_straight_out)
{
    struct sink s;
    sink_init(&s, (char[1]){0}, 0);
    EXPECT_EQ(bo_write(&s.writer, bo_s("ab")), NULL);
    EXPECT_EQ(bo_write_byte(&s.writer, 'c'), NULL);
    EXPECT_EQ(bo_writef(&s.writer, "%d", 42), NULL);
    EXPECT_EQ(bo_write_int(&s.writer, -7), NULL);
    EXPECT_EQ(bo_write(&s.writer, bo_s("")), NULL);
    EXPECT_EQ(s.calls, 4);
    EXPECT_EQ(sunk(&s), "abc42-7");
}

TEST(the_kind_of_the_first_error_sticks)
{
    char buf[4];
    struct sink s;
    sink_init(&s, buf, sizeof buf);
    s.fails_at = 2;
    s.fails = bo_errf(bo_errf(BO_CLOSED, "socket"), "drain");
    EXPECT_EQ(bo_write(&s.writer, bo_s("12345")), NULL);
    EXPECT_EQ(bo_write(&s.writer, bo_s("6")), NULL);
    EXPECT_EQ(bo_flush(&s.writer), BO_CLOSED);
    EXPECT_EQ(bo_write(&s.writer, bo_s("7")), BO_CLOSED);
    EXPECT_EQ(bo_write(&s.writer, bo_s("")), BO_CLOSED);
    EXPECT_EQ(bo_write_byte(&s.writer, '8'), BO_CLOSED);
    EXPECT_EQ(bo_writef(&s.writer, "%d", 9), BO_CLOSED);
    EXPECT_EQ(bo_write_uint(&s.writer, 10), BO_CLOSED);
    EXPECT_EQ(bo_flush(&s.writer), BO_CLOSED);
    EXPECT_EQ(s.calls, 2);
    EXPECT_EQ(s.writer.err, BO_CLOSED);
    EXPECT_EQ(sunk(&s), "12345");
}

TEST(numbers_are_written_in_full)
{
    char buf[100];
    bo_writer w = bo_mem_writer(buf, sizeof buf);
    bo_write_int(&w, 0);
    bo_write_byte(&w, ' ');
    bo_write_int(&w, INT64_MIN);
    bo_write_byte(&w, ' ');
    bo_write_int(&w, INT64_MAX);
    bo_write_byte(&w, ' ');
    bo_write_uint(&w, UINT64_MAX);
    EXPECT_EQ(bo_flush(&w), NULL);
    EXPECT_EQ(bo_written(&w), "0 -9223372036854775808 9223372036854775807 18446744073709551615");
}

TEST(a_memory_writer_fills_its_buffer_and_no_more)
{
    char buf[6];
    for (size_t cap = 4; cap <= 6; cap++) {
        test_case("%zu bytes", cap);
        memset(buf, '#', sizeof buf);
        bo_writer w = bo_mem_writer(buf, cap);
        EXPECT_EQ(bo_write(&w, bo_s("abc")), NULL);
        EXPECT_EQ(bo_write(&w, bo_s("de")), cap < 5 ? BO_TOO_LARGE : NULL);
        EXPECT_EQ(bo_written(&w), bo_str_sub(bo_s("abcde"), 0, cap));
        EXPECT_EQ(bo_flush(&w), cap < 5 ? BO_TOO_LARGE : NULL);
        if (cap < 6)
            EXPECT_EQ(buf[cap], '#');
    }
    bo_writer none = bo_mem_writer(NULL, 0);
    EXPECT_EQ(bo_write(&none, (bo_str){0}), NULL);
    EXPECT_EQ(bo_writef(&none, "%s", ""), NULL);
    EXPECT_EQ(bo_write_byte(&none, 'x'), BO_TOO_LARGE);
    EXPECT_EQ(bo_written(&none), "");
}

TEST(formatted_text_may_be_of_any_length)
{
    // Around the room in the buffer, and far beyond it.
    static const int lengths[] = {0, 1, 30, 31, 32, 33, 100, 3000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char buf[32], want[4000];
        struct sink s;
        test_case("%d bytes", lengths[i]);
        sink_init(&s, buf, sizeof buf);
        EXPECT_EQ(bo_writef(&s.writer, "%*s", lengths[i], ""), NULL);
        EXPECT_EQ(bo_writef(&s.writer, "<%d>", 7), NULL);
        EXPECT_EQ(bo_flush(&s.writer), NULL);
        EXPECT_EQ(sunk(&s), bo_str_n(want, (size_t)sprintf(want, "%*s<7>", lengths[i], "")));
    }
}

TEST(formatted_text_fills_memory_to_the_last_byte)
{
    char buf[5];
    bo_writer w = bo_mem_writer(buf, sizeof buf);
    EXPECT_EQ(bo_writef(&w, "%s", "ab"), NULL);
    EXPECT_EQ(bo_writef(&w, "%s", "cde"), NULL);
    EXPECT_EQ(bo_written(&w), "abcde");
    EXPECT_EQ(bo_writef(&w, "%s", "f"), BO_TOO_LARGE);
    EXPECT_EQ(bo_written(&w), "abcde");
}

TEST(text_that_cannot_be_formatted_is_an_error)
{
    char buf[32];
    bo_writer w = bo_mem_writer(buf, sizeof buf);
    static const wchar_t no_character[] = {(wchar_t)0x7fffffff, 0};
    EXPECT_EQ(bo_writef(&w, "%ls", no_character), BO_INVALID);
    EXPECT_EQ(bo_flush(&w), BO_INVALID);
    EXPECT_EQ(bo_written(&w), "");
}

TEST(an_arena_writer_collects_up_to_its_limit)
{
    static const size_t limits[] = {0, 1, 255, 256, 257, 999, 1000, 1001};
    static char data[1000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)('a' + i % 23);
    for (size_t row = 0; row < 3 * sizeof limits / sizeof *limits; row++) {
        size_t limit = limits[row / 3], step = (size_t[]){1, 7, 1000}[row % 3];
        size_t want = limit > 0 && limit < sizeof data ? limit : sizeof data;
        bo_arena arena = {0};
        bo_arena_writer w;
        test_case("limit %zu, %zu bytes at a time", limit, step);
        bo_arena_writer_init(&w, &arena, limit);
        for (size_t at = 0; at < sizeof data; at += step)
            bo_write(&w.writer, bo_str_sub(bo_str_n(data, sizeof data), at, at + step));
        EXPECT_EQ(bo_flush(&w.writer), want < sizeof data ? BO_TOO_LARGE : NULL);
        EXPECT_EQ(bo_written(&w.writer), bo_str_n(data, want));
        bo_arena_free(&arena);
    }
}

TEST(an_arena_writer_shares_its_arena)
{
    bo_arena arena = {0};
    bo_arena_writer w;
    char want[2000];
    size_t len = 0;
    bo_arena_writer_init(&w, &arena, 0);
    EXPECT_EQ(bo_written(&w.writer), "");
    for (int i = 0; i < 300; i++) {
        EXPECT_EQ(bo_writef(&w.writer, "%d,", i), NULL);
        len += (size_t)sprintf(want + len, "%d,", i);
        memset(bo_alloc_raw(&arena, 40, 1), '#', 40);
    }
    EXPECT_EQ(bo_written(&w.writer), bo_str_n(want, len));
    bo_arena_free(&arena);
}

TEST(any_mix_of_writes_comes_out_as_it_went_in)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        char buf[40], want[4096], text[100];
        struct sink s;
        size_t len = 0;
        uint64_t random = seed;
        test_case("seed %d", (int)seed);
        sink_init(&s, buf, random_below(&random, sizeof buf));
        while (len < sizeof want - sizeof text) {
            size_t n = random_below(&random, sizeof text);
            for (size_t i = 0; i < n; i++)
                text[i] = (char)('a' + random_below(&random, 26));
            switch (random_below(&random, 4)) {
            case 0:
                n = n > 0;
                for (size_t i = 0; i < n; i++)
                    bo_write_byte(&s.writer, text[0]);
                break;
            case 1:
                bo_writef(&s.writer, "%.*s", (int)n, text);
                break;
            case 2:
                bo_write(&s.writer, bo_str_n(text, n));
                break;
            case 3:
                bo_flush(&s.writer);
                n = 0;
            }
            memcpy(want + len, text, n);
            len += n;
        }
        EXPECT_EQ(bo_flush(&s.writer), NULL);
        EXPECT_EQ(sunk(&s), bo_str_n(want, len));
    }
}
