// SPDX-License-Identifier: MIT
// Verbs, help, completion: what is the same for all of them.
#include "shell.h"

#include <bora/test.h>

static const char *const all[] = {"build",   "run", "test",    "bench",     "fmt",
                                  "install", "env", "version", "completion"};
enum { ALL = sizeof all / sizeof all[0] };

TEST(an_unknown_verb_suggests_the_nearest)
{
    static const struct {
        const char *word, *says;
    } cases[] = {
        {"buld", "bora: unknown verb \"buld\"; did you mean \"build\"?\n"},
        {"tests", "bora: unknown verb \"tests\"; did you mean \"test\"?\n"},
        {"format", "bora: unknown verb \"format\" (see: bora --help)\n"},
        {"RUN", "bora: unknown verb \"RUN\" (see: bora --help)\n"},
        {"''", "bora: unknown verb \"\" (see: bora --help)\n"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "bora: unknown verb \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aa\" (see: bora --help)\n"},
        {"--frob", "bora: unknown verb \"--frob\" (see: bora --help)\n"},
        {"help instal", "bora: unknown verb \"instal\"; did you mean \"install\"?\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].word);
        struct reply r = sh("$BORA %s", cases[i].word);
        EXPECT_EQ(r.status, 2);
        EXPECT_EQ(r.out, "");
        EXPECT_EQ(r.err, cases[i].says);
    }
}

TEST(the_help_names_every_verb)
{
    struct reply r = sh("$BORA --help");
    EXPECT_EQ(r.status, 0);
    for (size_t i = 0; i < ALL; i++) {
        test_case("%s", all[i]);
        EXPECT(contains(r.out, all[i]));
    }
    EXPECT_EQ(sh("$BORA help").out, r.out);
    EXPECT_EQ(sh("$BORA -h").out, r.out);
    EXPECT_EQ(sh("$BORA").out, r.out);
    EXPECT_EQ(sh("$BORA").status, 2);
}

TEST(the_help_of_a_verb_has_an_example_however_it_is_asked_for)
{
    for (size_t i = 0; i < ALL; i++) {
        test_case("%s", all[i]);
        struct reply r = sh("$BORA %s --help", all[i]);
        EXPECT_EQ(r.status, 0);
        EXPECT_EQ(r.err, "");
        EXPECT(contains(r.out, "Example:  "));
        EXPECT_EQ(sh("$BORA help %s", all[i]).out, r.out);
        EXPECT_EQ(sh("$BORA %s -h", all[i]).out, r.out);
        // A terminal has 80 columns, and nobody likes wrapped help: 95 at most.
        EXPECT_EQ(sh("$BORA help %s | awk 'length > 95'", all[i]).out, "");
    }
}

TEST(verbs_without_arguments_refuse_some)
{
    static const char *const lines[] = {"version x", "env x", "install x", "bench x",
                                        "completion bash zsh"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        test_case("%s", lines[i]);
        EXPECT_EQ(sh("$BORA %s", lines[i]).status, 2);
    }
}

TEST(version_tells_version_machine_and_compiler)
{
    struct reply r = sh("$BORA version | grep -E '^bora [0-9]+\\.[0-9]+\\.[0-9]+ "
                        "Linux/[a-z0-9_]+, built with (gcc|clang) [0-9].*$'");
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(sh("$BORA --version").out, r.out);
}

TEST(env_can_be_used_to_compile_by_hand)
{
    write_hello("hello");
    struct reply r = sh("eval \"$($BORA env)\"; $BORA_CC -std=gnu17 -O2 $BORA_CFLAGS -fPIE"
                        " -I\"$BORA_INCLUDE\" -Ihello hello/main.c hello/words/word.c -o h"
                        " \"$BORA_LIB/libbora.a\" $BORA_LIBS $BORA_LDFLAGS && ./h");
    EXPECT_EQ(r.out, "hello\n");
}

TEST(bash_completes_verbs_and_options)
{
    if (sh("command -v bash").status != 0)
        test_skip("no bash here");
    struct reply r = sh("$BORA completion bash >c && bash -c 'source ./c;"
                        "COMP_WORDS=(bora te); COMP_CWORD=1; _bora; echo ${COMPREPLY[*]};"
                        "COMP_WORDS=(bora test --as); COMP_CWORD=2; _bora; echo ${COMPREPLY[*]};"
                        "COMP_WORDS=(bora build c); COMP_CWORD=2; _bora; echo ${COMPREPLY[*]}'");
    EXPECT_EQ(r.err, "");
    EXPECT_EQ(r.out, "test\n--asan\nc\n");
}

TEST(zsh_loads_its_completions)
{
    if (sh("command -v zsh").status != 0)
        test_skip("no zsh here");
    struct reply r =
        sh("$BORA completion zsh >c && zsh -fc 'autoload -U compinit; compinit -u -d z;"
           "source ./c; echo $_comps[bora] $+functions[_bora]'");
    EXPECT_EQ(r.err, "");
    EXPECT_EQ(r.out, "_bora 1\n");
}

TEST(other_shells_are_told_which_there_are)
{
    struct reply r = sh("$BORA completion fish");
    EXPECT_EQ(r.status, 2);
    EXPECT_EQ(r.err, "bora: completion: for which shell, bash or zsh?\n");
}
