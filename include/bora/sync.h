// SPDX-License-Identifier: MIT
// bora/sync.h: wait groups, mutexes, conditions, once and semaphores.
//
// A zero value of each is ready, owns nothing and needs no end:
//
//     static struct {
//         bo_mutex lock;
//         int hits;         // guarded by lock
//     } stats;
//
//     bo_mutex_lock(&stats.lock);
//     stats.hits++;
//     bo_mutex_unlock(&stats.lock);
//
// Do not copy or move one that is in use. What a goroutine wrote before it let go (unlock, done,
// signal, release) is visible to the one who gets in after it. Waiting parks the goroutine, not its
// thread; all of it works from any thread, and nobody waits forever for what others get again and
// again. An object may be freed by whoever knows that nobody else will touch it any more: letting
// go does not touch it after others can get in.
//
// A wait without a deadline lasts until there is what it waits for. The calls that end in _until
// also end at a moment of bo_mono's clock, with BO_TIMEOUT, or with the reason of the goroutine's
// scope when that ends (BO_CANCELED, BO_TIMEOUT); what is free at once is given all the same. Pass
// BO_NO_DEADLINE for the scope alone.
//
// A goroutine may park, or move to another thread, while it holds a bo_mutex; with a pthread_mutex
// it may not.
#ifndef BORA_SYNC_H
#define BORA_SYNC_H

#include <bora/go.h>
#include <stdbool.h>
#include <stdint.h>

#define BO_NO_DEADLINE INT64_MAX

// -- wait group: until a set of goroutines has finished
// ---------------------------------------------
//
//     bo_wg wg = {0};
//     bo_wg_add(&wg, 2);           // Before the goroutines start.
//     go(fetch, "a", &wg);         // Each ends with bo_wg_done(&wg): best with bo_defer.
//     go(fetch, "b", &wg);
//     bo_wg_wait(&wg);
typedef struct {
    int64_t state_;  // Twice the number of pending ones, plus 1 if somebody waits.
    int32_t lock_;   // Guards waiters_.
    bo__waitq waiters_;
} bo_wg;

// bo_wg_add raises the number of pending goroutines by n, which may be negative. Below zero:
// panics. Never parks.
void bo_wg_add(bo_wg *wg, int n);

// bo_wg_done is bo_wg_add(wg, -1): the last one wakes who waits.
void bo_wg_done(bo_wg *wg);

// bo_wg_wait returns once nothing is pending. Parks. The group may then be used again.
void bo_wg_wait(bo_wg *wg);

// -- mutex: one at a time
// ---------------------------------------------------------------------------
typedef struct {
    uint32_t state_;  // See src/sync/mutex.c.
    int32_t lock_;    // Guards waiters_.
    bo__waitq waiters_;
} bo_mutex;

// bo_mutex_lock parks until the mutex is the caller's. Not recursive: a second lock by the holder
// waits for itself.
void bo_mutex_lock(bo_mutex *m);

// bo_mutex_try_lock never parks; it reports whether the mutex was free and is now the caller's.
bool bo_mutex_try_lock(bo_mutex *m);

// bo_mutex_lock_until: NULL (locked), BO_TIMEOUT or BO_CANCELED (not locked).
bo_err bo_mutex_lock_until(bo_mutex *m, int64_t deadline);

// bo_mutex_unlock lets the next one in. Any goroutine may do so. Panics if it is not locked.
void bo_mutex_unlock(bo_mutex *m);

// -- rwmutex: many readers or one writer
// ------------------------------------------------------------
//
// A waiting writer keeps new readers out; those that waited while one wrote come before the next
// writer. So a reader must not take a second read lock: a writer may have come between.
typedef struct {
    uint32_t state_;  // See src/sync/rwmutex.c.
    int32_t lock_;    // Guards the queues.
    bo__waitq readers_, writers_;
} bo_rwmutex;

