// SPDX-License-Identifier: MIT
// stack.c: where goroutines' stacks come from.
//
// Address space is cheap and memory is not, so stacks are slots of equal size in big arenas that
// the kernel fills page by page as they are touched. A slot is used from its top: first the bo__g,
// then the frames, so that an idle goroutine touches one page. The tops are shifted by some cache
// lines from slot to slot, else all goroutines would compete for the same lines of the first-level
// cache.
//
//     low                                                            high
//     | guard page |  ... never touched ...  | frames <- sp | bo__g | shift |
//
// Guards: MADV_GUARD_INSTALL (Linux 6.13) marks a page without making a mapping of its own. Before
// that mprotect, which costs two of the vm.max_map_count mappings a slot, up to a quarter as many
// slots; slots behind those are checked at each park instead, and a warning says so once. Never
// silently.
//
// A freed slot keeps its pages and goes to the P's own stack of slots, then in batches to the
// depot. What the depot has not needed for a while gives its pages back to the kernel
// (bo__stacks_trim). Arenas are never unmapped, so a stale bo__g pointer can be read, if only to
// see that it is stale.
#include "runtime/sched.h"

#include <bora/arena.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE 4096
#ifdef BO__ADDRESS_SANITIZER
#define ARENA_BYTES ((size_t)64 << 20)  // the leak checker reads all of it at the end
#else
#define ARENA_BYTES ((size_t)1 << 30)
#endif
#define BATCH 32
#define SHIFTS 16
#define MANY 1024  // from so many slots in an arena on, new ones get their first page in batches
#define WARM_SPARE 64  // slots that a trim leaves with their pages

const size_t bo__stack_sizes[BO__STACK_CLASSES] = {16 << 10, 64 << 10, 256 << 10, 1 << 20, 8 << 20};

typedef enum { GUARD_MADVISE, GUARD_MPROTECT, GUARD_CHECK } guard_mode;

typedef struct arena {
    struct arena *next;
    char *base;
    uint32_t slots;
    _Atomic uint32_t used;  // slots handed out at least once
    uint32_t stack_class;
} arena;

// Freed slots of one size: their indices are the pointers to their goroutines.
typedef struct {
    bo__g **slots;
    size_t count, capacity;
} slot_list;

typedef struct {
    int32_t lock;
    arena *arena;      // the one new slots are carved from
    slot_list warm;    // free, with their pages
    slot_list cold;    // free, without
    size_t low_water;  // fewest warm ones since the last trim
} depot;

static depot depots[BO__STACK_CLASSES];
static _Atomic(arena *) arenas;
static guard_mode mode;
static _Atomic int64_t mprotect_left;
static _Atomic bool warned;
bool bo__stack_checked;

static int64_t read_number(const char *path, int64_t fallback)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fallback;
    long long value;
    if (fscanf(file, "%lld", &value) != 1)
        value = fallback;
    fclose(file);
    return value;
}

static guard_mode detect_mode(void)
{
    const char *wish = getenv("BORA_GUARD");
    if (wish && strcmp(wish, "check") == 0)
        return GUARD_CHECK;
    if (wish && strcmp(wish, "mprotect") == 0)
        return GUARD_MPROTECT;
#if defined(BO__ADDRESS_SANITIZER) || defined(BORA_VALGRIND)
    // The leak checker goes by the mappings, where a page guarded by madvise looks readable;
    // Valgrind knows neither that advice nor the call that gives it in batches, and warns.
    return GUARD_MPROTECT;
#endif
    void *probe = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        return GUARD_MPROTECT;
    // QEMU's user mode says yes to advice that it does not know: the kernel must refuse the page.
    bool works = madvise(probe, PAGE, MADV_GUARD_INSTALL) == 0 &&
                 syscall(SYS_clock_gettime, CLOCK_MONOTONIC, probe) != 0;
    munmap(probe, PAGE);
    return works ? GUARD_MADVISE : GUARD_MPROTECT;
}

void bo__stacks_init(void)
{
    mode = detect_mode();
    int64_t maps = read_number("/proc/sys/vm/max_map_count", 65530);
    // Each guard splits a mapping in two, so this uses half of what there is.
    atomic_store(&mprotect_left, maps / 4);
    bo__stack_checked = mode == GUARD_CHECK;
}

