// SPDX-License-Identifier: MIT
// Call frame information (DWARF 5 section 6.4, with the changes that the Linux Standard Base makes
// for .eh_frame). A CIE holds what functions have in common, an FDE belongs to a range of code;
// both hold a byte code that builds, instruction by instruction, the row of rules of where
// registers are.
//
// The section is indexed by walking it once, since static binaries come without .eh_frame_hdr.
// What is damaged or unknown yields "no row", and the walk goes on by frame pointers.
#include "runtime/cfi.h"

#include "runtime/cursor.h"
#include "runtime/scratch.h"

#define ENTRIES_MAX ((size_t)4 << 20)

// Compilers nest DW_CFA_remember_state once or twice.
#define REMEMBERED_MAX 4

enum {
    // DW_EH_PE: how a pointer is written, and relative to what.
    PE_ABSOLUTE = 0x00,
    PE_ULEB = 0x01,
    PE_U2 = 0x02,
    PE_U4 = 0x03,
    PE_U8 = 0x04,
    PE_SLEB = 0x09,
    PE_S2 = 0x0a,
    PE_S4 = 0x0b,
    PE_S8 = 0x0c,
    PE_FORMAT = 0x0f,
    PE_RELATION = 0x70,
    PE_PC_RELATIVE = 0x10,
    PE_OMIT = 0xff,
};

struct cie {
    uint64_t code_align;
    int64_t data_align;
    uint64_t return_register;
    uint8_t pointer_encoding;
    bool augmented, signal;
    bo_str program;
};

struct fde {
    struct cie cie;
    uint64_t low, high;
    bo_str program;
};

// read_pointer reads an encoded pointer; the cursor is over cfi->bytes.
static uint64_t read_pointer(const struct bo__cfi *cfi, struct bo__cursor *c, uint8_t encoding)
{
    uint64_t at = cfi->addr + (uint64_t)(c->at - cfi->bytes.ptr), value;
    switch (encoding & PE_FORMAT) {
    case PE_ABSOLUTE:
    case PE_U8:
    case PE_S8:
        value = bo__cursor_u64(c);
        break;
    case PE_ULEB:
        value = bo__cursor_uleb(c);
        break;
    case PE_SLEB:
        value = (uint64_t)bo__cursor_sleb(c);
        break;
    case PE_U2:
        value = bo__cursor_u16(c);
        break;
    case PE_S2:
        value = (uint64_t)(int64_t)(int16_t)bo__cursor_u16(c);
        break;
    case PE_U4:
        value = bo__cursor_u32(c);
        break;
    case PE_S4:
        value = (uint64_t)(int64_t)(int32_t)bo__cursor_u32(c);
        break;
    default:
        bo__cursor_fail(c);
        return 0;
    }
    switch (encoding & PE_RELATION) {
    case 0:
        return value;
    case PE_PC_RELATIVE:
        return value + at;
    default:
        bo__cursor_fail(c);
        return 0;
    }
}

// read_augmentation reads what the letters of a CIE's augmentation string announce.
static void read_augmentation(const struct bo__cfi *cfi, struct bo__cursor *c, bo_str letters,
                              struct cie *cie)
{
    cie->augmented = true;
    struct bo__cursor data = bo__cursor_of(bo__cursor_take(c, bo__cursor_uleb(c)));
    for (size_t i = 1; i < letters.len; i++) {
        switch (letters.ptr[i]) {
        case 'R':
            cie->pointer_encoding = bo__cursor_u8(&data);
            break;
        case 'L':
            bo__cursor_u8(&data);
            break;
        case 'P': {
            // The personality routine; its pointer is only stepped over, whatever it is relative
            // to.
            uint8_t encoding = bo__cursor_u8(&data);
            if (encoding != PE_OMIT)
                read_pointer(cfi, &data, encoding & PE_FORMAT);
            break;
        }
        case 'S':
            cie->signal = true;
            break;
        case 'B':
            break;  // Return addresses are signed with the other key.
        default:
            return;  // The length tells where the program begins all the same.
        }
    }
}

