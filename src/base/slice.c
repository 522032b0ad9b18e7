// SPDX-License-Identifier: MIT
// slice.c: the untyped core of slices.
//
// The macros of bora/slice.h take a slice apart into pointer, length and capacity and put the grown
// one together again, so that this code never looks at a typed slice through another type. Capacity
// doubles: a push costs a constant time on average, and at most half of the memory lies idle.
// Arenas grow their last allocation in place, so a slice that is filled in one go is rarely copied.
#include <bora/slice.h>
#include <stdlib.h>

// The first elements get a cache line or so; a single one that is large gets just its own place.
#define FIRST_BYTES 64

static size_t grown_capacity(size_t cap, size_t need, size_t size)
{
    size_t doubled = 0;
    if (__builtin_mul_overflow(cap, 2, &doubled))
        doubled = need;
    size_t first = FIRST_BYTES / size;
    if (doubled < first)
        doubled = first;
    return doubled < need ? need : doubled;
}

bo__slice bo__slice_grow(bo_arena *arena, bo__slice slice, size_t more, bo__slice_elem elem)
{
    size_t need = 0, bytes = 0;
    if (__builtin_add_overflow(slice.len, more, &need))
        bo__out_of_memory(more, elem.size);
    size_t cap = grown_capacity(slice.cap, need, elem.size);
    if (__builtin_mul_overflow(cap, elem.size, &bytes))
        bo__out_of_memory(need, elem.size);
    if (arena) {
        slice.ptr = bo_arena_grow(arena, slice.ptr, slice.cap * elem.size, bytes, elem.align);
    } else {
        bo_assert(elem.align <= _Alignof(max_align_t));
        slice.ptr = bo_realloc(slice.ptr, bytes);
    }
    slice.cap = cap;
    return slice;
}

bo__slice bo__slice_append(bo_arena *arena, bo__slice slice, const void *from, size_t count,
                           bo__slice_elem elem)
{
    if (count == 0)
        return slice;
    uintptr_t offset = (uintptr_t)from - (uintptr_t)slice.ptr;
    bool own = slice.ptr && offset < slice.len * elem.size;
    if (slice.cap - slice.len < count)
        slice = bo__slice_grow(arena, slice, count, elem);
    // Its own elements have moved with it.
    char *elements = slice.ptr;
    memcpy(elements + slice.len * elem.size, own ? elements + offset : from, count * elem.size);
    slice.len += count;
    return slice;
}

void bo__slice_free(void *ptr)
{
    free(ptr);
}
