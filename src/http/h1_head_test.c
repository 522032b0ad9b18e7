// SPDX-License-Identifier: MIT
#include "http/h1_head.h"
#include "http/h1_cases.h"
#include "http/scan.h"
#include <bora/arena.h>
#include <bora/test.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 100, BYTES_MAX = 32 << 10 };

static http_span_field fields[FIELDS_MAX + 1];

static h1_head new_head(void)
{
    h1_head head = {.fields = fields, .fields_max = FIELDS_MAX, .bytes_max = BYTES_MAX};
    return head;
}

// feed gives the parser ever longer prefixes of text, each in a block of its own that ends where
// the prefix does, so that a sanitizer sees a read behind it. cuts lists the lengths.
static h1_verdict feed(h1_head *head, bo_str text, const size_t *cuts, size_t count)
{
    h1_verdict verdict = H1_MORE;
    for (size_t i = 0; i < count && verdict == H1_MORE; i++) {
        char *copy = bo_malloc(cuts[i] + !cuts[i]);
        memcpy(copy, text.ptr, cuts[i]);
        verdict = bo__h1_head_parse(head, copy, cuts[i]);
        free(copy);
    }
    return verdict;
}

static void expect_case(const struct h1_case *c, const h1_head *head, h1_verdict verdict)
{
    if (c->status != ACCEPT) {
        EXPECT_EQ(verdict, H1_BAD);
        EXPECT_EQ(head->status, c->status);
        EXPECT(head->reason != NULL);
        return;
    }
    REQUIRE_EQ(verdict, H1_DONE);
    EXPECT_EQ(head->persistent, c->persistent);
    bo_arena arena = {0};
    bo_str path = http_span_str(c->raw.ptr, head->path);
    if (path.len == 0)
        path = bo_s("/");
    bool mark = head->path.at + head->path.len < head->target.at + head->target.len;
    bo_str seen = bo_str_printf(&arena, BO_FMT " " BO_FMT "%s" BO_FMT " " BO_FMT,
                                BO_ARG(http_span_str(c->raw.ptr, head->method)), BO_ARG(path),
                                mark ? "?" : "", BO_ARG(http_span_str(c->raw.ptr, head->query)),
                                BO_ARG(http_span_str(c->raw.ptr, head->host)));
    EXPECT_EQ(seen, c->seen);
    bo_arena_free(&arena);
}

TEST(h1_head_gives_the_expected_verdict_on_each_request)
{
    for (int i = 0; i < H1_CASE_COUNT; i++) {
        test_case("%s", h1_cases[i].name);
        h1_head head = new_head();
        expect_case(&h1_cases[i], &head, feed(&head, h1_cases[i].raw, &h1_cases[i].raw.len, 1));
    }
}

TEST(h1_head_gives_the_same_verdict_however_a_request_is_cut)
{
    for (int i = 0; i < H1_CASE_COUNT; i++) {
        bo_str raw = h1_cases[i].raw;
        for (size_t cut = 0; cut <= raw.len; cut++) {
            test_case("%s, cut at %zu", h1_cases[i].name, cut);
            h1_head head = new_head();
            expect_case(&h1_cases[i], &head, feed(&head, raw, (size_t[]){cut, raw.len}, 2));
        }
        test_case("%s, byte by byte", h1_cases[i].name);
        size_t *cuts = bo_calloc(raw.len, sizeof *cuts);
        for (size_t n = 0; n < raw.len; n++)
            cuts[n] = n + 1;
        h1_head head = new_head();
        expect_case(&h1_cases[i], &head, feed(&head, raw, cuts, raw.len));
        free(cuts);
    }
}

TEST(h1_head_leaves_what_follows_the_head)
{
    bo_str raw = bo_s("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: y\r\n\r\n");
    h1_head head = new_head();
    REQUIRE_EQ(bo__h1_head_parse(&head, raw.ptr, raw.len), H1_DONE);
    EXPECT_EQ(head.head_len, 28);
    uint32_t first = head.head_len;
    bo__h1_head_reset(&head);
    REQUIRE_EQ(bo__h1_head_parse(&head, raw.ptr + first, raw.len - first), H1_DONE);
    EXPECT_EQ(http_span_str(raw.ptr + first, head.path), "/b");
    EXPECT_EQ(http_span_str(raw.ptr + first, head.host), "y");
}

TEST(h1_head_finds_known_headers_by_number)
{
    bo_str raw = bo_s("GET / HTTP/1.1\r\nX-A: 1\r\nHOST: x\r\ncookie: a\r\nCookie: b\r\n"
                      "Content-type: text/plain\r\n\r\n");
    h1_head head = new_head();
    REQUIRE_EQ(bo__h1_head_parse(&head, raw.ptr, raw.len), H1_DONE);
    EXPECT_EQ(head.field_count, 5);
    EXPECT_EQ(head.known[HTTP_NAME_HOST], 2);
    EXPECT_EQ(head.known[HTTP_NAME_COOKIE], 3);
    EXPECT_EQ(head.known[HTTP_NAME_CONTENT_TYPE], 5);
    EXPECT_EQ(head.known[HTTP_NAME_ACCEPT], 0);
    EXPECT_EQ(http_span_str(raw.ptr, fields[0].name), "X-A");
    EXPECT_EQ(http_span_str(raw.ptr, fields[4].value), "text/plain");
}

