// SPDX-License-Identifier: MIT
// sched.h: goroutines (G), processors (P) and threads (M). Private to the runtime.
//
// G  a goroutine: a saved stack pointer and what is known of it. It lives at the top of its own
//    stack slot, so that a parked one touches a single page.
// P  a processor: the right to run goroutines, with what that needs: a run queue, timers, a poller,
//    caches. There are bo_procs() of them, for ever.
// M  a thread. One that runs goroutines holds a P. One whose goroutine computes or blocks for long
//    loses its P to another M and goes on without; when its goroutine next enters the runtime, that
//    goroutine queues for a P, and the thread becomes a spare.
//
// Who may touch a P: the thread that holds it, between bo__enter and bo__leave. Taking a P away
// from a running thread needs no atomic operation on that path: the thread counts itself in with a
// plain store, the monitor (monitor.c) raises m->lost, makes the kernel order both sides
// (membarrier) and takes the P only if the thread is not inside. See docs/runtime.md.
#ifndef BORA_SRC_SCHED_H
#define BORA_SRC_SCHED_H

#include "runtime/runtime.h"
#include "runtime/sanitize.h"

#include <pthread.h>
#include <sys/types.h>

#define BO__CACHE_LINE 64
#define BO__RING 256  // slots of a P's run queue, as in Go
#define BO__PROCS_MAX 256

typedef struct bo__p bo__p;
typedef struct bo__m bo__m;
typedef struct bo__start bo__start;

// What a run queue holds: a goroutine, or one that was not started yet and has no stack.
typedef enum { BO__TASK_START, BO__TASK_G } bo__task_kind;

typedef struct bo__task {
    struct bo__task *next;
    uint32_t kind;         // bo__task_kind
    uint32_t stack_class;  // index into bo__stack_sizes
} bo__task;

// A goroutine before its first run: two cache lines.
struct bo__start {
    bo__task task;
    bo__scope *scope;
    void (*at_exit)(void *value, void *data);
    void *data;
    uint64_t id;
    const char *name;
    const void *site;
    bo__call call;
};

typedef enum {
    BO__G_DEAD,  // zero, so that a slot never used reads as dead
    BO__G_RUNNABLE,
    BO__G_RUNNING,
    BO__G_WAITING,
    BO__G_BLOCKING,  // in bo_blocking, without a P
} bo__g_state;

// How a wait was ended, in g->claim; any other value is the bo__waiter that claimed it.
// A deaf wait is OPEN in a way of its own, so that a scope cannot mistake it.
enum {
    BO__CLAIM_NONE,
    BO__CLAIM_OPEN,
    BO__CLAIM_OPEN_DEAF,
    BO__CLAIM_DEADLINE,
    BO__CLAIM_SCOPE,
};

typedef struct bo__local_value {
    struct bo__local_value *next;
    const bo_local *local;
    void *value;
    void (*free_value)(void *);
} bo__local_value;

struct bo__g {
    bo__task task;
    void *sp;                 // saved stack pointer, while off the processor; switch_*.S knows
    _Atomic uint32_t on_cpu;  // 1 until it is off its stack; switch_*.S knows its offset
    _Atomic uint8_t state;    // bo__g_state
    uint8_t reason;           // bo__wait_reason of the present wait
    bool deaf;                // the present wait is not ended by the scope
    bool solo;                // only one waker is possible: claiming needs no atomic operation
    _Atomic uintptr_t claim;
    int64_t deadline;  // of the present wait
    const void *waits_on;
    _Atomic int64_t since;  // coarse time at which the present wait began
    bo__scope *scope;
    bo__g *scope_next, *scope_prev;
    char *stack_low, *stack_high;
    int saved_errno;
    _Atomic uint32_t futex;  // of a thread-backed one: raised when it may go on
    uint16_t pins;           // bo_pin_thread calls not yet undone
    bool thread;             // thread-backed: waits by blocking its thread
    bo__m *m;                // the thread it runs on, while it runs
    bo__m *last_m;
    uint64_t id;
    const char *name;
    const void *site;  // where it was started
    bo__local_value *locals;
    void (*at_exit)(void *value, void *data);
    void *at_exit_data;
    bo__timer timer;
    bo__call call;
    BO__SANITIZER_FIELDS
};

