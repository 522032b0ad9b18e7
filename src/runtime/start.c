// SPDX-License-Identifier: MIT
// start.c: how the runtime comes to life, and bo_run.
//
// The first use starts it: as many Ps as the process may use cores, a thread for each, and the
// monitor. It then lives as long as the process. The thread that called bo_run is no worker: it
// waits like any foreign thread, so a program's own main keeps its stack, its signals and its
// thread-locals.
//
// Signals are left as they are, but for SIGPIPE, which is ignored: a write to a closed connection
// is an error to be handled where it happens.
#include "runtime/sched.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_DEFAULT 512

// What malloc keeps of freed memory at the top of each of its arenas, and from what size on an
// allocation is a mapping of its own.
#define MALLOC_KEPT_BYTES (4 << 20)
#define MALLOC_MAPPED_BYTES (1 << 20)

static uint64_t seed;

__attribute__((noinline)) int *bo__errno(void)
{
    __asm__ volatile("" ::: "memory");
    return __errno_location();
}

// splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

uint32_t bo__random(uint32_t n)
{
    static _Atomic uint64_t shared;
    const uint64_t step = 0x9e3779b97f4a7c15u;
    bo__m *m = bo__m_self();
    bo__p *p = m ? m->p : NULL;
    // A P that is taken from us between these lines gives two threads the same number; no harm.
    uint64_t state = p ? __atomic_load_n(&p->random, __ATOMIC_RELAXED) + step
                       : atomic_fetch_add(&shared, step) + seed;
    if (p)
        __atomic_store_n(&p->random, state, __ATOMIC_RELAXED);
    return (uint32_t)((mix(state) >> 32) * n >> 32);
}

// -- configuration --------------------------------------------------------------------------------

static int64_t env_number(const char *name, int64_t low, int64_t high, int64_t fallback)
{
    const char *text = getenv(name);
    if (!text || !*text)
        return fallback;
    int64_t value;
    if (bo_str_int(bo_str_of(text), &value) && value >= low && value <= high)
        return value;
    fprintf(stderr, "bora: %s=%s is not a number from %lld to %lld; ignored\n", name, text,
            (long long)low, (long long)high);
    return fallback;
}

static int count_procs(void)
{
    cpu_set_t set;
    int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                            : (int)sysconf(_SC_NPROCESSORS_ONLN);
    int limit = bo__cgroup_cores();
    cores = cores < limit ? cores : limit;
    cores = cores < 1 ? 1 : cores > BO__PROCS_MAX ? BO__PROCS_MAX : cores;
    return (int)env_number("BORA_PROCS", 1, BO__PROCS_MAX, cores);
}

int bo_procs(void)
{
    bo__runtime_start();
    return bo__rt.procs;
}

// -- start ----------------------------------------------------------------------------------------

static bo__p *p_new(int index)
{
    bo__p *p = aligned_alloc(BO__CACHE_LINE, sizeof *p);
    if (!p)
        bo_panic("out of memory");
    memset(p, 0, sizeof *p);
    p->index = index;
    p->random = mix(seed + (uint64_t)index);
    p->wheel = bo__wheel_new();
    bo__poll_init(p);
    return p;
}

// By default malloc gives memory back to the kernel as soon as 128 KB are free. A request that
// needs as much would fault its pages in and return them, over and over.
static void tune_malloc(void)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, MALLOC_KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, MALLOC_MAPPED_BYTES);
#endif
}

static void start_once(void)
{
    tune_malloc();
    seed = (uint64_t)bo_mono() ^ (uint64_t)getpid() << 32;
    bo__rt.procs = count_procs();
    const char *wish = getenv("BORA_SEED");
    if (wish && *wish) {
        bo__seeded = true;
        seed = (uint64_t)env_number("BORA_SEED", 0, INT64_MAX, 0);
        bo__rt.procs = 1;
    }
    bo__rt.threads_max = (int)env_number("BORA_THREADS", 1, 100000, THREADS_DEFAULT);
#if defined(__aarch64__)
    uint64_t frequency;
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    bo__cycles_20us = frequency / 50000;
#endif
    signal(SIGPIPE, SIG_IGN);
    atomic_store(&bo__rt.coarse_now, bo_mono());
    bo__stacks_init();
    bo__crash_init();
    bo__threads_init();
    for (int i = 0; i < bo__rt.procs; i++)
        bo__rt.p[i] = p_new(i);
    bo__monitor_start();
    for (int i = 0; i < bo__rt.procs; i++) {
        bo__m *m = bo__spare_get();
        if (!m)
            bo_panic("cannot start a thread");
        bo__give(m, bo__rt.p[i]);
    }
}

void bo__runtime_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_once);
}

// -- bo_run ---------------------------------------------------------------------------------------

typedef struct {
    int32_t lock;
    bool done;
    bool foreign;
    int value;
    bo__waitq waiters;
} run;

// A thread that only waits in bo_run cannot wake anybody, so it does not count for deadlocks: from
// when its goroutine is queued to when that has ended. The goroutine itself tells the latter, since
// the thread may take long to wake. In both orders the thread is never in neither count.
static void count_as_waiting(void)
{
    atomic_fetch_add(&bo__rt.in_run, 1);
    atomic_fetch_sub(&bo__rt.foreign, 1);
    bo__tell_idle();
}

static void count_as_foreign(void)
{
    atomic_fetch_add(&bo__rt.foreign, 1);
    atomic_fetch_sub(&bo__rt.in_run, 1);
}

static void run_done(void *value, void *data)
{
    run *r = data;
    if (r->foreign)
        count_as_foreign();
    bo__lock(&r->lock);
    r->value = (int)(intptr_t)value;
    r->done = true;
    bo__waiter *w = bo__waitq_claim(&r->waiters);
    bo__g *g = w ? w->g : NULL;
    bo__unlock(&r->lock);
    if (g)
        bo__ready(g);
}

int bo__run(bo__call call)
{
    bo__runtime_start();
    bo__g *g = bo__self();
    run r = {.foreign = g->m->foreign};
    bo__spawn(call, &(bo_go_options){.name = "main"}, NULL, run_done, &r,
              __builtin_return_address(0));
    if (r.foreign)
        count_as_waiting();
    bo__lock(&r.lock);
    if (!r.done) {
        bo__waiter w = {.g = g};
        bo__wait_begin(g, BO__WAIT_NONE, NULL, BO__NO_DEADLINE, true);
        bo__waitq_push(&r.waiters, &w);
        bo__unlock(&r.lock);
        bo__wait_park(g);
        bo__lock(&r.lock);
    }
    bo__unlock(&r.lock);
    return r.value;
}
