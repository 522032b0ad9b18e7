// SPDX-License-Identifier: MIT
// bora/go.h: goroutines.
//
// A goroutine is a function call that runs by itself, beside its caller, on any core. It costs a
// few tens of nanoseconds to start and one page of memory while it waits, so a program may have a
// million of them, each written as plain blocking code.
//
//     static void greet(const char *name, int times);
//
//     int bo_main(int argc, char **argv)
//     {
//         go(greet, "Ada", 3);
//         bo_sleep(10 * BO_MILLISECOND);
//         return 0;               // The program ends with bo_main; it waits for no goroutine.
//     }
//
// "Parks" in these headers means: the goroutine may wait, and others run meanwhile on its core. It
// may go on on another thread, so no address of a thread-local may be kept across such a call;
// errno is kept for each goroutine.
//
// Goroutines that compute for long, or that sit in a blocking call of libc, delay nobody by more
// than about 10 ms: their core's work moves to another thread.
//
// BORA_SEED=n in the environment makes who runs next a matter of the number, so that an
// interleaving of a program that only uses channels and locks can be had again:
// docs/seeded-mode.md.
#ifndef BORA_GO_H
#define BORA_GO_H

#include <bora/closure.h>
#include <bora/err.h>
#include <bora/time.h>
#include <errno.h>

// compilers may keep errno's address across a call that parks, since libc declares it constant;
// this accessor is not.
int *bo__errno(void);
#undef errno
#define errno (*bo__errno())

// go(fn, args...) starts fn(args...) as a goroutine. The arguments are evaluated now and converted
// as in a direct call; at most six scalars (48 bytes; a bo_str counts as two). fn's value is
// dropped. What pointers among them point to must live until the goroutine is done with it.
//
// The goroutine is in no cancellation scope, since nobody waits for it; bo_group_go starts one that
// is (bora/group.h). Never parks, never fails. Works from any thread, also before bo_run.
#ifndef BO_NO_GO
#define go(...) bo__go(BO__CALL(BO__DROP, __VA_ARGS__), NULL)
#endif

typedef struct {
    const char *name;    // Shown in dumps; a literal, or text that lives as long as the goroutine.
    size_t stack_bytes;  // Address space for its stack; 0: 256 KB. Rounded up to 16 KB, 64 KB,
                         // 256 KB, 1 MB or 8 MB, which is the limit. Memory is used as touched.
} bo_go_options;

// bo_go_with((fn, args...), .option = value...) is go with options:
//     bo_go_with((sweep, db), .name = "janitor", .stack_bytes = 1 << 20);
#define bo_go_with(call, ...) bo__go(BO__CALL_OF(BO__DROP, call), &(bo_go_options){__VA_ARGS__})

// bo_main is where a program that leaves main to Bora begins: as the first goroutine. Its value is
// the exit status.
int bo_main(int argc, char **argv);

// bo_run(fn, args...) is the same for a program that keeps its own main: it runs fn(args...), which
// returns an int, as a goroutine and returns its value. The calling thread waits. Goroutines that
// are left go on until the process ends.
#define bo_run(...) bo__run(BO__CALL(BO__KEEP_INT, __VA_ARGS__))

// bo_yield lets other goroutines that are ready run first. Parks.
void bo_yield(void);

// bo_sleep waits for d, or until the scope ends: BO_CANCELED or BO_TIMEOUT then. Not positive:
// yields.
bo_err bo_sleep(bo_duration d);

typedef struct {
    uint64_t id;       // From 1; never used again. 0: a thread that is no goroutine.
    const char *name;  // "" if it has none.
} bo_goroutine;

// bo_self says who is running.
bo_goroutine bo_self(void);

// bo_set_name names the running goroutine for dumps and logs. The text must outlive it.
void bo_set_name(const char *name);

// bo_goroutine_count is how many goroutines exist; a moment's picture.
size_t bo_goroutine_count(void);

