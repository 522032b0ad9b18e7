// SPDX-License-Identifier: MIT
// elf.c: any bytes as an ELF file, through all that a crash report reads of one.
#include "../src/runtime/elf.h"

#include "../src/runtime/cfi.h"
#include "../src/runtime/dwarf_line.h"
#include "fuzz.h"

static bool is_code(const void *elf, uint64_t addr)
{
    return bo__elf_is_code(elf, addr);
}

// look asks for all that there is to know of an address.
static void look(const struct bo__elf *elf, const struct bo__lines *lines,
                 const struct bo__cfi *cfi, uint64_t addr)
{
    bo_str name;
    uint64_t offset;
    struct bo__line_place place;
    struct bo__cfi_row row;
    bo__elf_function_at(elf, addr, &name, &offset);
    bo__lines_find(lines, addr, &place);
    bo__cfi_find(cfi, addr, &row);
}

FUZZ(elf, bytes)
{
    struct bo__elf elf;
    struct bo__lines lines;
    struct bo__cfi cfi;
    if (!bo__elf_open(&elf, bytes))
        return;
    bo__elf_index(&elf);
    bo__lines_open(&lines, elf.line, elf.line_str, elf.str, is_code, &elf);
    bo__cfi_open(&cfi, elf.frames, elf.frames_addr);

    enum { LOOKS = 64 };
    for (size_t i = 0; i < elf.function_count && i < LOOKS; i++)
        look(&elf, &lines, &cfi, elf.functions[i].addr + i);
    for (int i = 0; i < elf.segment_count; i++)
        look(&elf, &lines, &cfi, elf.segments[i].addr + elf.segments[i].bytes.len / 2);
    look(&elf, &lines, &cfi, 0);
    look(&elf, &lines, &cfi, UINT64_MAX);
    bo__cfi_close(&cfi);
    bo__lines_close(&lines);
    bo__elf_close(&elf);
}
