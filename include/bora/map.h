// SPDX-License-Identifier: MIT
// bora/map.h: hash maps from strings or integers to values of any type.
//
//     typedef BO_MAP(bo_str, int) counts;       // Name each type of map once.
//
//     counts seen = {0};
//     for (bo_str rest = text, word; bo_str_next(&rest, ' ', &word);)
//         *bo_map_slot(&seen, word) += 1;
//
//     bo_str word;
//     int *count;
//     for (size_t at = 0; bo_map_next(&seen, &at, &word, &count);)
//         printf(BO_FMT ": %d\n", BO_ARG(word), *count);
//     bo_map_free(&seen);
//
// A map lives on the heap and is freed with bo_map_free, unless it was given an arena before its
// first key: `counts seen = {.arena = &arena};`. Then its memory goes with the arena; what it
// outgrows and deletes stays there until then, so a map that lives long and changes much belongs on
// the heap.
//
// The keys are bo_str, which the map copies, or int64_t. Iteration is in the order of insertion.
// The hash is keyed with a secret of the process, so strangers may choose the keys. A map holds at
// most 2^31 entries; who lets strangers fill one sets a limit of its own.
//
// Pointers to values hold until the next bo_map_slot or bo_map_set, which may move them all.
// Several goroutines may read a map at once (get, next, len) while none changes it. The zero value
// is an empty map. No function here parks. The macros evaluate `map` several times, the rest once.
#ifndef BORA_MAP_H
#define BORA_MAP_H

#include <bora/arena.h>
#include <bora/str.h>

#define BO_MAP(K, V)                                                                               \
    struct {                                                                                       \
        bo_arena *arena; /* Where it lives; NULL: on the heap. */                                  \
        bo__map core_;                                                                             \
        union {                                                                                    \
            K *key_;                                                                               \
            V *value_;                                                                             \
        } type_; /* Never used: it tells the macros the types. */                                  \
    }

typedef struct {
    char *entries_;          // In the order of insertion, those deleted among them.
    uint64_t *index_;        // Hash and number of the entry; NULL while there are few.
    uint32_t index_mask_;    // The size of the index less one.
    uint32_t live_;          // Entries that are not deleted.
    uint32_t first_;         // No live entry lies before this one.
    uint32_t used_;          // Entries, live or deleted.
    uint32_t capacity_;      // Entries that there is room for.
    uint32_t value_offset_;  // Of the value in its entry.
    uint32_t stride_;        // From one entry to the next.
} bo__map;

// bo_map_len is the number of entries.
#define bo_map_len(map) ((size_t)(map)->core_.live_)

// bo_map_get returns a pointer to the value of a key, or NULL.
#define bo_map_get(map, key)                                                                       \
    ((__typeof__((map)->type_.value_))BO__MAP_BY_KEY(map, bo__map_get)(&(map)->core_, (key)))

// bo_map_slot returns a pointer to the value of a key, which it adds with a zero value if it is
// new.
#define bo_map_slot(map, key)                                                                      \
    ((__typeof__((map)->type_.value_))BO__MAP_BY_KEY(map, bo__map_slot)(                           \
        &(map)->core_, (map)->arena, (key), BO__MAP_VALUE(map)))

// bo_map_set adds a key with its value, or gives a new value to the key.
#define bo_map_set(map, key, ...)                                                                  \
    __extension__({                                                                                \
        __typeof__(*(map)->type_.value_) bo__value = (__VA_ARGS__);                                \
        *bo_map_slot(map, key) = bo__value;                                                        \
    })

// bo_map_delete removes a key and reports whether it was there. What the value owns is the caller's
// to free, before.
#define bo_map_delete(map, key)                                                                    \
    BO__MAP_BY_KEY(map, bo__map_delete)(&(map)->core_, (map)->arena, (key))

// bo_map_next steps to the next entry and reports whether there was one: *key_out and *value_out
// are the key, owned by the map, and a pointer to the value. *cursor begins at 0. Between two steps
// any entry may be deleted, none added.
#define bo_map_next(map, cursor, key_out, value_out)                                               \
    __extension__({                                                                                \
        void *bo__entry = bo__map_next(&(map)->core_, (cursor));                                   \
        if (bo__entry) {                                                                           \
            *(key_out) = *(__typeof__((map)->type_.key_))bo__map_key(bo__entry);                   \
            *(value_out) =                                                                         \
                (__typeof__((map)->type_.value_))bo__map_value(&(map)->core_, bo__entry);          \
        }                                                                                          \
        bo__entry != NULL;                                                                         \
    })

// bo_map_reset removes all entries and keeps the memory for the next ones.
#define bo_map_reset(map) BO__MAP_BY_KEY(map, bo__map_reset)(&(map)->core_, (map)->arena)

// bo_map_free removes all entries and gives the memory back. The map is empty again and may be
// used.
#define bo_map_free(map) BO__MAP_BY_KEY(map, bo__map_free)(&(map)->core_, (map)->arena)

// The untyped core; see src/base/map.c. None of this is for callers.
typedef struct {
    size_t size, align;
} bo__map_elem;

#define BO__MAP_VALUE(map)                                                                         \
    ((bo__map_elem){sizeof(*(map)->type_.value_), _Alignof(__typeof__(*(map)->type_.value_))})

// A map with another type of key stops the compiler here.
#define BO__MAP_BY_KEY(map, function)                                                              \
    _Generic(*(map)->type_.key_, bo_str : function##_str, int64_t : function##_int)

void *bo__map_get_str(const bo__map *map, bo_str key);
void *bo__map_get_int(const bo__map *map, int64_t key);
void *bo__map_slot_str(bo__map *map, bo_arena *arena, bo_str key, bo__map_elem value);
void *bo__map_slot_int(bo__map *map, bo_arena *arena, int64_t key, bo__map_elem value);
bool bo__map_delete_str(bo__map *map, bo_arena *arena, bo_str key);
bool bo__map_delete_int(bo__map *map, bo_arena *arena, int64_t key);
void bo__map_reset_str(bo__map *map, bo_arena *arena);
void bo__map_reset_int(bo__map *map, bo_arena *arena);
void bo__map_free_str(bo__map *map, bo_arena *arena);
void bo__map_free_int(bo__map *map, bo_arena *arena);
void *bo__map_next(const bo__map *map, size_t *cursor);

// An entry is 32 bits of its hash, 32 bits that say whether it is live, the key and the value.
static inline void *bo__map_key(void *entry)
{
    return (char *)entry + 8;
}

static inline void *bo__map_value(const bo__map *map, void *entry)
{
    return (char *)entry + map->value_offset_;
}

#endif