// The write lock. Parks. Unlock panics if nobody writes.
void bo_rwmutex_lock(bo_rwmutex *m);
bool bo_rwmutex_try_lock(bo_rwmutex *m);
void bo_rwmutex_unlock(bo_rwmutex *m);

// The read lock: at most 2^30 - 1 at once, one more panics. Parks. Unlock panics if nobody reads.
void bo_rwmutex_read_lock(bo_rwmutex *m);
bool bo_rwmutex_try_read_lock(bo_rwmutex *m);
void bo_rwmutex_read_unlock(bo_rwmutex *m);

// -- condition: until another one says that something guarded by a mutex has changed
// ----------------
//
//     bo_mutex_lock(&q->lock);
//     while (q->len == 0)
//         bo_cond_wait(&q->filled, &q->lock);
//     ...
//     bo_mutex_unlock(&q->lock);
typedef struct {
    int32_t lock_;  // Guards waiters_.
    bo__waitq waiters_;
} bo_cond;

// bo_cond_wait unlocks the mutex, waits for a signal that comes after, and locks it again. Parks.
// It never returns without a signal, but the condition may have changed again: test it in a loop.
void bo_cond_wait(bo_cond *c, bo_mutex *m);

// bo_cond_wait_until: NULL (signaled), BO_TIMEOUT or BO_CANCELED; the mutex is locked again in any
// case.
bo_err bo_cond_wait_until(bo_cond *c, bo_mutex *m, int64_t deadline);

// bo_cond_signal wakes the one that waits longest, if any; bo_cond_broadcast all that wait. The
// mutex need not be held. Never park.
void bo_cond_signal(bo_cond *c);
void bo_cond_broadcast(bo_cond *c);

// -- once: the first time only
// ----------------------------------------------------------------------
//
//     static bo_once once;
//     bo_once_do(&once, load_table, "words.txt");
typedef struct {
    int32_t state_;  // 0: never called, 1: running, 2: done.
    int32_t lock_;   // Guards waiters_ and what state_ becomes.
    bo__waitq waiters_;
} bo_once;

// bo_once_do(once, fn, args...) calls fn(args...) if nobody has before, and returns once that first
// call has returned. The arguments are evaluated only by the caller that calls. Parks. fn must not
// use the same once: it would wait for itself.
#define bo_once_do(once, fn, ...)                                                                  \
    do {                                                                                           \
        bo_once *bo__once = (once);                                                                \
        if (__atomic_load_n(&bo__once->state_, __ATOMIC_ACQUIRE) != 2 &&                           \
            bo__once_begin(bo__once)) {                                                            \
            (void)(fn)(__VA_ARGS__);                                                               \
            bo__once_end(bo__once);                                                                \
        }                                                                                          \
    } while (0)

bool bo__once_begin(bo_once *once);
void bo__once_end(bo_once *once);

// -- semaphore: at most so many at a time
// -------------------------------------------------------------
//
//     bo_semaphore slots = {.permits = 8};
//     bo_semaphore_acquire(&slots, 1);
//     ...
//     bo_semaphore_release(&slots, 1);
typedef struct {
    int64_t permits;  // How many are free: set it before the first use, then leave it alone.
    int32_t lock_;    // Guards all of it.
    bo__waitq waiters_;
} bo_semaphore;

// bo_semaphore_acquire takes n permits at once (n >= 0). First come, first served: a large request
// is not overtaken by small ones. Parks.
void bo_semaphore_acquire(bo_semaphore *s, int64_t n);

// bo_semaphore_try_acquire never parks: false if fewer are free, or if others wait.
bool bo_semaphore_try_acquire(bo_semaphore *s, int64_t n);

// bo_semaphore_acquire_until: NULL (n taken), BO_TIMEOUT or BO_CANCELED (none taken).
bo_err bo_semaphore_acquire_until(bo_semaphore *s, int64_t n, int64_t deadline);

// bo_semaphore_release gives n permits, taken before or new. Never parks.
void bo_semaphore_release(bo_semaphore *s, int64_t n);

#endif