// read_entry takes the entry at *c: its bytes behind the id field, and the id. Length 0 ends the
// section; the 64-bit format does not occur.
static bo_str read_entry(struct bo__cursor *c, uint32_t *id)
{
    uint32_t length = bo__cursor_u32(c);
    if (length < 4 || length == 0xffffffff) {
        bo__cursor_fail(c);
        return (bo_str){0};
    }
    bo_str body = bo__cursor_take(c, length);
    if (c->bad)
        return (bo_str){0};
    struct bo__cursor b = bo__cursor_of(body);
    *id = bo__cursor_u32(&b);
    return bo_str_n(b.at, bo__cursor_left(&b));
}

static bool read_cie(const struct bo__cfi *cfi, uint64_t offset, struct cie *cie)
{
    *cie = (struct cie){0};
    if (offset >= cfi->bytes.len)
        return false;
    struct bo__cursor c =
        bo__cursor_of(bo_str_n(cfi->bytes.ptr + offset, cfi->bytes.len - (size_t)offset));
    uint32_t id = 0;
    bo_str body = read_entry(&c, &id);
    if (c.bad || id != 0)
        return false;

    c = bo__cursor_of(body);
    uint8_t version = bo__cursor_u8(&c);
    bo_str letters = bo__cursor_text(&c);
    cie->code_align = bo__cursor_uleb(&c);
    cie->data_align = bo__cursor_sleb(&c);
    cie->return_register = version == 1 ? bo__cursor_u8(&c) : bo__cursor_uleb(&c);
    if (letters.len && letters.ptr[0] == 'z')
        read_augmentation(cfi, &c, letters, cie);
    else if (letters.len)
        return false;
    cie->program = bo_str_n(c.at, bo__cursor_left(&c));
    return !c.bad && (version == 1 || version == 3) && cie->return_register < BO__REG_COUNT;
}

// read_fde reads the entry at *c, and its CIE, and steps over it; false if it is no sound FDE.
static bool read_fde(const struct bo__cfi *cfi, struct bo__cursor *c, struct fde *fde)
{
    uint32_t id = 0;
    bo_str body = read_entry(c, &id);
    if (c->bad || id == 0)
        return false;
    // The id of an FDE is the distance back from the id itself to the CIE.
    uint64_t id_offset = (uint64_t)(body.ptr - cfi->bytes.ptr) - 4;
    if (id > id_offset || !read_cie(cfi, id_offset - id, &fde->cie))
        return false;

    struct bo__cursor b = bo__cursor_of(body);
    fde->low = read_pointer(cfi, &b, fde->cie.pointer_encoding);
    fde->high = fde->low + read_pointer(cfi, &b, fde->cie.pointer_encoding & PE_FORMAT);
    if (fde->cie.augmented)
        bo__cursor_take(&b, bo__cursor_uleb(&b));
    fde->program = bo_str_n(b.at, bo__cursor_left(&b));
    return !b.bad && fde->low < fde->high;
}

static bool by_low(const void *a, const void *b, const void *context)
{
    (void)context;
    return ((const struct bo__cfi_entry *)a)->low < ((const struct bo__cfi_entry *)b)->low;
}

void bo__cfi_open(struct bo__cfi *cfi, bo_str bytes, uint64_t addr)
{
    *cfi = (struct bo__cfi){.bytes = bytes, .addr = addr};
    struct bo__cursor c = bo__cursor_of(bytes);
    while (bo__cursor_left(&c)) {
        uint64_t offset = (uint64_t)(c.at - bytes.ptr);
        struct fde fde;
        if (!read_fde(cfi, &c, &fde))
            continue;
        if (cfi->count == cfi->room) {
            size_t room = cfi->room ? 2 * cfi->room : 4096, size = sizeof(*cfi->entries);
            void *grown = room > ENTRIES_MAX
                              ? NULL
                              : bo__scratch_grow(cfi->entries, cfi->room * size, room * size);
            if (!grown)
                break;
            cfi->entries = grown;
            cfi->room = room;
        }
        cfi->entries[cfi->count++] = (struct bo__cfi_entry){fde.low, fde.high, offset};
    }
    bo__scratch_sort(cfi->entries, cfi->count, sizeof(*cfi->entries), by_low, NULL);
}

void bo__cfi_close(struct bo__cfi *cfi)
{
    bo__scratch_free(cfi->entries, cfi->room * sizeof(*cfi->entries));
    *cfi = (struct bo__cfi){0};
}

