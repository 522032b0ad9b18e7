// SPDX-License-Identifier: MIT
// testing/testing.h: what the two sides of a test program share.
//
// One binary plays two parts. The runner (runner.c) stays a plain single-threaded process that only
// starts, watches and reaps: a broken runtime cannot take the report down with it. The child
// (child.c, expect.c) is the same binary started again for one test. They speak through the exit
// status alone.
#ifndef BORA_SRC_TESTING_H
#define BORA_SRC_TESTING_H

#include <bora/test.h>
#include <bora/time.h>

// Exit statuses of a child. Anything else, or a signal, is a failure of its own kind.
enum { TEST_PASSED = 0, TEST_FAILED = 1, TEST_SKIPPED = 77 };

// A folder is handed to the child under this name; the child makes it when first asked for it.
#define TEST_DIR_VARIABLE "BORA_TEST_DIR"

// Words to put before the path of a child's binary: "valgrind -q", "qemu-aarch64 -L DIR".
#define TEST_EXEC_VARIABLE "BORA_TEST_EXEC"

// What `runner` is asked to do.
struct test_plan {
    const char *run;      // Extended regular expression a test's name must match, or NULL for all.
    int count;            // How often each test runs.
    int parallel;         // How many at the same time.
    bo_duration timeout;  // For each run.
    bool verbose;         // Also name the tests that pass, with what they wrote.
};

// test_parse_count and test_parse_timeout read the values of -count, -parallel (1 to
// TEST_COUNT_MAX) and -timeout ("500ms", "90s", "1.5m", "2h", up to eleven days), and report
// whether they are such.
enum { TEST_COUNT_MAX = 1000000 };
bool test_parse_count(const char *text, int *out);
bool test_parse_timeout(const char *text, bo_duration *out);

// The registered tests and programs, in the linker's order.
size_t test_total(void);
const struct bo__test *test_at(size_t index);

// test_runner runs the plan and prints the report. Returns the exit status of the program.
int test_runner(const struct test_plan *plan);

// test_child runs one test or program in this process. Returns its exit status.
int test_child(const struct bo__test *test);

// test_failed reports whether any check of this process has failed so far.
bool test_failed(void);

// test_named tells the checks which test they belong to.
void test_named(const char *name);

// test_command is the argument vector that starts this binary again for one test, with the words of
// TEST_EXEC_VARIABLE first. It and its strings live for ever; the index is written into `number`.
#define TEST_WORDS_MAX 32
void test_command(size_t index, char number[24], char *argv[TEST_WORDS_MAX]);

// test_output_new makes a file in memory for what a test writes, of any number of threads at once;
// -1 with errno.
int test_output_new(void);

#endif
