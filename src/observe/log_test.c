// SPDX-License-Identifier: MIT
#include <bora/go.h>
#include <bora/log.h>
#include <bora/sync.h>
#include <bora/test.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// -- reading what was logged ----------------------------------------------------------------------

enum { HEAD = sizeof "2026-11-24T04:05:06.789Z " - 1 };

static char logged_bytes[1 << 20];

// capture sends lines to a file in memory.
static int capture(bool json)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    REQUIRE(fd >= 0);
    bo_log_set_output(fd);
    bo_log_set_json(json);
    bo_log_set_level(BO_LOG_DEBUG);
    return fd;
}

// logged is what has come since the last call.
static bo_str logged(int fd)
{
    ssize_t len = pread(fd, logged_bytes, sizeof logged_bytes, 0);
    REQUIRE(len >= 0);
    REQUIRE_EQ(ftruncate(fd, 0), 0);
    REQUIRE_EQ(lseek(fd, 0, SEEK_SET), 0);
    return bo_str_n(logged_bytes, (size_t)len);
}

// logged_text is one line of text without its time and its line end.
static bo_str logged_text(int fd)
{
    bo_str line = logged(fd);
    REQUIRE(line.len > HEAD);
    REQUIRE_EQ(line.ptr[line.len - 1], '\n');
    return bo_str_sub(line, HEAD, line.len - 1);
}

// logged_json is one line of JSON from behind its time to before its line end.
static bo_str logged_json(int fd)
{
    bo_str line = logged(fd), start = bo_s("{\"time\":\"2026-11-24T04:05:06.789Z\",");
    REQUIRE(line.len > start.len);
    REQUIRE(bo_str_starts(line, bo_s("{\"time\":\"")));
    REQUIRE_EQ(line.ptr[line.len - 1], '\n');
    return bo_str_sub(line, start.len, line.len - 1);
}

// A strict parser of JSON (RFC 8259) that only says whether it is some. Returns the place behind a
// value, or NULL. Texts end in a NUL, so that looking one byte ahead is always safe.
static const char *json_value(const char *at);

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static const char *json_string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    for (; *at != '"'; at++) {
        if ((uint8_t)*at < ' ')
            return NULL;
        if (*at != '\\')
            continue;
        at++;
        if (*at == 'u') {
            for (int i = 0; i < 4; i++)
                if (!is_hex(*++at))
                    return NULL;
        } else if (!*at || !strchr("\"\\/bfnrt", *at)) {
            return NULL;
        }
    }
    return at + 1;
}

static const char *json_digits(const char *at)
{
    size_t count = strspn(at, "0123456789");
    return count > 0 ? at + count : NULL;
}

static const char *json_number(const char *at)
{
    at += *at == '-';
    at = *at == '0' ? at + 1 : json_digits(at);
    if (at && *at == '.')
        at = json_digits(at + 1);
    if (at && (*at == 'e' || *at == 'E'))
        at = json_digits(at + 1 + (at[1] == '-' || at[1] == '+'));
    return at;
}

