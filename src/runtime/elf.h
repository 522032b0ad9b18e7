// SPDX-License-Identifier: MIT
// runtime/elf.h: what a crash report needs of an ELF file: its segments, its functions, and where
// its debug and unwind data lie.
//
// The reader takes the file as bytes in memory, trusts none of them, and allocates with mmap only,
// so that it can run in a signal handler and be fuzzed outside of one. Addresses here are those of
// the file ("virtual addresses"); who knows the load bias adds it (runtime/symbol.h).
// Little-endian ELF64 only: x86-64 and aarch64.
#ifndef BORA_SRC_RUNTIME_ELF_H
#define BORA_SRC_RUNTIME_ELF_H

#include <bora/str.h>

// A file with more loadable segments than this is read up to here; linkers make four or five.
#define BO__ELF_SEGMENTS 16

struct bo__elf_segment {
    uint64_t addr;  // Virtual address of the first byte.
    bo_str bytes;   // The part that comes from the file, within the image.
    bool code;      // Executable.
};

struct bo__elf_function {
    uint64_t addr;
    uint32_t size;  // 0: not known, it ends where the next one begins.
    uint32_t name;  // Offset in .strtab.
};

struct bo__elf {
    bo_str image;
    struct bo__elf_segment segments[BO__ELF_SEGMENTS];
    int segment_count;
    uint64_t headers_addr;         // Virtual address of the program headers, to find the load bias.
    uint64_t code_low, code_high;  // All executable sections lie in [low, high).
    bo_str symbols, names;       // .symtab and its strings, else .dynsym and its; empty: stripped.
    bo_str line, line_str, str;  // .debug_line, .debug_line_str, .debug_str; empty: none.
    bo_str frames;               // .eh_frame; empty: none.
    uint64_t frames_addr;        // Its virtual address.
    struct bo__elf_function *functions;  // Sorted by addr; made by bo__elf_index.
    size_t function_count;
};

// bo__elf_open reads the headers of an image, which must stay where it is. It reports false if this
// is no ELF file of our kind. Sections that are missing, compressed or out of bounds are left
// empty.
bool bo__elf_open(struct bo__elf *elf, bo_str image);

// bo__elf_index makes the index of functions. Without symbols, or without memory, it stays empty.
void bo__elf_index(struct bo__elf *elf);

// bo__elf_close gives the index back. The image is the caller's.
void bo__elf_close(struct bo__elf *elf);

// bo__elf_is_code reports whether an address lies in an executable segment, where there may be
// headers and constants too, and not outside of all executable sections.
bool bo__elf_is_code(const struct bo__elf *elf, uint64_t addr);

// bo__elf_function_at finds the function that an address lies in: its name without the suffixes
// that compilers add to clones (".part.0", ".constprop.0", ".cold"), and the distance from its
// start.
bool bo__elf_function_at(const struct bo__elf *elf, uint64_t addr, bo_str *name, uint64_t *offset);

#endif
