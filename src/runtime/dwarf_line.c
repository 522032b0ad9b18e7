// SPDX-License-Identifier: MIT
// The line number program of DWARF (version 5, section 6.2) and the file tables before it.
//
// Everything is read through cursors over the unit's own bytes, so that a damaged unit ends early
// and never reads a neighbour. Work is linear in the section for the index, and for a look-up in
// one run and the file tables of one unit, since every opcode consumes at least a byte.
#include "runtime/dwarf_line.h"

#include "runtime/cursor.h"
#include "runtime/scratch.h"

// Opcodes and attribute codes, from the tables in section 7 of the standard.
enum {
    LNS_COPY = 1,
    LNS_ADVANCE_PC,
    LNS_ADVANCE_LINE,
    LNS_SET_FILE,
    LNS_SET_COLUMN,
    LNS_NEGATE_STMT,
    LNS_SET_BASIC_BLOCK,
    LNS_CONST_ADD_PC,
    LNS_FIXED_ADVANCE_PC,

    LNE_END_SEQUENCE = 1,
    LNE_SET_ADDRESS = 2,

    LNCT_PATH = 1,
    LNCT_DIRECTORY_INDEX = 2,

    FORM_BLOCK2 = 0x03,
    FORM_BLOCK4 = 0x04,
    FORM_DATA2 = 0x05,
    FORM_DATA4 = 0x06,
    FORM_DATA8 = 0x07,
    FORM_STRING = 0x08,
    FORM_BLOCK = 0x09,
    FORM_BLOCK1 = 0x0a,
    FORM_DATA1 = 0x0b,
    FORM_STRP = 0x0e,
    FORM_UDATA = 0x0f,
    FORM_DATA16 = 0x1e,
    FORM_LINE_STRP = 0x1f,
};

// An index beyond this is not made: 160 MB of it.
#define RUNS_MAX ((size_t)4 << 20)

// A run is about this much byte code: 10 microseconds to execute, and an index of 2 % of the
// section.
#define RUN_BYTES 2048

// Formats of a file table's entry: version 5 has five kinds of content in all.
#define FORMATS_MAX 16

struct unit {
    const struct bo__lines *lines;
    size_t offset;  // Of its header in the section.
    unsigned version;
    unsigned offset_size;      // 4, or 8 in the 64-bit format.
    unsigned min_instruction;  // Bytes.
    int line_base;
    unsigned line_range;
    unsigned opcode_base;
    bo_str operand_counts;     // Of the standard opcodes, from opcode 1.
    struct bo__cursor tables;  // The directory and file tables.
    struct bo__cursor program;
};

struct row {
    uint64_t addr;
    uint32_t file, line;
};

// Where each sequence begins.
static const struct row first_row = {.file = 1, .line = 1};

// read_unit reads the header of the unit that begins at *c and steps over the unit. False at the
// end, or when what follows cannot be found any more. A unit of a kind that is not known gets
// an empty program.
static bool read_unit(const struct bo__lines *lines, struct bo__cursor *c, struct unit *u)
{
    *u = (struct unit){
        .lines = lines, .offset = (size_t)(c->at - lines->line.ptr), .offset_size = 4};
    uint64_t length = bo__cursor_u32(c);
    if (length == 0xffffffff) {
        u->offset_size = 8;
        length = bo__cursor_u64(c);
    }
    bo_str body = bo__cursor_take(c, length);
    if (c->bad || length == 0)
        return false;

    struct bo__cursor h = bo__cursor_of(body);
    u->version = bo__cursor_u16(&h);
    if (u->version < 2 || u->version > 5)
        return true;
    if (u->version == 5)
        bo__cursor_take(&h, 2);  // Sizes of an address and of a segment selector.
    bo_str header = bo__cursor_take(&h, bo__cursor_uint(&h, u->offset_size));
    u->program = h;

    h = bo__cursor_of(header);
    u->min_instruction = bo__cursor_u8(&h);
    if (u->version >= 4)
        bo__cursor_u8(&h);  // Operations an instruction: 1 but on VLIW machines.
    bo__cursor_u8(&h);      // Whether a row is a statement by default: each row counts for us.
    u->line_base = (int8_t)bo__cursor_u8(&h);
    u->line_range = bo__cursor_u8(&h);
    u->opcode_base = bo__cursor_u8(&h);
    u->operand_counts = bo__cursor_take(&h, u->opcode_base ? u->opcode_base - 1 : 0);
    u->tables = h;
    if (h.bad || u->line_range == 0 || u->opcode_base == 0)
        u->program.at = u->program.end;
    return true;
}

