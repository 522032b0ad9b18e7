// SPDX-License-Identifier: MIT
// dwarf_line.c: any bytes as .debug_line, .debug_line_str and .debug_str. The first four bytes are
// the lengths of the first two of them, 16 bits each.
#include "../src/runtime/dwarf_line.h"

#include "fuzz.h"

static bool any(const void *context, uint64_t addr)
{
    (void)context, (void)addr;
    return true;
}

// take cuts a section of a length off the front, or what there is.
static bo_str take(bo_str *rest, size_t len)
{
    bo_str part = bo_str_sub(*rest, 0, len);
    *rest = bo_str_sub(*rest, part.len, rest->len);
    return part;
}

FUZZ(dwarf_line, bytes)
{
    uint16_t lengths[2] = {0};
    if (bytes.len < sizeof lengths)
        return;
    memcpy(lengths, bytes.ptr, sizeof lengths);
    take(&bytes, sizeof lengths);
    bo_str line = take(&bytes, lengths[0]), line_str = take(&bytes, lengths[1]);

    struct bo__lines lines;
    struct bo__line_place place;
    bo__lines_open(&lines, line, line_str, bytes, any, NULL);
    for (size_t i = 0; i < lines.count && i < 256; i++) {
        bo__lines_find(&lines, lines.runs[i].low, &place);
        bo__lines_find(&lines, lines.runs[i].high - 1, &place);
        bo__lines_find(&lines, lines.runs[i].high, &place);
    }
    bo__lines_find(&lines, UINT64_MAX, &place);
    bo__lines_close(&lines);
}
