// SPDX-License-Identifier: MIT
#include "observe/log_test.h"

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
