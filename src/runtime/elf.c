// SPDX-License-Identifier: MIT
// Reading an ELF image with distrust: each offset and size is checked against the image before use,
// tables are copied out with memcpy (they need not be aligned), and counts are cut to what fits.
//
// The index of functions is an array sorted by address. Several names may stand for one address
// (read, __read and __libc_read in glibc); the index puts the one first that a person would write.
#include "runtime/elf.h"

#include <elf.h>

#include "runtime/cursor.h"
#include "runtime/scratch.h"

// More functions than this are not indexed: 64 MB of index. Chromium has about a million.
#define FUNCTIONS_MAX ((size_t)4 << 20)

// How far a look-up steps back over functions that begin before an address but end before it too:
// labels inside of assembly functions, mostly.
#define STEP_BACK_MAX 16

// slice is image[offset, offset + size), or empty if that is not all inside.
static bo_str slice(bo_str image, uint64_t offset, uint64_t size)
{
    if (offset > image.len || size > image.len - offset)
        return (bo_str){0};
    return bo_str_n(image.ptr + offset, (size_t)size);
}

// element copies the index-th element of a table out; false if the table has no such element.
static bool element(bo_str table, uint64_t index, void *out, size_t size)
{
    if (index >= table.len / size)
        return false;
    memcpy(out, table.ptr + index * size, size);
    return true;
}

static void read_segments(struct bo__elf *elf, const Elf64_Ehdr *header)
{
    bo_str table =
        slice(elf->image, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr));
    Elf64_Phdr p;
    for (uint64_t i = 0; element(table, i, &p, sizeof(p)); i++) {
        if (p.p_type != PT_LOAD || elf->segment_count == BO__ELF_SEGMENTS)
            continue;
        // The last bytes of a damaged or truncated file may be missing: what is there counts.
        if (p.p_offset > elf->image.len || p.p_filesz > elf->image.len - p.p_offset)
            continue;
        if (header->e_phoff >= p.p_offset && header->e_phoff - p.p_offset < p.p_filesz)
            elf->headers_addr = p.p_vaddr + (header->e_phoff - p.p_offset);
        elf->segments[elf->segment_count++] = (struct bo__elf_segment){
            .addr = p.p_vaddr,
            .bytes = slice(elf->image, p.p_offset, p.p_filesz),
            .code = p.p_flags & PF_X,
        };
    }
}

// section_bytes is what a section has in the file; a compressed one has nothing that we read.
static bo_str section_bytes(bo_str image, const Elf64_Shdr *s)
{
    if (s->sh_type == SHT_NOBITS || (s->sh_flags & SHF_COMPRESSED))
        return (bo_str){0};
    return slice(image, s->sh_offset, s->sh_size);
}

static void read_symbols(struct bo__elf *elf, bo_str table, const Elf64_Shdr *s)
{
    Elf64_Shdr names;
    if (s->sh_entsize != sizeof(Elf64_Sym) || !element(table, s->sh_link, &names, sizeof(names)))
        return;
    elf->symbols = section_bytes(elf->image, s);
    elf->names = section_bytes(elf->image, &names);
}

static bool has_name(bo_str names, const Elf64_Shdr *s, const char *name)
{
    return bo_str_eq(slice(names, s->sh_name, strlen(name) + 1), bo_str_n(name, strlen(name) + 1));
}

static void read_sections(struct bo__elf *elf, const Elf64_Ehdr *header)
{
    bo_str table =
        slice(elf->image, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr));
    Elf64_Shdr s;
    if (!element(table, header->e_shstrndx, &s, sizeof(s)))
        return;

    bo_str names = section_bytes(elf->image, &s);
    uint64_t low = UINT64_MAX, high = 0;
    bool full = false;  // .symtab was found: it holds all that .dynsym does.
    for (uint64_t i = 0; element(table, i, &s, sizeof(s)); i++) {
        if (s.sh_type == SHT_SYMTAB || (s.sh_type == SHT_DYNSYM && !full))
            read_symbols(elf, table, &s);
        full = full || s.sh_type == SHT_SYMTAB;
        if (s.sh_flags & SHF_EXECINSTR) {
            low = s.sh_addr < low ? s.sh_addr : low;
            high = s.sh_addr + s.sh_size > high ? s.sh_addr + s.sh_size : high;
        }
        bo_str bytes = section_bytes(elf->image, &s);
        if (has_name(names, &s, ".debug_line")) {
            elf->line = bytes;
        } else if (has_name(names, &s, ".debug_line_str")) {
            elf->line_str = bytes;
        } else if (has_name(names, &s, ".debug_str")) {
            elf->str = bytes;
        } else if (has_name(names, &s, ".eh_frame")) {
            elf->frames = bytes;
            elf->frames_addr = s.sh_addr;
        }
    }
    if (low < high) {
        elf->code_low = low;
        elf->code_high = high;
    }
}

