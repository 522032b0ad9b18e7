// SPDX-License-Identifier: MIT
// cfi_test.c: for every instruction of the test program, libc's among them, and of the samples, the
// tables say what readelf reads in them.
#include "runtime/cfi.h"

#include "runtime/elf.h"
#include "runtime/sample_test.h"

#include <inttypes.h>

#if defined(__x86_64__)
static const char machine = 62;  // EM_X86_64
static const char *const names[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
                                    "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "ra"};
#else
static const char machine = (char)183;  // EM_AARCH64
static const char *const names[] = {"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",
                                    "x8",  "x9",  "x10", "x11", "x12", "x13", "x14", "x15",
                                    "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23",
                                    "x24", "x25", "x26", "x27", "x28", "x29", "ra",  "sp"};
#endif

// number_of is a register's DWARF number, or -1 for those that are not followed.
static int number_of(const char *name)
{
    for (int i = 0; i < BO__REG_COUNT; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

// A row of readelf's table.
enum { WORDS = 40 };

struct table {
    char columns[WORDS][24];  // The header: registers, from the third word on.
    char words[WORDS][24];    // The row: address, CFA, a rule for each.
    int column_count, word_count;
};

static int split(const char *text, char words[WORDS][24])
{
    int count = 0, used = 0;
    // A register is told as "r1 (rdx)".
    for (; count < WORDS && sscanf(text, "%23s%n", words[count], &used) == 1; text += used)
        count += words[count][0] != '(';
    return count;
}

// describe writes a rule the way readelf does; "u" for both kinds of it.
static void describe(const struct bo__cfi_rule *rule, bool named, char out[24])
{
    switch (rule->kind) {
    case BO__CFI_SAME:
    case BO__CFI_UNDEFINED:
        snprintf(out, 24, "u");
        break;
    case BO__CFI_OFFSET:
        snprintf(out, 24, "c%+d", (int)rule->offset);
        break;
    case BO__CFI_VALUE:
        snprintf(out, 24, "v%+d", (int)rule->offset);
        break;
    case BO__CFI_REGISTER:
        snprintf(out, 24, "r%d", (int)rule->offset);
        break;
    case BO__CFI_EXPRESSION:
        snprintf(out, 24, "exp");
        break;
    default:
        snprintf(out, 24, named ? "vexp" : "exp");
    }
}

static bool expect_row(const struct bo__cfi *cfi, uint64_t addr, const struct table *want)
{
    struct bo__cfi_row row;
    if (!bo__cfi_find(cfi, addr, &row)) {
        test_fail("%" PRIx64 ": no row", addr);
        return false;
    }
    char got[24];
    if (row.cfa.kind == BO__CFI_VALUE)
        snprintf(got, sizeof got, "%s%+d",
                 row.cfa_register < BO__REG_COUNT ? names[row.cfa_register] : "?",
                 (int)row.cfa.offset);
    else
        describe(&row.cfa, false, got);
    bool ok = EXPECT_EQ(got, want->words[1]);
    for (int i = 2; i < want->word_count && i < want->column_count; i++) {
        int reg = number_of(want->columns[i]);
        if (reg < 0)
            continue;
        describe(&row.rules[reg], true, got);
        ok = EXPECT_EQ(got, strcmp(want->words[i], "s") == 0 ? "u" : want->words[i]) && ok;
    }
    return ok;
}

// compare checks each row at its first and its last byte and returns the number of rows. It gives
// up after a few that are wrong.
static int compare(const struct bo__cfi *cfi, FILE *text)
{
    char line[1024];
    static struct table t, next;
    uint64_t low = 0, high = 0, at = 0;
    int rows = 0, wrong = 0;
    for (bool more = true; more && wrong < 10;) {
        more = fgets(line, sizeof line, text) != NULL;
        next.word_count = more ? split(line, next.words) : 0;
        bool is_row = high != 0 && next.word_count >= 2 && strlen(next.words[0]) == 16;
        uint64_t end = high;
        if (is_row)
            sscanf(line, "%" SCNx64, &end);
        if (at != 0 && at < end) {
            test_case("%" PRIx64, at);
            wrong += !expect_row(cfi, at, &t) || !expect_row(cfi, end - 1, &t);
            rows++;
        }
        at = is_row ? end : 0;
        if (is_row) {
            memcpy(t.words, next.words, sizeof t.words);
            t.word_count = next.word_count;
        } else if (strcmp(next.words[0], "LOC") == 0) {
            t.column_count = split(line, t.columns);
        } else {
            const char *pc = strstr(line, " FDE ") ? strstr(line, "pc=") : NULL;
            if (!pc || sscanf(pc, "pc=%" SCNx64 "..%" SCNx64, &low, &high) != 2)
                high = 0;
        }
    }
    return rows;
}

static int compare_file(const char *path)
{
    struct bo__elf elf;
    struct bo__cfi cfi;
    REQUIRE(bo__elf_open(&elf, map_file(path)));
    if (elf.image.ptr[18] != machine)
        return 0;
    bo__cfi_open(&cfi, elf.frames, elf.frames_addr);
    FILE *text = tool_open("readelf --debug-dump=frames-interp '%s' 2>/dev/null", path);
    int rows = compare(&cfi, text);
    EXPECT(rows > 10);
    pclose(text);
    bo__cfi_close(&cfi);
    return rows;
}

TEST(cfi_agrees_with_readelf_on_the_test_program)
{
    EXPECT(compare_file(own_path()) > 2000);
}

TEST(cfi_agrees_with_readelf_on_the_samples)
{
    char path[512];
    snprintf(path, sizeof path, "%s/sample.so", test_dir());
    for (int i = 0; i < SAMPLES; i++)
        if (has_code_of_its_own(&samples[i]) && build_sample(&samples[i]))
            compare_file(path);
}
