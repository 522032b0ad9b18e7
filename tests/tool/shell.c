// SPDX-License-Identifier: MIT
#include "shell.h"

#include <bora/arena.h>
#include <bora/process.h>
#include <bora/test.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static bo_arena arena;
static const char *tool;

void use_tool(const char *path)
{
    tool = path;
}

struct reply sh(const char *line, ...)
{
    va_list args;
    va_start(args, line);
    char text[4096];
    int n = vsnprintf(text, sizeof text, line, args);
    va_end(args);
    REQUIRE(n >= 0 && (size_t)n < sizeof text);

    const char *built = getenv("BORA_TOOL");
    REQUIRE(tool || built);
    // Set in the shell: what else is in the environment stays as it is.
    const char *script = bo_str_printf(&arena, "export BORA='%s' XDG_CACHE_HOME='%s/cache'; %s",
                                       tool ? tool : built, test_dir(), text)
                             .ptr;
    const char *const argv[] = {"sh", "-c", script, NULL};
    bo_process_result r;
    bo_err err = bo_process_run(&arena, argv,
                                &(bo_process_options){.cwd = test_dir(), .in = BO_PROCESS_NULL},
                                bo_s(""), &r);
    if (err)
        test_fail("%s: %s", text, bo_err_message(err));
    REQUIRE(!err);
    return (struct reply){r.status, r.out, r.err};
}

void write_file(const char *path, const char *text)
{
    const char *full = bo_str_printf(&arena, "%s/%s", test_dir(), path).ptr;
    char *part = strdup(full);
    for (char *slash = part + strlen(test_dir()); (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        mkdir(part, 0777);
        *slash = '/';
    }
    free(part);
    FILE *file = fopen(full, "we");
    REQUIRE(file != NULL);
    fputs(text, file);
    REQUIRE_EQ(fclose(file), 0);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - 10}};
    REQUIRE_EQ(utimensat(AT_FDCWD, full, times, 0), 0);
}

bool contains(bo_str text, const char *part)
{
    return bo_str_find(text, bo_str_of(part)) >= 0;
}

void write_hello(const char *dir)
{
    char path[256];
    snprintf(path, sizeof path, "%s/main.c", dir);
    write_file(path, "#include \"words/word.h\"\n"
                     "#include <bora/go.h>\n"
                     "#include <stdio.h>\n"
                     "int bo_main(int argc, char **argv)\n"
                     "{\n"
                     "    puts(word());\n"
                     "    for (int i = 1; i < argc; i++)\n"
                     "        puts(argv[i]);\n"
                     "    return argc - 1;\n"
                     "}\n");
    snprintf(path, sizeof path, "%s/words/word.h", dir);
    write_file(path, "#define WORD \"hello\"\n"
                     "const char *word(void);\n");
    snprintf(path, sizeof path, "%s/words/word.c", dir);
    write_file(path, "#include \"word.h\"\n"
                     "const char *word(void)\n"
                     "{\n"
                     "    return WORD;\n"
                     "}\n");
}
