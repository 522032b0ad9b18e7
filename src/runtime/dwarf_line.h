// SPDX-License-Identifier: MIT
// runtime/dwarf_line.h: from an address to file and line, by the .debug_line section (DWARF 4 and
// 5, and 2 and 3, which differ little).
//
// A line table is a byte code program for each compilation unit; it yields runs of rows
// ("sequences") with rising addresses. The index keeps only where each run's code is and which
// addresses it spans: 32 bytes a function at most, made in one pass over the section. A look-up
// then runs one sequence. Rejected: a table of all rows, which is quicker to search and 50 times
// larger; .debug_aranges, which clang does not write.
#ifndef BORA_SRC_RUNTIME_DWARF_LINE_H
#define BORA_SRC_RUNTIME_DWARF_LINE_H

#include <bora/str.h>

struct bo__line_sequence {
    uint64_t low, high;  // The addresses [low, high).
    size_t unit;         // Offset of the unit's header in the section,
    size_t program;      // and of the sequence's first opcode.
};

struct bo__lines {
    bo_str line, line_str, str;           // The sections; any may be empty.
    struct bo__line_sequence *sequences;  // Sorted by low.
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