// bo_procs is how many goroutines can run at once: BORA_PROCS, else the cores that the process may
// use (affinity, and a cgroup's CPU quota rounded up).
int bo_procs(void);

// A goroutine-local variable. Each goroutine sees its own value, NULL at first.
//
//     static bo_local session;
//     bo_local_set(&session, s, session_free);   // session_free(s) at its end; may be NULL
//     struct session *s = bo_local_get(&session);
typedef struct {
    char unused_;  // The variable's address is its identity.
} bo_local;

void *bo_local_get(const bo_local *local);
void bo_local_set(const bo_local *local, void *value, void (*free_value)(void *));

// bo_blocking(fn, args...) calls fn(args...) and yields its value, after handing the core's other
// work to another thread: for a call known to block (a disk, a library with its own sockets). Parks
// when it returns, until a core is free. At most BORA_THREADS (default 512) such calls at once;
// further ones wait their turn.
#define bo_blocking(fn, ...)                                                                       \
    __extension__({                                                                                \
        __attribute__((cleanup(bo__blocking_end), unused)) char bo__blocking_scope =               \
            bo__blocking_begin();                                                                  \
        (fn)(__VA_ARGS__);                                                                         \
    })

// bo_pin_thread ties the goroutine to its present thread, and gives that thread to it alone, until
// bo_unpin_thread: for libraries that keep thread-locals of their own. Calls nest. A pinned
// goroutine that parks blocks its thread, so a hand-over to it costs microseconds. bo_unpin_thread
// parks.
void bo_pin_thread(void);
void bo_unpin_thread(void);

// bo_dump writes all goroutines to a file descriptor: id, name, state and for how long, what each
// waits for, its stack, and where it was started. SIGQUIT does the same to standard error and ends
// the program with 2.
void bo_dump(int fd);

// bo_defer(fn, pointer) calls fn(pointer) at the end of the enclosing block.
#define bo_defer(fn, pointer)                                                                      \
    __attribute__((cleanup(bo__deferred_run), unused)) bo__deferred BO__PASTE(bo__defer_,          \
                                                                              __COUNTER__) = {     \
        (void (*)(void *))(__typeof__(0 ? (fn) : (fn))){fn}, __extension__({                       \
            BO__STRICT                                                                             \
            void *bo__arg = 0 ? ((fn)(pointer), (void *)0) : (void *)(pointer);                    \
            BO__END_STRICT                                                                         \
            bo__arg;                                                                               \
        })}

typedef struct {
    void (*fn)(void *);
    void *arg;
} bo__deferred;

static inline void bo__deferred_run(bo__deferred *deferred)
{
    deferred->fn(deferred->arg);
}

void bo__go(bo__call call, const bo_go_options *options);
int bo__run(bo__call call);
char bo__blocking_begin(void);
void bo__blocking_end(char *scope);

// A queue of waiting goroutines, here because locks hold one. See src/runtime/runtime.h.
typedef struct bo__waitq {
    struct bo__waiter *first, *last;
} bo__waitq;

// The state of a cancellation scope, here because bo_group holds one. See src/runtime/scope.c.
typedef struct bo__timer {
    struct bo__timer *next_, *prev_;
    void (*fire_)(struct bo__timer *timer);
    struct bo__wheel *wheel_;
    uint64_t tick_;
    int32_t slot_;
} bo__timer;

typedef struct bo__scope {
    int32_t lock_;
    bo_err reason_;  // Atomic. NULL while open, else BO_CANCELED or BO_TIMEOUT.
    struct bo__scope *parent_, *child_, *next_, *prev_;
    struct bo__g *member_;
    bo__timer timer_;
} bo__scope;

// bo_scope_err is NULL, or why the running goroutine's scope has ended: BO_CANCELED or BO_TIMEOUT.
// A long computation asks it now and then.
bo_err bo_scope_err(void);

#endif
