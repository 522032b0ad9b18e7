// SPDX-License-Identifier: MIT
// runtime/module.h: what is mapped into this process as code: the executable first of all; in a
// dynamic build the shared libraries too, and the kernel's vdso.
//
// Modules are found when a report first meets an address of theirs and are kept for good; until
// then nothing is read or mapped. The tables, and all that is cached over them, belong to whoever
// holds the report lock: one report at a time.
#ifndef BORA_SRC_RUNTIME_MODULE_H
#define BORA_SRC_RUNTIME_MODULE_H

#include "runtime/cfi.h"
#include "runtime/dwarf_line.h"
#include "runtime/elf.h"

// Shared libraries beyond this many are not read: their frames are bare addresses.
#define BO__MODULES_MAX 64

struct bo__module {
    uintptr_t bias;  // Address in memory minus address in the file.
    struct bo__elf elf;
    struct bo__cfi cfi;
    struct bo__lines lines;
    bool indexed;   // The functions and lines are: they are wanted later than the CFI, or never.
    char name[64];  // The file's last component.
};

// bo__report_lock makes the calling thread the one that reports. It waits for another one to
// finish, a number of milliseconds at most. False: it took too long, or the thread holds the lock
// already, that is, the report itself crashed. Safe in a signal handler.
bool bo__report_lock(int wait_ms);
void bo__report_unlock(void);

// bo__module_at finds the module whose code a pc lies in, or NULL. The report lock is held.
const struct bo__module *bo__module_at(uintptr_t pc);

// bo__module_index makes the indexes of functions and lines, once. The report lock is held.
void bo__module_index(const struct bo__module *module);

#endif
