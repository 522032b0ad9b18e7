// SPDX-License-Identifier: MIT
// bora/arena.h: memory that is freed all at once.
//
// An arena hands out memory from large blocks and takes it back in one step. What belongs to a
// request lives in that request's arena and goes with it. A zero arena is ready and owns nothing
// until the first allocation.
//
//     bo_arena arena = {0};
//     user *u = bo_new(&arena, user);            // zeroed
//     char *line = bo_new_n(&arena, char, 80);
//     bo_arena_free(&arena);
//
// Memory comes zeroed. Out of memory is not an error that is returned: the program says so, prints
// its goroutines and aborts; whatever a stranger can size is limited before it gets here.
// An arena belongs to one goroutine at a time. No function here parks.
#ifndef BORA_ARENA_H
#define BORA_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct bo_arena bo_arena;

struct bo_arena {
    char *next_;                     // First free byte of the current block.
    char *end_;                      // Behind its last byte.
    struct bo__arena_block *block_;  // The current block; the older ones hang behind it.
    size_t used_;                    // Bytes handed out from the older ones since the last reset.
};

// bo_alloc returns count * size zeroed bytes, aligned as asked (a power of two up to 4096).
// A count of 0 returns a valid pointer. An overflow of the product is out of memory.
static inline void *bo_alloc(bo_arena *arena, size_t count, size_t size, size_t align)
    __attribute__((malloc, returns_nonnull, alloc_size(2, 3)));

// bo_alloc_raw is bo_alloc for one object of bytes that the caller fills at once: not zeroed.
static inline void *bo_alloc_raw(bo_arena *arena, size_t size, size_t align)
    __attribute__((malloc, returns_nonnull, alloc_size(2)));

// bo_new returns a zeroed T, bo_new_n an array of count of them.
#define bo_new(arena, T) ((T *)bo_alloc((arena), 1, sizeof(T), _Alignof(T)))
#define bo_new_n(arena, T, count) ((T *)bo_alloc((arena), (count), sizeof(T), _Alignof(T)))

// bo_arena_grow makes an allocation of old_size bytes new_size large, in place when it was the
// arena's last one, else by a copy. The added bytes are not zeroed. ptr may be NULL. The old place
// is not to be used any more. A smaller new_size gives the rest back if that is easy.
void *bo_arena_grow(bo_arena *arena, void *ptr, size_t old_size, size_t new_size, size_t align);

// bo_arena_used is the number of bytes handed out since the last reset, padding included.
size_t bo_arena_used(const bo_arena *arena);

// bo_arena_reset takes everything back and keeps the first block (up to 64 KB) for the next use.
void bo_arena_reset(bo_arena *arena);

// bo_arena_free takes everything back and gives the blocks to the heap. The arena is zero again.
void bo_arena_free(bo_arena *arena);

// bo_malloc, bo_calloc and bo_realloc are the heap's, except that they do not return NULL: out of
// memory ends the program with a report. Free with free().
void *bo_malloc(size_t size) __attribute__((malloc, returns_nonnull));
void *bo_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *bo_realloc(void *ptr, size_t size) __attribute__((returns_nonnull));

// What follows is not for callers: the way that nearly every allocation takes, a dozen machine
// instructions in the place where they are needed. AddressSanitizer wants to hear of every
// allocation, so under it all go the long way.
#if defined(__SANITIZE_ADDRESS__)
#define BO__ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BO__ASAN 1
#endif
#endif
#ifndef BO__ASAN
#define BO__ASAN 0
#endif

void *bo__arena_alloc(bo_arena *arena, size_t size, size_t align) __attribute__((returns_nonnull));
_Noreturn void bo__out_of_memory(size_t count, size_t size);

static inline void *bo_alloc_raw(bo_arena *arena, size_t size, size_t align)
{
    size_t room = (size_t)(arena->end_ - arena->next_);
    size_t pad = (size_t)(-(uintptr_t)arena->next_ & (align - 1));
    // A size of 0 wraps around here: the long way gives it a pointer even in an empty arena.
    if (BO__ASAN || pad >= room || size - 1 >= room - pad)
        return bo__arena_alloc(arena, size, align);
    char *at = arena->next_ + pad;
    arena->next_ = at + size;
    return at;
}

static inline void *bo_alloc(bo_arena *arena, size_t count, size_t size, size_t align)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes))
        bo__out_of_memory(count, size);
    return memset(bo_alloc_raw(arena, bytes, align), 0, bytes);
}

#endif