// The state of a program that builds a row.
struct builder {
    const struct cie *cie;
    uint64_t addr;  // Of the instruction that the row is for.
    uint64_t at;    // Up to where the program has got.
    struct bo__cfi_row row;
    struct bo__cfi_row initial;  // As the CIE leaves it, for DW_CFA_restore.
    struct bo__cfi_row remembered[REMEMBERED_MAX];
    int depth;
};

// set_rule ignores registers that we do not follow: those of vectors.
static void set_rule(struct builder *b, uint64_t reg, uint8_t kind, int64_t offset)
{
    if (reg < BO__REG_COUNT)
        b->row.rules[reg] = (struct bo__cfi_rule){.kind = kind, .offset = offset};
}

static struct bo__cfi_rule read_expression(struct bo__cursor *c, uint8_t kind)
{
    bo_str bytes = bo__cursor_take(c, bo__cursor_uleb(c));
    return (struct bo__cfi_rule){
        .kind = kind, .length = (uint32_t)bytes.len, .expression = bytes.ptr};
}

static void set_cfa(struct builder *b, uint64_t reg, int64_t offset)
{
    b->row.cfa_register = reg < BO__REG_COUNT ? (uint8_t)reg : 0xff;
    b->row.cfa = (struct bo__cfi_rule){.kind = BO__CFI_VALUE, .offset = offset};
}

static int64_t factored(const struct builder *b, uint64_t n)
{
    return (int64_t)(n * (uint64_t)b->cie->data_align);
}

// run_rule executes the opcodes that set a rule for a register. False: not one of them.
static bool run_rule(struct builder *b, struct bo__cursor *c, uint8_t opcode)
{
    uint64_t reg;
    switch (opcode) {
    case 0x05:  // DW_CFA_offset_extended
        reg = bo__cursor_uleb(c);
        set_rule(b, reg, BO__CFI_OFFSET, factored(b, bo__cursor_uleb(c)));
        return true;
    case 0x06:  // DW_CFA_restore_extended
        reg = bo__cursor_uleb(c);
        if (reg < BO__REG_COUNT)
            b->row.rules[reg] = b->initial.rules[reg];
        return true;
    case 0x07:  // DW_CFA_undefined
        set_rule(b, bo__cursor_uleb(c), BO__CFI_UNDEFINED, 0);
        return true;
    case 0x08:  // DW_CFA_same_value
        set_rule(b, bo__cursor_uleb(c), BO__CFI_SAME, 0);
        return true;
    case 0x09:  // DW_CFA_register
        reg = bo__cursor_uleb(c);
        set_rule(b, reg, BO__CFI_REGISTER, (int64_t)bo__cursor_uleb(c));
        return true;
    case 0x10:    // DW_CFA_expression
    case 0x16: {  // DW_CFA_val_expression
        reg = bo__cursor_uleb(c);
        struct bo__cfi_rule rule =
            read_expression(c, opcode == 0x10 ? BO__CFI_EXPRESSION : BO__CFI_VALUE_EXPRESSION);
        if (reg < BO__REG_COUNT)
            b->row.rules[reg] = rule;
        return true;
    }
    case 0x11:  // DW_CFA_offset_extended_sf
        reg = bo__cursor_uleb(c);
        set_rule(b, reg, BO__CFI_OFFSET, factored(b, (uint64_t)bo__cursor_sleb(c)));
        return true;
    case 0x14:  // DW_CFA_val_offset
        reg = bo__cursor_uleb(c);
        set_rule(b, reg, BO__CFI_VALUE, factored(b, bo__cursor_uleb(c)));
        return true;
    case 0x15:  // DW_CFA_val_offset_sf
        reg = bo__cursor_uleb(c);
        set_rule(b, reg, BO__CFI_VALUE, factored(b, (uint64_t)bo__cursor_sleb(c)));
        return true;
    default:
        return false;
    }
}

