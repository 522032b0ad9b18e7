// SPDX-License-Identifier: MIT
// store.c: users in memory. See store.h.
//
// Each user is one block of the heap, the struct and its strings behind it, so that it can be freed
// by itself; a map leads to it. Many may read at once, one writes.
#include "store.h"

#include <stdlib.h>

// put copies s to *to, moves *to behind it, and gives the copy.
static bo_str put(char **to, bo_str s)
{
    bo_str copy = bo_str_n(*to, s.len);
    if (s.len > 0)
        memcpy(*to, s.ptr, s.len);
    *to += s.len;
    return copy;
}

// fill makes *copy a user like *u, with its strings at text.
static user *fill(user *copy, char *text, const user *u)
{
    *copy = (user){.id = u->id,
                   .name = put(&text, u->name),
                   .email = put(&text, u->email),
                   .created_at = put(&text, u->created_at)};
    return copy;
}

static size_t text_bytes(const user *u)
{
    return u->name.len + u->email.len + u->created_at.len;
}

static user *new_user(const user *u)
{
    user *copy = bo_malloc(sizeof *copy + text_bytes(u));
    return fill(copy, (char *)(copy + 1), u);
}

static user clone(bo_arena *arena, const user *u)
{
    user copy;
    return *fill(&copy, bo_new_n(arena, char, text_bytes(u)), u);
}

static bo_err not_found(int64_t id)
{
    return bo_errf(BO_NOT_FOUND, "user %lld", (long long)id);
}

bo_err store_add(store *s, bo_arena *arena, user *u)
{
    char time[BO_TIME_MAX];
    u->created_at = bo_str_clone(arena, bo_time_format(bo_now(), 3, time));

    bo_rwmutex_lock(&s->lock);
    bool full = bo_map_len(&s->by_id) == USERS_MAX;
    if (!full) {
        u->id = ++s->last_id;
        bo_map_set(&s->by_id, u->id, new_user(u));
    }
    bo_rwmutex_unlock(&s->lock);
    return full ? bo_errf(BO_EXHAUSTED, "there are %d users, and no more fit", USERS_MAX) : NULL;
}

bo_err store_find(store *s, bo_arena *arena, int64_t id, user *out)
{
    bo_rwmutex_read_lock(&s->lock);
    user **found = bo_map_get(&s->by_id, id);
    if (found)
        *out = clone(arena, *found);
    bo_rwmutex_read_unlock(&s->lock);
    return found ? NULL : not_found(id);
}

bo_err store_update(store *s, bo_arena *arena, user *u)
{
    bo_rwmutex_lock(&s->lock);
    user **found = bo_map_get(&s->by_id, u->id);
    if (found) {
        u->created_at = bo_str_clone(arena, (*found)->created_at);
        free(*found);
        *found = new_user(u);
    }
    bo_rwmutex_unlock(&s->lock);
    return found ? NULL : not_found(u->id);
}

bo_err store_remove(store *s, int64_t id)
{
    bo_rwmutex_lock(&s->lock);
    user **found = bo_map_get(&s->by_id, id);
    if (found) {
        free(*found);
        bo_map_delete(&s->by_id, id);
    }
    bo_rwmutex_unlock(&s->lock);
    return found ? NULL : not_found(id);
}

user_list store_list(store *s, bo_arena *arena)
{
    user_list list = {0};
    int64_t id;
    user **u;
    bo_rwmutex_read_lock(&s->lock);
    for (size_t cursor = 0; bo_map_next(&s->by_id, &cursor, &id, &u);)
        bo_push(arena, &list.users, clone(arena, *u));
    bo_rwmutex_read_unlock(&s->lock);
    return list;
}

void store_free(store *s)
{
    int64_t id;
    user **u;
    for (size_t cursor = 0; bo_map_next(&s->by_id, &cursor, &id, &u);)
        free(*u);
    bo_map_free(&s->by_id);
}
