// SPDX-License-Identifier: MIT
// starts.c: the records of goroutines that have not run yet, 128 bytes each.
//
// Records are carved from regions of address space in slabs of 128, and move in batches of that
// many between the Ps' own lists and the depot. A burst may leave a million of them free: what the
// depot has not moved for a while is given back to the kernel, a slab at a time, where all of a
// slab's records are free. Regions are never unmapped, so a stale pointer to a record can be read.
//
//     region | header | slab 2 | slab 3 | ...          64 MB, aligned to its size
#include "runtime/sched.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define SLAB 128               // records in a slab, and in a batch
#define LIST_MOST (2 * SLAB)   // records that a P keeps
#define TRIM_FROM (64 * 1024)  // free records in the depot that are not worth a trim
#define REGION_BYTES ((size_t)64 << 20)
#define SLAB_BYTES (SLAB * sizeof(bo__start))
#define SLABS (REGION_BYTES / SLAB_BYTES)
#define HEADER_SLABS 2

typedef struct region {
    struct region *next;
    _Atomic uint32_t used;  // slabs carved, the header's included
    uint32_t empty_count;
    uint16_t empty[SLABS];  // slabs without pages, to be used again
    uint16_t free[SLABS];   // bo__starts_trim's: free records in each slab
} region;

_Static_assert(sizeof(region) <= HEADER_SLABS * SLAB_BYTES, "the header has its room");

static int32_t region_lock;  // guards the regions' empty slabs and the carving
static _Atomic(region *) regions;

static int32_t depot_lock;
static bo__start *depot;
static size_t depot_count;
static uint64_t depot_moves;  // how often something was taken or given
static uint64_t moves_at_trim, moves_seen;

// -- slabs ----------------------------------------------------------------------------------------

