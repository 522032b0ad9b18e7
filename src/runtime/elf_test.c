// SPDX-License-Identifier: MIT
// elf_test.c: functions by address as nm lists them, the choice among several names, and files that
// are none or not whole. What damage does beyond that is a matter of fuzz/elf.c.
#include "runtime/elf.h"

#include "runtime/sample_test.h"

#include <elf.h>
#include <inttypes.h>

// -- against nm -----------------------------------------------------------------------------------

struct symbol {
    uint64_t addr, size;  // Size 0: a label, which may lie within another one.
    char name[512];
};

enum { SYMBOLS_MAX = 8192 };

static struct symbol symbols[SYMBOLS_MAX];

// list_functions reads what nm lists of code.
static int list_functions(const char *path)
{
    FILE *f = tool_open("nm -n -S --defined-only '%s' 2>/dev/null", path);
    char line[1024], type;
    int count = 0;
    while (count < SYMBOLS_MAX && fgets(line, sizeof line, f)) {
        struct symbol *s = &symbols[count];
        *s = (struct symbol){0};
        bool sized = sscanf(line, "%" SCNx64 " %" SCNx64 " %c %511s", &s->addr, &s->size, &type,
                            s->name) == 4;
        if (!sized && sscanf(line, "%" SCNx64 " %c %511s", &s->addr, &type, s->name) != 3)
            continue;
        count += strchr("tTwWi", type) != NULL;
    }
    pclose(f);
    return count;
}

// has_name reports whether one of the symbols at an address has a name, up to a clone's suffix.
static bool has_name(int count, uint64_t addr, bo_str name)
{
    for (int i = 0; i < count; i++) {
        bo_str own = bo_str_of(symbols[i].name), plain;
        bo_str_cut(own, '.', &plain, NULL);
        if (symbols[i].addr == addr && (bo_str_eq(plain, name) || bo_str_eq(own, name)))
            return true;
    }
    return false;
}

static void compare(const char *path)
{
    struct bo__elf elf;
    REQUIRE(bo__elf_open(&elf, map_file(path)));
    bo__elf_index(&elf);
    int count = list_functions(path), wrong = 0;
    EXPECT(count > 4);
    for (int i = 0; i < count && wrong < 10; i++) {
        // A weak thread-local looks like a weak function.
        if (symbols[i].size == 0 || !bo__elf_is_code(&elf, symbols[i].addr))
            continue;
        uint64_t offset = 99, last = symbols[i].addr + symbols[i].size - 1;
        bo_str name = {0};
        bool ok = bo__elf_function_at(&elf, symbols[i].addr, &name, &offset) && offset == 0 &&
                  has_name(count, symbols[i].addr, name);
        // The last byte belongs to it too, or to one that begins within it.
        ok = ok && bo__elf_function_at(&elf, last, &name, &offset) && offset < symbols[i].size &&
             has_name(count, last - offset, name);
        wrong += !ok;
        if (!ok)
            test_fail("%s at %" PRIx64 ": got " BO_FMT " + %" PRIu64, symbols[i].name,
                      symbols[i].addr, BO_ARG(name), offset);
    }
    bo__elf_close(&elf);
}

TEST(elf_functions_are_those_that_nm_lists)
{
    compare(own_path());
    for (int i = 0; i < SAMPLES; i++) {
        if (has_code_of_its_own(&samples[i]) && build_sample(&samples[i])) {
            char path[512];
            snprintf(path, sizeof path, "%s/sample.so", test_dir());
            compare(path);
        }
    }
}

// -- a file made by hand --------------------------------------------------------------------------

enum { CODE = 0x1000, CODE_SIZE = 0x100 };

// A program with one segment of code and a symbol table.
struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segments[BO__ELF_SEGMENTS + 2];
    Elf64_Shdr sections[4];
    Elf64_Sym symbols[8];
    char names[256], code[CODE_SIZE];
};

static void make(struct file *f)
{
    *f = (struct file){
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                   .e_phoff = offsetof(struct file, segments),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 1,
                   .e_shoff = offsetof(struct file, sections),
                   .e_shentsize = sizeof(Elf64_Shdr),
                   .e_shnum = 4,
                   .e_shstrndx = 2},
        .segments = {{.p_type = PT_LOAD,
                      .p_flags = PF_R | PF_X,
                      .p_offset = offsetof(struct file, code),
                      .p_vaddr = CODE,
                      .p_filesz = CODE_SIZE,
                      .p_memsz = CODE_SIZE}},
        .sections = {{0},
                     {.sh_type = SHT_SYMTAB,
                      .sh_link = 2,
                      .sh_offset = offsetof(struct file, symbols),
                      .sh_size = sizeof f->symbols,
                      .sh_entsize = sizeof(Elf64_Sym)},
                     {.sh_type = SHT_STRTAB,
                      .sh_offset = offsetof(struct file, names),
                      .sh_size = sizeof f->names},
                     {.sh_type = SHT_PROGBITS,
                      .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                      .sh_addr = CODE,
                      .sh_offset = offsetof(struct file, code),
                      .sh_size = CODE_SIZE}},
    };
}

// add gives a function a name; n-th of the file.
static void add(struct file *f, int n, const char *name, uint64_t addr, uint64_t size, int type)
{
    char *at = f->names + 1 + 30 * n;
    strcpy(at, name);
    f->symbols[n] = (Elf64_Sym){.st_name = (uint32_t)(at - f->names),
                                .st_info = ELF64_ST_INFO(STB_GLOBAL, type),
                                .st_shndx = 3,
                                .st_value = addr,
                                .st_size = size};
}

