// SPDX-License-Identifier: MIT
#include <bora/err.h>
#include <bora/test.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_BYTES_MAX = 4096 };

#define LIST_SENTINEL(NAME, name, text, status) {BO_##NAME, text, status},

static const struct {
    bo_err err;
    const char *text;
    int status;
} sentinels[] = {BO_ERRORS(LIST_SENTINEL)};

enum { SENTINELS = sizeof sentinels / sizeof *sentinels };

TEST(sentinels_have_a_text_a_status_and_nothing_to_free)
{
    for (size_t i = 0; i < SENTINELS; i++) {
        bo_err err = sentinels[i].err;
        test_case("%s", sentinels[i].text);
        EXPECT_EQ(bo_err_message(err), sentinels[i].text);
        EXPECT_EQ(bo_err_status(err), sentinels[i].status);
        EXPECT_EQ(bo_err_kind(err), err);
        EXPECT_EQ(bo_err_cause(err), NULL);
        EXPECT_EQ(bo_err_errno(err), 0);
        for (size_t k = 0; k < SENTINELS; k++)
            EXPECT_EQ(bo_err_is(err, sentinels[k].err), i == k);
        bo_err_free(err);
        bo_err_free(err);
    }
}

TEST(success_is_null_everywhere)
{
    EXPECT_EQ(bo_err_message(NULL), "ok");
    EXPECT_EQ(bo_err_kind(NULL), NULL);
    EXPECT_EQ(bo_err_cause(NULL), NULL);
    EXPECT_EQ(bo_err_errno(NULL), 0);
    EXPECT(bo_err_is(NULL, NULL));
    EXPECT(!bo_err_is(NULL, BO_EOF));
    EXPECT(!bo_err_is(BO_EOF, NULL));
    bo_err_free(NULL);
}

TEST(wrapping_adds_what_was_being_done_and_takes_the_cause_over)
{
    bo_err inner = bo_errf(BO_NOT_FOUND, "user %d", 7);
    bo_err outer = bo_errf(inner, "load %s", "profile");
    EXPECT_EQ(bo_err_message(outer), "load profile: user 7: not found");
    EXPECT_EQ(bo_err_cause(outer), inner);
    EXPECT_EQ(bo_err_cause(inner), BO_NOT_FOUND);
    EXPECT_EQ(bo_err_kind(outer), BO_NOT_FOUND);
    EXPECT_EQ(bo_err_status(outer), 404);
    EXPECT(bo_err_is(outer, outer));
    EXPECT(bo_err_is(outer, inner));
    EXPECT(bo_err_is(outer, BO_NOT_FOUND));
    EXPECT(!bo_err_is(outer, BO_CONFLICT));
    EXPECT(!bo_err_is(inner, outer));
    EXPECT(!bo_err_is(outer, NULL));
    // Leak checkers see to it that both go.
    bo_err_free(outer);
}

TEST(an_error_without_a_cause_is_an_internal_one)
{
    bo_err err = bo_errf(bo_errf(NULL, "inner"), "outer");
    EXPECT_EQ(bo_err_message(err), "outer: inner");
    EXPECT_EQ(bo_err_kind(err), BO_INTERNAL);
    EXPECT_EQ(bo_err_status(err), 500);
    EXPECT(!bo_err_is(err, BO_INTERNAL));
    bo_err_free(err);
}

TEST(the_kind_outlives_the_error)
{
    bo_err err = bo_errf(bo_err_sys(ECONNRESET), "read");
    bo_err kind = bo_err_kind(err);
    bo_err_free(err);
    EXPECT_EQ(kind, bo_err_sys(ECONNRESET));
}

TEST(messages_of_every_length_are_whole_up_to_the_limit)
{
    // Around the buffer on the stack, and around the limit.
    static const int lengths[] = {0,    1,    254,  255,  256,  257,  300,  4000,
                                  4085, 4086, 4087, 4088, 4095, 4096, 4097, 10000};
    char *text = malloc(20000), *want = malloc(20000);
    memset(text, 'x', 20000);
    for (size_t row = 0; row < 2 * sizeof lengths / sizeof *lengths; row++) {
        int len = lengths[row / 2];
        bool caused = row % 2;
        test_case("%d bytes%s", len, caused ? " and a cause" : "");
        bo_err err = bo_errf(caused ? BO_CLOSED : NULL, "%.*s", len, text);
        snprintf(want, MESSAGE_BYTES_MAX + 1, "%.*s%s", len, text, caused ? ": closed" : "");
        EXPECT_EQ(bo_err_message(err), want);
        EXPECT(strlen(bo_err_message(err)) <= MESSAGE_BYTES_MAX);
        EXPECT_EQ(bo_err_is(err, BO_CLOSED), caused);
        bo_err_free(err);
    }
    free(text);
    free(want);
}

