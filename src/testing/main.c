// SPDX-License-Identifier: MIT
// main.c: the command line of a test program.
//
// A test program takes the same options as `bora test`, so that one that failed there can be run
// alone and under a debugger: `-child N` is how the runner starts a test, and works as well after
// `gdb --args`.
#include "testing/testing.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// The linker defines these around the section; weak, since a program may hold no test.
extern const struct bo__test *const __start_bora_tests[] __attribute__((weak));
extern const struct bo__test *const __stop_bora_tests[] __attribute__((weak));

size_t test_total(void)
{
    return (size_t)(__stop_bora_tests - __start_bora_tests);
}

const struct bo__test *test_at(size_t index)
{
    return __start_bora_tests[index];
}

static char self_path[4096];

static void find_self(const char *argv0)
{
    ssize_t n = readlink("/proc/self/exe", self_path, sizeof self_path - 1);
    if (n > 0)
        self_path[n] = '\0';
    else
        snprintf(self_path, sizeof self_path, "%s", argv0);
}

void test_command(size_t index, char number[24], char *argv[TEST_WORDS_MAX])
{
    static char words[4096];
    static char child[] = "-child";
    int n = 0;
    const char *exec = getenv(TEST_EXEC_VARIABLE);
    snprintf(words, sizeof words, "%s", exec ? exec : "");
    char *rest = words;
    for (char *word; (word = strsep(&rest, " ")) && n < TEST_WORDS_MAX - 4;)
        if (*word)
            argv[n++] = word;
    snprintf(number, 24, "%zu", index);
    argv[n++] = self_path;
    argv[n++] = child;
    argv[n++] = number;
    argv[n] = NULL;
}

static int cpu_count(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static void list_tests(void)
{
    for (size_t i = 0; i < test_total(); i++)
        if (!(test_at(i)->flags & BO__TEST_PROGRAM))
            printf("%s\n", test_at(i)->name);
}

_Noreturn static void usage(const char *complaint, const char *word)
{
    if (complaint)
        fprintf(stderr, "%s: %s\n", complaint, word);
    fprintf(complaint ? stderr : stdout,
            "Options of a test program:\n"
            "  -run REGEX         only the tests whose name matches (extended regular expression)\n"
            "  -list              name the tests, run none\n"
            "  -v                 also show the tests that pass, with what they wrote\n"
            "  -count N           run each test N times\n"
            "  -parallel N        how many at a time; the number of CPUs if not given\n"
            "  -timeout DURATION  for each test: 90s, 5m; 60s if not given\n"
            "  -child N           run the N-th test in this very process, for a debugger\n");
    exit(complaint ? 2 : 0);
}

static int parse_count(const char *option, const char *value)
{
    int n = 0;
    if (!test_parse_count(value, &n))
        usage("not a number from 1 to 1000000", option);
    return n;
}

static bo_duration parse_timeout(const char *value)
{
    bo_duration timeout = 0;
    if (!test_parse_timeout(value, &timeout))
        usage("not a duration such as 500ms, 90s, 5m", value);
    return timeout;
}

static int run_child(const char *number)
{
    char *end;
    unsigned long index = strtoul(number, &end, 10);
    if (end == number || *end != '\0' || index >= test_total())
        usage("no such test", number);
    return test_child(test_at(index));
}

int main(int argc, char **argv)
{
    find_self(argv[0]);
    struct test_plan plan = {.count = 1, .parallel = cpu_count(), .timeout = 60 * BO_SECOND};
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i];
        // Both -run and --run are fine.
        const char *name = option + (option[0] == '-') + (option[0] == '-' && option[1] == '-');
        if (name == option)
            usage("unknown argument", option);
        if (strcmp(name, "v") == 0) {
            plan.verbose = true;
            continue;
        }
        if (strcmp(name, "list") == 0) {
            list_tests();
            return 0;
        }
        if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0)
            usage(NULL, NULL);
        if (i + 1 == argc)
            usage("unknown option, or its value is missing", option);
        const char *value = argv[++i];
        if (strcmp(name, "child") == 0)
            return run_child(value);
        else if (strcmp(name, "run") == 0)
            plan.run = value;
        else if (strcmp(name, "count") == 0)
            plan.count = parse_count(option, value);
        else if (strcmp(name, "parallel") == 0)
            plan.parallel = parse_count(option, value);
        else if (strcmp(name, "timeout") == 0)
            plan.timeout = parse_timeout(value);
        else
            usage("unknown option", option);
    }
    return test_runner(&plan);
}