static bo_str bytes_of(const struct file *f)
{
    return bo_str_n((const char *)f, sizeof *f);
}

static void expect_function(const struct file *f, uint64_t addr, const char *want, uint64_t offset)
{
    struct bo__elf elf;
    bo_str name = {0};
    uint64_t got = 0;
    test_case("%" PRIx64, addr);
    REQUIRE(bo__elf_open(&elf, bytes_of(f)));
    bo__elf_index(&elf);
    EXPECT_EQ(bo__elf_function_at(&elf, addr, &name, &got), want != NULL);
    if (want) {
        EXPECT_EQ(name, want);
        EXPECT_EQ(got, offset);
    }
    bo__elf_close(&elf);
}

TEST(elf_function_ends_where_its_size_says_or_the_next_begins)
{
    struct file f;
    make(&f);
    add(&f, 0, "sized", CODE + 16, 16, STT_FUNC);
    add(&f, 1, "label", CODE + 64, 0, STT_NOTYPE);
    add(&f, 2, "next", CODE + 128, 32, STT_FUNC);
    add(&f, 3, "within", CODE + 136, 8, STT_FUNC);
    add(&f, 4, "variable", CODE + 200, 8, STT_OBJECT);
    add(&f, 5, "far", CODE + CODE_SIZE, 8, STT_FUNC);
    expect_function(&f, CODE + 15, NULL, 0);
    expect_function(&f, CODE + 16, "sized", 0);
    expect_function(&f, CODE + 31, "sized", 15);
    expect_function(&f, CODE + 32, NULL, 0);
    expect_function(&f, CODE + 64, "label", 0);
    expect_function(&f, CODE + 127, "label", 63);
    expect_function(&f, CODE + 140, "within", 4);
    expect_function(&f, CODE + 144, "next", 16);
    expect_function(&f, CODE + 160, NULL, 0);
    expect_function(&f, CODE + 200, NULL, 0);
    expect_function(&f, CODE + CODE_SIZE, NULL, 0);
    expect_function(&f, CODE - 1, NULL, 0);
    expect_function(&f, UINT64_MAX, NULL, 0);
}

TEST(elf_tells_of_several_names_the_one_that_a_person_writes)
{
    struct file f;
    make(&f);
    add(&f, 0, "__libc_read", CODE, 8, STT_FUNC);
    add(&f, 1, "__read", CODE, 8, STT_FUNC);
    add(&f, 2, "read", CODE, 8, STT_FUNC);
    add(&f, 3, "a", CODE, 0, STT_NOTYPE);
    add(&f, 4, "work.constprop.0.cold", CODE + 8, 8, STT_FUNC);
    add(&f, 5, "$x", CODE + 16, 0, STT_NOTYPE);
    expect_function(&f, CODE, "read", 0);
    expect_function(&f, CODE + 9, "work", 1);
    expect_function(&f, CODE + 16, NULL, 0);
}

TEST(elf_reads_as_many_segments_as_it_has_room_for)
{
    for (int count = BO__ELF_SEGMENTS - 1; count <= BO__ELF_SEGMENTS + 1; count++) {
        struct file f;
        struct bo__elf elf;
        test_case("%d", count);
        make(&f);
        for (int i = 1; i < count; i++) {
            f.segments[i] = f.segments[0];
            f.segments[i].p_vaddr += 0x10000 * (uint64_t)i;
        }
        f.header.e_phnum = (uint16_t)count;
        REQUIRE(bo__elf_open(&elf, bytes_of(&f)));
        EXPECT_EQ(elf.segment_count, count < BO__ELF_SEGMENTS ? count : BO__ELF_SEGMENTS);
    }
}

TEST(elf_takes_no_other_kind_of_file)
{
    static const struct {
        size_t at;
        unsigned char value;
    } cases[] = {{0, 'E'}, {3, 'G'}, {EI_CLASS, ELFCLASS32}, {EI_DATA, ELFDATA2MSB}};
    struct bo__elf elf;
    struct file f;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("byte %zu", cases[i].at);
        make(&f);
        f.header.e_ident[cases[i].at] = cases[i].value;
        EXPECT(!bo__elf_open(&elf, bytes_of(&f)));
    }
    make(&f);
    EXPECT(!bo__elf_open(&elf, bo_str_n((const char *)&f, sizeof f.header - 1)));
    EXPECT(!bo__elf_open(&elf, (bo_str){0}));
    EXPECT(bo__elf_open(&elf, bo_str_n((const char *)&f, sizeof f.header)));
    EXPECT_EQ(elf.segment_count, 0);
}

// What lies outside of the file is as if it were not there.
TEST(elf_leaves_out_what_lies_outside_of_the_file)
{
    uint64_t beyond[] = {sizeof(struct file) - 1, sizeof(struct file), UINT64_MAX, UINT64_MAX - 64};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        struct bo__elf elf;
        struct file f;
        test_case("%" PRIx64, beyond[i]);
        make(&f);
        f.segments[0].p_offset = beyond[i];
        f.sections[1].sh_offset = beyond[i];
        REQUIRE(bo__elf_open(&elf, bytes_of(&f)));
        EXPECT_EQ(elf.segment_count, 0);
        EXPECT_EQ(elf.symbols.len, 0);
        make(&f);
        f.header.e_phoff = f.header.e_shoff = beyond[i];
        REQUIRE(bo__elf_open(&elf, bytes_of(&f)));
        EXPECT_EQ(elf.segment_count, 0);
        EXPECT_EQ(elf.symbols.len, 0);
    }
}