enum step { STEP_STATE, STEP_ROW, STEP_END };

static enum step extended_opcode(struct unit *u, struct row *r)
{
    struct bo__cursor c = bo__cursor_of(bo__cursor_take(&u->program, bo__cursor_uleb(&u->program)));
    switch (bo__cursor_u8(&c)) {
    case LNE_END_SEQUENCE:
        return STEP_END;
    case LNE_SET_ADDRESS:
        r->addr = bo__cursor_uint(&c, bo__cursor_left(&c) >= 8 ? 8 : 4);
        return STEP_STATE;
    default:
        return STEP_STATE;
    }
}

// run_opcode executes the next opcode: it changed the state, or finished a row, or the sequence.
static enum step run_opcode(struct unit *u, struct row *r)
{
    struct bo__cursor *c = &u->program;
    unsigned opcode = bo__cursor_u8(c);
    if (opcode >= u->opcode_base) {
        unsigned special = opcode - u->opcode_base;
        r->addr += (uint64_t)(special / u->line_range) * u->min_instruction;
        r->line += (uint32_t)(u->line_base + (int)(special % u->line_range));
        return STEP_ROW;
    }
    switch (opcode) {
    case 0:
        return extended_opcode(u, r);
    case LNS_COPY:
        return STEP_ROW;
    case LNS_ADVANCE_PC:
        r->addr += bo__cursor_uleb(c) * u->min_instruction;
        return STEP_STATE;
    case LNS_ADVANCE_LINE:
        r->line += (uint32_t)bo__cursor_sleb(c);
        return STEP_STATE;
    case LNS_SET_FILE:
        r->file = (uint32_t)bo__cursor_uleb(c);
        return STEP_STATE;
    case LNS_CONST_ADD_PC:
        r->addr += (uint64_t)((255 - u->opcode_base) / u->line_range) * u->min_instruction;
        return STEP_STATE;
    case LNS_FIXED_ADVANCE_PC:
        r->addr += bo__cursor_u16(c);
        return STEP_STATE;
    default:
        for (int n = u->operand_counts.ptr[opcode - 1]; n > 0; n--)
            bo__cursor_uleb(c);
        return STEP_STATE;
    }
}

static bool add_run(struct bo__lines *lines, struct bo__line_run run)
{
    if (lines->count == lines->room) {
        size_t room = lines->room ? 2 * lines->room : 1024, size = sizeof(*lines->runs);
        void *grown =
            room > RUNS_MAX ? NULL : bo__scratch_grow(lines->runs, lines->room * size, room * size);
        if (!grown)
            return false;
        lines->runs = grown;
        lines->room = room;
    }
    lines->runs[lines->count++] = run;
    return true;
}

static size_t program_offset(const struct unit *u)
{
    return (size_t)(u->program.at - u->lines->line.ptr);
}

// index_sequence runs the program to the end of a sequence and adds its runs; false: there is no
// memory for them.
static bool index_sequence(struct bo__lines *lines, struct unit *u,
                           bool (*valid)(const void *context, uint64_t addr), const void *context)
{
    struct row r = first_row;
    struct bo__line_run run = {0};
    bool begun = false, live = false;
    for (enum step step = STEP_STATE; step != STEP_END && bo__cursor_left(&u->program);) {
        step = run_opcode(u, &r);
        if (step == STEP_STATE)
            continue;
        // A dropped function is told by where it begins: its end may reach into what is there.
        if (!begun)
            live = valid(context, r.addr);
        // No run begins at a row without a line, since the line before it counts there.
        bool long_enough = r.line != 0 && program_offset(u) - run.program >= RUN_BYTES;
        if (begun && step != STEP_END && !long_enough)
            continue;
        run.high = r.addr;
        if (begun && live && run.low < run.high && !add_run(lines, run))
            return false;
        run = (struct bo__line_run){.low = r.addr,
                                    .file = r.file,
                                    .line = r.line,
                                    .unit = u->offset,
                                    .program = program_offset(u)};
        begun = true;
    }
    return true;
}

static bool by_low(const void *a, const void *b, const void *context)
{
    (void)context;
    return ((const struct bo__line_run *)a)->low < ((const struct bo__line_run *)b)->low;
}