static const char *json_object(const char *at)
{
    if (*at++ != '{')
        return NULL;
    for (;;) {
        at = json_string(at);
        if (!at || *at++ != ':')
            return NULL;
        at = json_value(at);
        if (!at)
            return NULL;
        if (*at == '}')
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
}

static const char *json_value(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};
    if (*at == '"')
        return json_string(at);
    if (*at == '{')
        return json_object(at);
    for (int i = 0; i < 3; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    return json_number(at);
}

// is_json_line: one object, valid UTF-8, a line end, nothing else.
static bool is_json_line(bo_str line)
{
    char *copy = strndup(line.ptr, line.len);
    const char *end = json_object(copy);
    bool ok = strlen(copy) == line.len && end && strcmp(end, "\n") == 0 && bo_utf8_valid(line);
    free(copy);
    return ok;
}

TEST(log_tests_know_json_when_they_see_it)
{
    static const struct {
        const char *text;
        bool ok;
    } cases[] = {
        {"{\"a\":1}\n", true},
        {"{\"a\":-0.5e+7,\"b\":\"\\u00e9\\n\",\"c\":{\"d\":null}}\n", true},
        {"{\"a\":1}", false},
        {"{\"a\":1}\n\n", false},
        {"{\"a\":01}\n", false},
        {"{\"a\":1.}\n", false},
        {"{\"a\":1e}\n", false},
        {"{\"a\":nan}\n", false},
        {"{\"a\":\"\\x41\"}\n", false},
        {"{\"a\":\"\\u00g0\"}\n", false},
        {"{\"a\":\"\t\"}\n", false},
        {"{\"a\":\"\n", false},
        {"{\"a\":\"\xff\"}\n", false},
        {"{\"a\":1,}\n", false},
        {"{\"a\" 1}\n", false},
        {"{\"a\":1 \n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("%s", cases[i].text);
        EXPECT_EQ(is_json_line(bo_str_of(cases[i].text)), cases[i].ok);
    }
}

// -- values ---------------------------------------------------------------------------------------

#define EXPECT_VALUE(kv, text, json)                                                               \
    do {                                                                                           \
        int fd_ = capture(false);                                                                  \
        bo_log_info("m", kv);                                                                      \
        EXPECT_EQ(logged_text(fd_), "INFO m k=" text);                                             \
        close(fd_);                                                                                \
        fd_ = capture(true);                                                                       \
        bo_log_info("m", kv);                                                                      \
        EXPECT_EQ(logged_json(fd_), "\"level\":\"INFO\",\"msg\":\"m\",\"k\":" json "}");           \
        close(fd_);                                                                                \
    } while (0)

TEST(log_writes_integers_of_every_type)
{
    enum colour { RED, GREEN } green = GREEN;
    EXPECT_VALUE(bo_kv("k", 0), "0", "0");
    EXPECT_VALUE(bo_kv("k", (char)65), "65", "65");
    EXPECT_VALUE(bo_kv("k", (signed char)-128), "-128", "-128");
    EXPECT_VALUE(bo_kv("k", (unsigned char)255), "255", "255");
    EXPECT_VALUE(bo_kv("k", (short)-32768), "-32768", "-32768");
    EXPECT_VALUE(bo_kv("k", (unsigned short)65535), "65535", "65535");
    EXPECT_VALUE(bo_kv("k", -2147483647 - 1), "-2147483648", "-2147483648");
    EXPECT_VALUE(bo_kv("k", 4294967295u), "4294967295", "4294967295");
    EXPECT_VALUE(bo_kv("k", INT64_MIN), "-9223372036854775808", "-9223372036854775808");
    EXPECT_VALUE(bo_kv("k", (long long)INT64_MAX), "9223372036854775807", "9223372036854775807");
    EXPECT_VALUE(bo_kv("k", UINT64_MAX), "18446744073709551615", "18446744073709551615");
    EXPECT_VALUE(bo_kv("k", (unsigned long long)1), "1", "1");
    EXPECT_VALUE(bo_kv("k", sizeof(int)), "4", "4");
    EXPECT_VALUE(bo_kv("k", green), "1", "1");
}

TEST(log_writes_booleans)
{
    const bool yes = true;
    EXPECT_VALUE(bo_kv("k", yes), "true", "true");
    EXPECT_VALUE(bo_kv("k", (bool)(yes - 1)), "false", "false");
}

TEST(log_writes_doubles_in_as_few_digits_as_they_need)
{
    EXPECT_VALUE(bo_kv("k", 0.0), "0", "0");
    EXPECT_VALUE(bo_kv("k", -0.0), "-0", "-0");
    EXPECT_VALUE(bo_kv("k", 0.1), "0.1", "0.1");
    EXPECT_VALUE(bo_kv("k", -1.5), "-1.5", "-1.5");
    EXPECT_VALUE(bo_kv("k", 0.1 + 0.2), "0.30000000000000004", "0.30000000000000004");
    EXPECT_VALUE(bo_kv("k", 100.0), "100", "100");
    EXPECT_VALUE(bo_kv("k", 1e300), "1e+300", "1e+300");
    EXPECT_VALUE(bo_kv("k", 5e-324), "4.94065645841247e-324", "4.94065645841247e-324");
    EXPECT_VALUE(bo_kv("k", 0.5f), "0.5", "0.5");
    EXPECT_VALUE(bo_kv("k", (double)NAN), "NaN", "\"NaN\"");
    EXPECT_VALUE(bo_kv("k", -(double)NAN), "NaN", "\"NaN\"");
    EXPECT_VALUE(bo_kv("k", (double)INFINITY), "+Inf", "\"+Inf\"");
    EXPECT_VALUE(bo_kv("k", -(double)INFINITY), "-Inf", "\"-Inf\"");
}

TEST(log_writes_strings_of_every_type)
{
    char array[] = "array", *pointer = array;
    const char *constant = "constant", *none = NULL;
    EXPECT_VALUE(bo_kv("k", "literal"), "literal", "\"literal\"");
    EXPECT_VALUE(bo_kv("k", array), "array", "\"array\"");
    EXPECT_VALUE(bo_kv("k", pointer), "array", "\"array\"");
    EXPECT_VALUE(bo_kv("k", constant), "constant", "\"constant\"");
    EXPECT_VALUE(bo_kv("k", none), "null", "\"null\"");
    EXPECT_VALUE(bo_kv("k", bo_s("view")), "view", "\"view\"");
    EXPECT_VALUE(bo_kv("k", (bo_str){0}), "\"\"", "\"\"");
}

TEST(log_writes_errors_durations_and_pointers)
{
    bo_err wrapped = bo_errf(BO_TIMEOUT, "read \"x\"");
    EXPECT_VALUE(bo_kv("k", BO_CLOSED), "closed", "\"closed\"");
    EXPECT_VALUE(bo_kv("k", wrapped), "\"read \\\"x\\\": timed out\"",
                 "\"read \\\"x\\\": timed out\"");
    EXPECT_VALUE(bo_kv("k", (bo_err)NULL), "ok", "\"ok\"");
    EXPECT_VALUE(bo_kv_duration("k", 1500 * BO_MICROSECOND), "1.5ms", "\"1.5ms\"");
    EXPECT_VALUE(bo_kv_duration("k", 2 * BO_MICROSECOND), "2µs", "\"2µs\"");
    EXPECT_VALUE(bo_kv_duration("k", INT64_MIN), "-2562047h47m16.854775808s",
                 "\"-2562047h47m16.854775808s\"");
    EXPECT_VALUE(bo_kv("k", (void *)(uintptr_t)0xbeef), "0xbeef", "\"0xbeef\"");
    EXPECT_VALUE(bo_kv("k", (const int *)NULL), "0x0", "\"0x0\"");
    bo_err_free(wrapped);
}

// -- quoting and escaping -------------------------------------------------------------------------

TEST(log_quotes_and_escapes_values)
{
    static const struct {
        bo_str value;
        const char *text, *json;
    } cases[] = {
        {bo_s("plain-1/2:3,[x]{y}'z'"), "plain-1/2:3,[x]{y}'z'", NULL},
        {bo_s(""), "\"\"", "\"\""},
        {bo_s("two words"), "\"two words\"", "\"two words\""},
        {bo_s(" "), "\" \"", "\" \""},
        {bo_s("a=b"), "\"a=b\"", "\"a=b\""},
        {bo_s("say \"hi\""), "\"say \\\"hi\\\"\"", "\"say \\\"hi\\\"\""},
        {bo_s("\""), "\"\\\"\"", "\"\\\"\""},
        {bo_s("back\\slash"), "\"back\\\\slash\"", "\"back\\\\slash\""},
        {bo_s("a\nb\rc\td"), "\"a\\nb\\rc\\td\"", "\"a\\nb\\rc\\td\""},
        {bo_s("nul\0nul"), "\"nul\\u0000nul\"", "\"nul\\u0000nul\""},
        {bo_s("\x1b[2J"), "\"\\u001b[2J\"", "\"\\u001b[2J\""},
        {bo_s("\x1f\x7f"), "\"\\u001f\\u007f\"", "\"\\u001f\\u007f\""},
        {bo_s("\xc2\x80\xc2\x9f\u00a0"), "\"\\u0080\\u009f\u00a0\"", "\"\\u0080\\u009f\u00a0\""},
        {bo_s("José 東京 🙂"), "\"José 東京 🙂\"", "\"José 東京 🙂\""},
        {bo_s("\u2028\u2029"), "\"\\u2028\\u2029\"", "\"\\u2028\\u2029\""},
        {bo_s("\u061c\u200d\u200e\u200f\u2010"), "\"\\u061c\u200d\\u200e\\u200f\u2010\"",
         "\"\\u061c\u200d\\u200e\\u200f\u2010\""},
        {bo_s("\u202a\u202e\u202f"), "\"\\u202a\\u202e\u202f\"", "\"\\u202a\\u202e\u202f\""},
        {bo_s("\u2065\u2066\u2069\u206a"), "\"\u2065\\u2066\\u2069\u206a\"",
         "\"\u2065\\u2066\\u2069\u206a\""},
        {bo_s("\xff"), "\"\\xff\"", "\"\\ufffd\""},
        {bo_s("a\x80z"), "\"a\\x80z\"", "\"a\\ufffdz\""},
        {bo_s("\xc3"), "\"\\xc3\"", "\"\\ufffd\""},
        {bo_s("\xe2\x82"), "\"\\xe2\\x82\"", "\"\\ufffd\\ufffd\""},
        {bo_s("\xc0\x8a"), "\"\\xc0\\x8a\"", "\"\\ufffd\\ufffd\""},
        {bo_s("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\"", "\"\\ufffd\\ufffd\\ufffd\""},
        {bo_s("\xf4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\"", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
    };
    int fd = capture(false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[200];
        test_case("%zu", i);
        bo_log_set_json(false);
        bo_log_info("m", bo_kv("k", cases[i].value));
        snprintf(expected, sizeof expected, "INFO m k=%s", cases[i].text);
        EXPECT_EQ(logged_text(fd), expected);
        bo_log_set_json(true);
        bo_log_info("m", bo_kv("k", cases[i].value));
        snprintf(expected, sizeof expected, "\"level\":\"INFO\",\"msg\":\"m\",\"k\":%s}",
                 cases[i].json ? cases[i].json : "\"plain-1/2:3,[x]{y}'z'\"");
        EXPECT_EQ(logged_json(fd), expected);
    }
}

TEST(log_quotes_messages_and_keys_that_could_be_mistaken)
{
    static const struct {
        const char *message, *key, *text;
    } cases[] = {
        {"listens on all", "k", "INFO listens on all k=1"},
        {"não há espaço", "k", "INFO não há espaço k=1"},
        {"", "", "INFO \"\" \"\"=1"},
        {NULL, NULL, "INFO \"\" \"\"=1"},
        {"user=root", "a=b", "INFO \"user=root\" \"a=b\"=1"},
        {"says \"hi\"", "a\"b", "INFO \"says \\\"hi\\\"\" \"a\\\"b\"=1"},
        {" ahead", "a b", "INFO \" ahead\" \"a b\"=1"},
        {"behind ", "\u00e9", "INFO \"behind \" \"\u00e9\"=1"},
        {"x\n2026-11-24T04:05:06.789Z ERROR y", "a\nb",
         "INFO \"x\\n2026-11-24T04:05:06.789Z ERROR y\" \"a\\nb\"=1"},
        {"x\u202ey", "k\xff", "INFO \"x\\u202ey\" \"k\\xff\"=1"},
    };
    int fd = capture(false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("%zu", i);
        bo_log_set_json(false);
        bo_log_info(cases[i].message, bo_kv(cases[i].key, 1));
        EXPECT_EQ(logged_text(fd), cases[i].text);
        bo_log_set_json(true);
        bo_log_info(cases[i].message, bo_kv(cases[i].key, 1));
        EXPECT(is_json_line(logged(fd)));
    }
}

// unquote reads a quoted text value back, and returns what follows it; NULL ptr if there is none.
static bo_str unquote(bo_str text, char *into, size_t *len)
{
    *len = 0;
    for (size_t i = 1; i < text.len; i++) {
        unsigned code;
        char c = text.ptr[i];
        if (c == '"')
            return bo_str_sub(text, i + 1, text.len);
        if (c == '\\') {
            c = text.ptr[++i];
            const char *letters = "nrt\"\\", *known = strchr(letters, c);
            if (known) {
                c = "\n\r\t\"\\"[known - letters];
            } else if (c == 'x' && sscanf(text.ptr + i + 1, "%2x", &code) == 1) {
                c = (char)code;
                i += 2;
            } else if (c == 'u' && sscanf(text.ptr + i + 1, "%4x", &code) == 1) {
                i += 4;
                if (code >= 0x800) {
                    into[(*len)++] = (char)(0xe0 | code >> 12);
                    into[(*len)++] = (char)(0x80 | (code >> 6 & 0x3f));
                    code = 0x80 | (code & 0x3f);
                } else if (code >= 0x80) {
                    into[(*len)++] = (char)(0xc0 | code >> 6);
                    code = 0x80 | (code & 0x3f);
                }
                c = (char)code;
            } else {
                break;
            }
        }
        into[(*len)++] = c;
    }
    return (bo_str){0};
}

static bool is_clean(bo_str line)
{
    if (!bo_utf8_valid(line) || bo_str_find_byte(line, '\n') != (ptrdiff_t)line.len - 1)
        return false;
    for (size_t i = 0; i + 1 < line.len; i++)
        if ((uint8_t)line.ptr[i] < ' ' || line.ptr[i] == 0x7f)
            return false;
    static const char *const escaped[] = {"\xc2\x85", "\xc2\x9b", "\u061c", "\u200e", "\u202e",
                                          "\u2028",   "\u2029",   "\u2066", "\u2069"};
    for (size_t i = 0; i < sizeof escaped / sizeof *escaped; i++)
        if (bo_str_find(line, bo_str_of(escaped[i])) >= 0)
            return false;
    return true;
}

// Bytes made to break the quoting: each string of them is one value and no more, and reads back.
TEST(log_cannot_be_forged)
{
    static const char *const bricks[] = {
        "\"",      "\\",
        "\n",      "\r\n",
        " ",       "=",
        "k=v",     "\x1b]0;x\x07",
        "\u202e",  "\xff",
        "\xc3",    "\xe2\x80",
        "\u2028",  "\xc2\x85",
        "\u00e9",  "x",
        "\\u0022", "\",\"k\":\"",
        "{",       "}",
        "\t",      "\x7f",
        "🙂",    "\xf0\x9f",
        "\\x",     "INFO m k=1\n",
        "\\\"",
    };
    enum { BRICKS = sizeof bricks / sizeof *bricks };
    uint32_t state = 1;
    int fd = capture(false);
    for (int round = 0; round < 3000; round++) {
        char value[400], back[400];
        size_t len = 0, back_len = 0;
        for (uint32_t count = (state >> 16) % 20; count > 0; count--) {
            state = state * 1103515245 + 12345;
            const char *brick = bricks[(state >> 16) % BRICKS];
            memcpy(value + len, brick, strlen(brick));
            len += strlen(brick);
        }
        state = state * 1103515245 + 12345;
        test_case("round %d", round);
        bo_log_set_json(false);
        bo_log_info("m", bo_kv("k", bo_str_n(value, len)), bo_kv("last", (bool)1));
        bo_str line = logged(fd);
        REQUIRE(is_clean(line));
        bo_str rest = bo_str_sub(line, HEAD + sizeof "INFO m k=" - 1, line.len);
        if (rest.ptr[0] == '"') {
            rest = unquote(rest, back, &back_len);
        } else {
            back_len = (size_t)bo_str_find_byte(rest, ' ');
            memcpy(back, rest.ptr, back_len);
            rest = bo_str_sub(rest, back_len, rest.len);
        }
        REQUIRE_EQ(rest, " last=true\n");
        REQUIRE_EQ(bo_str_n(back, back_len), bo_str_n(value, len));
        bo_log_set_json(true);
        bo_log_info("m", bo_kv("k", bo_str_n(value, len)), bo_kv("last", (bool)1));
        line = logged(fd);
        REQUIRE(is_clean(line));
        REQUIRE(is_json_line(line));
        REQUIRE(bo_str_ends(line, bo_s("\",\"last\":true}\n")));
    }
}

// -- limits ---------------------------------------------------------------------------------------

static char filler[3 * BO_LOG_LINE_MAX];

// fill is a value of len bytes.
static bo_str fill(char with, size_t len)
{
    memset(filler, with, sizeof filler);
    return bo_str_n(filler, len);
}

TEST(log_cuts_lines_at_the_limit)
{
    static const struct {
        const char *name, *last_whole, *last_cut;
        bool json;
        char with;
    } cases[] = {
        {"text, bare", "xxx\n", "xxx cut=true\n", false, 'x'},
        {"text, quoted", "= =\"\n", "= cut=true\n", false, '='},
        {"JSON", "xxx\"}\n", "xxx\",\"cut\":true}\n", true, 'x'},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int fd = capture(cases[i].json);
        bo_log_info("m", bo_kv("k", fill(cases[i].with, 1)));
        size_t others = logged(fd).len - 1;
        for (size_t len = BO_LOG_LINE_MAX - 20; len < BO_LOG_LINE_MAX + 20; len++) {
            test_case("%s, %zu", cases[i].name, len);
            bo_log_info("m", bo_kv("k", fill(cases[i].with, len - others)));
            bo_str line = logged(fd);
            bool whole = len <= BO_LOG_LINE_MAX;
            EXPECT_EQ(bo_str_find(line, bo_s("cut")) < 0, whole);
            if (whole)
                EXPECT_EQ(line.len, len);
            else
                EXPECT_EQ(line.len, BO_LOG_LINE_MAX - (cases[i].with == 'x' && !cases[i].json));
            EXPECT_EQ(is_json_line(line), cases[i].json);
        }
        close(fd);
    }
}

// What a cut line ends in when its last string is made of units that must stay whole.
TEST(log_cuts_between_characters_and_escapes)
{
    static const char *const units[] = {"é", "東", "🙂", "\n", "\x01", "\xff", "\u202e", "\""};
    for (int json = 0; json < 2; json++) {
        int fd = capture(json);
        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
            for (size_t ahead = 0; ahead < 8; ahead++) {
                char value[2 * BO_LOG_LINE_MAX];
                size_t len = ahead, unit = strlen(units[i]);
                memset(value, 'x', ahead);
                for (; len + unit <= sizeof value; len += unit)
                    memcpy(value + len, units[i], unit);
                test_case("%s, unit %zu, %zu ahead", json ? "JSON" : "text", i, ahead);
                bo_log_info("m", bo_kv("k", bo_str_n(value, len)));
                bo_str line = logged(fd);
                EXPECT(line.len <= BO_LOG_LINE_MAX && line.len > BO_LOG_LINE_MAX - 8);
                EXPECT(is_clean(line));
                EXPECT(
                    bo_str_ends(line, json ? bo_s("\",\"cut\":true}\n") : bo_s("\" cut=true\n")));
                EXPECT_EQ(is_json_line(line), json != 0);
                char back[2 * BO_LOG_LINE_MAX];
                size_t back_len = 0;
                if (json)
                    continue;
                bo_str quoted = bo_str_sub(line, HEAD + sizeof "INFO m k=" - 1, line.len);
                EXPECT_EQ(unquote(quoted, back, &back_len), " cut=true\n");
                EXPECT_EQ((back_len - ahead) % unit, 0);
                EXPECT_EQ(memcmp(back, value, back_len), 0);
            }
        }
        close(fd);
    }
}

TEST(log_cuts_before_a_pair_whose_key_or_number_does_not_fit)
{
    for (int json = 0; json < 2; json++) {
        int fd = capture(json);
        bo_log_info("m", bo_kv("k", ""), bo_kv("number", 1234567));
        size_t others = logged(fd).len - (json ? 0 : 2);
        for (size_t len = BO_LOG_LINE_MAX - 40; len < BO_LOG_LINE_MAX + 40; len++) {
            test_case("%s, %zu", json ? "JSON" : "text", len);
            bo_log_info("m", bo_kv("k", fill('x', len - others)), bo_kv("number", 1234567));
            bo_str line = logged(fd);
            bool whole = len <= BO_LOG_LINE_MAX;
            EXPECT(line.len <= BO_LOG_LINE_MAX);
            EXPECT_EQ(is_json_line(line), json != 0);
            EXPECT_EQ(bo_str_find(line, json ? bo_s(",\"number\":1234567}")
                                             : bo_s(" number=1234567\n")) >= 0,
                      whole);
            EXPECT_EQ(bo_str_find(line, bo_s("number")) >= 0, whole);
            EXPECT_EQ(bo_str_find(line, bo_s("cut")) >= 0, !whole);
        }
        // A key, or a message, that is longer than any line.
        fill('x', sizeof filler - 1);
        filler[sizeof filler - 1] = 0;
        bo_log_info("m", bo_kv("ok", 1), bo_kv(filler, 2), bo_kv("lost", 3));
        if (json)
            EXPECT_EQ(logged_json(fd), "\"level\":\"INFO\",\"msg\":\"m\",\"ok\":1,\"cut\":true}");
        else
            EXPECT_EQ(logged_text(fd), "INFO m ok=1 cut=true");
        bo_log_info(filler, bo_kv("lost", 3));
        bo_str line = logged(fd);
        EXPECT(line.len <= BO_LOG_LINE_MAX && line.len > BO_LOG_LINE_MAX - 4);
        EXPECT_EQ(is_json_line(line), json != 0);
        EXPECT(bo_str_ends(line, json ? bo_s("x\",\"cut\":true}\n") : bo_s("x cut=true\n")));
        close(fd);
    }
}

TEST(log_takes_as_many_pairs_as_promised)
{
    int fd = capture(false);
    bo_log_info("m", bo_kv("a", 1), bo_kv("b", 2), bo_kv("c", 3), bo_kv("d", 4), bo_kv("e", 5),
                bo_kv("f", 6), bo_kv("g", 7), bo_kv("h", 8), bo_kv("i", 9), bo_kv("j", 10),
                bo_kv("k", 11), bo_kv("l", 12), bo_kv("m", 13), bo_kv("n", 14), bo_kv("o", 15),
                bo_kv("p", 16));
    EXPECT_EQ(logged_text(fd), "INFO m a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 j=10 k=11 l=12 m=13 "
                               "n=14 o=15 p=16");
    bo_log_info("none");
    EXPECT_EQ(logged_text(fd), "INFO none");
    bo_log_set_json(true);
    bo_log_info("none");
    EXPECT_EQ(logged_json(fd), "\"level\":\"INFO\",\"msg\":\"none\"}");
}

// -- levels and settings --------------------------------------------------------------------------

static int evaluated;

static int evaluate(void)
{
    return ++evaluated;
}

TEST(log_writes_from_its_level_on)
{
    static const char *const names[] = {"DEBUG m\n", "INFO m\n", "WARN m\n", "ERROR m\n"};
    int fd = capture(false);
    for (int at = BO_LOG_DEBUG; at <= BO_LOG_OFF; at++) {
        bo_log_set_level((bo_log_level)at);
        for (int level = BO_LOG_DEBUG; level < BO_LOG_OFF; level++) {
            test_case("%d at %d", level, at);
            bo_log((bo_log_level)level, "m");
            bo_str line = logged(fd);
            EXPECT_EQ(bo_log_enabled(level), level >= at);
            EXPECT_EQ(line.len > 0, level >= at);
            if (line.len > 0)
                EXPECT_EQ(bo_str_sub(line, HEAD, line.len), names[level]);
        }
    }
    bo_log_set_level(BO_LOG_WARN);
    bo_log_info("m", bo_kv("k", evaluate()));
    EXPECT_EQ(evaluated, 0);
    bo_log_debug("d"), bo_log_info("i"), bo_log_warn("w"), bo_log_error("e");
    bo_str lines = logged(fd);
    EXPECT(bo_str_find(lines, bo_s(" WARN w\n")) > 0 && bo_str_find(lines, bo_s(" ERROR e\n")) > 0);
    EXPECT(bo_str_find(lines, bo_s("DEBUG")) < 0 && bo_str_find(lines, bo_s("INFO")) < 0);
}

TEST(log_begins_with_the_time)
{
    for (int json = 0; json < 2; json++) {
        bo_time time;
        int fd = capture(json);
        bo_time before = bo_now();
        bo_log_info("m");
        bo_time after = bo_now();
        bo_str line = logged(fd);
        size_t from = json ? sizeof "{\"time\":\"" - 1 : 0;
        REQUIRE(bo_time_parse(bo_str_sub(line, from, from + HEAD - 1), &time));
        EXPECT(time > before - BO_MILLISECOND && time <= after);
        close(fd);
    }
}

TEST(log_keeps_errno)
{
    bo_log_set_output(-1);
    errno = ENOENT;
    bo_log_info("m");
    EXPECT_EQ(errno, ENOENT);
}

TEST_PROGRAM(logs_a_line_of_each_level)
{
    bo_log_debug("m");
    bo_log_info("m");
    bo_log_warn("m");
    bo_log_error("m");
}

TEST(log_reads_its_settings_from_the_environment)
{
    static const struct {
        const char *level, *format;
        int lines;
        const char *first, *last;
    } cases[] = {
        {"BORA_LOG=", "BORA_LOG_FORMAT=", 3, "INFO m", "ERROR m"},
        {"BORA_LOG=debug", "BORA_LOG_FORMAT=text", 4, "DEBUG m", "ERROR m"},
        {"BORA_LOG=info", "BORA_LOG_FORMAT=json", 3, "\"level\":\"INFO\",\"msg\":\"m\"}",
         "\"level\":\"ERROR\",\"msg\":\"m\"}"},
        {"BORA_LOG=WARN", "BORA_LOG_FORMAT=", 2, "WARN m", "ERROR m"},
        {"BORA_LOG=error", "BORA_LOG_FORMAT=", 1, "ERROR m", "ERROR m"},
        {"BORA_LOG=off", "BORA_LOG_FORMAT=", 0, "", ""},
        {"BORA_LOG=loud", "BORA_LOG_FORMAT=", 4,
         "WARN unknown value of an environment variable, ignored variable=BORA_LOG value=loud",
         "ERROR m"},
        {"BORA_LOG=error", "BORA_LOG_FORMAT=a\nb", 2,
         "WARN unknown value of an environment variable, ignored variable=BORA_LOG_FORMAT "
         "value=\"a\\nb\"",
         "ERROR m"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const environment[] = {cases[i].level, cases[i].format, NULL};
        test_case("%s %s", cases[i].level, cases[i].format);
        test_result result = test_run("logs_a_line_of_each_level", environment);
        EXPECT_EQ(result.status, 0);
        bo_str rest = result.output, line, first = {0}, last = {0};
        int lines = 0;
        for (; rest.len > 0 && bo_str_next(&rest, '\n', &line); lines++) {
            last = line;
            first = lines == 0 ? line : first;
        }
        EXPECT_EQ(lines, cases[i].lines);
        EXPECT(bo_str_ends(first, bo_str_of(cases[i].first)));
        EXPECT(bo_str_ends(last, bo_str_of(cases[i].last)));
    }
}

// -- outputs that refuse --------------------------------------------------------------------------

TEST(log_survives_an_output_that_refuses)
{
    int ends[2];
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), nothing = open("/dev/null", O_RDONLY);
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    const int refusing[] = {full, nothing, ends[1], -1, 1 << 20};
    for (size_t i = 0; i < sizeof refusing / sizeof *refusing; i++) {
        bo_log_set_output(refusing[i]);
        bo_log_error("m", bo_kv("k", fill('x', BO_LOG_LINE_MAX)));
    }
    int fd = capture(false);
    bo_log_info("still there");
    EXPECT_EQ(logged_text(fd), "INFO still there");
}

// A full pipe that does not block takes part of a line, or none of it: those are lost, no others.
TEST(log_loses_only_what_a_full_pipe_refuses)
{
    int ends[2];
    char byte;
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    bo_log_set_output(ends[1]);
    for (int i = 0; i < 100; i++)
        bo_log_info("m", bo_kv("k", fill('x', 1000)));
    while (read(ends[0], &byte, 1) == 1) {
    }
    bo_log_info("m");
    ssize_t len = read(ends[0], logged_bytes, sizeof logged_bytes);
    EXPECT_EQ(bo_str_sub(bo_str_n(logged_bytes, (size_t)len), HEAD, (size_t)len), "INFO m\n");
}

TEST_PLAIN_PROGRAM(logs_into_a_closed_pipe_without_the_runtime)
{
    int ends[2];
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    signal(SIGPIPE, SIG_DFL);
    bo_log_set_output(ends[1]);
    bo_log_info("m");
    bo_log_info("m");
    sigset_t pending;
    sigpending(&pending);
    EXPECT(!sigismember(&pending, SIGPIPE));
    puts("alive");
}

TEST(log_raises_no_sigpipe)
{
    test_result result = test_run("logs_into_a_closed_pipe_without_the_runtime", NULL);
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(result.output, "alive\n");
}

// -- many at once ---------------------------------------------------------------------------------

enum { WRITERS = 40, LINES = 100 };

static void write_lines(int who, bo_wg *wg)
{
    char value[600];
    memset(value, 'a' + who % 26, sizeof value);
    for (int i = 0; i < LINES; i++) {
        bo_log_info("m", bo_kv("who", who), bo_kv("i", i),
                    bo_kv("v", bo_str_n(value, (size_t)(who * 7 + i) % sizeof value)));
        if (i % 10 == 0)
            bo_yield();
    }
    bo_wg_done(wg);
}

static void *write_lines_in_thread(void *wg)
{
    write_lines(WRITERS, wg);
    return NULL;
}

// count_lines checks that each line is whole and in order for its writer.
static int count_lines(bo_str text)
{
    int next[WRITERS + 1] = {0}, lines = 0;
    for (bo_str line; text.len > 0 && bo_str_next(&text, '\n', &line); lines++) {
        int who = -1, i = -1, read = 0;
        char *copy = strndup(line.ptr + HEAD, line.len - HEAD);
        sscanf(copy, "INFO m who=%d i=%d v=%n", &who, &i, &read);
        if (!EXPECT(who >= 0 && who <= WRITERS && i == next[who] && read > 0))
            return -1;
        next[who]++;
        char letter[] = {(char)('a' + who % 26), 0};
        size_t want = (size_t)(who * 7 + i) % 600;
        EXPECT_EQ(strspn(copy + read, want ? letter : "\""), want ? want : 2);
        EXPECT_EQ(strlen(copy + read), want ? want : 2);
        free(copy);
    }
    return lines;
}

static void drain(int fd, size_t *len)
{
    for (ssize_t got; (got = read(fd, logged_bytes + *len, sizeof logged_bytes - *len)) > 0;)
        *len += (size_t)got;
}

static void *drain_in_thread(void *fd_and_len)
{
    size_t *fd = fd_and_len;
    drain((int)fd[0], &fd[1]);
    return NULL;
}

static void write_from_everywhere(void)
{
    bo_wg wg = {0};
    pthread_t thread;
    bo_wg_add(&wg, WRITERS + 1);
    REQUIRE_EQ(pthread_create(&thread, NULL, write_lines_in_thread, &wg), 0);
    for (int i = 0; i < WRITERS; i++)
        go(write_lines, i, &wg);
    bo_wg_wait(&wg);
    bo_blocking(pthread_join, thread, NULL);
}

TEST(log_lines_do_not_mix_in_a_file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/log", test_dir());
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bo_log_set_output(fd);
    write_from_everywhere();
    EXPECT_EQ(count_lines(logged(fd)), (WRITERS + 1) * LINES);
}

TEST(log_lines_do_not_mix_in_a_pipe)
{
    int ends[2];
    pthread_t reader;
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC), 0);
    size_t fd_and_len[2] = {(size_t)ends[0], 0};
    REQUIRE_EQ(pthread_create(&reader, NULL, drain_in_thread, fd_and_len), 0);
    bo_log_set_output(ends[1]);
    write_from_everywhere();
    close(ends[1]);
    bo_blocking(pthread_join, reader, NULL);
    EXPECT_EQ(count_lines(bo_str_n(logged_bytes, fd_and_len[1])), (WRITERS + 1) * LINES);
}

static void log_on_a_small_stack(bo_wg *wg)
{
    bo_log_info("m", bo_kv("k", fill('\n', BO_LOG_LINE_MAX)), bo_kv("d", 0.1 + 0.2));
    bo_log_info("m", bo_kv("d", 0.1 + 0.2));
    bo_wg_done(wg);
}

TEST(log_fits_on_the_smallest_stack)
{
    bo_wg wg = {0};
    int fd = capture(true);
    bo_wg_add(&wg, 1);
    bo_go_with((log_on_a_small_stack, &wg), .stack_bytes = 1);
    bo_wg_wait(&wg);
    EXPECT_EQ(bo_str_find(logged(fd), bo_s("\n{\"time\"")) > 0, true);
}
