// SPDX-License-Identifier: MIT
// runtime/symbol.h: from a program counter to function, file and line, in the running process.
//
// Nothing is done before the first question. Then the executable is mapped and indexed, a few
// milliseconds for a large one, and answers are remembered. No malloc, no lock but the report's, no
// trust in what is read: it works in a crash handler and on a damaged or stripped file, where there
// is less to tell. Code that was inlined is told by its own file and line and by the function that
// it became part of.
#ifndef BORA_SRC_RUNTIME_SYMBOL_H
#define BORA_SRC_RUNTIME_SYMBOL_H

#include <bora/str.h>

// What is known of a pc; all texts live for ever.
typedef struct {
    bo_str module;     // The executable's or the library's file name; empty: no code that we know.
    bo_str function;   // Empty: not known.
    uintptr_t offset;  // Of the pc in the function, or in the module where no function is known.
    bo_str dir, file;  // The file's name is dir/file, or file where dir is empty; see dwarf_line.h.
    uint32_t line;     // 0: not known, and then dir and file are empty.
} bo__symbol;

// bo__symbolize looks a pc up; false if nothing at all is known. For a return address look up the
// byte before it, which is within the call. The report lock (runtime/module.h) is held.
bool bo__symbolize(uintptr_t pc, bo__symbol *out);

#endif
