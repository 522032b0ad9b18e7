// SPDX-License-Identifier: MIT
// thread.c: the threads (M), those that lend themselves to one goroutine, and those from outside.
//
// A thread without a P and without a goroutine is a spare. Spares sleep on a stack, so that the one
// used last is taken first; one that nobody needs for ten seconds ends.
//
// "Thread-backed" is one idea with two uses: a goroutine that waits by blocking its thread. A
// pinned goroutine is thread-backed from bo_pin_thread to bo_unpin_thread; a thread that the
// runtime did not start gets a stand-in that always is. So locks and channels work alike from
// everywhere.
#include "runtime/sched.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SPARE_KEEP 2              // spares that do not retire
#define THREAD_STACK (256 << 10)  // of g0: the scheduler's, never user code's

_Atomic int64_t bo__spare_life = 10 * BO_SECOND;

static int32_t spare_lock;
static bo__m *spares;
static int spare_count;
static bo__m *retired;  // records of threads that have ended, for reuse; under spare_lock
static pthread_key_t foreign_key;

static struct {
    int32_t lock;
    int used;
    bo__waitq waiters;
} blocking;

// False: it timed out.
static bool futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline)
{
    // FUTEX_WAIT_BITSET takes an absolute time on the monotonic clock. A wait that has one, even at
    // the end of time, is not restarted by the kernel after a signal: ThreadSanitizer, which runs
    // handlers when the thread is back in the program, would sit on the signal for ever.
    struct timespec at = {deadline / BO_SECOND, deadline % BO_SECOND};
    long r = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, &at, NULL,
                     FUTEX_BITSET_MATCH_ANY);
    return !(r < 0 && errno == ETIMEDOUT);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

// -- records --------------------------------------------------------------------------------------

static bo__m *m_new(void)
{
    bo__lock(&spare_lock);
    bo__m *m = retired;
    if (m)
        retired = m->next_spare;
    bo__unlock(&spare_lock);
    if (!m) {
        m = aligned_alloc(BO__CACHE_LINE,
                          (sizeof *m + BO__CACHE_LINE - 1) & ~(BO__CACHE_LINE - 1ul));
        if (!m)
            bo_panic("out of memory");
        memset(m, 0, sizeof *m);
        m->next_all = atomic_load(&bo__rt.all_m);
        while (!atomic_compare_exchange_weak(&bo__rt.all_m, &m->next_all, m)) {
        }
    }
    m->g = &m->g0;
    m->g0.m = m;
    m->g0.task.kind = BO__TASK_G;
    atomic_store(&m->lost, 1);
    atomic_store(&m->futex, 0);
    return m;
}

static void m_retire(bo__m *m)
{
    atomic_store(&m->alive, false);
    bo__lock(&spare_lock);
    m->next_spare = retired;
    retired = m;
    bo__unlock(&spare_lock);
}

// m_become makes m the thread's own. Not inline, so that no other function holds the thread's
// address (scripts/check-tls).
static __attribute__((noinline)) void m_become(bo__m *m)
{
    bo__tls_m = m;
}

static void m_begin(bo__m *m)
{
    atomic_store(&m->tid, (pid_t)syscall(SYS_gettid));
    m->thread = pthread_self();
    pthread_attr_t attr;
    void *low;
    size_t size;
    if (pthread_getattr_np(m->thread, &attr) == 0) {
        if (pthread_attr_getstack(&attr, &low, &size) == 0) {
            m->g0.stack_low = low;
            m->g0.stack_high = (char *)low + size;
        }
        pthread_attr_destroy(&attr);
    }
#ifdef BO__THREAD_SANITIZER
    m->g0.fiber = __tsan_get_current_fiber();
#endif
    m_become(m);
    atomic_store(&m->alive, true);
    bo__crash_thread_init(m);
}

// -- spares ---------------------------------------------------------------------------------------

// Sleeps until bo__give. False: nobody wanted this spare for long.
static bool await_p(bo__m *m)
{
    int64_t deadline = bo_mono() + bo__spare_life;
    while (atomic_load(&m->futex) == 0) {
        if (futex_wait(&m->futex, 0, deadline))
            continue;
        bo__lock(&spare_lock);
        bo__m **at = &spares;
        while (*at && *at != m)
            at = &(*at)->next_spare;
        bool retires = *at && spare_count > SPARE_KEEP;
        if (retires) {
            *at = m->next_spare;
            spare_count--;
        }
        bo__unlock(&spare_lock);
        if (retires)
            return false;
        deadline = bo_mono() + bo__spare_life;
    }
    atomic_store(&m->futex, 0);
    return true;
}

