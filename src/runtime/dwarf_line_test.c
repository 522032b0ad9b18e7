// SPDX-License-Identifier: MIT
// dwarf_line_test.c: every address of the samples has the place that readelf gives it.
#include "runtime/dwarf_line.h"

#include "runtime/elf.h"
#include "runtime/sample_test.h"

#include <inttypes.h>
#include <stdlib.h>

static bool is_code(const void *elf, uint64_t addr)
{
    return bo__elf_is_code(elf, addr);
}

static void open_lines(struct bo__lines *lines, const struct bo__elf *elf)
{
    bo__lines_open(lines, elf->line, elf->line_str, elf->str, is_code, elf);
}

// A row of the table as readelf decodes it; line 0: none stands for the code there.
struct want {
    uint64_t addr;
    long line;
    char name[64];
};

static bo_str last_part(bo_str path)
{
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    return bo_str_sub(path, at, path.len);
}

// expect_place reports whether the place of an address is that of a row.
static bool expect_place(const struct bo__lines *lines, uint64_t addr, const struct want *want)
{
    struct bo__line_place place = {0};
    if (!bo__lines_find(lines, addr, &place)) {
        test_fail("%" PRIx64 ": not found, want %s:%ld", addr, want->name, want->line);
        return false;
    }
    bool ok = place.line == (uint32_t)want->line &&
              bo_str_eq(last_part(place.base), last_part(bo_str_of(want->name)));
    if (!ok)
        test_fail("%" PRIx64 ": got " BO_FMT ":%u, want %s:%ld", addr, BO_ARG(place.base),
                  place.line, want->name, want->line);
    return ok;
}

// compare looks the addresses of every row up, each stride-th byte of it and the last, and returns
// the number of rows. It gives up after a few that are wrong. (Not addr2line: that of binutils 2.40
// takes version 5's file numbers for those of version 4.)
static int compare(const struct bo__lines *lines, const struct bo__elf *elf, FILE *table,
                   uint64_t stride)
{
    char text[4096], number[16];
    struct want row = {0}, next = {0};
    int rows = 0, wrong = 0;
    for (bool inside = false; wrong < 10 && fgets(text, sizeof text, table);) {
        if (sscanf(text, "%63s %15s %" SCNx64, next.name, number, &next.addr) != 3)
            continue;
        if (!inside)
            row = (struct want){0};
        bool has_code = row.line != 0 && row.addr < next.addr;
        for (uint64_t at = row.addr; has_code && at < next.addr; at += stride)
            wrong += !expect_place(lines, at, &row);
        wrong += has_code && !expect_place(lines, next.addr - 1, &row);
        rows += has_code;
        // What lies at the addresses of dropped functions belongs to others.
        inside = strcmp(number, "-") != 0 && (inside || bo__elf_is_code(elf, next.addr));
        next.line = strtol(number, NULL, 10);
        if (inside && next.line != 0)
            row = next;
        row.addr = next.addr;
    }
    return rows;
}

TEST(dwarf_line_agrees_with_readelf_on_every_byte_of_the_samples)
{
    for (int i = 0; i < SAMPLES; i++) {
        if (!build_sample(&samples[i]))
            continue;
        struct bo__elf elf;
        struct bo__lines lines;
        REQUIRE(bo__elf_open(&elf, map_sample()));
        open_lines(&lines, &elf);
        FILE *table = tool_open("readelf -wL %s/sample.so 2>/dev/null", test_dir());
        EXPECT(compare(&lines, &elf, table, 1) > 50);
        pclose(table);
        bo__lines_close(&lines);
    }
}

TEST(dwarf_line_agrees_with_readelf_on_the_test_program)
{
    struct bo__elf elf;
    struct bo__lines lines;
    REQUIRE(bo__elf_open(&elf, map_file(own_path())));
    open_lines(&lines, &elf);
    FILE *table = tool_open("readelf -wL '%s' 2>/dev/null", own_path());
    EXPECT(compare(&lines, &elf, table, 1 << 20) > 1000);
    pclose(table);
    bo__lines_close(&lines);
}

// A file that was not compiled with -ffunction-sections has one sequence, and the index enters it
// in the middle.
TEST(dwarf_line_finds_its_way_within_a_long_sequence)
{
    char path[512], binary[512], command[2048];
    snprintf(path, sizeof path, "%s/long.c", test_dir());
    snprintf(binary, sizeof binary, "%s/long.so", test_dir());
    FILE *f = fopen(path, "w");
    REQUIRE(f != NULL);
    for (int i = 0; i < 1000; i++)
        fprintf(f, "int f%d(int x)\n{\n\tif (x > %d)\n\t\tx *= %d;\n\treturn x;\n}\n", i, i, i + 2);
    fclose(f);
    if (!has_tool("gcc"))
        test_skip("no gcc");
    snprintf(command, sizeof command, "gcc -g -O0 -fPIC -shared -nostdlib -o %s %s", binary, path);
    REQUIRE_EQ(system(command), 0);

    struct bo__elf elf;
    struct bo__lines lines;
    REQUIRE(bo__elf_open(&elf, map_file(binary)));
    bo__elf_index(&elf);
    open_lines(&lines, &elf);
    EXPECT_EQ(elf.function_count, 1000);
    EXPECT(lines.count > 4);
    for (size_t i = 1; i < lines.count; i++) {
        EXPECT_EQ(lines.runs[i].low, lines.runs[i - 1].high);
        EXPECT(lines.runs[i].program - lines.runs[i - 1].program < 4096);
    }
    for (size_t i = 0; i < elf.function_count; i++) {
        struct bo__line_place place;
        test_case("function %zu", i);
        REQUIRE(bo__lines_find(&lines, elf.functions[i].addr, &place));
        EXPECT_EQ(place.line, 6 * i + 2);
        REQUIRE(bo__lines_find(&lines, elf.functions[i].addr + elf.functions[i].size - 1, &place));
        EXPECT_EQ(place.line, 6 * i + 6);
    }
    EXPECT(!bo__lines_find(&lines, lines.runs[0].low - 1, &(struct bo__line_place){0}));
    EXPECT(!bo__lines_find(&lines, lines.runs[lines.count - 1].high, &(struct bo__line_place){0}));
}
