// SPDX-License-Identifier: MIT
#include "observe/log_test.h"

#include <math.h>

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
