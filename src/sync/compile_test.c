// SPDX-License-Identifier: MIT
//
// compile_test.c: what the compilers say to programs that use channels and go wrongly.
//
// Each file in testdata/ is one mistake. Its comments name words that gcc and clang have to say in
// an error about it, in the C locale, whatever warnings are asked for:
//
//     // gcc: passing argument 2 of 'fetch' makes integer from pointer
//     // clang: incompatible pointer to integer conversion passing
//
// A file without such words is right, and must compile without a word under strict warnings. The
// compilers know nothing of the test's sanitizers; one that is not installed is passed over.
#include <bora/go.h>
#include <bora/test.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES "testdata"
#define FLAGS "-std=gnu17 -fsyntax-only -I../../include"
#define STRICT " -Wall -Wextra -Wshadow -Wcast-qual -Wstrict-prototypes -Werror"

enum { OUTPUT_MOST = 64 << 10 };

static const struct compiler {
    const char *name, *command;
} compilers[] = {
    {"gcc", "LC_ALL=C gcc " FLAGS},
    {"clang", "LC_ALL=C clang -fblocks " FLAGS},
};

struct output {
    int status;
    char text[OUTPUT_MOST];
};

static void run(const char *command, struct output *out)
{
    FILE *pipe = popen(command, "re");
    REQUIRE(pipe != NULL);
    size_t len = 0, n;
    while ((n = fread(out->text + len, 1, sizeof out->text - 1 - len, pipe)) > 0)
        len += n;
    out->text[len] = '\0';
    out->status = pclose(pipe);
}

static bool is_installed(const struct compiler *compiler)
{
    static struct output out;
    char command[64];
    snprintf(command, sizeof command, "command -v %s", compiler->name);
    run(command, &out);
    return out.status == 0;
}

// The words that a file wants from a compiler; false: none.
static bool wanted_words(const char *path, const char *compiler, char words[256])
{
    char line[512], start[32];
    snprintf(start, sizeof start, "// %s: ", compiler);
    FILE *file = fopen(path, "re");
    REQUIRE(file != NULL);
    bool found = false;
    while (!found && fgets(line, sizeof line, file)) {
        found = strncmp(line, start, strlen(start)) == 0;
        if (found)
            snprintf(words, 256, "%.*s", (int)strcspn(line + strlen(start), "\n"),
                     line + strlen(start));
    }
    fclose(file);
    return found;
}

// Whether one line of the output is an error that says the words.
static bool has_error(char *text, const char *words)
{
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (strstr(line, "error:") && strstr(line, words))
            return true;
    return false;
}

static void check(const struct compiler *compiler, const char *file)
{
    static struct output out;
    char path[512], command[1024], words[256];
    snprintf(path, sizeof path, SOURCES "/%s", file);
    test_case("%s, %s", compiler->name, file);
    bool wrong = wanted_words(path, compiler->name, words);
    snprintf(command, sizeof command, "%s%s %s 2>&1", compiler->command, wrong ? "" : STRICT, path);
    run(command, &out);
    if (!wrong && (out.status != 0 || *out.text))
        test_fail("should compile without a word:\n%s", out.text);
    if (wrong && out.status == 0)
        test_fail("should not compile");
    char *text = strdup(out.text);
    if (wrong && !has_error(out.text, words))
        test_fail("no error says \"%s\":\n%s", words, text);
    free(text);
}

static int is_source(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end && strcmp(end, ".c") == 0;
}

TEST(compilers_report_wrong_uses_in_plain_words)
{
    struct dirent **files;
    int count = scandir(SOURCES, &files, is_source, alphasort), used = 0;
    REQUIRE(count > 0);
    for (size_t c = 0; c < sizeof compilers / sizeof *compilers; c++) {
        if (!is_installed(&compilers[c]))
            continue;
        used++;
        for (int i = 0; i < count; i++)
            check(&compilers[c], files[i]->d_name);
    }
    for (int i = 0; i < count; i++)
        free(files[i]);
    free(files);
    if (used == 0)
        test_skip("neither gcc nor clang is installed");
}
