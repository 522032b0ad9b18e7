// SPDX-License-Identifier: MIT
#include "http/h1_chunked.h"
#include <bora/arena.h>
#include <bora/test.h>
#include <stdlib.h>

// decode feeds text in pieces of at most `piece` bytes, each in a block of its own, and collects
// the data. *used is how much of text was taken.
static h1_chunk_event decode(bo_str text, size_t piece, char *out, size_t *out_len, size_t *used)
{
    h1_chunked chunked = {0};
    h1_chunk_event event = H1_CHUNK_MORE;
    *out_len = *used = 0;
    while (*used < text.len && event == H1_CHUNK_MORE) {
        size_t len = text.len - *used < piece ? text.len - *used : piece, at = 0, taken;
        char *copy = bo_malloc(len);
        memcpy(copy, text.ptr + *used, len);
        bo_str data;
        while ((event = bo__h1_chunked_next(&chunked, copy + at, len - at, &taken, &data)) ==
               H1_CHUNK_DATA) {
            memcpy(out + *out_len, data.ptr, data.len);
            *out_len += data.len;
            at += taken;
        }
        free(copy);
        *used += at + taken;
    }
    EXPECT((event == H1_CHUNK_BAD) == (chunked.reason != NULL));
    return event;
}

static const struct {
    const char *name;
    bo_str text;
    h1_chunk_event event;
    bo_str data;
} cases[] = {
    {"empty", bo_s("0\r\n\r\n"), H1_CHUNK_END, bo_s("")},
    {"one chunk", bo_s("3\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_END, bo_s("abc")},
    {"two chunks", bo_s("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), H1_CHUNK_END, bo_s("abcde")},
    {"hexadecimal", bo_s("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), H1_CHUNK_END,
     bo_s("01234567890123456789")},
    {"zeros before", bo_s("0003\r\nabc\r\n000\r\n\r\n"), H1_CHUNK_END, bo_s("abc")},
    {"16 digits", bo_s("0000000000000003\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_END, bo_s("abc")},
    {"17 digits", bo_s("00000000000000003\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"data like framing", bo_s("7\r\n0\r\n\r\nGE\r\n0\r\n\r\n"), H1_CHUNK_END, bo_s("0\r\n\r\nGE")},
    {"extension", bo_s("3;a=b;c=\"d\"\r\nabc\r\n0;x\r\n\r\n"), H1_CHUNK_END, bo_s("abc")},
    {"space before an extension", bo_s("3 ;a\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_END, bo_s("abc")},
    {"spaces before an extension", bo_s("3 \t ; a\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_END, bo_s("abc")},
    {"space without an extension", bo_s("3 \r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"space between digits", bo_s("1 0\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"LF in an extension", bo_s("3;a\nb\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"CR in an extension", bo_s("3;a\rb\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"NUL in an extension", bo_s("3;\0\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"trailers", bo_s("0\r\nA: b\r\nC-D:\r\n\r\n"), H1_CHUNK_END, bo_s("")},
    {"trailer without a colon", bo_s("0\r\nA\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"trailer without a name", bo_s("0\r\n: b\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"space before the colon", bo_s("0\r\nA : b\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"folded trailer", bo_s("0\r\nA: b\r\n c\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"LF in a trailer", bo_s("0\r\nA: b\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"NUL in a trailer", bo_s("0\r\nA: \0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"no size", bo_s("\r\nabc"), H1_CHUNK_BAD, bo_s("")},
    {"no size but an extension", bo_s(";a\r\nabc"), H1_CHUNK_BAD, bo_s("")},
    {"space before the size", bo_s(" 3\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"sign", bo_s("+3\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"negative", bo_s("-3\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"0x", bo_s("0x3\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"not hexadecimal", bo_s("3g\r\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"bare LF behind the size", bo_s("3\nabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"bare CR behind the size", bo_s("3\rabc\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("")},
    {"longer than its size", bo_s("3\r\nabcd\r\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("abc")},
    {"bare LF behind the data", bo_s("3\r\nabc\n0\r\n\r\n"), H1_CHUNK_BAD, bo_s("abc")},
    {"bare LF at the end", bo_s("0\r\n\n"), H1_CHUNK_BAD, bo_s("")},
    {"bare CR at the end", bo_s("0\r\n\rx"), H1_CHUNK_BAD, bo_s("")},
    {"cut in the size", bo_s("3"), H1_CHUNK_MORE, bo_s("")},
    {"cut in the data", bo_s("5\r\nabc"), H1_CHUNK_MORE, bo_s("abc")},
    {"cut before the end", bo_s("3\r\nabc\r\n0\r\n\r"), H1_CHUNK_MORE, bo_s("abc")},
};

TEST(chunked_gives_the_expected_body_in_pieces_of_any_size)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t piece = 1; piece <= cases[i].text.len; piece++) {
            test_case("%s, in pieces of %zu", cases[i].name, piece);
            char out[64];
            size_t len, used;
            EXPECT_EQ(decode(cases[i].text, piece, out, &len, &used), cases[i].event);
            EXPECT_EQ(bo_str_n(out, len), cases[i].data);
        }
    }
}

TEST(chunked_gives_no_more_at_once_than_asked_for)
{
    bo_str text = bo_s("5\r\nabcde\r\n0\r\n\r\n");
    for (size_t most = 1; most <= 6; most++) {
        test_case("%zu", most);
        h1_chunked chunked = {.most = most};
        char all[8];
        size_t len = 0, at = 0, taken;
        bo_str data;
        while (bo__h1_chunked_next(&chunked, text.ptr + at, text.len - at, &taken, &data) ==
               H1_CHUNK_DATA) {
            EXPECT(data.len <= most);
            memcpy(all + len, data.ptr, data.len);
            len += data.len;
            at += taken;
        }
        EXPECT_EQ(bo_str_n(all, len), "abcde");
        EXPECT_EQ(at + taken, text.len);
    }
}

TEST(chunked_leaves_the_next_message_alone)
{
    bo_str text = bo_s("3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
    char out[64];
    size_t len, used;
    EXPECT_EQ(decode(text, text.len, out, &len, &used), H1_CHUNK_END);
    EXPECT_EQ(bo_str_sub(text, used, text.len), "GET / HTTP/1.1\r\n");
}

TEST(chunked_takes_the_largest_size_without_overflow)
{
    bo_str text = bo_s("ffffffffffffffff\r\nabc");
    char out[64];
    size_t len, used;
    EXPECT_EQ(decode(text, 1, out, &len, &used), H1_CHUNK_MORE);
    EXPECT_EQ(bo_str_n(out, len), "abc");
}

static h1_chunk_event decode_long(const char *before, size_t fill, const char *after)
{
    size_t lead = strlen(before), tail = strlen(after);
    char *text = bo_malloc(lead + fill + tail), out[16];
    memcpy(text, before, lead);
    memset(text + lead, 'x', fill);
    memcpy(text + lead + fill, after, tail);
    size_t len, used;
    h1_chunk_event event = decode(bo_str_n(text, lead + fill + tail), 1000, out, &len, &used);
    free(text);
    return event;
}

TEST(chunked_limits_extensions)
{
    for (size_t over = 0; over <= 2; over++) {
        size_t fill = H1_CHUNK_EXTENSIONS_MAX - 1 + over;
        test_case("%zu bytes", fill);
        EXPECT_EQ(decode_long("0;", fill, "\r\n\r\n"), over < 2 ? H1_CHUNK_END : H1_CHUNK_BAD);
        // The limit is for all chunks together.
        EXPECT_EQ(decode_long("1;x\r\na\r\n0;", fill, "\r\n\r\n"),
                  over < 1 ? H1_CHUNK_END : H1_CHUNK_BAD);
    }
}

TEST(chunked_limits_trailers)
{
    for (size_t over = 0; over <= 2; over++) {
        size_t fill = H1_CHUNK_TRAILERS_MAX - 1 + over;
        test_case("%zu bytes", fill);
        EXPECT_EQ(decode_long("0\r\nA:", fill - 2, "\r\n\r\n"),
                  over < 2 ? H1_CHUNK_END : H1_CHUNK_BAD);
    }
}