uint32_t bo__stack_class(size_t bytes)
{
    if (bytes == 0)
        return BO__STACK_DEFAULT;
#if defined(BO__ADDRESS_SANITIZER) || defined(BO__THREAD_SANITIZER)
    // Sanitizers make frames a few times as large, and call functions of their own.
    if (bytes <= bo__stack_sizes[BO__STACK_DEFAULT])
        bytes = 4 * (bytes > bo__stack_sizes[0] ? bytes : bo__stack_sizes[0]);
#endif
    for (uint32_t i = 0; i < BO__STACK_CLASSES; i++)
        if (bytes <= bo__stack_sizes[i])
            return i;
    bo_panic("a goroutine asks for a stack of %zu bytes; the limit is %zu", bytes,
             bo__stack_sizes[BO__STACK_CLASSES - 1]);
}

// -- guards ---------------------------------------------------------------------------------------

static void warn_unguarded(void)
{
    if (atomic_exchange(&warned, true))
        return;
    static const char text[] =
        "bora: vm.max_map_count leaves no more guard pages; further stacks are checked at each park "
        "instead (raise vm.max_map_count, or use Linux 6.13 or later)\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
}

static void guard_by_mprotect(char *low)
{
    if (atomic_fetch_sub(&mprotect_left, 1) > 0 && mprotect(low, PAGE, PROT_NONE) == 0)
        return;
    bo__stack_checked = true;
    warn_unguarded();
}

// One call for a batch where the kernel takes it (process_madvise on oneself, Linux 6.13).
static bool advise_batch(struct iovec *pages, int count, int advice)
{
    static _Atomic int self = -1;
    if (self == -1) {
        int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
        int expected = -1;
        if (fd < 0 || !atomic_compare_exchange_strong(&self, &expected, fd))
            if (fd >= 0)
                close(fd);
        if (fd < 0)
            self = -2;
    }
    if (self < 0)
        return false;
    ssize_t done = syscall(SYS_process_madvise, self, pages, (size_t)count, advice, 0);
    return done == (ssize_t)count * PAGE;
}

// A program with so many goroutines will use these too, and a batch of page faults in one call
// costs a tenth less than one by one. It may fail: then they come one by one.
static void populate_slots(char *first, uint32_t count, size_t size)
{
    struct iovec pages[BATCH];
    for (uint32_t i = 0; i < count; i++)
        pages[i] = (struct iovec){first + (i + 1) * size - PAGE, PAGE};
    advise_batch(pages, (int)count, MADV_POPULATE_WRITE);
}

static void guard_slots(char *first, uint32_t count, size_t size)
{
    struct iovec pages[BATCH];
    for (uint32_t i = 0; i < count; i++)
        pages[i] = (struct iovec){first + i * size, PAGE};
    if (mode == GUARD_MADVISE && advise_batch(pages, (int)count, MADV_GUARD_INSTALL))
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (mode == GUARD_CHECK)
            warn_unguarded();
        else if (mode != GUARD_MADVISE || madvise(pages[i].iov_base, PAGE, MADV_GUARD_INSTALL) != 0)
            guard_by_mprotect(pages[i].iov_base);
    }
}

// -- slots ----------------------------------------------------------------------------------------

static bo__g *slot_g(const arena *a, uint32_t index)
{
    size_t size = bo__stack_sizes[a->stack_class];
    char *high = a->base + (index + 1) * size;
    size_t room = (sizeof(bo__g) + BO__CACHE_LINE - 1) & ~(size_t)(BO__CACHE_LINE - 1);
    return (bo__g *)(void *)(high - room - index % SHIFTS * BO__CACHE_LINE);
}

