// SPDX-License-Identifier: MIT
// poll.c: descriptors, and the epoll behind each P.
//
// A descriptor is tied to the poller of the P on which it first waits, once, edge-triggered, for
// both directions. From then on news about it either wakes the goroutine that waits for it or is
// remembered (ready), so that the next wait returns at once. Reading after a short read to meet
// EAGAIN is not needed: bytes that come later make a new edge. But what came together with the
// bytes was told together with them: see bo__poll_ask_first.
//
// A bo__pollfd is never given back to the heap, only to a list of free ones, and counts its uses.
// What the kernel hands back with an event is the record's address and the low bits of that count,
// so news of a descriptor that was closed meanwhile is told from news of the one that took its
// record over. pfd->lock guards the fields; scopes' locks come after it. Sleeping Ps wait in
// epoll_wait; their eventfd wakes them.
#include "runtime/sched.h"

#include <bora/arena.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCH 64

typedef struct {
    bo__waiter *waiter;
    bool ready;
} direction;

struct bo__pollfd {
    int32_t lock;
    int fd;
    int epoll_fd;   // -1: not tied to a poller yet
    uint16_t uses;  // raised when it is closed
    bool closed;
    bool hung_up;
    bool ask_first;
    direction read, write;
    bo__scope *ends;  // the scope to end when the peer hangs up
    bo__watch watch;  // the goroutine to start instead of waking a reader
    uint8_t watched;  // watch_state
    bool late;        // the watch's deadline came first
    bo__timer timer;  // of the watch
    bo__pollfd *next;
};

enum { TAG_READY, TAG_CLOSED };

typedef enum { WATCH_NONE, WATCH_ARMED, WATCH_OVER } watch_state;

// An address has at most 48 bits, on aarch64 with 52 unless a program asks for more.
enum { ADDRESS_BITS = 48 };

static int32_t free_lock;
static bo__pollfd *free_list;
static _Atomic bool no_pwait2;

void bo__poll_init(bo__p *p)
{
    p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = 0};
    if (p->epoll_fd < 0 || p->wake_fd < 0 ||
        epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, p->wake_fd, &event) < 0)
        bo_panic("cannot set up a poller: %s", strerror(errno));
}

bo__pollfd *bo__poll_open(int fd)
{
    bo__lock(&free_lock);
    bo__pollfd *pfd = free_list;
    if (pfd)
        free_list = pfd->next;
    bo__unlock(&free_lock);
    if (!pfd)
        pfd = bo_calloc(1, sizeof *pfd);
    bo__lock(&pfd->lock);
    pfd->fd = fd;
    pfd->epoll_fd = -1;
    pfd->closed = pfd->hung_up = pfd->ask_first = false;
    pfd->read = pfd->write = (direction){0};
    pfd->ends = NULL;
    pfd->late = false;
    bo__unlock(&pfd->lock);
    return pfd;
}

// Wakes who waits in one direction, or remembers the news. Returns whom to make ready.
static bo__g *signal_locked(direction *d, uintptr_t tag)
{
    bo__waiter *w = d->waiter;
    d->waiter = NULL;
    if (w && bo__wait_claim(w)) {
        w->tag = tag;
        return w->g;
    }
    d->ready = true;
    return NULL;
}

void bo__poll_close(bo__pollfd *pfd)
{
    bo__lock(&pfd->lock);
    bo_assert(pfd->watched == WATCH_NONE);
    pfd->closed = true;
    pfd->uses++;
    bo__g *reader = signal_locked(&pfd->read, TAG_CLOSED);
    bo__g *writer = signal_locked(&pfd->write, TAG_CLOSED);
    int epoll_fd = pfd->epoll_fd;
    pfd->epoll_fd = -1;
    bo__unlock(&pfd->lock);
    if (epoll_fd >= 0) {
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, pfd->fd, NULL);
        atomic_fetch_sub(&bo__rt.poll_fds, 1);
    }
    if (reader)
        bo__ready(reader);
    if (writer)
        bo__ready(writer);
    bo__lock(&free_lock);
    pfd->next = free_list;
    free_list = pfd;
    bo__unlock(&free_lock);
}