TEST(h1_head_tells_how_the_body_is_framed)
{
    static const struct {
        const char *headers;
        h1_body body;
        uint64_t length;
        bool expect;
    } cases[] = {
        {"", H1_BODY_NONE, 0, false},
        {"Content-Length: 0\r\n", H1_BODY_NONE, 0, false},
        {"Content-Length: 7\r\n", H1_BODY_LENGTH, 7, false},
        {"Content-Length: 999999999999999999\r\n", H1_BODY_LENGTH, 999999999999999999, false},
        {"Transfer-Encoding: chunked\r\n", H1_BODY_CHUNKED, 0, false},
        {"Expect: 100-Continue\r\nContent-Length: 7\r\n", H1_BODY_LENGTH, 7, true},
        {"Expect: 100-continue\r\nContent-Length: 0\r\n", H1_BODY_NONE, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].headers);
        char raw[256];
        int len =
            snprintf(raw, sizeof raw, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].headers);
        h1_head head = new_head();
        REQUIRE_EQ(bo__h1_head_parse(&head, raw, (size_t)len), H1_DONE);
        EXPECT_EQ(head.body, cases[i].body);
        EXPECT_EQ(head.content_length, cases[i].length);
        EXPECT_EQ(head.expect_continue, cases[i].expect);
    }
}

TEST(h1_head_refuses_one_header_over_the_limit)
{
    for (int count = FIELDS_MAX - 1; count <= FIELDS_MAX + 1; count++) {
        test_case("%d headers", count);
        char raw[4096];
        int len = snprintf(raw, sizeof raw, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (int i = 1; i < count; i++)
            len += snprintf(raw + len, sizeof raw - (size_t)len, "X: y\r\n");
        len += snprintf(raw + len, sizeof raw - (size_t)len, "\r\n");
        h1_head head = new_head();
        h1_verdict verdict = bo__h1_head_parse(&head, raw, (size_t)len);
        EXPECT_EQ(verdict, count <= FIELDS_MAX ? H1_DONE : H1_BAD);
        EXPECT_EQ(head.status, count <= FIELDS_MAX ? 0 : 431);
    }
}

// long_head builds a head of exactly len bytes, the padding in the target or in a value.
static bo_str long_head(char *into, size_t len, bool in_target)
{
    const char *before = in_target ? "GET /" : "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    const char *after = in_target ? " HTTP/1.1\r\nHost: a\r\n\r\n" : "\r\n\r\n";
    size_t lead = strlen(before), tail = strlen(after);
    memcpy(into, before, lead);
    memset(into + lead, 'x', len - lead - tail);
    memcpy(into + len - tail, after, tail);
    return bo_str_n(into, len);
}

TEST(h1_head_refuses_one_byte_over_the_limit_however_it_is_cut)
{
    static char raw[BYTES_MAX + 1];
    for (size_t len = BYTES_MAX - 1; len <= BYTES_MAX + 1; len++) {
        test_case("%zu bytes", len);
        bo_str text = long_head(raw, len, false);
        bool fits = len <= BYTES_MAX;
        for (size_t cut = BYTES_MAX - 40; cut <= len; cut++) {
            h1_head head = new_head();
            h1_verdict verdict = bo__h1_head_parse(&head, raw, cut);
            if (verdict == H1_MORE)
                verdict = bo__h1_head_parse(&head, raw, text.len);
            EXPECT_EQ(verdict, fits ? H1_DONE : H1_BAD);
            EXPECT_EQ(head.status, fits ? 0 : 431);
        }
    }
}

TEST(h1_head_says_414_when_the_target_alone_is_too_long)
{
    static char raw[BYTES_MAX + 100];
    bo_str text = long_head(raw, sizeof raw, true);
    h1_head head = new_head();
    EXPECT_EQ(bo__h1_head_parse(&head, text.ptr, BYTES_MAX - 1), H1_MORE);
    EXPECT_EQ(bo__h1_head_parse(&head, text.ptr, BYTES_MAX), H1_BAD);
    EXPECT_EQ(head.status, 414);
}

TEST(h1_head_does_not_look_behind_the_limit)
{
    // A control character there must not turn 431 into 400: byte by byte it would never be seen.
    static char raw[BYTES_MAX + 1];
    long_head(raw, sizeof raw, false);
    raw[BYTES_MAX] = 1;
    h1_head head = new_head();
    EXPECT_EQ(bo__h1_head_parse(&head, raw, sizeof raw), H1_BAD);
    EXPECT_EQ(head.status, 431);
}

// text holds len times 'a'; each byte in turn stands at one place in it.
static void check_scan_control_at(char *text, size_t len, size_t at)
{
    for (int byte = 0; byte < 256; byte++) {
        text[at] = (char)byte;
        bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        const char *want = control ? text + at : text + len;
        if (http_scan_control(text, text + len) != want)
            test_fail("byte %d at %zu of %zu", byte, at, len);
    }
    text[at] = 'a';
}

TEST(scan_control_finds_each_control_character_at_each_offset)
{
    for (size_t len = 0; len <= 40; len++) {
        char *text = bo_malloc(len + !len);
        memset(text, 'a', len);
        EXPECT(http_scan_control(text, text + len) == text + len);
        for (size_t at = 0; at < len; at++)
            check_scan_control_at(text, len, at);
        free(text);
    }
}
