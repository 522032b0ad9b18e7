// SPDX-License-Identifier: MIT
// The answers of module.c's indexes, put together and remembered in a table that is as large as a
// dump of very many different stacks needs; colliding entries replace each other.
#include "runtime/symbol.h"

#include "runtime/module.h"
#include "runtime/scratch.h"

#define REMEMBERED 4096  // A power of two; 450 KB, of which what is used gets touched.

struct answer {
    uintptr_t pc;  // 0: none here.
    bool known;
    bo__symbol symbol;
};

static struct answer *answers;

static bool look_up(uintptr_t pc, bo__symbol *out)
{
    *out = (bo__symbol){0};
    const struct bo__module *m = bo__module_at(pc);
    if (!m)
        return false;
    bo__module_index(m);
    uint64_t addr = pc - m->bias, offset = addr;
    out->module = bo_str_of(m->name);
    bo__elf_function_at(&m->elf, addr, &out->function, &offset);
    out->offset = (uintptr_t)offset;

    struct bo__line_place place;
    if (bo__lines_find(&m->lines, addr, &place)) {
        out->dir = place.dir;
        out->file = place.base;
        out->line = place.line;
    }
    return true;
}

bool bo__symbolize(uintptr_t pc, bo__symbol *out)
{
    if (!answers)
        answers = bo__scratch_new(REMEMBERED * sizeof(*answers));
    if (!answers)
        return look_up(pc, out);
    struct answer *a = &answers[(pc * 0x9e3779b97f4a7c15u >> 40) % REMEMBERED];
    if (a->pc != pc || pc == 0) {
        a->known = look_up(pc, &a->symbol);
        a->pc = pc;
    }
    *out = a->symbol;
    return a->known;
}
