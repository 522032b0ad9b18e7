// SPDX-License-Identifier: MIT
// timer.c: a hierarchical timing wheel for each P (Varghese and Lauck, 1987).
//
// Most timers are deadlines that never come: they are added and taken out again. So both are O(1):
// a timer is a node in a circular list, the list is found by the bits of its tick. Level 0 has a
// slot for each of the next 64 ticks, level 1 for each of the next 64 times 64, and so on; when
// time enters a slot of a higher level, its timers move down. A bit per slot says which are in use,
// so that the next one due is found without looking at empty slots.
//
// A tick is 2^16 ns (66 us). A timer never fires early and, on an idle P, at most a tick late.
//
// Locks: a wheel's lock guards the wheel and the nodes in it. A timer fires under it, which is why
// bo__timer_remove, once it returns, knows that the timer is not firing. fire() may take scope
// locks and run-queue locks; nobody holding one of those may take a wheel's.
//
// Rejected: a heap. It keeps exact order, which nobody asked for, and makes each cancelled deadline
// cost O(log n).
#include "runtime/sched.h"

#include <bora/arena.h>
#include <stdlib.h>

#define TICK_BITS 16
#define SLOT_BITS 6
#define SLOTS (1 << SLOT_BITS)
#define LEVELS 7  // 2^(16 + 42) ns: nine years; what lies beyond is looked at again then

struct bo__wheel {
    int32_t lock;
    bool running;  // somebody is in bo__wheel_run
    uint32_t count;
    uint64_t tick;          // everything due up to here has fired
    uint64_t used[LEVELS];  // a bit for each slot that is not empty
    _Atomic int64_t due;    // no timer fires before this; INT64_MAX: there is none
    bo__timer *slots[LEVELS][SLOTS];
};

struct bo__wheel *bo__wheel_new(void)
{
    struct bo__wheel *wheel = bo_calloc(1, sizeof *wheel);
    atomic_store(&wheel->due, INT64_MAX);
    wheel->tick = (uint64_t)bo_mono() >> TICK_BITS;
    return wheel;
}

int64_t bo__wheel_due(const struct bo__wheel *wheel)
{
    return atomic_load_explicit(&wheel->due, memory_order_relaxed);
}

size_t bo__wheel_count(struct bo__wheel *wheel)
{
    bo__lock(&wheel->lock);
    size_t count = wheel->count;
    bo__unlock(&wheel->lock);
    return count;
}

static uint64_t tick_of(int64_t when)
{
    if (when > INT64_MAX - (1 << TICK_BITS))
        when = INT64_MAX - (1 << TICK_BITS);
    return ((uint64_t)(when < 0 ? 0 : when) + (1 << TICK_BITS) - 1) >> TICK_BITS;
}

// The level is that of the highest bit in which the timer's tick differs from now.
static void place_locked(struct bo__wheel *wheel, bo__timer *timer)
{
    uint64_t tick = timer->tick_ > wheel->tick ? timer->tick_ : wheel->tick + 1;
    int level = (63 - __builtin_clzll(tick ^ wheel->tick)) / SLOT_BITS;
    if (level >= LEVELS) {
        level = LEVELS - 1;
        tick = wheel->tick + ((uint64_t)(SLOTS - 1) << (level * SLOT_BITS));
    }
    int slot = (int)(tick >> (level * SLOT_BITS)) & (SLOTS - 1);
    timer->slot_ = level * SLOTS + slot;
    bo__timer **head = &wheel->slots[level][slot];
    if (*head) {
        timer->next_ = *head;
        timer->prev_ = (*head)->prev_;
        timer->prev_->next_ = timer;
        (*head)->prev_ = timer;
    } else {
        timer->next_ = timer->prev_ = timer;
        *head = timer;
        wheel->used[level] |= 1ull << slot;
    }
}

static void unlink_locked(struct bo__wheel *wheel, bo__timer *timer)
{
    int level = timer->slot_ / SLOTS, slot = timer->slot_ % SLOTS;
    bo__timer **head = &wheel->slots[level][slot];
    if (timer->next_ == timer) {
        *head = NULL;
        wheel->used[level] &= ~(1ull << slot);
        return;
    }
    timer->next_->prev_ = timer->prev_;
    timer->prev_->next_ = timer->next_;
    if (*head == timer)
        *head = timer->next_;
}