static arena *arena_new(uint32_t stack_class)
{
    size_t size = bo__stack_sizes[stack_class];
    // One slot more, so that the base can be aligned to the slot size.
    size_t bytes = ARENA_BYTES;
    char *map = MAP_FAILED;
    for (; map == MAP_FAILED && bytes >= 4 * size; bytes /= 2)
        map = mmap(NULL, bytes + size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (map == MAP_FAILED)
        bo_panic("no address space for goroutine stacks: %s", strerror(errno));
    bytes = ARENA_BYTES < bytes * 2 ? ARENA_BYTES : bytes * 2;
    madvise(map, bytes + size, MADV_NOHUGEPAGE);
    arena *a = bo_calloc(1, sizeof *a);
    a->base = (char *)(((uintptr_t)map + size - 1) & ~(uintptr_t)(size - 1));
    a->slots = (uint32_t)(bytes / size);
    a->stack_class = stack_class;
#ifdef BO__ADDRESS_SANITIZER
    __lsan_register_root_region(a->base, bytes);
#endif
    a->next = atomic_load(&arenas);
    while (!atomic_compare_exchange_weak(&arenas, &a->next, a)) {
    }
    return a;
}

static void list_push(slot_list *list, bo__g *g)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 256;
        list->slots = bo_realloc(list->slots, list->capacity * sizeof list->slots[0]);
    }
    list->slots[list->count++] = g;
}

// Takes up to count new slots from the class's arena; the caller guards them.
static uint32_t carve_locked(depot *d, uint32_t stack_class, uint32_t count, arena **from,
                             uint32_t *first)
{
    if (!d->arena || d->arena->used == d->arena->slots)
        d->arena = arena_new(stack_class);
    uint32_t used = atomic_load_explicit(&d->arena->used, memory_order_relaxed);
    uint32_t left = d->arena->slots - used;
    *from = d->arena;
    *first = used;
    count = count < left ? count : left;
    atomic_store_explicit(&d->arena->used, used + count, memory_order_release);
    return count;
}

static void prepare(const arena *a, uint32_t index, bo__g **out)
{
    size_t size = bo__stack_sizes[a->stack_class];
    *out = slot_g(a, index);
#ifdef BORA_VALGRIND
    char *low = a->base + index * size;
    VALGRIND_STACK_REGISTER(low, low + size);
#else
    (void)size;
#endif
}

// Fills slots with up to want free ones and returns how many: at least one.
static uint32_t depot_take(uint32_t stack_class, bo__g **slots, uint32_t want)
{
    depot *d = &depots[stack_class];
    uint32_t n = 0;
    arena *from = NULL;
    uint32_t first = 0, carved = 0;
    bo__lock(&d->lock);
    while (n < want && d->warm.count > 0)
        slots[n++] = d->warm.slots[--d->warm.count];
    if (d->warm.count < d->low_water)
        d->low_water = d->warm.count;
    while (n < want && d->cold.count > 0)
        slots[n++] = d->cold.slots[--d->cold.count];
    if (n == 0)
        carved = carve_locked(d, stack_class, want, &from, &first);
    bo__unlock(&d->lock);
    size_t size = bo__stack_sizes[stack_class];
    if (carved > 0)
        guard_slots(from->base + first * size, carved, size);
    if (carved > 0 && first >= MANY)
        populate_slots(from->base + first * size, carved, size);
    for (uint32_t i = 0; i < carved; i++)
        prepare(from, first + i, &slots[carved - 1 - i]);
    return n + carved;
}

static void depot_give(uint32_t stack_class, bo__g **slots, uint32_t count)
{
    depot *d = &depots[stack_class];
    bo__lock(&d->lock);
    for (uint32_t i = 0; i < count; i++)
        list_push(&d->warm, slots[i]);
    bo__unlock(&d->lock);
}

static void set_bounds(bo__g *g, uint32_t stack_class)
{
    size_t size = bo__stack_sizes[stack_class];
    g->stack_low = (char *)((uintptr_t)g & ~(uintptr_t)(size - 1));
    g->stack_high = (char *)g;
    g->task.stack_class = stack_class;
}