static _Noreturn void end_spare(bo__m *m)
{
    atomic_fetch_sub(&bo__rt.threads, 1);
    m_become(NULL);
    bo__crash_thread_end();
    m_retire(m);
    pthread_exit(NULL);
}

void bo__spare_wait(bo__m *m)
{
    bo__spare_put(m);
    if (!await_p(m))
        end_spare(m);
}

static void *thread_main(void *arg)
{
    bo__m *m = arg;
    m_begin(m);
    // Not among the spares yet: whoever started this thread has a P for it, or puts it there.
    if (!await_p(m))
        end_spare(m);
    bo__schedule_loop(m);
}

static bo__m *thread_start(void)
{
    bo__m *m = m_new();
    m->foreign = false;
    m->inside = 1;  // g0 always is
    m->g0.thread = false;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, THREAD_STACK);
    pthread_t thread;
    int failed = pthread_create(&thread, &attr, thread_main, m);
    pthread_attr_destroy(&attr);
    if (failed) {
        m_retire(m);
        return NULL;
    }
    atomic_fetch_add(&bo__rt.threads, 1);
    return m;
}

bo__m *bo__spare_get(void)
{
    bo__lock(&spare_lock);
    bo__m *m = spares;
    if (m) {
        spares = m->next_spare;
        spare_count--;
    }
    bo__unlock(&spare_lock);
    return m ? m : thread_start();
}

void bo__spare_put(bo__m *spare)
{
    bo__lock(&spare_lock);
    spare->next_spare = spares;
    spares = spare;
    spare_count++;
    bo__unlock(&spare_lock);
}

void bo__give(bo__m *spare, bo__p *p)
{
    atomic_store(&spare->p, p);
    atomic_store(&p->m, spare);
    atomic_store(&spare->lost, 0);
    atomic_store(&spare->futex, 1);
    futex_wake(&spare->futex);
}

// Takes the P off a thread that is inside the runtime and gives it to a spare. False: no spare.
static bool hand_off(bo__m *m)
{
    bo__m *spare = bo__spare_get();
    if (!spare)
        return false;
    bo__p *p = m->p;
    atomic_store(&m->lost, 1);
    atomic_store(&m->p, NULL);
    atomic_fetch_add(&bo__rt.off_p, 1);
    bo__give(spare, p);
    return true;
}

// -- entering without a P -------------------------------------------------------------------------

// The child of a fork has one thread and no runtime; exec is all that it may do.
static bool is_child;

static void after_fork(void)
{
    is_child = true;
    bo__m *m = bo__m_self();
    if (m)
        atomic_store(&m->lost, 1);
}

void bo__threads_init(void)
{
    if (pthread_atfork(NULL, NULL, after_fork) != 0)
        bo_panic("pthread_atfork failed");
}

bo__m *bo__enter_slow(bo__m *m)
{
    if (is_child)
        bo_panic("goroutines do not survive fork: start programs with bo_process_start, or call "
                 "exec at once");
    if (!m) {
        m = bo__attach_foreign();
        m->inside++;
        return m;
    }
    if (m->p) {
        // The monitor may be at work on us; it decides under this lock, and sees us inside.
        bo__lock(&m->take_lock);
        bo__unlock(&m->take_lock);
    }
    return m;
}

// -- blocking calls -------------------------------------------------------------------------------

static void take_slot(bo__g *g)
{
    bo__lock(&blocking.lock);
    if (blocking.used < bo__rt.threads_max) {
        blocking.used++;
        bo__unlock(&blocking.lock);
        return;
    }
    // The one who frees a slot hands it to us.
    bo__waiter w = {.g = g};
    bo__wait_begin(g, BO__WAIT_THREAD, &blocking, BO__NO_DEADLINE, true);
    bo__waitq_push(&blocking.waiters, &w);
    bo__unlock(&blocking.lock);
    bo__wait_park(g);
}

static void free_slot(void)
{
    bo__lock(&blocking.lock);
    bo__waiter *w = bo__waitq_claim(&blocking.waiters);
    bo__g *g = w ? w->g : NULL;
    if (!w)
        blocking.used--;
    bo__unlock(&blocking.lock);
    if (g)
        bo__ready(g);
}

