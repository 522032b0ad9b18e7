// SPDX-License-Identifier: MIT
// ./bora, the script before the tool: on machines that lack things, and when there is nothing to
// do.
#include "shell.h"

#include <bora/test.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static const char *tree(void)
{
    static char path[PATH_MAX];
    REQUIRE(realpath("../..", path) != NULL);
    return path;
}

// A machine of plain Unix commands: bin/ is its whole PATH, fresh/ a tree that was never built.
// Tests add package managers to bin/.
static void make_machine(void)
{
    struct reply r =
        sh("mkdir bin fresh && cp '%s/bora' fresh/ &&"
           "for c in sh readlink dirname find head sed cat rm mktemp mkdir grep env id; do"
           " ln -s \"$(command -v $c)\" bin/ || exit 1; done",
           tree());
    REQUIRE_EQ(r.err, "");
    REQUIRE_EQ(r.status, 0);
}

static void add_command(const char *name, const char *script)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "bin/%s", name);
    snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
    write_file(path, text);
    REQUIRE_EQ(sh("chmod +x %s", path).status, 0);
}

#define MISSING "bora: missing: cc libc meson ninja pkg-config"

TEST(what_is_missing_is_named_in_the_words_of_the_package_manager)
{
    static const struct {
        const char *manager, *says;
    } cases[] = {
        {NULL, MISSING ". There is no package manager that I know; please install them.\n"},
        {"dnf", MISSING ". Please run: dnf install gcc glibc-devel glibc-static meson"
                        " ninja-build pkgconf-pkg-config\n"},
        {"zypper", MISSING ". Please run: zypper install gcc glibc-devel glibc-devel-static"
                           " meson ninja pkgconf-pkg-config\n"},
        {"pacman", MISSING ". Please run: pacman -S gcc glibc meson ninja pkgconf\n"},
        {"apk", MISSING ". Please run: apk add gcc musl-dev meson ninja pkgconf\n"},
    };
    make_machine();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].manager ? cases[i].manager : "none");
        if (cases[i].manager)
            add_command(cases[i].manager, "exit 1");
        struct reply r = sh("PATH=$PWD/bin fresh/bora test");
        EXPECT_EQ(r.status, 1);
        EXPECT_EQ(r.err, cases[i].says);
        EXPECT_EQ(r.out, "");
        if (cases[i].manager)
            REQUIRE_EQ(sh("rm bin/%s", cases[i].manager).status, 0);
    }
}

TEST(without_root_and_sudo_the_command_to_run_is_told)
{
    make_machine();
    add_command("apt-get", "echo called >>$PWD/calls; exit 0");
    add_command("apt-cache", "exit 0");
    sh("rm bin/id");
    add_command("id", "echo 1000");
    struct reply r = sh("PATH=$PWD/bin fresh/bora test");
    EXPECT_EQ(r.status, 1);
    EXPECT_EQ(r.err, MISSING ". Please run as root: apt-get install gcc libc6-dev meson ninja-build"
                             " pkg-config\n");
    EXPECT_EQ(sh("cat calls").status, 1);
}

TEST(when_apt_fails_its_words_are_shown)
{
    make_machine();
    add_command("apt-get", "echo 'E: the network is down' >&2; exit 100");
    add_command("apt-cache", "exit 0");
    add_command("sudo", "exec \"$@\"");
    struct reply r = sh("PATH=$PWD/bin fresh/bora test");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, MISSING "\n"));
    EXPECT(contains(r.err, "apt-get install gcc libc6-dev"));
    EXPECT(contains(r.err, "E: the network is down\n"));
    EXPECT(contains(r.err, "bora: apt-get failed; its words are above\n"));
}

TEST(when_nothing_changed_the_tool_is_started_at_once)
{
    // No compiler, no Meson, no Ninja in reach: only a look at file times is possible.
    make_machine();
    struct reply r = sh("PATH=$PWD/bin '%s/bora' version", tree());
    EXPECT_EQ(r.err, "");
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.out, sh("$BORA version").out);
}

TEST(arguments_and_exit_status_pass_through)
{
    write_hello("hello");
    struct reply r = sh("'%s/bora' run hello 'two words' ''", tree());
    EXPECT_EQ(r.out, "hello\ntwo words\n\n");
    EXPECT_EQ(r.status, 2);
    EXPECT_EQ(sh("'%s/bora' frobnicate", tree()).status, 2);
}

TEST(a_link_to_the_script_works)
{
    EXPECT_EQ(sh("ln -s '%s/bora' b && ./b version", tree()).status, 0);
}