bool bo__elf_open(struct bo__elf *elf, bo_str image)
{
    *elf = (struct bo__elf){.image = image, .code_high = UINT64_MAX};
    Elf64_Ehdr header;
    if (!element(image, 0, &header, sizeof(header)))
        return false;
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB)
        return false;
    if (header.e_phentsize == sizeof(Elf64_Phdr))
        read_segments(elf, &header);
    if (header.e_shentsize == sizeof(Elf64_Shdr))
        read_sections(elf, &header);
    return true;
}

bool bo__elf_is_code(const struct bo__elf *elf, uint64_t addr)
{
    for (int i = 0; i < elf->segment_count; i++) {
        const struct bo__elf_segment *s = &elf->segments[i];
        if (s->code && addr >= s->addr && addr - s->addr < s->bytes.len)
            return addr >= elf->code_low && addr < elf->code_high;
    }
    return false;
}

// is_function takes what may be a function: functions, and the labels of assembly code that was not
// given a type. Names with a $ mark data among code on aarch64.
static bool is_function(const struct bo__elf *elf, const Elf64_Sym *s)
{
    int type = ELF64_ST_TYPE(s->st_info);
    if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS || s->st_name >= elf->names.len)
        return false;
    if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
        return false;
    char first = elf->names.ptr[s->st_name];
    return first != 0 && first != '$' && bo__elf_is_code(elf, s->st_value);
}

static size_t underscores(bo_str name)
{
    size_t n = 0;
    while (n < name.len && name.ptr[n] == '_')
        n++;
    return n;
}

// before orders by address and, at one address, by how likely a person wrote the name: one with a
// size, with fewer leading underscores, shorter, first by its letters.
static bool before(const void *left, const void *right, const void *context)
{
    const struct bo__elf_function *a = left, *b = right;
    if (a->addr != b->addr)
        return a->addr < b->addr;
    if (!a->size != !b->size)
        return a->size != 0;

    const struct bo__elf *elf = context;
    bo_str a_name = bo__text_at(elf->names, a->name), b_name = bo__text_at(elf->names, b->name);
    size_t a_under = underscores(a_name), b_under = underscores(b_name);
    if (a_under != b_under)
        return a_under < b_under;
    if (a_name.len != b_name.len)
        return a_name.len < b_name.len;
    return a_name.len && memcmp(a_name.ptr, b_name.ptr, a_name.len) < 0;
}

void bo__elf_index(struct bo__elf *elf)
{
    Elf64_Sym s;
    size_t count = 0;
    for (uint64_t i = 0; element(elf->symbols, i, &s, sizeof(s)) && count < FUNCTIONS_MAX; i++)
        count += is_function(elf, &s);

    struct bo__elf_function *f = bo__scratch_new(count * sizeof(*f));
    if (!f)
        return;
    size_t n = 0;
    for (uint64_t i = 0; n < count && element(elf->symbols, i, &s, sizeof(s)); i++) {
        if (!is_function(elf, &s))
            continue;
        uint32_t size = s.st_size > UINT32_MAX ? UINT32_MAX : (uint32_t)s.st_size;
        f[n++] = (struct bo__elf_function){s.st_value, size, s.st_name};
    }
    bo__scratch_sort(f, n, sizeof(*f), before, elf);
    elf->functions = f;
    elf->function_count = n;
}

void bo__elf_close(struct bo__elf *elf)
{
    bo__scratch_free(elf->functions, elf->function_count * sizeof(*elf->functions));
    elf->functions = NULL;
    elf->function_count = 0;
}

// without_suffix drops what compilers append to the name of a clone. C names have no dots.
static bo_str without_suffix(bo_str name)
{
    bo_str plain;
    bo_str_cut(name, '.', &plain, NULL);
    return plain.len ? plain : name;
}

bool bo__elf_function_at(const struct bo__elf *elf, uint64_t addr, bo_str *name, uint64_t *offset)
{
    const struct bo__elf_function *f = elf->functions;
    size_t low = 0, high = elf->function_count;  // f[low - 1].addr <= addr < f[high].addr
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f[middle].addr <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    if (!bo__elf_is_code(elf, addr))
        return false;

    // Step back to the first name of the nearest address whose function reaches up to addr.
    const struct bo__elf_function *best = NULL;
    for (size_t i = low; i > 0 && low - i < STEP_BACK_MAX; i--) {
        const struct bo__elf_function *at = &f[i - 1];
        if (best && at->addr != best->addr)
            break;
        if (at->size == 0 ? at->addr == f[low - 1].addr : addr - at->addr < at->size)
            best = at;
    }
    if (!best)
        return false;
    *name = without_suffix(bo__text_at(elf->names, best->name));
    *offset = addr - best->addr;
    return true;
}
