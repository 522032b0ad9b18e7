// SPDX-License-Identifier: MIT
// spawn.c: the birth and death of goroutines.
//
// go makes a start record of two cache lines and queues it. Only when a P takes it from the queue
// does it get a stack, so a million goroutines that have not run yet cost 128 bytes each, and one
// that runs to its end at once uses a stack that is still in the cache. A goroutine that ends while
// another start is next in line does not even switch: it begins anew on its own stack.
//
// The records are starts.c's.
#include "runtime/sched.h"

#include <bora/arena.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ID_BLOCK 1024

static _Atomic uint64_t next_id = 1;

// -- birth ----------------------------------------------------------------------------------------

static uint64_t new_id(bo__p *p)
{
    if (!p)
        return atomic_fetch_add(&next_id, 1);
    if (p->id_next == p->id_end) {
        // Small blocks at first, so that small programs have small numbers in order.
        uint64_t block = bo__rt.procs > 1 && p->id_end == 0 ? 16 : ID_BLOCK;
        p->id_next = atomic_fetch_add(&next_id, block);
        p->id_end = p->id_next + block;
    }
    return p->id_next++;
}

static inline void count(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

// new_start makes a goroutine that is queued nowhere yet, in no scope.
static bo__start *new_start(bo__m *m, bo__call call, const bo_go_options *options, const void *site)
{
    bo__p *p = m->p;
    bo__start *start = bo__start_get(p);
    start->task.kind = BO__TASK_START;
    start->task.stack_class = options ? bo__stack_class(options->stack_bytes) : BO__STACK_DEFAULT;
    start->scope = NULL;
    start->at_exit = NULL;
    start->data = NULL;
    start->id = new_id(p);
    start->name = options ? options->name : NULL;
    start->site = site;
    start->call = call;
    if (p)
        count(&p->counts.spawned);
    else
        atomic_fetch_add(&bo__rt.elsewhere.spawned, 1);
    return start;
}

void bo__spawn(bo__call call, const bo_go_options *options, bo__scope *scope,
               void (*at_exit)(void *value, void *data), void *data, const void *site)
{
    bo__m *m = bo__enter();
    bo__start *start = new_start(m, call, options, site);
    start->scope = scope;
    start->at_exit = at_exit;
    start->data = data;
    bool piles_up = m->p && bo__next(m->p);
    bo__queue(m, &start->task, true);
    if (piles_up && atomic_load_explicit(&bo__rt.idle_count, memory_order_relaxed) > 0 &&
        atomic_load_explicit(&bo__rt.searching, memory_order_relaxed) == 0)
        bo__wake_one();
    bo__leave(m);
}

static void *run_watch(void *block, void *frame)
{
    bo__watch watch;
    (void)block;
    memcpy(&watch, frame, sizeof watch);
    watch.fn(watch.data);
    return NULL;
}

void bo__spawn_watch(bo__m *m, const bo__watch *watch)
{
    bo__call call = {.thunk = run_watch};
    bo_go_options options = {.name = watch->name};
    memcpy(call.frame, watch, sizeof *watch);
    bo__queue(m, &new_start(m, call, &options, (const void *)watch->fn)->task, false);
}

void bo__go(bo__call call, const bo_go_options *options)
{
    bo__perturb();
    bo__spawn(call, options, NULL, NULL, NULL, __builtin_return_address(0));
}

bo__g *bo__bind(bo__p *p, bo__start *start, bo__g *reuse)
{
    bo__g *g = reuse ? reuse : bo__stack_get(p, start->task.stack_class);
    g->task.kind = BO__TASK_G;
    atomic_store_explicit(&g->on_cpu, 1, memory_order_relaxed);
    atomic_store_explicit(&g->claim, BO__CLAIM_NONE, memory_order_relaxed);
    g->saved_errno = 0;
    g->pins = 0;
    g->thread = false;
    g->id = start->id;
    g->name = start->name;
    g->site = start->site;
    g->scope = start->scope;
    g->locals = NULL;
    g->at_exit = start->at_exit;
    g->at_exit_data = start->data;
    g->timer.wheel_ = NULL;
    g->call = start->call;
    atomic_store_explicit(&g->state, BO__G_RUNNABLE, memory_order_relaxed);
    bo__start_put(p, start);
    if (!reuse)
        g->sp = bo__first_frame(g);
#ifdef BO__ADDRESS_SANITIZER
    g->fake_stack = NULL;
#endif
#ifdef BO__THREAD_SANITIZER
    g->fiber = __tsan_create_fiber(0);
#endif
    return g;
}

// -- death ----------------------------------------------------------------------------------------

// What follows the last user code of a goroutine. Nothing of its stack is needed any more.
static __attribute__((noinline)) _Noreturn void finish(bo__g *g)
{
    bo__m *m = bo__enter();
    bo__p *p = m->p;
    atomic_store_explicit(&g->state, BO__G_DEAD, memory_order_relaxed);
    if (p)
        count(&p->counts.exited);
    else
        atomic_fetch_add(&bo__rt.elsewhere.exited, 1);
#if !defined(BO__ADDRESS_SANITIZER) && !defined(BO__THREAD_SANITIZER)
    if (p && g->task.stack_class == BO__STACK_DEFAULT) {
        bo__task *task = bo__next_task(m);
        if (task && task->kind == BO__TASK_START && task->stack_class == BO__STACK_DEFAULT) {
            bo__bind(p, (bo__start *)task, g);
            atomic_store_explicit(&g->state, BO__G_RUNNING, memory_order_relaxed);
            bo__restart(g);
        }
        bo__g *to = task ? bo__claim_task(m, task, NULL) : &m->g0;
        bo__stack_put(p, g);
        bo__swap(m, g, to);
        __builtin_unreachable();
    }
#endif
    m->dead = g;
    bo__swap(m, g, &m->g0);
    __builtin_unreachable();
}

static void free_locals(bo__g *g)
{
    for (bo__local_value *v; (v = g->locals) != NULL;) {
        g->locals = v->next;
        if (v->free_value)
            v->free_value(v->value);
        free(v);
    }
}

// A goroutine comes here from its first switch (bo__g_entry), still counted as inside the runtime.
_Noreturn void bo__g_main(bo__g *g)
{
#ifdef BO__ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
    if (g->scope)
        bo__scope_join(g->scope, g);
    *bo__errno() = 0;
    bo__leave(bo__m_self());
    void *value = g->call.thunk(NULL, g->call.frame);
    free_locals(g);
    while (g->pins > 0)
        bo_unpin_thread();
    if (g->scope)
        bo__scope_leave(g);
    if (g->at_exit)
        g->at_exit(value, g->at_exit_data);
    finish(g);
}

// -- locals ---------------------------------------------------------------------------------------

static bo__local_value *find_local(bo__g *g, const bo_local *local)
{
    for (bo__local_value *v = g->locals; v; v = v->next)
        if (v->local == local)
            return v;
    return NULL;
}

void *bo_local_get(const bo_local *local)
{
    bo__local_value *v = find_local(bo__self(), local);
    return v ? v->value : NULL;
}

void bo_local_set(const bo_local *local, void *value, void (*free_value)(void *))
{
    bo__g *g = bo__self();
    bo__local_value *v = find_local(g, local);
    if (!v) {
        v = bo_malloc(sizeof *v);
        *v = (bo__local_value){.next = g->locals, .local = local};
        g->locals = v;
    } else if (v->free_value && v->value != value) {
        v->free_value(v->value);
    }
    v->value = value;
    v->free_value = free_value;
}

// -- looking --------------------------------------------------------------------------------------

size_t bo_goroutine_count(void)
{
    uint64_t exited = atomic_load(&bo__rt.elsewhere.exited);
    uint64_t spawned = 0;
    for (int i = 0; i < bo__rt.procs; i++)
        exited += atomic_load(&bo__rt.p[i]->counts.exited);
    for (int i = 0; i < bo__rt.procs; i++)
        spawned += atomic_load(&bo__rt.p[i]->counts.spawned);
    spawned += atomic_load(&bo__rt.elsewhere.spawned);
    return (size_t)(spawned - exited);
}

bo_goroutine bo_self(void)
{
    bo__g *g = bo__self();
    return (bo_goroutine){.id = g->id, .name = g->name ? g->name : ""};
}

void bo_set_name(const char *name)
{
    bo__self()->name = name;
}

// gcc's trampolines (without optimisation, see bora/closure.h) load the function's address into a
// register first: x86-64 "mov imm, %r11", aarch64 from a literal behind the code.
void *(*bo__thunk_code(void *trampoline))(void *, void *)
{
    const unsigned char *code = trampoline;
    uint64_t address = (uintptr_t)trampoline;
#if defined(__x86_64__)
    static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
    if (memcmp(code, endbr64, sizeof endbr64) == 0)
        code += sizeof endbr64;
    if (code[0] == 0x49 && code[1] == 0xbb) {
        memcpy(&address, code + 2, 8);
    } else if (code[0] == 0x41 && code[1] == 0xbb) {
        uint32_t low;
        memcpy(&low, code + 2, 4);
        address = low;
    }
#elif defined(__aarch64__)
    uint32_t words[2];
    memcpy(words, code, sizeof words);
    const uint32_t bti_c = 0xd503245f, ldr_x17 = 0x58000011, ldr_mask = 0xff00001f;
    uint32_t load = words[0] == bti_c ? words[1] : words[0];
    if ((load & ldr_mask) == ldr_x17)
        memcpy(&address, code + (words[0] == bti_c ? 4 : 0) + ((load >> 5) & 0x7ffff) * 4, 8);
#endif
    return (void *(*)(void *, void *))(uintptr_t)address;
}

// What clang writes at the head of every block that it has not optimised away: the address of its
// class, which nothing of ours reads. Weak: a program with a runtime for blocks keeps that one's.
__attribute__((weak)) void *_NSConcreteGlobalBlock[32];