char bo__blocking_begin(void)
{
    bo__g *g = bo__self();
    if (g->thread)
        return 0;  // it has a thread of its own already
    take_slot(g);
    bo__m *m = bo__enter();
    // Without a spare the P stays here, and the call delays what is queued on it.
    if (!m->p || hand_off(m))
        atomic_store_explicit(&g->state, BO__G_BLOCKING, memory_order_relaxed);
    bo__leave(m);
    return 1;
}

void bo__blocking_end(char *scope)
{
    if (!*scope)
        return;
    int saved = *bo__errno();
    free_slot();
    bo__m *m = bo__enter();
    bo__g *g = m->g;
    if (m->p)
        atomic_store_explicit(&g->state, BO__G_RUNNING, memory_order_relaxed);
    else
        bo__requeue_self(m, g);
    bo__leave(bo__m_self());
    *bo__errno() = saved;
}

// -- thread-backed goroutines ---------------------------------------------------------------------

void bo_pin_thread(void)
{
    bo__g *g = bo__self();
    if (g->pins++ > 0 || g->thread)
        return;
    bo__m *m = bo__enter();
    if (m->p && !hand_off(m))
        bo_panic("bo_pin_thread: no further thread can be started");
    g->thread = true;
    bo__leave(m);
}

void bo_unpin_thread(void)
{
    bo__g *g = bo__self();
    bo_assert(g->pins > 0);
    bo__m *m = bo__enter();
    if (--g->pins == 0 && !m->foreign) {
        g->thread = false;
        bo__requeue_self(m, g);
        m = bo__m_self();
    }
    bo__leave(m);
}

void bo__tell_idle(void)
{
    if (atomic_load(&bo__rt.idle_count) == bo__rt.procs)
        bo__wake_p(bo__rt.p[0]);
}

static void count_running(const bo__m *m)
{
    if (!m->foreign)
        atomic_fetch_add(&bo__rt.off_p, 1);
}

void bo__thread_park(bo__g *g)
{
    bo__m *m = bo__m_self();
    int64_t deadline = g->deadline;
    bool timed = deadline != BO__NO_DEADLINE;
    if (timed)
        atomic_fetch_add(&bo__rt.thread_timed, 1);
    if (!m->foreign) {
        atomic_fetch_sub(&bo__rt.off_p, 1);
        bo__tell_idle();
    }
    while (atomic_load(&g->futex) == 0) {
        if (futex_wait(&g->futex, 0, deadline))
            continue;
        uintptr_t open = g->deaf ? BO__CLAIM_OPEN_DEAF : BO__CLAIM_OPEN;
        if (atomic_compare_exchange_strong(&g->claim, &open, BO__CLAIM_DEADLINE)) {
            count_running(m);
            break;
        }
        deadline = BO__NO_DEADLINE;  // somebody has claimed it and will wake us
    }
    if (timed)
        atomic_fetch_sub(&bo__rt.thread_timed, 1);
}

void bo__thread_wake(bo__g *g)
{
    // Counted by the waker: until the thread gets a core, nobody else would know that it can run.
    count_running(g->m);
    atomic_store(&g->futex, 1);
    // g may be gone by now; its record is not, so at worst somebody wakes for nothing.
    futex_wake(&g->futex);
}

// -- foreign threads ------------------------------------------------------------------------------

static void detach_foreign(void *arg)
{
    bo__m *m = arg;
    atomic_fetch_sub(&bo__rt.foreign, 1);
    bo__monitor_wake();  // it may have been the last one that could have woken somebody
    m_become(NULL);
    bo__crash_thread_end();
    m_retire(m);
}

static void make_key(void)
{
    if (pthread_key_create(&foreign_key, detach_foreign) != 0)
        bo_panic("pthread_key_create failed");
}

bo__m *bo__attach_foreign(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    bo__runtime_start();
    bo__m *m = m_new();
    m->foreign = true;
    m->inside = 0;
    bo__g *g = &m->g0;
    g->id = 0;
    g->name = "foreign thread";
    g->scope = NULL;
    g->thread = true;
    g->pins = 0;
    atomic_store(&g->state, BO__G_RUNNING);
    m_begin(m);
    atomic_fetch_add(&bo__rt.foreign, 1);
    pthread_setspecific(foreign_key, m);
    return m;
}
