// SPDX-License-Identifier: MIT
// runtime.h: what the rooms above the runtime may use of it: locks, waits, timers, scopes.
//
// A goroutine (bo__g) waits in four steps, the same everywhere:
//
//     bo__g *g = bo__self();
//     bo__lock(&object->lock);
//     ...nothing to be had...
//     bo__waiter w = {.g = g};
//     bo__wait_begin(g, BO__WAIT_LOCK, object, deadline, false);
//     bo__waitq_push(&object->waiters, &w);
//     bo__unlock(&object->lock);
//     if (bo__wait_park(g) != BO__WAKE_EVENT) {        // deadline or cancellation
//         bo__lock(&object->lock);
//         bo__waitq_remove(&object->waiters, &w);       // no effect if a waker has removed it
//         bo__unlock(&object->lock);
//     }
//
// and whoever has something for it, holding the object's lock:
//
//     bo__waiter *w = bo__waitq_claim(&object->waiters); // the first whose wait is still open
//     ...hand over through w...
//     bo__unlock(&object->lock);
//     if (w) bo__ready(w->g)          // g read before the unlock: w lives on g's stack
//
// Invariants:
// - A wait is ended exactly once: by the one who moves g->claim from WAITING to its own mark.
//   A waker, the deadline's timer and the scope's cancellation compete for that.
// - A waiter record is read and written only under the lock of the object it is queued on.
// - Nothing that parks is called while a bo__lock is held.
// - Between bo__wait_begin and bo__wait_park nothing else may wait or call user code.
#ifndef BORA_SRC_RUNTIME_H
#define BORA_SRC_RUNTIME_H

#include <bora/err.h>
#include <bora/go.h>
#include <bora/time.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bo__g bo__g;
typedef struct bo__waiter bo__waiter;

// -- locks ----------------------------------------------------------------------------------------

// A lock for sections of some tens of nanoseconds that neither park nor call user code. A zero one
// is open. Contended, it spins briefly, then sleeps in the kernel for a moment and tries again.
// Lock order: docs/runtime.md.
void bo__lock_slow(int32_t *lock);