static bo_err tie_locked(bo__pollfd *pfd)
{
    bo__m *m = bo__enter();
    bo__p *p = m->p ? m->p : bo__rt.p[0];
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET,
                                .data.u64 = (uint64_t)(uintptr_t)pfd | (uint64_t)pfd->uses
                                                                           << ADDRESS_BITS};
    BO__GIVEN_TO_KERNEL(pfd);
    int failed = epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, pfd->fd, &event) < 0 ? errno : 0;
    bo__leave(m);
    if (failed)
        return bo_err_sys(failed);
    pfd->epoll_fd = p->epoll_fd;
    atomic_fetch_add(&bo__rt.poll_fds, 1);
    return NULL;
}

bo_err bo__poll_wait(bo__pollfd *pfd, bool write, int64_t deadline)
{
    bo__g *g = bo__self();
    direction *d = write ? &pfd->write : &pfd->read;
    bo__lock(&pfd->lock);
    bo_err err = pfd->closed ? BO_CLOSED : pfd->epoll_fd < 0 ? tie_locked(pfd) : NULL;
    if (err || d->ready) {
        d->ready = false;
        bo__unlock(&pfd->lock);
        return err;
    }
    bo_assert(!d->waiter);  // one reader and one writer at a time
    bo__waiter w = {.g = g};
    bo__wait_begin(g, write ? BO__WAIT_WRITE : BO__WAIT_READ, pfd, deadline, false);
    d->waiter = &w;
    bo__unlock(&pfd->lock);
    bo__wake wake = bo__wait_park(g);
    if (wake == BO__WAKE_EVENT)
        return w.tag == TAG_CLOSED ? BO_CLOSED : NULL;
    bo__lock(&pfd->lock);
    if (d->waiter == &w)
        d->waiter = NULL;
    bo__unlock(&pfd->lock);
    return wake == BO__WAKE_DEADLINE ? BO_TIMEOUT : bo_scope_err();
}

// take_watch_locked ends an armed watch and reports whether there was one, to be started.
static bool take_watch_locked(bo__pollfd *pfd, bo__watch *out)
{
    if (pfd->watched != WATCH_ARMED)
        return false;
    pfd->watched = WATCH_OVER;
    *out = pfd->watch;
    return true;
}

// A wheel's lock comes before pfd's. So the timer is set before the watch is armed, and taken out
// by the watch's goroutine; until then pfd is neither closed nor watched again.
static void fire_watch(bo__timer *timer)
{
    bo__pollfd *pfd = (bo__pollfd *)(void *)((char *)timer - offsetof(bo__pollfd, timer));
    bo__watch watch;
    bo__lock(&pfd->lock);
    pfd->late |= pfd->watched != WATCH_OVER;
    bool start = take_watch_locked(pfd, &watch);
    bo__unlock(&pfd->lock);
    if (start) {
        bo__m *m = bo__enter();
        bo__spawn_watch(m, &watch);
        bo__leave(m);
    }
}

bo_err bo__poll_watch(bo__pollfd *pfd, const bo__watch *watch, int64_t deadline, bool *watching)
{
    if (deadline != BO__NO_DEADLINE) {
        bo__m *m = bo__enter();
        pfd->timer.fire_ = fire_watch;
        bo__timer_add(m, &pfd->timer, deadline);
        bo__leave(m);
    }
    bo__lock(&pfd->lock);
    bo_err err = pfd->closed ? BO_CLOSED : pfd->epoll_fd < 0 ? tie_locked(pfd) : NULL;
    bool now = err || pfd->read.ready || pfd->late;
    bo_assert(pfd->watched == WATCH_NONE && !pfd->read.waiter);
    if (now)
        pfd->read.ready = false;
    else
        pfd->watch = *watch;
    pfd->watched = now ? WATCH_OVER : WATCH_ARMED;
    bo__unlock(&pfd->lock);
    *watching = !now;
    if (err)
        (void)bo__poll_watched(pfd);
    return err;
}