// run_cfa executes the opcodes that say what the CFA is. False: not one of them.
static bool run_cfa(struct builder *b, struct bo__cursor *c, uint8_t opcode)
{
    uint64_t reg;
    switch (opcode) {
    case 0x0c:  // DW_CFA_def_cfa
        reg = bo__cursor_uleb(c);
        set_cfa(b, reg, (int64_t)bo__cursor_uleb(c));
        return true;
    case 0x0d:  // DW_CFA_def_cfa_register
        set_cfa(b, bo__cursor_uleb(c), b->row.cfa.kind == BO__CFI_VALUE ? b->row.cfa.offset : 0);
        return true;
    case 0x0e:  // DW_CFA_def_cfa_offset
        set_cfa(b, b->row.cfa_register, (int64_t)bo__cursor_uleb(c));
        return true;
    case 0x0f:  // DW_CFA_def_cfa_expression
        b->row.cfa = read_expression(c, BO__CFI_VALUE_EXPRESSION);
        return true;
    case 0x12:  // DW_CFA_def_cfa_sf
        reg = bo__cursor_uleb(c);
        set_cfa(b, reg, factored(b, (uint64_t)bo__cursor_sleb(c)));
        return true;
    case 0x13:  // DW_CFA_def_cfa_offset_sf
        set_cfa(b, b->row.cfa_register, factored(b, (uint64_t)bo__cursor_sleb(c)));
        return true;
    default:
        return false;
    }
}

// run_other executes what is left: moving on in the code, and keeping rows. It makes the cursor bad
// on an opcode that is not known.
static void run_other(struct builder *b, struct bo__cursor *c, uint8_t opcode)
{
    switch (opcode) {
    case 0x00:
        break;  // DW_CFA_nop
    case 0x01:
        b->at = bo__cursor_u64(c);
        break;  // DW_CFA_set_loc: not written by our compilers.
    case 0x02:
        b->at += bo__cursor_u8(c) * b->cie->code_align;
        break;  // DW_CFA_advance_loc1
    case 0x03:
        b->at += bo__cursor_u16(c) * b->cie->code_align;
        break;  // DW_CFA_advance_loc2
    case 0x04:
        b->at += bo__cursor_u32(c) * b->cie->code_align;
        break;  // DW_CFA_advance_loc4
    case 0x0a:  // DW_CFA_remember_state
        if (b->depth == REMEMBERED_MAX)
            bo__cursor_fail(c);
        else
            b->remembered[b->depth++] = b->row;
        break;
    case 0x0b:  // DW_CFA_restore_state
        if (b->depth == 0)
            bo__cursor_fail(c);
        else
            b->row = b->remembered[--b->depth];
        break;
    case 0x2d:
        break;  // DW_CFA_AARCH64_negate_ra_state: signatures are always stripped.
    case 0x2e:
        bo__cursor_uleb(c);
        break;  // DW_CFA_GNU_args_size
    default:
        bo__cursor_fail(c);
    }
}

// run builds the row up to the builder's address. False: the program is damaged.
static bool run(struct builder *b, bo_str program)
{
    struct bo__cursor c = bo__cursor_of(program);
    while (bo__cursor_left(&c) && b->at <= b->addr) {
        // The two high bits hold the three commonest opcodes, the others an operand of theirs.
        uint8_t byte = bo__cursor_u8(&c), low = byte & 0x3f;
        switch (byte & 0xc0) {
        case 0x40:
            b->at += low * b->cie->code_align;
            break;  // DW_CFA_advance_loc
        case 0x80:  // DW_CFA_offset
            set_rule(b, low, BO__CFI_OFFSET, factored(b, bo__cursor_uleb(&c)));
            break;
        case 0xc0:  // DW_CFA_restore
            if (low < BO__REG_COUNT)
                b->row.rules[low] = b->initial.rules[low];
            break;
        default:
            if (!run_rule(b, &c, low) && !run_cfa(b, &c, low))
                run_other(b, &c, low);
        }
    }
    return !c.bad;
}

bool bo__cfi_find(const struct bo__cfi *cfi, uint64_t addr, struct bo__cfi_row *row)
{
    size_t low = 0, high = cfi->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cfi->entries[middle].low <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || addr >= cfi->entries[low - 1].high)
        return false;

    struct fde fde;
    size_t offset = (size_t)cfi->entries[low - 1].offset;
    struct bo__cursor c = bo__cursor_of(bo_str_n(cfi->bytes.ptr + offset, cfi->bytes.len - offset));
    if (!read_fde(cfi, &c, &fde))
        return false;
    struct builder b = {.cie = &fde.cie, .addr = addr, .at = fde.low};
    b.row.return_register = (uint8_t)fde.cie.return_register;
    b.row.signal = fde.cie.signal;
    if (!run(&b, fde.cie.program))
        return false;
    b.initial = b.row;
    if (!run(&b, fde.program))
        return false;
    *row = b.row;
    return true;
}
