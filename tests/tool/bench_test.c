// SPDX-License-Identifier: MIT
// bora bench from outside, with the shortest of its runs: who is missing, what fails, what is left
// behind. What the table makes of numbers is in cmd/bora/bench_test.c.
#include "shell.h"

#include <bora/test.h>

// A run with the temporary folder below the test's, so that what is left there can be seen.
#define BENCH "mkdir -p tmp; TMPDIR=$PWD/tmp $BORA bench --quick -count 1 "

// Prints what still runs from there.
#define RUNNING "grep -la \"$PWD/[t]mp/\" /proc/[0-9]*/cmdline 2>/dev/null"

TEST(bench_measures_bora_alone)
{
    struct reply r = sh(BENCH "-only '^idle$'");
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.err, "round 1 of 1: idle\n");
    EXPECT(contains(r.out, "| idle program, CPU time a second "));
    EXPECT(!contains(r.out, "missing"));
    EXPECT_EQ(sh("ls tmp").out, "");
}

TEST(bench_says_which_peers_are_missing)
{
    struct reply r =
        sh("export GO=no-such-go NGINX=no-such-nginx; " BENCH "--peers -only '^idle$' -o all.json");
    EXPECT_EQ(r.status, 0);
    EXPECT(contains(r.err, "bora: Go is missing"));
    EXPECT(contains(r.err, "bora: nginx is missing"));
    EXPECT(contains(r.out, "- Go: missing\n"));
    EXPECT(contains(r.out, "- nginx: missing\n"));
    EXPECT(contains(r.out, "| Go         | -  "));
    EXPECT(contains(sh("cat all.json").out, "\"name\": \"idle_cpu\""));
}

TEST(bench_goes_on_without_a_peer_that_fails)
{
    // A go that "builds" programs which fail.
    write_file("go", "#!/bin/sh\n"
                     "[ \"$1\" = version ] && echo go version go0 && exit\n"
                     "while [ \"$1\" != -o ]; do shift; done\n"
                     "printf '#!/bin/sh\\necho no luck >&2; exit 3\\n' >\"$2\"\n"
                     "chmod +x \"$2\"\n");
    struct reply r =
        sh("chmod +x go; export GO=$PWD/go NGINX=none; " BENCH "--peers -only '^idle$' --json");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "micro-go idle 10: no luck\n"));
    EXPECT(contains(r.out, "\"name\": \"idle_cpu\", \"unit\": \"us\",\n      \"Bora\": "));
    EXPECT(!contains(r.out, "\"Go\": "));
    EXPECT_EQ(sh("ls tmp").out, "");
}

TEST(bench_stops_when_a_peer_does_not_build)
{
    write_file("go", "#!/bin/sh\necho bad luck; exit 1\n");
    struct reply r =
        sh("chmod +x go; export GO=$PWD/go NGINX=none; " BENCH "--peers -only '^idle$'");
    EXPECT_EQ(r.status, 1);
    EXPECT_EQ(r.out, "");
    EXPECT(contains(r.err, "bad luck\nbora: "));
    EXPECT_EQ(sh("ls tmp").out, "");
}

TEST(bench_puts_a_server_under_load_and_ends_it)
{
    struct reply r = sh("export GO=none NGINX=none; " BENCH "--peers -only 'plain_(one|size)'");
    EXPECT_EQ(r.status, 0);
    EXPECT(contains(r.out, "| GET /plain, one thread, CPU a request "));
    EXPECT(contains(r.out, "| hello server, static and stripped "));
    EXPECT_EQ(sh("ls tmp; " RUNNING).out, "");
}

TEST(bench_ends_what_it_has_started_when_it_is_told_to_end)
{
    struct reply r = sh("mkdir tmp; TMPDIR=$PWD/tmp $BORA bench -only '^idle$' >out 2>err & pid=$!;"
                        "until grep -q round err; do sleep 0.05; done;"
                        "kill -TERM $pid; wait $pid; echo $?; cat out err; ls tmp;" RUNNING);
    EXPECT_EQ(r.out, "1\nround 1 of 5: idle\nbora: interrupted\n");
}

TEST(bench_refuses_what_makes_no_sense)
{
    static const struct {
        const char *words, *says;
    } cases[] = {
        {"-only nothing", "bora: no run's name matches nothing (see: bora bench --help)\n"},
        {"-only '('", "bora: (: not an extended regular expression (see: bora bench --help)\n"},
        {"-count 0", "bora: 0: not a number from 1 to 1000000 (see: bora bench --help)\n"},
        {"-count 101", "bora: 101: not 1 to 100 rounds (see: bora bench --help)\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].words);
        struct reply r = sh("$BORA bench %s", cases[i].words);
        EXPECT_EQ(r.status, 2);
        EXPECT_EQ(r.err, cases[i].says);
    }
}