// Counts that only their P's holder raises; others read sums.
typedef struct {
    _Atomic uint64_t spawned, exited;
} bo__counts;

struct bo__wheel;

struct bo__p {
    // The ring: the holder pushes at tail and pops at head; thieves pop at head.
    _Alignas(BO__CACHE_LINE) _Atomic uint32_t head;
    _Alignas(BO__CACHE_LINE) _Atomic uint32_t tail;
    _Atomic(bo__task *) ring[BO__RING];
    // The holder's alone.
    _Alignas(BO__CACHE_LINE) bo__task *next;  // runs first: the one just made ready
    uint32_t next_streak;                     // how often in a row next was preferred
    _Atomic uint32_t tick;                    // scheduling decisions
    uint64_t surplus_at;                      // cycle count since which the ring held more than one
    int64_t polled_at, timed_at;              // coarse times of the last poll and timer check
    bo__start *starts;                        // free start records
    uint32_t start_count;
    uint32_t slot_count;
    bo__g *slots[64];  // free stacks of the default size
    uint64_t id_next, id_end;
    uint64_t random;
    struct bo__wheel *wheel;
    bo__counts counts;
    int index;
    int epoll_fd, wake_fd;
    bool searching;  // was woken to look for work and has found none yet
    // Read and written by others.
    _Alignas(BO__CACHE_LINE) _Atomic uint32_t idle;  // 1: sleeps in its poller, wake it by wake_fd
    _Atomic(bo__m *) m;
    int32_t inbox_lock;
    bo__task *inbox_first, *inbox_last;  // forced migration (BORA_MIGRATE) only
    // The monitor's alone.
    _Alignas(BO__CACHE_LINE) uint32_t seen_tick;
    int64_t seen_at;
};

struct bo__m {
    bo__g *g;                // running now: a goroutine, or g0
    _Atomic(bo__p *) p;      // NULL: none
    uint32_t inside;         // depth of bo__enter; plain, since only this thread writes it
    _Atomic uint32_t lost;   // 1: look before touching p
    int32_t take_lock;       // held by the monitor while it decides
    _Atomic uint32_t futex;  // a spare sleeps here
    bo__m *next_spare, *next_all;
    bo__g *dead;  // its slot is given back once g0 runs
    _Atomic pid_t tid;
    pthread_t thread;
    bool foreign;  // not started by the runtime
    bool in_run;   // a foreign thread that waits in bo_run
    _Atomic bool alive;
    void *signal_stack;
    bo__g g0;  // the scheduler's context; of a foreign thread: its stand-in
};

typedef struct {
    int procs;
    bo__p *p[BO__PROCS_MAX];
    _Atomic int idle_count;
    _Atomic int searching;       // Ps woken to look for work that have found none yet
    _Atomic int64_t coarse_now;  // bo_mono(), at most about 2 ms old while anything runs
    _Atomic bool started;
    _Atomic int off_p;    // goroutines that run without a P: blocking calls, hogs, pinned
    _Atomic int foreign;  // foreign threads that have used the runtime, without those in bo_run
    _Atomic int threads;  // Ms alive that the runtime started
    _Atomic int in_run;   // foreign threads in bo_run
    _Atomic int thread_timed;  // thread-backed waits that have a deadline
    _Atomic int poll_fds;      // descriptors tied to a poller
    bo__counts elsewhere;      // of threads without a P; raised atomically
    int threads_max;
    _Atomic(bo__m *) all_m;
    int32_t global_lock;
    bo__task *global_first, *global_last;
    _Atomic uint32_t global_count;
} bo__runtime;

extern bo__runtime bo__rt;
extern _Thread_local bo__m *bo__tls_m;
extern bool bo__has_membarrier;

// bo__next and bo__set_next are how p->next is read and written: its holder's alone, but for the
// look for a deadlock, which reads those of all Ps.
static inline bo__task *bo__next(const bo__p *p)
{
    return __atomic_load_n(&p->next, __ATOMIC_RELAXED);
}

static inline void bo__set_next(bo__p *p, bo__task *task)
{
    __atomic_store_n(&p->next, task, __ATOMIC_RELAXED);
}