void bo__lines_open(struct bo__lines *lines, bo_str line, bo_str line_str, bo_str str,
                    bool (*valid)(const void *context, uint64_t addr), const void *context)
{
    *lines = (struct bo__lines){.line = line, .line_str = line_str, .str = str};
    struct bo__cursor c = bo__cursor_of(line);
    struct unit u;
    bool room = true;
    while (room && bo__cursor_left(&c) && read_unit(lines, &c, &u)) {
        while (room && bo__cursor_left(&u.program))
            room = index_sequence(lines, &u, valid, context);
    }
    bo__scratch_sort(lines->runs, lines->count, sizeof(*lines->runs), by_low, NULL);
}

void bo__lines_close(struct bo__lines *lines)
{
    bo__scratch_free(lines->runs, lines->room * sizeof(*lines->runs));
    *lines = (struct bo__lines){0};
}

// A file or a directory of the tables.
struct entry {
    bo_str name;
    uint64_t dir;
};

// read_form reads a value of a form: a string into *text or a number into *number. A form that is
// not known makes the cursor bad, since its length is not known either.
static void read_form(const struct unit *u, struct bo__cursor *c, uint64_t form, bo_str *text,
                      uint64_t *number)
{
    switch (form) {
    case FORM_STRING:
        *text = bo__cursor_text(c);
        break;
    case FORM_STRP:
        *text = bo__text_at(u->lines->str, bo__cursor_uint(c, u->offset_size));
        break;
    case FORM_LINE_STRP:
        *text = bo__text_at(u->lines->line_str, bo__cursor_uint(c, u->offset_size));
        break;
    case FORM_UDATA:
        *number = bo__cursor_uleb(c);
        break;
    case FORM_DATA1:
        *number = bo__cursor_u8(c);
        break;
    case FORM_DATA2:
        *number = bo__cursor_u16(c);
        break;
    case FORM_DATA4:
        *number = bo__cursor_u32(c);
        break;
    case FORM_DATA8:
        *number = bo__cursor_u64(c);
        break;
    case FORM_DATA16:
        bo__cursor_take(c, 16);
        break;
    case FORM_BLOCK:
        bo__cursor_take(c, bo__cursor_uleb(c));
        break;
    case FORM_BLOCK1:
        bo__cursor_take(c, bo__cursor_u8(c));
        break;
    case FORM_BLOCK2:
        bo__cursor_take(c, bo__cursor_u16(c));
        break;
    case FORM_BLOCK4:
        bo__cursor_take(c, bo__cursor_u32(c));
        break;
    default:
        bo__cursor_fail(c);
    }
}

// table_entry reads a table of version 5 at *c and steps over it, or up to a broken entry. It
// reports whether the table has the wanted entry.
static bool table_entry(const struct unit *u, struct bo__cursor *c, uint64_t want,
                        struct entry *out)
{
    struct {
        uint64_t content, form;
    } formats[FORMATS_MAX];
    unsigned format_count = bo__cursor_u8(c);
    if (format_count > FORMATS_MAX)
        bo__cursor_fail(c);
    for (unsigned i = 0; i < format_count && !c->bad; i++) {
        formats[i].content = bo__cursor_uleb(c);
        formats[i].form = bo__cursor_uleb(c);
    }

    bool found = false;
    uint64_t count = bo__cursor_uleb(c);
    for (uint64_t i = 0; i < count && bo__cursor_left(c) && format_count; i++) {
        struct entry e = {0};
        for (unsigned f = 0; f < format_count; f++) {
            bo_str text = {0};
            uint64_t number = 0;
            read_form(u, c, formats[f].form, &text, &number);
            if (formats[f].content == LNCT_PATH)
                e.name = text;
            else if (formats[f].content == LNCT_DIRECTORY_INDEX)
                e.dir = number;
        }
        if (i == want && !c->bad) {
            *out = e;
            found = true;
        }
    }
    return found;
}

static bool find_file_v5(struct unit *u, uint64_t file, struct entry *out, bo_str *dir)
{
    // The directories come first, but which is wanted is known only behind them: read them twice.
    struct bo__cursor dirs = u->tables, files = u->tables;
    struct entry e = {0};
    table_entry(u, &files, UINT64_MAX, &e);
    if (!table_entry(u, &files, file, out))
        return false;
    // Directory 0 is where the compiler ran: names are told relative to it.
    if (out->dir != 0 && table_entry(u, &dirs, out->dir, &e))
        *dir = e.name;
    return true;
}

