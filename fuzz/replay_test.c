// SPDX-License-Identifier: MIT
// replay_test.c: each fuzz target over its corpus, and over mutations of that.
//
// Mutations are made of the same numbers each time, so that a failure can be repeated. They are no
// replacement for fuzzing, but run with every compiler and sanitizer, and on aarch64.
#include <bora/arena.h>
#include <bora/test.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

// The targets: a file and a folder in corpus/ each.
#define TARGETS(TARGET)                                                                            \
    TARGET(elf)                                                                                    \
    TARGET(dwarf_line)                                                                             \
    TARGET(cfi)                                                                                    \
    TARGET(json)                                                                                   \
    TARGET(http1)

enum { INPUT_MAX = 64 << 10, MUTATIONS = 1000 };

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t random_below(size_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 16) % n);
}

// run gives the target a copy of the bytes that ends where its allocation does.
static void run(void (*target)(bo_str), const char *bytes, size_t len)
{
    char *copy = bo_malloc(len + 1);
    memcpy(copy + 1, bytes, len);
    target(bo_str_n(copy + 1, len));
    free(copy);
}

// mutate changes a few bytes: to anything, to what limits are made of, by one bit, or from
// elsewhere.
static size_t mutate(char *bytes, size_t len)
{
    static const unsigned char limits[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    if (len == 0)
        return 0;
    for (uint32_t n = 1 + random_below(6); n > 0; n--) {
        size_t at = random_below(len);
        switch (random_below(5)) {
        case 0:
            bytes[at] = (char)random_below(256);
            break;
        case 1:
            bytes[at] ^= (char)(1 << random_below(8));
            break;
        case 2:
            for (size_t end = at + 1 + random_below(8); at < end && at < len; at++)
                bytes[at] = (char)limits[random_below(sizeof limits)];
            break;
        default: {
            size_t from = random_below(len), count = random_below(16);
            memmove(bytes + at, bytes + from, count < len - at && count < len - from ? count : 0);
        }
        }
    }
    return random_below(8) == 0 ? random_below(len) : len;
}

static size_t read_input(const char *folder, const char *name, char bytes[INPUT_MAX])
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    REQUIRE(f != NULL);
    size_t len = fread(bytes, 1, INPUT_MAX, f);
    fclose(f);
    return len;
}

static void replay(const char *name, void (*target)(bo_str))
{
    static char bytes[INPUT_MAX], mutated[INPUT_MAX];
    char folder[128];
    snprintf(folder, sizeof folder, "corpus/%s", name);
    DIR *dir = opendir(folder);
    REQUIRE(dir != NULL);
    int inputs = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        test_case("%s", entry->d_name);
        size_t len = read_input(folder, entry->d_name, bytes);
        run(target, bytes, len);
        for (int i = 0; i < MUTATIONS; i++) {
            memcpy(mutated, bytes, len);
            run(target, mutated, mutate(mutated, len));
        }
        // Cut off at each length up to some, and then here and there.
        for (size_t cut = 0; cut < len; cut += cut < 512 ? 1 : 97)
            run(target, bytes, cut);
        inputs++;
    }
    closedir(dir);
    EXPECT(inputs > 0);
}

#define REPLAY(name)                                                                               \
    void fuzz_##name(bo_str bytes);                                                                \
    TEST(fuzz_replay_##name)                                                                       \
    {                                                                                              \
        replay(#name, fuzz_##name);                                                                \
    }

TARGETS(REPLAY)