bo_err bo__poll_watched(bo__pollfd *pfd)
{
    bo__timer_remove(&pfd->timer);
    bo__lock(&pfd->lock);
    bo_err err = pfd->late ? BO_TIMEOUT : NULL;
    pfd->late = false;
    pfd->watched = WATCH_NONE;
    bo__unlock(&pfd->lock);
    return err;
}

bool bo__poll_ask_first(const bo__pollfd *pfd)
{
    return __atomic_load_n(&pfd->ask_first, __ATOMIC_RELAXED);
}

void bo__poll_ends_scope(bo__pollfd *pfd, bo__scope *scope)
{
    bo__lock(&pfd->lock);
    pfd->ends = scope;
    bool now = scope && pfd->hung_up;
    bo__unlock(&pfd->lock);
    if (now)
        bo__scope_cancel(scope, BO_CANCELED);
}

static void make_ready(bo__m *m, bo__g *g)
{
    if (g->thread) {
        bo__thread_wake(g);
        return;
    }
    atomic_store_explicit(&g->state, BO__G_RUNNABLE, memory_order_relaxed);
    bo__queue(m, &g->task, false);
}

static void deliver(bo__m *m, uint64_t data, uint32_t events)
{
    const uint32_t broken = EPOLLERR | EPOLLHUP;
    bo__pollfd *pfd = (bo__pollfd *)(uintptr_t)(data & (((uint64_t)1 << ADDRESS_BITS) - 1));
    bo__g *reader = NULL, *writer = NULL, *members = NULL;
    bo__watch watch = {NULL};
    BO__BACK_FROM_KERNEL(pfd);
    bo__lock(&pfd->lock);
    if (pfd->uses != data >> ADDRESS_BITS) {
        bo__unlock(&pfd->lock);
        return;
    }
    if (events & (broken | EPOLLRDHUP))
        pfd->hung_up = true;
    if (pfd->hung_up || (events & EPOLLPRI))
        __atomic_store_n(&pfd->ask_first, true, __ATOMIC_RELAXED);
    if (events & (EPOLLIN | EPOLLRDHUP | broken)) {
        if (!take_watch_locked(pfd, &watch))
            reader = signal_locked(&pfd->read, TAG_READY);
    }
    if (events & (EPOLLOUT | broken))
        writer = signal_locked(&pfd->write, TAG_READY);
    // After the reader, who is to have what came before the end; and with the lock held, so that
    // the scope is not taken away meanwhile.
    if (pfd->hung_up && pfd->ends)
        members = bo__scope_end(pfd->ends, BO_CANCELED);
    bo__unlock(&pfd->lock);
    if (watch.fn)
        bo__spawn_watch(m, &watch);
    if (reader)
        make_ready(m, reader);
    if (writer)
        make_ready(m, writer);
    while (members) {
        bo__g *g = members;
        members = (bo__g *)g->task.next;
        make_ready(m, g);
    }
}

// Milliseconds are too coarse for timers; epoll_pwait2 (Linux 5.11) takes nanoseconds.
static int wait_events(int epoll_fd, struct epoll_event *events, int64_t timeout_ns)
{
    if (timeout_ns > 0 && !atomic_load_explicit(&no_pwait2, memory_order_relaxed)) {
        struct timespec timeout = {timeout_ns / BO_SECOND, timeout_ns % BO_SECOND};
        int n = (int)syscall(SYS_epoll_pwait2, epoll_fd, events, BATCH, &timeout, NULL, (size_t)0);
        if (n >= 0 || errno != ENOSYS)
            return n;
        atomic_store(&no_pwait2, true);
    }
    int64_t ms = timeout_ns <= 0 ? timeout_ns : (timeout_ns + BO_MILLISECOND - 1) / BO_MILLISECOND;
    return epoll_wait(epoll_fd, events, BATCH, ms > 3600000 ? 3600000 : (int)ms);
}

void bo__poll_run(bo__m *m, bo__p *p, int64_t timeout_ns)
{
    struct epoll_event events[BATCH];
    int n;
    do {
        n = wait_events(p->epoll_fd, events, timeout_ns);
        for (int i = 0; i < n; i++)
            if (events[i].data.u64)
                deliver(m, events[i].data.u64, events[i].events);
        timeout_ns = 0;
    } while (n == BATCH);
}