// Before version 5 both tables are lists that end with an empty string, counted from 1, and
// directory 0 is where the compiler ran.
static bool find_file_v4(struct unit *u, uint64_t file, struct entry *out, bo_str *dir)
{
    struct bo__cursor dirs = u->tables, c = u->tables;
    while (bo__cursor_text(&c).len)
        continue;
    bool found = false;
    for (uint64_t i = 1; !found; i++) {
        struct entry e = {.name = bo__cursor_text(&c)};
        if (e.name.len == 0)
            return false;
        e.dir = bo__cursor_uleb(&c);
        bo__cursor_uleb(&c);  // Time of modification.
        bo__cursor_uleb(&c);  // Length.
        found = i == file;
        *out = e;
    }
    for (uint64_t i = 1; i <= out->dir; i++) {
        bo_str name = bo__cursor_text(&dirs);
        if (name.len == 0)
            break;
        if (i == out->dir)
            *dir = name;
    }
    return true;
}

// last_component cuts the part behind the last slash off a path and returns it.
static bo_str last_component(bo_str *path)
{
    if (path->len == 0)
        return *path;
    while (path->len && path->ptr[path->len - 1] == '/')
        path->len--;
    size_t at = path->len;
    while (at > 0 && path->ptr[at - 1] != '/')
        at--;
    bo_str last = {path->ptr + at, path->len - at};
    path->len = at;
    return last;
}

// without_dots drops "./" and "../" in front: a build directory's way back to the source.
static bo_str without_dots(bo_str path)
{
    for (;;) {
        size_t dots = path.len >= 2 && memcmp(path.ptr, "..", 2) == 0 ? 2
                      : path.len >= 1 && path.ptr[0] == '.'           ? 1
                                                                      : 0;
        if (dots == 0 || (path.len > dots && path.ptr[dots] != '/'))
            return path;
        while (dots < path.len && path.ptr[dots] == '/')
            dots++;
        path = bo_str_n(path.ptr + dots, path.len - dots);
    }
}

static bool is_absolute(bo_str path)
{
    return path.len && path.ptr[0] == '/';
}

static void shorten(bo_str dir, bo_str name, struct bo__line_place *out)
{
    if (is_absolute(name)) {
        out->base = last_component(&name);
        out->dir = last_component(&name);
    } else if (is_absolute(dir)) {
        // The name may have directories of its own: then the last two components are in it.
        out->base = last_component(&name);
        out->dir = name.len ? last_component(&name) : last_component(&dir);
    } else {
        out->dir = without_dots(dir);
        out->base = out->dir.len ? name : without_dots(name);
    }
}

static const struct bo__line_run *find_run(const struct bo__lines *lines, uint64_t addr)
{
    size_t low = 0, high = lines->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lines->runs[middle].low <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    // Runs of a sound table do not overlap, so that only the last candidate can hold addr.
    const struct bo__line_run *run = low ? &lines->runs[low - 1] : NULL;
    return run && addr < run->high ? run : NULL;
}

bool bo__lines_find(const struct bo__lines *lines, uint64_t addr, struct bo__line_place *out)
{
    const struct bo__line_run *run = find_run(lines, addr);
    if (!run)
        return false;
    struct bo__cursor c = bo__cursor_of(lines->line);
    struct unit u;
    bo__cursor_take(&c, run->unit);
    if (!read_unit(lines, &c, &u))
        return false;
    u.program.at = lines->line.ptr + run->program;

    // The row that covers addr is the last one at or below it. Line 0 marks code that no line
    // stands for: the line before it says more.
    struct row r = {run->low, run->file, run->line}, best = r;
    while (bo__cursor_left(&u.program)) {
        enum step step = run_opcode(&u, &r);
        if (step == STEP_STATE)
            continue;
        if (step == STEP_END || r.addr > addr)
            break;
        if (r.line != 0)
            best = r;
    }
    struct entry file = {0};
    bo_str dir = {0};
    if (best.line == 0 ||
        !(u.version == 5 ? find_file_v5 : find_file_v4)(&u, best.file, &file, &dir))
        return false;
    shorten(dir, file.name, out);
    out->line = best.line;
    return out->base.len != 0;
}