// bo__m_self reads the thread's M. It may be called again after every park and never remembered:
// the read is volatile on x86-64 and an opaque call elsewhere, so no compiler can do so either.
#if defined(__x86_64__)
static inline bo__m *bo__m_self(void)
{
    bo__m *m;
    __asm__ volatile("movq %%fs:bo__tls_m@tpoff, %0" : "=r"(m));
    return m;
}
#else
bo__m *bo__m_self(void);
#endif

// bo__enter begins a stretch in which the thread's P is its own; it may have none (m->p == NULL).
// Stretches nest. They must not contain user code.
bo__m *bo__enter_slow(bo__m *m);

static inline bo__m *bo__enter(void)
{
    bo__m *m = bo__m_self();
    if (__builtin_expect(!m, 0))
        return bo__enter_slow(m);
    __atomic_store_n(&m->inside, m->inside + 1, __ATOMIC_RELAXED);
    // The compiler must not move the load of lost up; the kernel orders it for the processor.
    if (__builtin_expect(bo__has_membarrier, 1))
        atomic_signal_fence(memory_order_seq_cst);
    else
        atomic_thread_fence(memory_order_seq_cst);
    if (__builtin_expect(atomic_load_explicit(&m->lost, memory_order_acquire), 0))
        return bo__enter_slow(m);
    return m;
}

static inline void bo__leave(bo__m *m)
{
    __atomic_store_n(&m->inside, m->inside - 1, __ATOMIC_RELEASE);
}

// switch_*.S
void bo__switch(bo__g *from, bo__g *to);
// bo__first_frame lays out the frame from which the first switch to g starts it, below g (which is
// the top of its stack), and returns the stack pointer. bo__restart starts g on its stack right
// now.
void *bo__first_frame(bo__g *g);
void bo__restart(bo__g *g) __attribute__((noreturn));

// A P's sleep, in p->idle.
enum { BO__P_BUSY = 0, BO__P_IDLE = 1, BO__P_WOKEN = 2 };

// sched.c: run queues, and who runs next.

// bo__queue makes a task runnable on m's P, as the one to run next or as the last of the queue;
// without a P, on the global queue.
void bo__queue(bo__m *m, bo__task *task, bool next);
// bo__wake_one wakes an idle P to look for work, unless one is looking already.
void bo__wake_one(void);
void bo__queue_global(bo__task *task);
// bo__has_surplus: p's ring holds what others could run.
bool bo__has_surplus(const bo__p *p);
// bo__wake_p interrupts a P's sleep in its poller.
void bo__wake_p(bo__p *p);
// bo__next_task is the queued task to run next, or NULL: let g0 look around.
bo__task *bo__next_task(bo__m *m);
// bo__claim_task makes it a goroutine that is off its stack and ours to run.
bo__g *bo__claim_task(bo__m *m, bo__task *task, const bo__g *current);
// bo__swap goes from one goroutine to another and returns when somebody goes back.
void bo__swap(bo__m *m, bo__g *from, bo__g *to);
// bo__swap_out leaves g, which waits or is queued, for whoever is next.
void bo__swap_out(bo__m *m, bo__g *g);
// bo__requeue_self gives g, which runs without a P, a place in the global queue and its thread
// back.
void bo__requeue_self(bo__m *m, bo__g *g);
void bo__ready_on(bo__m *m, bo__g *g);
_Noreturn void bo__schedule_loop(bo__m *m);

// spawn.c: the birth and death of goroutines.
// bo__bind gives a start its stack (or reuses the one the caller dies on).
bo__g *bo__bind(bo__p *p, bo__start *start, bo__g *reuse);
_Noreturn void bo__g_main(bo__g *g);
// bo__spawn_watch starts the goroutine of a watch, as the last of the queue.
void bo__spawn_watch(bo__m *m, const bo__watch *watch);

// starts.c: the records of those that have not run yet.
bo__start *bo__start_get(bo__p *p);
// bo__start_put takes one back that nobody refers to any more, on the P of the caller.
void bo__start_put(bo__p *p, bo__start *start);
// bo__start_each visits those that are in use.
void bo__start_each(bool (*visit)(bo__start *start, void *data), void *data);
// bo__starts_trim gives memory of free ones back that was not needed since the last call;
// bo__starts_trimmable: the next calls will find some.
void bo__starts_trim(void);
bool bo__starts_trimmable(void);