static inline bool bo__trylock(int32_t *lock)
{
    return __atomic_load_n(lock, __ATOMIC_RELAXED) == 0 &&
           __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void bo__lock(int32_t *lock)
{
    if (__builtin_expect(__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0, 0))
        bo__lock_slow(lock);
}

static inline void bo__unlock(int32_t *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

// -- waits ----------------------------------------------------------------------------------------

// What a goroutine waits for, for dumps. bo__wait_name gives the words.
typedef enum {
    BO__WAIT_NONE,
    BO__WAIT_SLEEP,
    BO__WAIT_RECV,
    BO__WAIT_SEND,
    BO__WAIT_SELECT,
    BO__WAIT_FOREVER,  // a nil channel, an empty select
    BO__WAIT_MUTEX,
    BO__WAIT_RWMUTEX_READ,
    BO__WAIT_RWMUTEX_WRITE,
    BO__WAIT_COND,
    BO__WAIT_SEMAPHORE,
    BO__WAIT_GROUP,
    BO__WAIT_WG,
    BO__WAIT_ONCE,
    BO__WAIT_READ,
    BO__WAIT_WRITE,
    BO__WAIT_THREAD,
    BO__WAIT_SIGNAL,
} bo__wait_reason;

const char *bo__wait_name(bo__wait_reason reason);

// How a wait ended.
typedef enum {
    BO__WAKE_EVENT,     // a waker claimed it; see bo__wait_waiter
    BO__WAKE_DEADLINE,  // the deadline passed
    BO__WAKE_SCOPE,     // the scope ended: bo_scope_err() says why
} bo__wake;

#define BO__NO_DEADLINE INT64_MAX

// One place in one queue. It lives on the waiting goroutine's stack.
struct bo__waiter {
    bo__g *g;
    bo__waiter *next, *prev;  // prev == NULL: not queued (the queue's head counts as a neighbour)
    void *data;               // For the object: where to put or to take an element.
    uintptr_t tag;            // For the object: the case of a select, an outcome.
};

// bo__self is the running goroutine. A foreign thread gets a stand-in of its own, which waits by
// blocking its thread. Never keep a thread-local's address across a park; a bo__g may be kept.
bo__g *bo__self(void);

// bo__wait_begin opens the wait, before the first waiter is queued. deadline is on bo_mono's clock.
// on is the object, for dumps. deaf: the scope's end does not end this wait (wait groups, locks
// without a deadline: whoever gives up early would leave others' memory in use).
void bo__wait_begin(bo__g *g, bo__wait_reason reason, const void *on, int64_t deadline, bool deaf);

// bo__wait_park waits and says how it ended. If the deadline is over or the scope has ended, that
// wins only over what was not yet claimed. Keeps errno.
bo__wake bo__wait_park(bo__g *g);

// bo__wait_waiter is the record through which the last wait was claimed (BO__WAKE_EVENT).
bo__waiter *bo__wait_waiter(const bo__g *g);

// bo__wait_claim tries to end g's wait on behalf of w. Call it with the lock of w's queue held.
bool bo__wait_claim(bo__waiter *w);

// bo__ready makes a goroutine run again whose wait the caller has claimed. Call it without locks.
void bo__ready(bo__g *g);

// bo__ready_all does so for a chain of waiters (by next) whose waits the caller has claimed.
void bo__ready_all(bo__waiter *chain);

// A bo__waitq is a queue of waiters, oldest first; a zero one is empty. bora/go.h has the type.
static inline void bo__waitq_push(bo__waitq *q, bo__waiter *w)
{
    w->next = NULL;
    w->prev = q->last ? q->last : w;
    if (q->last)
        q->last->next = w;
    else
        q->first = w;
    q->last = w;
}

static inline void bo__waitq_push_front(bo__waitq *q, bo__waiter *w)
{
    w->next = q->first;
    w->prev = w;
    if (q->first)
        q->first->prev = w;
    else
        q->last = w;
    q->first = w;
}

// bo__waitq_remove takes w out wherever it is, if it is queued.
static inline void bo__waitq_remove(bo__waitq *q, bo__waiter *w)
{
    if (!w->prev)
        return;
    if (w->next)
        w->next->prev = w->prev == w ? w->next : w->prev;
    else
        q->last = w->prev == w ? NULL : w->prev;
    if (w->prev == w)
        q->first = w->next;
    else
        w->prev->next = w->next;
    w->next = w->prev = NULL;
}

// bo__waitq_claim takes waiters off the front until one's wait could be claimed; NULL: none.
static inline bo__waiter *bo__waitq_claim(bo__waitq *q)
{
    for (bo__waiter *w; (w = q->first) != NULL;) {
        bo__waitq_remove(q, w);
        if (bo__wait_claim(w))
            return w;
    }
    return NULL;
}

// bo__proc_index is the number of the P that runs the caller, for caches with a part for each; it
// may be another one a moment later. 0 without a P.
int bo__proc_index(void);

// -- randomness -----------------------------------------------------------------------------------

// bo__random is a fast random number below n (n > 0); seeded by BORA_SEED, else at start.
uint32_t bo__random(uint32_t n);

// bo__perturb is called at the entry of every channel and lock operation: in seeded mode it
// sometimes yields, so that a seed stands for one interleaving. Otherwise one load and a branch.
extern bool bo__seeded;
void bo__perturb_slow(void);
static inline void bo__perturb(void)
{
    if (__builtin_expect(bo__seeded, 0))
        bo__perturb_slow();
}

// -- scopes ---------------------------------------------------------------------------------------

// A scope is a set of goroutines that are canceled together. Scopes nest; ending one ends those
// below it. A goroutine is in one scope, or in none (NULL). See scope.c.

// bo__scope_open makes scope a child of the running goroutine's scope, open. The memory must be
// zero. If the parent has ended already, the child begins ended.
void bo__scope_open(bo__scope *scope);

// bo__scope_deadline ends the scope with BO_TIMEOUT at a moment of bo_mono's clock. A later one
// than that set before, or than the parent's, has no effect earlier than theirs.
void bo__scope_deadline(bo__scope *scope, int64_t deadline);

// bo__scope_cancel ends the scope with reason (BO_CANCELED, BO_TIMEOUT). Once; later ones: no
// effect. Wakes every member that waits and is not deaf.
void bo__scope_cancel(bo__scope *scope, bo_err reason);

bo_err bo__scope_reason(const bo__scope *scope);

// bo__scope_close takes the scope out of its parent. It must have no members left.
void bo__scope_close(bo__scope *scope);

// bo__scope_enter moves the running goroutine into scope (or NULL: out of all) and returns the one
// it was in, to be entered again later.
bo__scope *bo__scope_enter(bo__scope *scope);

// -- starting -------------------------------------------------------------------------------------

// bo__spawn starts a goroutine in a scope that the caller names (NULL: none). at_exit, if not NULL,
// runs on the goroutine with the call's value and data, after the goroutine has left the scope and
// as the last thing it does: the scope may be gone once it returns.
void bo__spawn(bo__call call, const bo_go_options *options, bo__scope *scope,
               void (*at_exit)(void *value, void *data), void *data, const void *site);

// -- descriptors ----------------------------------------------------------------------------------

// A bo__pollfd waits for one descriptor's readiness, for one reader and one writer at a time.
// The descriptor must be non-blocking. See poll.c.
typedef struct bo__pollfd bo__pollfd;

// bo__poll_open ties fd to a poller at its first wait. bo__poll_close forgets it, and ends waits in
// progress; the caller closes fd after it.
bo__pollfd *bo__poll_open(int fd);
void bo__poll_close(bo__pollfd *pfd);

// bo__poll_wait parks until fd is readable (write: writable), has an error or was hung up. NULL, or
// BO_TIMEOUT (deadline or scope), BO_CANCELED, BO_CLOSED. Readiness that came since the last wait
// counts: after a short read, call it without another read.
bo_err bo__poll_wait(bo__pollfd *pfd, bool write, int64_t deadline);

// A goroutine to be started when there is news, for who waits long and wants to cost little: until
// then it does not exist.
typedef struct {
    void (*fn)(void *data);
    void *data;
    const char *name;  // A literal.
} bo__watch;

// bo__poll_watch is bo__poll_wait for reading, except that it does not wait: if what the caller
// would wait for is there already, *watching is false; else fn(data) will run once it is. From then
// on the descriptor is that goroutine's, whose first call on it is bo__poll_watched, which says how
// the wait ended. Errors (the descriptor cannot be tied to a poller, BO_CLOSED): nothing is
// watched. In no scope. Never parks.
bo_err bo__poll_watch(bo__pollfd *pfd, const bo__watch *watch, int64_t deadline, bool *watching);
bo_err bo__poll_watched(bo__pollfd *pfd);

// bo__poll_ask_first: from now on a short read does not mean that the socket is drained, so read,
// and wait only after EAGAIN. The peer has hung up, and the end may stand behind the data; or it
// has sent urgent data, and a read stops short at the mark.
bool bo__poll_ask_first(const bo__pollfd *pfd);

// bo__poll_ends_scope has scope end with BO_CANCELED when the peer hangs up (or now, if it has), in
// place of the one before; NULL: none any more, and the one before is not touched from then on.
void bo__poll_ends_scope(bo__pollfd *pfd, bo__scope *scope);

#endif
