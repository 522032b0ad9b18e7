// SPDX-License-Identifier: MIT
// dump.c: all goroutines as text.
//
//     goroutine 7 "janitor" [chan receive on 0x7f52c4000b70, 3.2s]
//         sweep (/home/ada/shop/main.c:31)
//         started by bo_main (/home/ada/shop/main.c:74)
//
// The program goes on meanwhile, so each goroutine is looked at on its own. One that waits is read
// where it is and then looked at again: if it has moved in between, the attempt is thrown away. One
// that runs is stopped for that moment (stop.c). Its slot, where all of this lies, is never
// unmapped, so nothing read here is worse than stale.
//
// A stack that was printed before is printed as a reference to it: a million goroutines that wait
// at the same place make a million short lines, not a million stacks.
#include "runtime/report.h"

#include "runtime/module.h"
#include "runtime/scratch.h"
#include "runtime/symbol.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STACKS (1u << 13)  // stacks that are remembered; a power of two
#define ATTEMPTS 4
#define LOCK_WAIT_MS 5000

typedef enum {
    SEEN,    // it was the same before and after
    MOVED,   // it was not
    SILENT,  // it runs, and its thread does not answer
} sight;

// What one goroutine looked like at one moment.
typedef struct {
    bo__g_state state;
    sight sight;
    bo__trace trace;  // if it was SEEN
} picture;

typedef struct {
    bo__out *out;
    const bo__g *running;  // was printed first
    struct {
        uint64_t hash, id;
    } * seen;
} dump;

// -- looking --------------------------------------------------------------------------------------

static struct bo__stack stack_of(const bo__g *g)
{
    return (struct bo__stack){.low = (uintptr_t)g->stack_low, .high = (uintptr_t)g->stack_high};
}

static bo__m *thread_of(const bo__g *g)
{
    for (bo__m *m = atomic_load(&bo__rt.all_m); m; m = m->next_all)
        if (atomic_load(&m->alive) && __atomic_load_n(&m->g, __ATOMIC_RELAXED) == g)
            return m;
    return NULL;
}

static sight look_at_parked(const bo__g *g, picture *p)
{
    uint64_t id = g->id;
    void *sp = __atomic_load_n(&g->sp, __ATOMIC_ACQUIRE);
    if (atomic_load(&g->on_cpu) != 0 || (char *)sp <= g->stack_low || (char *)sp >= g->stack_high)
        return MOVED;
    bo__unwind(&p->trace, bo__regs_parked(sp), stack_of(g), false);
    bool still = g->id == id && __atomic_load_n(&g->sp, __ATOMIC_ACQUIRE) == sp &&
                 atomic_load(&g->on_cpu) == 0;
    return still ? SEEN : MOVED;
}

static sight look_at_running(const bo__g *g, picture *p)
{
    bo__m *m = thread_of(g);
    struct bo__regs regs;
    if (!m)
        return MOVED;
    if (!bo__stop_thread(m, &regs))
        return SILENT;
    bool still = __atomic_load_n(&m->g, __ATOMIC_RELAXED) == g;
    if (still)
        bo__unwind(&p->trace, regs, stack_of(g), true);
    bo__resume_thread();
    return still ? SEEN : MOVED;
}

// False: there is no goroutine any more.
static bool look_at(const bo__g *g, picture *p)
{
    p->sight = MOVED;
    for (int attempt = 0; attempt < ATTEMPTS && p->sight == MOVED; attempt++) {
        p->state = (bo__g_state)atomic_load(&g->state);
        if (p->state == BO__G_DEAD)
            return false;
        bool on_cpu = p->state == BO__G_RUNNING || p->state == BO__G_BLOCKING || g->thread;
        p->sight = on_cpu ? look_at_running(g, p) : look_at_parked(g, p);
    }
    return true;
}

// -- writing --------------------------------------------------------------------------------------