// stack.c
extern const size_t bo__stack_sizes[];
enum { BO__STACK_CLASSES = 5, BO__STACK_DEFAULT = 2 };
void bo__stacks_init(void);
uint32_t bo__stack_class(size_t bytes);
bo__g *bo__stack_get(bo__p *p, uint32_t stack_class);
// bo__stack_put gives back the slot that the caller runs on, of the default size.
// bo__stack_put_idle gives back any that nobody runs on.
void bo__stack_put(bo__p *p, bo__g *g);
void bo__stack_put_idle(bo__g *g);
// bo__stacks_trim gives some pages of unused stacks back; bo__stacks_trimmable: there are more.
void bo__stacks_trim(void);
bool bo__stacks_trimmable(void);
extern bool bo__stack_checked;
void bo__stack_check(const bo__g *g);
// bo__stack_find tells to which goroutine's slot an address belongs, and whether it is its guard.
bo__g *bo__stack_find(const void *address, bool *is_guard);
// bo__stack_each calls visit for every slot that was ever used, until it returns false.
void bo__stack_each(bool (*visit)(bo__g *g, void *data), void *data);

// thread.c: Ms.
// bo__spare_life is how long a thread waits for work before it ends.
extern _Atomic int64_t bo__spare_life;
void bo__threads_init(void);
// bo__spare_get is a thread without work, or a new one; NULL: none can be had.
bo__m *bo__spare_get(void);
void bo__spare_put(bo__m *spare);
// bo__give gives p to a spare, which begins to schedule.
void bo__give(bo__m *spare, bo__p *p);
// bo__spare_wait sleeps as a spare until m has a P; the thread ends if that takes long.
void bo__spare_wait(bo__m *m);
void bo__thread_park(bo__g *g);
// bo__tell_idle is for a thread without a P that is about to wait: if all Ps sleep, one looks again
// whether this is a deadlock, since nothing else would.
void bo__tell_idle(void);
void bo__thread_wake(bo__g *g);
bo__m *bo__attach_foreign(void);

// monitor.c
void bo__monitor_start(void);
void bo__monitor_wake(void);

// timer.c: a wheel for each P.
struct bo__wheel *bo__wheel_new(void);
void bo__timer_add(bo__m *m, bo__timer *timer, int64_t when);
void bo__timer_remove(bo__timer *timer);
int64_t bo__wheel_due(const struct bo__wheel *wheel);
void bo__wheel_run(struct bo__wheel *wheel, int64_t now);
size_t bo__wheel_count(struct bo__wheel *wheel);

// poll.c
void bo__poll_init(bo__p *p);
// bo__poll_run makes ready whom p's poller has news for, onto m's queue; waits up to timeout_ns
// (negative: for ever) when there is none.
void bo__poll_run(bo__m *m, bo__p *p, int64_t timeout_ns);

// scope.c
void bo__scope_join(bo__scope *scope, bo__g *g);
void bo__scope_leave(bo__g *g);
// bo__scope_end is bo__scope_cancel without the waking: it returns those whose waits it has ended,
// chained by task.next, for the caller to make ready.
bo__g *bo__scope_end(bo__scope *scope, bo_err reason);

// start.c
void bo__runtime_start(void);

// cgroup.c
int bo__cgroup_cores(void);

// deadlock.c: called by a P that is about to sleep without a timer while all others sleep, and by
// the monitor before it rests.
void bo__deadlock_check(void);

// crash.c, dump.c: see there.
void bo__crash_init(void);
void bo__crash_thread_init(bo__m *m);
void bo__crash_thread_end(void);
// bo__crash_overflow ends the program with a report: g has left its stack.
void bo__crash_overflow(const bo__g *g);

// bo__cycles counts at a constant rate, cheaply; BO__CYCLES_20US of them are roughly 20 us.
static inline uint64_t bo__cycles(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
#endif
}

extern uint64_t bo__cycles_20us;

#endif
