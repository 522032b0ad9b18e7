// SPDX-License-Identifier: MIT
// sample_test.h: binaries that the tests of the readers look into, and the second opinion: what
// binutils say of them.
#ifndef BORA_SRC_RUNTIME_SAMPLE_TEST_H
#define BORA_SRC_RUNTIME_SAMPLE_TEST_H

#include <bora/test.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static inline bool has_tool(const char *name)
{
    char command[128];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
    return system(command) == 0;
}

// map_file maps a private copy of a file, which the test may change.
static inline bo_str map_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0);
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd);
    REQUIRE(map != MAP_FAILED);
    return bo_str_n(map, (size_t)st.st_size);
}

// own_path is the test program's own file.
static inline const char *own_path(void)
{
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    REQUIRE(n > 0);
    path[n] = '\0';
    return path;
}

// A way to build testdata/sample.c.
struct sample {
    const char *compiler, *flags;
};

#define SAMPLES_OF(compiler, dwarf)                                                                \
    {compiler, "-O0 " dwarf}, {compiler, "-O2 " dwarf}, {compiler, "-Os " dwarf},                  \
    {                                                                                              \
        compiler, "-O2 -ffunction-sections " dwarf                                                 \
    }

static const struct sample samples[] = {
    SAMPLES_OF("gcc", "-gdwarf-5"),
    SAMPLES_OF("gcc", "-gdwarf-4"),
    SAMPLES_OF("gcc", "-gdwarf-3"),
    SAMPLES_OF("gcc", "-gdwarf-5 -gdwarf64"),
    SAMPLES_OF("gcc", "-gdwarf-4 -gno-as-loc-support"),
    SAMPLES_OF("clang", "-gdwarf-5"),
    SAMPLES_OF("clang", "-gdwarf-4"),
    SAMPLES_OF("clang", "-gdwarf-2"),
    SAMPLES_OF("aarch64-linux-gnu-gcc", "-gdwarf-5"),
    SAMPLES_OF("aarch64-linux-gnu-gcc", "-gdwarf-4"),
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

// has_code_of_its_own is false for samples that differ from another one in debug information only.
static inline bool has_code_of_its_own(const struct sample *s)
{
    return bo_str_ends(bo_str_of(s->flags), bo_s("-gdwarf-5"));
}

// build_sample compiles a sample to test_dir()/sample.so and reports whether that could be done; a
// compiler that is not there is no failure.
static inline bool build_sample(const struct sample *s)
{
    test_case("%s %s", s->compiler, s->flags);
    if (!has_tool(s->compiler))
        return false;
    char command[1024];
    snprintf(command, sizeof command,
             "%s %s -fPIC -shared -nostdlib -o %s/sample.so testdata/sample.c", s->compiler,
             s->flags, test_dir());
    return EXPECT_EQ(system(command), 0);
}

static inline bo_str map_sample(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/sample.so", test_dir());
    return map_file(path);
}

// tool_open runs a shell command and returns what it writes, to be closed with pclose.
__attribute__((format(printf, 1, 2))) static inline FILE *tool_open(const char *format, ...)
{
    char command[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    FILE *f = popen(command, "r");
    REQUIRE(f != NULL);
    return f;
}

#endif