static void write_duration(bo__out *out, bo_duration d)
{
    char buffer[BO_TIME_MAX];
    // The clock that it began by is a coarse one.
    d = d > BO_SECOND ? d - d % (100 * BO_MILLISECOND) : d - d % BO_MILLISECOND;
    bo__out_str(out, bo_duration_format(d > 0 ? d : 0, buffer));
}

static void write_state(bo__out *out, const bo__g *g, bo__g_state state)
{
    switch (state) {
    case BO__G_DEAD:
        bo__outf(out, "ended");
        break;
    case BO__G_RUNNABLE:
        bo__outf(out, "runnable");
        break;
    case BO__G_RUNNING:
        bo__outf(out, "running");
        break;
    case BO__G_BLOCKING:
        bo__outf(out, "in a blocking call");
        break;
    case BO__G_WAITING:
        bo__outf(out, "%s", bo__wait_name((bo__wait_reason)g->reason));
        if (g->waits_on)
            bo__outf(out, " on %p", g->waits_on);
        bo__outf(out, ", ");
        write_duration(out, bo_mono() - atomic_load(&g->since));
        break;
    }
    if (g->thread && g->id != 0)
        bo__outf(out, ", pinned");
    if (g->m && atomic_load(&g->state) == BO__G_RUNNING && !g->thread && !g->m->p)
        bo__outf(out, " on a thread of its own");
}

static bool is_any(bo_str name, const char *const *names)
{
    while (*names && !bo_str_eq(name, bo_str_of(*names)))
        names++;
    return *names != NULL;
}

// How many calls at the inner end say only how the runtime waits, dumps or panics.
static uint32_t inner_plumbing(const bo__trace *trace)
{
    static const char *const last[] = {"bo__wait_park", "bo__swap_out", "bo__requeue_self",
                                       "bo_dump",       "bo__panic",    NULL};
    enum { DEEPEST = 8 };
    uint32_t skip = 0;
    bo__symbol s;
    for (uint32_t i = 0; i < trace->count && i < DEEPEST; i++)
        if (bo__symbolize(trace->pcs[i], &s) && is_any(s.function, last))
            skip = i + 1;
    return skip;
}

// At the outer end lies how a goroutine begins. The thunk stands on the line of the go statement,
// which is told as the place it was started.
static bool is_beginning(uintptr_t pc)
{
    static const char *const names[] = {"bo__g_main", "bo__g_entry", NULL};
    bo__symbol s;
    return bo__symbolize(pc, &s) &&
           (is_any(s.function, names) || bo_str_starts(s.function, bo_s("thunk_")) ||
            bo_str_find(s.function, bo_s("_block_invoke")) >= 0);
}

void bo__report_frames(bo__out *out, const bo__trace *trace)
{
    uint32_t from = inner_plumbing(trace), to = trace->count;
    while (to > from && is_beginning(trace->pcs[to - 1]))
        to--;
    for (uint32_t i = from; i < to; i++) {
        if (i == BO__TRACE_INNER && trace->elided > 0)
            bo__outf(out, "    ... %u more ...\n", trace->elided);
        bo__outf(out, "    ");
        bo__report_place(out, trace->pcs[i]);
        bo__outf(out, "\n");
    }
}

// What it runs (the first word of a call's frame) and where it was started.
static void write_origin(bo__out *out, const bo__call *call, const void *site)
{
    bo__symbol s;
    if (site) {
        bo__outf(out, "    ");
        if (bo__symbolize((uintptr_t)call->frame[0], &s) && s.function.len > 0)
            bo__outf(out, BO_FMT " ", BO_ARG(s.function));
        bo__outf(out, "started by ");
        bo__report_place(out, (uintptr_t)site - 1);
        bo__outf(out, "\n");
    }
    bo__outf(out, "\n");
}