TEST(a_long_chain_keeps_its_outermost_words_and_its_kind)
{
    bo_err err = BO_TIMEOUT;
    for (int i = 0; i < 2000; i++)
        err = bo_errf(err, "step %d", i);
    EXPECT(bo_str_starts(bo_str_of(bo_err_message(err)), bo_s("step 1999: step 1998: ")));
    EXPECT_EQ(strlen(bo_err_message(err)), MESSAGE_BYTES_MAX);
    EXPECT_EQ(bo_err_kind(err), BO_TIMEOUT);
    EXPECT(bo_err_is(err, BO_TIMEOUT));
    bo_err_free(err);
}

TEST(the_text_of_the_cause_may_be_used_in_the_format)
{
    bo_err cause = bo_errf(BO_INVALID, "port");
    EXPECT_ERR_TEXT(bo_errf(cause, "<%s>", bo_err_message(cause)),
                    "<port: invalid>: port: invalid");
}

static bo_err try_both(bo_err first, bo_err second, int *reached)
{
    BO_TRY(first);
    ++*reached;
    BO_TRY(second);
    ++*reached;
    return NULL;
}

TEST(try_returns_the_first_error)
{
    int reached = 0;
    EXPECT_EQ(try_both(BO_EOF, BO_CLOSED, &reached), BO_EOF);
    EXPECT_EQ(reached, 0);
    EXPECT_EQ(try_both(NULL, BO_CLOSED, &reached), BO_CLOSED);
    EXPECT_EQ(reached, 1);
    EXPECT_EQ(try_both(NULL, NULL, &reached), NULL);
    EXPECT_EQ(reached, 3);
}

// ---- errors of the system ----

TEST(every_errno_has_an_error_of_its_own)
{
    size_t known = 0;
    for (int number = 1; number < 200; number++) {
        bo_err err = bo_err_sys(number);
        // glibc knows a name for each that Linux defines.
        bool defined = strerrorname_np(number) != NULL;
        test_case("errno %d", number);
        known += defined;
        EXPECT_EQ(bo_err_errno(err), defined ? number : 0);
        EXPECT_EQ(err == bo_err_sys(0), !defined);
        EXPECT_EQ(bo_err_sys(number), err);
        EXPECT_EQ(bo_err_kind(err), err);
        EXPECT_EQ(bo_err_status(err), 500);
        // They stand in the middle of a sentence.
        const char *text = bo_err_message(err);
        EXPECT(text[0] != '\0' && text[strlen(text) - 1] != '.');
        bo_err_free(err);
    }
    EXPECT_EQ(known, 131);
}

TEST(numbers_that_are_no_errno_are_unknown)
{
    static const int none[] = {0, 41, 58, 134, 135, 4096, -1, -2, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        test_case("%d", none[i]);
        EXPECT_EQ(bo_err_message(bo_err_sys(none[i])), "unknown system error");
        EXPECT_EQ(bo_err_errno(bo_err_sys(none[i])), 0);
    }
}

TEST(the_errno_is_found_through_the_chain)
{
    bo_err err = bo_errf(bo_errf(bo_err_sys(ECONNREFUSED), "connect"), "dial db");
    EXPECT_EQ(bo_err_message(err), "dial db: connect: connection refused");
    EXPECT_EQ(bo_err_errno(err), ECONNREFUSED);
    EXPECT(bo_err_is(err, bo_err_sys(ECONNREFUSED)));
    EXPECT(!bo_err_is(err, bo_err_sys(ECONNRESET)));
    EXPECT_EQ(bo_err_status(err), 500);
    bo_err_free(err);
}

TEST(a_new_error_has_its_kind_and_only_its_own_words)
{
    bo_err err = bo_err_new(BO_INVALID, "age: expected %s", "integer");
    EXPECT_EQ(bo_err_message(err), "age: expected integer");
    EXPECT(bo_err_is(err, BO_INVALID));
    EXPECT_EQ(bo_err_kind(err), BO_INVALID);
    EXPECT_EQ(bo_err_status(err), 400);
    bo_err_free(err);

    // Around the size up to which it is formatted in one go, and cut at the limit.
    for (size_t len = 254; len <= 257; len++) {
        err = bo_err_new(BO_INVALID, "%0*d", (int)len, 7);
        EXPECT_EQ(strlen(bo_err_message(err)), len);
        EXPECT_EQ(bo_err_message(err)[len - 1], '7');
        bo_err_free(err);
    }
    err = bo_err_new(BO_INVALID, "%05000d", 7);
    EXPECT_EQ(strlen(bo_err_message(err)), MESSAGE_BYTES_MAX);
    bo_err_free(err);
}