static region *region_new(void)
{
    char *map = mmap(NULL, 2 * REGION_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        bo_panic("out of memory for new goroutines: %s", strerror(errno));
    char *base = (char *)(((uintptr_t)map + REGION_BYTES - 1) & ~(uintptr_t)(REGION_BYTES - 1));
    if (base > map)
        munmap(map, (size_t)(base - map));
    munmap(base + REGION_BYTES, (size_t)(map + REGION_BYTES - base));
    region *r = (region *)(void *)base;
    atomic_store(&r->used, HEADER_SLABS);
    r->next = atomic_load(&regions);
    atomic_store(&regions, r);
    return r;
}

static region *region_of(const bo__start *start)
{
    return (region *)((uintptr_t)start & ~(uintptr_t)(REGION_BYTES - 1));
}

static size_t slab_of(const bo__start *start)
{
    return ((uintptr_t)start & (REGION_BYTES - 1)) / SLAB_BYTES;
}

static bo__start *records_of(region *r, size_t slab)
{
    return (bo__start *)(void *)((char *)r + slab * SLAB_BYTES);
}

static bo__start *take_slab(void)
{
    bo__lock(&region_lock);
    region *r = atomic_load(&regions);
    while (r && r->empty_count == 0 && atomic_load(&r->used) == SLABS)
        r = r->next;
    if (!r)
        r = region_new();
    size_t slab = r->empty_count > 0 ? r->empty[--r->empty_count] : atomic_fetch_add(&r->used, 1);
    bo__unlock(&region_lock);
    bo__start *records = records_of(r, slab);
    for (int i = 0; i < SLAB; i++)
        records[i].task.next = i + 1 < SLAB ? &records[i + 1].task : NULL;
    return records;
}

// -- the depot ------------------------------------------------------------------------------------

// A chain of SLAB free records, or of fewer: the count is in *count.
static bo__start *depot_take(uint32_t *count)
{
    bo__lock(&depot_lock);
    bo__start *chain = depot, *last = depot;
    for (*count = 1; last && last->task.next && *count < SLAB; ++*count)
        last = (bo__start *)last->task.next;
    if (last) {
        depot = (bo__start *)last->task.next;
        last->task.next = NULL;
        depot_count -= *count;
        depot_moves++;
    }
    bo__unlock(&depot_lock);
    if (chain)
        return chain;
    *count = SLAB;
    return take_slab();
}

static void depot_give(bo__start *first, bo__start *last, size_t count)
{
    bo__lock(&depot_lock);
    last->task.next = (bo__task *)depot;
    depot = first;
    depot_count += count;
    depot_moves++;
    bo__unlock(&depot_lock);
}

static bo__start *last_of(bo__start *chain, uint32_t count)
{
    while (--count > 0)
        chain = (bo__start *)chain->task.next;
    return chain;
}

bo__start *bo__start_get(bo__p *p)
{
    uint32_t count;
    if (!p) {
        bo__start *chain = depot_take(&count);
        bo__start *rest = (bo__start *)chain->task.next;
        if (rest)
            depot_give(rest, last_of(rest, count - 1), count - 1);
        return chain;
    }
    if (!p->starts)
        p->starts = depot_take(&p->start_count);
    bo__start *start = p->starts;
    p->starts = (bo__start *)start->task.next;
    p->start_count--;
    return start;
}

void bo__start_put(bo__p *p, bo__start *start)
{
    start->call.thunk = NULL;  // marks it free for bo__start_each
    start->task.next = (bo__task *)p->starts;
    p->starts = start;
    if (++p->start_count < LIST_MOST)
        return;
    bo__start *last = last_of(start, SLAB);
    p->starts = (bo__start *)last->task.next;
    p->start_count -= SLAB;
    depot_give(start, last, SLAB);
}

// -- giving back ----------------------------------------------------------------------------------

// The depot's whole chain, if it is long and nobody has moved any of it since the last look.
static bo__start *take_idle(void)
{
    bo__lock(&depot_lock);
    bool idle =
        depot_count > TRIM_FROM && depot_moves == moves_seen && depot_moves != moves_at_trim;
    moves_seen = depot_moves;
    bo__start *chain = idle ? depot : NULL;
    if (idle) {
        depot = NULL;
        depot_count = 0;
    }
    bo__unlock(&depot_lock);
    return chain;
}

static void release_empty(region *r)
{
    uint32_t used = atomic_load(&r->used);
    for (uint32_t slab = HEADER_SLABS; slab < used; slab++) {
        if (r->free[slab] == SLAB) {
            madvise(records_of(r, slab), SLAB_BYTES, MADV_DONTNEED);
            bo__lock(&region_lock);
            r->empty[r->empty_count++] = (uint16_t)slab;
            bo__unlock(&region_lock);
        }
        r->free[slab] = 0;
    }
}

void bo__starts_trim(void)
{
    bo__start *chain = take_idle(), *kept = NULL, *last = NULL;
    if (!chain)
        return;
    for (bo__start *s = chain; s; s = (bo__start *)s->task.next)
        region_of(s)->free[slab_of(s)]++;
    size_t count = 0;
    for (bo__start *s = chain, *after; s; s = after) {
        after = (bo__start *)s->task.next;
        if (region_of(s)->free[slab_of(s)] == SLAB)
            continue;
        s->task.next = (bo__task *)kept;
        last = kept ? last : s;
        kept = s;
        count++;
    }
    for (region *r = atomic_load(&regions); r; r = r->next)
        release_empty(r);
    if (kept)
        depot_give(kept, last, count);
    bo__lock(&depot_lock);
    moves_at_trim = depot_moves;
    bo__unlock(&depot_lock);
}

bool bo__starts_trimmable(void)
{
    bo__lock(&depot_lock);
    bool trimmable = depot_count > TRIM_FROM && depot_moves != moves_at_trim;
    bo__unlock(&depot_lock);
    return trimmable;
}

// It reads what others are changing; for dumps.
__attribute__((no_sanitize("thread"))) void
bo__start_each(bool (*visit)(bo__start *start, void *data), void *data)
{
    for (region *r = atomic_load(&regions); r; r = r->next) {
        bo__start *end = records_of(r, atomic_load(&r->used));
        for (bo__start *s = records_of(r, HEADER_SLABS); s < end; s++)
            if (s->call.thunk && !visit(s, data))
                return;
    }
}