// The next slot that time will enter, as a tick; UINT64_MAX: none. A lower level always comes
// first, because its slots lie within the present slot of the level above.
static uint64_t next_slot_locked(const struct bo__wheel *wheel, int *level_out, int *slot_out)
{
    for (int level = 0; level < LEVELS; level++) {
        if (!wheel->used[level])
            continue;
        int shift = level * SLOT_BITS;
        int present = (int)(wheel->tick >> shift) & (SLOTS - 1);
        // Rotate so that the slot behind the present one is bit 0.
        int from = (present + 1) & (SLOTS - 1);
        uint64_t bits = wheel->used[level];
        bits = from ? bits >> from | bits << (SLOTS - from) : bits;
        int ahead = __builtin_ctzll(bits) + 1;
        *level_out = level;
        *slot_out = (present + ahead) & (SLOTS - 1);
        return ((wheel->tick >> shift) + (uint64_t)ahead) << shift;
    }
    return UINT64_MAX;
}

static void set_due_locked(struct bo__wheel *wheel)
{
    int level, slot;
    uint64_t tick = next_slot_locked(wheel, &level, &slot);
    int64_t due = tick == UINT64_MAX ? INT64_MAX : (int64_t)(tick << TICK_BITS);
    atomic_store_explicit(&wheel->due, due, memory_order_relaxed);
}

void bo__timer_add(bo__m *m, bo__timer *timer, int64_t when)
{
    // A thread without a P uses the first one's wheel, and tells it if that moves its next wake-up.
    bo__p *p = m->p ? m->p : bo__rt.p[0];
    struct bo__wheel *wheel = p->wheel;
    timer->tick_ = tick_of(when);
    bo__lock(&wheel->lock);
    __atomic_store_n(&timer->wheel_, wheel, __ATOMIC_RELAXED);
    place_locked(wheel, timer);
    wheel->count++;
    int64_t due = (int64_t)(timer->tick_ << TICK_BITS);
    bool sooner = due < bo__wheel_due(wheel);
    if (sooner)
        atomic_store_explicit(&wheel->due, due, memory_order_relaxed);
    bo__unlock(&wheel->lock);
    if (sooner && !m->p)
        bo__wake_p(p);
}

void bo__timer_remove(bo__timer *timer)
{
    struct bo__wheel *wheel = __atomic_load_n(&timer->wheel_, __ATOMIC_ACQUIRE);
    if (!wheel)
        return;
    bo__lock(&wheel->lock);
    if (timer->wheel_) {
        unlink_locked(wheel, timer);
        wheel->count--;
        __atomic_store_n(&timer->wheel_, NULL, __ATOMIC_RELAXED);
    }
    bo__unlock(&wheel->lock);
}

// Fires or moves down all timers of one slot. Lets others at the lock now and then: a million
// sleepers may wake at once.
static void run_slot_locked(struct bo__wheel *wheel, int level, int slot)
{
    int until_pause = 64;
    for (bo__timer *timer; (timer = wheel->slots[level][slot]) != NULL;) {
        unlink_locked(wheel, timer);
        if (timer->tick_ > wheel->tick) {
            place_locked(wheel, timer);
            continue;
        }
        wheel->count--;
        timer->fire_(timer);
        // Only now: bo__timer_remove must not return while it fires.
        __atomic_store_n(&timer->wheel_, NULL, __ATOMIC_RELEASE);
        if (--until_pause == 0) {
            until_pause = 64;
            bo__unlock(&wheel->lock);
            bo__lock(&wheel->lock);
        }
    }
}

void bo__wheel_run(struct bo__wheel *wheel, int64_t now)
{
    if (now < bo__wheel_due(wheel))
        return;
    uint64_t target = (uint64_t)now >> TICK_BITS;
    bo__lock(&wheel->lock);
    if (wheel->running) {
        bo__unlock(&wheel->lock);
        return;
    }
    wheel->running = true;
    for (;;) {
        int level, slot;
        uint64_t tick = next_slot_locked(wheel, &level, &slot);
        if (tick > target)
            break;
        wheel->tick = tick;
        run_slot_locked(wheel, level, slot);
    }
    if (target > wheel->tick)
        wheel->tick = target;
    wheel->running = false;
    set_due_locked(wheel);
    bo__unlock(&wheel->lock);
}
