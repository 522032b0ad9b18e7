// SPDX-License-Identifier: MIT
// bora/slice.h: typed arrays that grow.
//
// A slice is a pointer, a length and a capacity. It is a plain struct with the type of its elements
// in it, so the compiler checks what goes in, and its elements are read as those of an array.
//
//     typedef BO_SLICE(int) ints;          // Name each type of slice once.
//
//     ints squares = {0};
//     for (int i = 0; i < 10; i++)
//         bo_push(&arena, &squares, i * i);
//     for (size_t i = 0; i < squares.len; i++)
//         printf("%d\n", squares.ptr[i]);
//
// The memory is the arena's and goes with it. With NULL for the arena it is the heap's, and
// bo_slice_free gives it back; one slice keeps to one of the two. Growing moves the elements, so
// pointers to them do not outlive the next bo_push, bo_reserve or bo_append.
//
// The zero value is an empty slice. Copies share their elements. No function here parks; macro
// arguments are evaluated once. Out of memory ends the program, as everywhere (bora/arena.h).
#ifndef BORA_SLICE_H
#define BORA_SLICE_H

#include <bora/arena.h>
#include <bora/err.h>
#include <bora/str.h>

#define BO_SLICE(T)                                                                                \
    struct {                                                                                       \
        T *ptr;                                                                                    \
        size_t len, cap;                                                                           \
    }

typedef BO_SLICE(bo_str) bo_strs;

// bo_push adds a value at the end: bo_push(&arena, &names, bo_s("Ann")). The value may be a
// compound literal with commas in it, and may be read from the slice itself.
#define bo_push(arena, slice, ...)                                                                 \
    __extension__({                                                                                \
        __typeof__(slice) bo__to = (slice);                                                        \
        __typeof__(*bo__to->ptr) bo__item = (__VA_ARGS__);                                         \
        if (__builtin_expect(bo__to->len == bo__to->cap, 0))                                       \
            BO__SLICE_GROW(arena, bo__to, 1);                                                      \
        bo__to->ptr[bo__to->len++] = bo__item;                                                     \
    })

// bo_reserve makes room for `more` elements behind those that are there, so that so many can be
// pushed without another move.
#define bo_reserve(arena, slice, more)                                                             \
    __extension__({                                                                                \
        __typeof__(slice) bo__to = (slice);                                                        \
        size_t bo__more = (more);                                                                  \
        if (bo__to->cap - bo__to->len < bo__more)                                                  \
            BO__SLICE_GROW(arena, bo__to, bo__more);                                               \
    })

// bo_append adds `count` elements that begin at `from`. They may be elements of the slice itself.
#define bo_append(arena, slice, from, count)                                                       \
    __extension__({                                                                                \
        __typeof__(slice) bo__to = (slice);                                                        \
        const __typeof__(*bo__to->ptr) *bo__from = (from);                                         \
        bo__slice bo__next = bo__slice_append((arena), BO__SLICE_CORE(bo__to), bo__from, (count),  \
                                              BO__SLICE_ELEM(bo__to));                             \
        bo__to->ptr = bo__next.ptr;                                                                \
        bo__to->len = bo__next.len;                                                                \
        bo__to->cap = bo__next.cap;                                                                \
    })

// bo_last is the last element, to be read or assigned: bo_last(&names) = bo_s("Bob"). A slice
// without one is a bug of the caller and panics.
#define bo_last(slice)                                                                             \
    (*__extension__({                                                                              \
        __typeof__(slice) bo__of = (slice);                                                        \
        bo_assert(bo__of->len > 0);                                                                \
        &bo__of->ptr[bo__of->len - 1];                                                             \
    }))

// bo_pop takes the last element off and yields it. A slice without one panics.
#define bo_pop(slice)                                                                              \
    __extension__({                                                                                \
        __typeof__(slice) bo__off = (slice);                                                       \
        bo_assert(bo__off->len > 0);                                                               \
        bo__off->ptr[--bo__off->len];                                                              \
    })

// bo_slice_free gives back the memory of a slice that grew with NULL for an arena, and makes it
// empty. A zero slice: no effect.
#define bo_slice_free(slice)                                                                       \
    __extension__({                                                                                \
        __typeof__(slice) bo__gone = (slice);                                                      \
        bo__slice_free(bo__gone->ptr);                                                             \
        bo__gone->ptr = NULL;                                                                      \
        bo__gone->len = bo__gone->cap = 0;                                                         \
    })

// The untyped core; see src/base/slice.c. None of this is for callers.
typedef BO_SLICE(void) bo__slice;

typedef struct {
    size_t size, align;
} bo__slice_elem;

bo__slice bo__slice_grow(bo_arena *arena, bo__slice slice, size_t more, bo__slice_elem elem);
bo__slice bo__slice_append(bo_arena *arena, bo__slice slice, const void *from, size_t count,
                           bo__slice_elem elem);
void bo__slice_free(void *ptr);

#define BO__SLICE_CORE(slice) ((bo__slice){(slice)->ptr, (slice)->len, (slice)->cap})
#define BO__SLICE_ELEM(slice)                                                                      \
    ((bo__slice_elem){sizeof(*(slice)->ptr), _Alignof(__typeof__(*(slice)->ptr))})
#define BO__SLICE_GROW(arena, slice, more)                                                         \
    do {                                                                                           \
        bo__slice bo__grown =                                                                      \
            bo__slice_grow((arena), BO__SLICE_CORE(slice), (more), BO__SLICE_ELEM(slice));         \
        (slice)->ptr = bo__grown.ptr;                                                              \
        (slice)->cap = bo__grown.cap;                                                              \
    } while (0)

#endif