static uint64_t hash_trace(const bo__trace *trace, const bo__call *call, const void *site)
{
    uint64_t hash = (uintptr_t)site ^ call->frame[0] << 1 ^ trace->elided;
    for (uint32_t i = 0; i < trace->count; i++)
        hash = (hash ^ trace->pcs[i]) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

// The goroutine that the same stack was printed for; 0: none, and from now on this one is it.
static uint64_t seen_before(dump *d, uint64_t hash, uint64_t id)
{
    if (!d->seen)
        return 0;
    size_t at = hash % STACKS;
    if (d->seen[at].hash == hash && d->seen[at].id != 0)
        return d->seen[at].id;
    d->seen[at].hash = hash;
    d->seen[at].id = id;
    return 0;
}

static void write_stack(dump *d, const bo__trace *trace, const bo__call *call, const void *site,
                        uint64_t id)
{
    uint64_t other = id == 0 ? 0 : seen_before(d, hash_trace(trace, call, site), id);
    if (other != 0) {
        bo__outf(d->out, "    as goroutine %llu\n\n", (unsigned long long)other);
        return;
    }
    bo__report_frames(d->out, trace);
    write_origin(d->out, call, site);
}

static void write_goroutine(dump *d, const bo__g *g, const picture *p)
{
    bo__report_label(d->out, g);
    bo__outf(d->out, " [");
    write_state(d->out, g, p->state);
    bo__outf(d->out, "]\n");
    if (p->sight == SEEN) {
        write_stack(d, &p->trace, &g->call, g->site, g->id);
        return;
    }
    bo__outf(d->out, p->sight == MOVED ? "    (it moves too fast to be looked at)\n"
                                       : "    (its thread does not answer)\n");
    write_origin(d->out, &g->call, g->site);
}

// -- all of them ----------------------------------------------------------------------------------

static bool visit_goroutine(bo__g *g, void *data)
{
    dump *d = data;
    picture p;
    if (g != d->running && look_at(g, &p))
        write_goroutine(d, g, &p);
    return true;
}

static bool visit_start(bo__start *start, void *data)
{
    dump *d = data;
    bo__trace none = {0};
    bo__outf(d->out, "goroutine %llu [not started yet]\n", (unsigned long long)start->id);
    write_stack(d, &none, &start->call, start->site, start->id);
    return true;
}

// Threads that the runtime did not start, as far as they wait for something of Bora's.
static void write_foreign(dump *d)
{
    for (bo__m *m = atomic_load(&bo__rt.all_m); m; m = m->next_all) {
        bo__g *g = &m->g0;
        if (!m->foreign || !atomic_load(&m->alive) || g == d->running ||
            atomic_load(&g->state) != BO__G_WAITING || g->reason == BO__WAIT_NONE)
            continue;
        picture p = {.state = BO__G_WAITING};
        p.sight = look_at_running(g, &p);
        write_goroutine(d, g, &p);
    }
}

void bo__report_goroutines(bo__out *out, const struct bo__regs *regs, bool interrupted)
{
    size_t seen_size = STACKS * sizeof(*((dump *)0)->seen);
    dump d = {.out = out, .seen = bo__scratch_new(seen_size)};
    const bo__m *m = bo__m_self();
    if (m && regs && (m->g != &m->g0 || m->foreign)) {
        picture p = {.state = BO__G_RUNNING, .sight = SEEN};
        d.running = m->g;
        bo__unwind(&p.trace, *regs, stack_of(m->g), interrupted);
        write_goroutine(&d, m->g, &p);
    }
    bo__stack_each(visit_goroutine, &d);
    bo__start_each(visit_start, &d);
    write_foreign(&d);
    bo__scratch_free(d.seen, seen_size);
    bo__out_flush(out);
}

void bo_dump(int fd)
{
    int saved = *bo__errno();
    struct bo__regs regs = bo__regs_here();
    bo__out out = {.fd = fd};
    if (bo__report_lock(LOCK_WAIT_MS)) {
        bo__report_goroutines(&out, &regs, false);
        bo__report_unlock();
    } else {
        bo__outf(&out, "bora: no dump: another one has been under way for 5 seconds\n");
        bo__out_flush(&out);
    }
    *bo__errno() = saved;
}
