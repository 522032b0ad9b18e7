// SPDX-License-Identifier: MIT
// runtime/dwarf_line.h: from an address to file and line, by the .debug_line section (DWARF 4 and
// 5, and 2 and 3, which differ little).
//
// A line table is a byte code program for each compilation unit; it yields sequences of rows with
// rising addresses. The index is made in one pass over the section and keeps a row here and there:
// the first of each sequence, and then one every few kilobytes of byte code, since a large file
// that was compiled without -ffunction-sections is one sequence of a megabyte. A look-up runs the
// code from the row before the address. Rejected: a table of all rows, which is quicker to search
// and 50 times larger; .debug_aranges, which clang does not write.
#ifndef BORA_SRC_RUNTIME_DWARF_LINE_H
#define BORA_SRC_RUNTIME_DWARF_LINE_H

#include <bora/str.h>

// A run of rows: that of low, in full, and where the code is that yields the others.
struct bo__line_run {
    uint64_t low, high;   // The addresses [low, high).
    uint32_t file, line;  // The first row's; line 0: no line stands for it.
    size_t unit;          // Offset of the unit's header in the section,
    size_t program;       // and of the opcode behind the first row.
};

struct bo__lines {
    bo_str line, line_str, str;  // The sections; any may be empty.
    struct bo__line_run *runs;   // Sorted by low.
    size_t count, room;
};

// The place of an address in the source. The file's name is in two parts, both views of the
// sections, to be joined with a slash unless dir is empty: a name relative to where the compiler
// ran, without "../" in front, or the last two components of an absolute one.
struct bo__line_place {
    bo_str dir, base;
    uint32_t line;
};

// bo__lines_open makes the index over the sections, which must stay where they are. valid says
// which addresses hold code: linkers leave the tables of dropped functions behind, at addresses
// near 0. Damaged parts are left out.
void bo__lines_open(struct bo__lines *lines, bo_str line, bo_str line_str, bo_str str,
                    bool (*valid)(const void *context, uint64_t addr), const void *context);

void bo__lines_close(struct bo__lines *lines);

// bo__lines_find tells the place of an address; false if the tables do not know it.
bool bo__lines_find(const struct bo__lines *lines, uint64_t addr, struct bo__line_place *out);

#endif