bo__g *bo__stack_get(bo__p *p, uint32_t stack_class)
{
    bo__g *g;
    if (stack_class != BO__STACK_DEFAULT) {
        depot_take(stack_class, &g, 1);
    } else {
        if (p->slot_count == 0)
            p->slot_count = depot_take(stack_class, p->slots, BATCH);
        g = p->slots[--p->slot_count];
    }
    // Written, not looked at first: reading a page that was never touched costs a fault of its own.
    set_bounds(g, stack_class);
#ifdef BO__ADDRESS_SANITIZER
    ASAN_UNPOISON_MEMORY_REGION(g->stack_low, (size_t)(g->stack_high - g->stack_low));
#endif
    return g;
}

// The goroutine still runs on the slot that it gives back here. Nobody can take it before it is
// off: what was pushed last stays with this P, and only this thread takes from it.
void bo__stack_put(bo__p *p, bo__g *g)
{
    const uint32_t most = sizeof p->slots / sizeof p->slots[0];
    if (p->slot_count == most) {
        depot_give(BO__STACK_DEFAULT, p->slots, BATCH);
        p->slot_count -= BATCH;
        memmove(p->slots, p->slots + BATCH, p->slot_count * sizeof p->slots[0]);
    }
    p->slots[p->slot_count++] = g;
}

void bo__stack_put_idle(bo__g *g)
{
#ifdef BO__ADDRESS_SANITIZER
    ASAN_POISON_MEMORY_REGION(g->stack_low + PAGE, (size_t)(g->stack_high - g->stack_low) - PAGE);
#endif
    depot_give(g->task.stack_class, &g, 1);
}

// Gives back to the kernel what was never needed since the last call; the monitor calls it every
// few seconds. At most so many slots at a time, since each is a system call.
void bo__stacks_trim(void)
{
    enum { MOST = 4096 };
    for (uint32_t c = 0; c < BO__STACK_CLASSES; c++) {
        depot *d = &depots[c];
        bo__lock(&d->lock);
        size_t idle = d->low_water < d->warm.count ? d->low_water : d->warm.count;
        d->low_water = d->warm.count;
        bo__unlock(&d->lock);
        for (size_t n = 0; idle > WARM_SPARE && n < MOST; n++, idle--) {
            bo__lock(&d->lock);
            bo__g *g = d->warm.count > 0 ? d->warm.slots[0] : NULL;
            if (g)
                d->warm.slots[0] = d->warm.slots[--d->warm.count];
            bo__unlock(&d->lock);
            if (!g)
                break;
            size_t size = bo__stack_sizes[c];
            char *low = (char *)((uintptr_t)g & ~(uintptr_t)(size - 1));
            madvise(low + PAGE, size - PAGE, MADV_DONTNEED);
            bo__lock(&d->lock);
            list_push(&d->cold, g);
            bo__unlock(&d->lock);
        }
    }
}

bool bo__stacks_trimmable(void)
{
    bool any = false;
    for (int c = 0; c < BO__STACK_CLASSES && !any; c++) {
        bo__lock(&depots[c].lock);
        any = depots[c].warm.count > WARM_SPARE;
        bo__unlock(&depots[c].lock);
    }
    return any;
}

// -- looking --------------------------------------------------------------------------------------

bo__g *bo__stack_find(const void *address, bool *is_guard)
{
    const char *at = address;
    for (arena *a = atomic_load(&arenas); a; a = a->next) {
        size_t size = bo__stack_sizes[a->stack_class];
        if (at < a->base || at >= a->base + a->slots * size)
            continue;
        uint32_t index = (uint32_t)((size_t)(at - a->base) / size);
        if (index >= atomic_load(&a->used))
            return NULL;
        *is_guard = (size_t)(at - a->base) % size < PAGE;
        return slot_g(a, index);
    }
    return NULL;
}

void bo__stack_each(bool (*visit)(bo__g *g, void *data), void *data)
{
    for (arena *a = atomic_load(&arenas); a; a = a->next) {
        uint32_t used = atomic_load_explicit(&a->used, memory_order_acquire);
        for (uint32_t i = 0; i < used; i++)
            if (!visit(slot_g(a, i), data))
                return;
    }
}

// Where a slot has no guard page, an overflow shows in the stack pointer at the next park.
void bo__stack_check(const bo__g *g)
{
    const char *here = __builtin_frame_address(0);
    if (here <= g->stack_low + PAGE && !g->thread)
        bo__crash_overflow(g);
}
