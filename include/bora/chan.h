// SPDX-License-Identifier: MIT
// bora/chan.h: channels, and waiting for several of them at once.
//
// A channel carries values of one type from goroutine to goroutine. With capacity 0 a send and a
// receive meet; with more, that many values wait in it. bo_chan(int) is an ordinary pointer type:
// it may be a parameter, a field, an array element, an element of another channel, and it is the
// same type wherever it is written.
//
//     static void worker(bo_chan(int) jobs, bo_chan(int) results)
//     {
//         for (int job; bo_recv(jobs, &job);)     // Ends when jobs is closed and drained.
//             bo_send(results, job * 2);
//     }
//
//     bo_chan(int) jobs = bo_chan_new(int, 100);
//     bo_chan(int) results = bo_chan_new(int, 100);
//     go(worker, jobs, results);
//
// The rules are Go's. A NULL channel is never ready. Values come out in the order they went in.
// Sending on a closed channel, closing twice and closing NULL are mistakes of the program: they
// panic. What a goroutine wrote before a send is visible after the receive that takes the value,
// and what it wrote before a close after the receive that finds the channel closed.
//
// A call that can go ahead at once does so; one that has to wait ends early when the scope of the
// goroutine ends (bora/group.h), without sending or taking anything.
//
// All of it works from any thread. Each macro evaluates its arguments once; a value or variable of
// a type that does not fit is a compile error.
#ifndef BORA_CHAN_H
#define BORA_CHAN_H

#include <bora/closure.h>
#include <bora/time.h>
#include <stdbool.h>
#include <stddef.h>

// bo_chan(T) is the type of a channel of T: any type that a function can return. It is a pointer to
// a function that does not exist, since that is the one C type that carries T without a tag.
#define bo_chan(T) __typeof__(__typeof__(T)(*)(struct bo__chan *))

// bo_chan_new makes a channel of T with room for capacity values. T has at most 64 KB; capacity
// times T's size at most 1 GB. Free it with bo_chan_free.
#define bo_chan_new(T, capacity)                                                                   \
    __extension__({                                                                                \
        _Static_assert(sizeof(__typeof__(T)) <= BO__CHAN_ELEMENT_MAX,                              \
                       "a channel's element has at most 64 KB: send a pointer");                   \
        (bo_chan(T)) bo__chan_new(sizeof(__typeof__(T)), (capacity));                              \
    })

// bo_chan_free frees a channel that nobody uses any more, closed or not, and the values left in it
// (only their own bytes: not what they point to). It panics if someone waits on it. NULL: no
// effect.
#define bo_chan_free(ch) bo__chan_free(bo__chan_any(ch))

// bo_send puts a value into the channel and reports true; parks while there is no room and nobody
// to take it. false: the scope ended meanwhile (bo_scope_err() says why), the value was not sent.
// The value is what may stand behind `T v =`, an initialiser such as {1, 2} included. A copy of it
// lies on the caller's stack (bo_on_send: two), which has 256 KB: send a pointer to what is large.
#define bo_send(ch, ...)                                                                           \
    __extension__({                                                                                \
        BO__STRICT                                                                                 \
        bo__element(ch) bo__sent_value = __VA_ARGS__;                                              \
        bool bo__sent = bo__chan_send(bo__chan_any(ch), &bo__sent_value);                          \
        BO__END_STRICT                                                                             \
        bo__sent;                                                                                  \
    })

// bo_recv takes the oldest value into *to and reports true; parks while there is none. false, with
// *to untouched: the channel is closed and drained, or the scope ended meanwhile (then
// bo_scope_err() is not NULL). A NULL to drops the value.
#define bo_recv(ch, to)                                                                            \
    __extension__({                                                                                \
        BO__STRICT                                                                                 \
        bool bo__received = bo__chan_recv(bo__chan_any(ch), (bo__element(ch) *){(to)});            \
        BO__END_STRICT                                                                             \
        bo__received;                                                                              \
    })

// bo_try_send and bo_try_recv never park: false also when they would have to. To tell an empty
// channel from a drained one, use bo_select(bo_on_recv(ch, &v, &ok), bo_on_default).
#define bo_try_send(ch, ...)                                                                       \
    __extension__({                                                                                \
        BO__STRICT                                                                                 \
        bo__element(ch) bo__sent_value = __VA_ARGS__;                                              \
        bool bo__sent = bo__chan_try_send(bo__chan_any(ch), &bo__sent_value);                      \
        BO__END_STRICT                                                                             \
        bo__sent;                                                                                  \
    })
#define bo_try_recv(ch, to)                                                                        \
    __extension__({                                                                                \
        BO__STRICT                                                                                 \
        bool bo__received = bo__chan_try_recv(bo__chan_any(ch), (bo__element(ch) *){(to)});        \
        BO__END_STRICT                                                                             \
        bo__received;                                                                              \
    })

// bo_chan_close says that no more values will come: receivers get what is left, then false. Senders
// that wait at that moment panic. Never parks.
#define bo_chan_close(ch) bo__chan_close(bo__chan_any(ch))

// bo_chan_len is how many values wait in the channel, a moment's picture; bo_chan_cap its capacity.
// NULL: 0.
#define bo_chan_len(ch) bo__chan_len(bo__chan_any(ch))
#define bo_chan_cap(ch) bo__chan_cap(bo__chan_any(ch))

// bo_select waits until one of its cases can go ahead, does that one, and returns its index in the
// order written. Of several that can, each is as likely as the others.
//
//     switch (bo_select(bo_on_recv(inbox, &note), bo_on_recv(closed, NULL),
//                       bo_on_timeout(15 * BO_SECOND))) {
//     case 0: ...                    // note holds a value
//     case 1: return;
//     case 2: ping(); break;
//     case BO_SELECT_CANCELED: return;
//     }
//
// All channels, values and durations are evaluated once, in the order written. A case whose channel
// is NULL is never chosen; with no case that could ever be, it waits for the end of the scope.
// There is no limit to the number of cases; up to 16 take no memory. A select uses all its channels
// until it returns, but the one through which it was woken only until the other side has the value.
#define bo_select(...)                                                                             \
    __extension__({                                                                                \
        BO__STRICT                                                                                 \
        bo_case bo__cases[] = {__VA_ARGS__};                                                       \
        BO__END_STRICT                                                                             \
        bo_select_n(bo__cases, sizeof(bo__cases) / sizeof(bo_case));                               \
    })

// What bo_select returns when the scope ended before a case could go ahead: bo_scope_err() says
// why.
#define BO_SELECT_CANCELED (-1)

// bo_on_recv(ch, to) or bo_on_recv(ch, to, ok): receive into *to (NULL drops the value). A closed
// and drained channel is ready: *ok is then false and *to untouched, else *ok is true.
#define bo_on_recv(ch, ...) BO__ON_RECV(ch, __VA_ARGS__, NULL, )

// bo_on_send(ch, value): the value is evaluated when select begins, sent or not.
#define bo_on_send(ch, ...)                                                                        \
    ((bo_case){BO__CASE_SEND, bo__chan_any(ch), bo__value(ch, __VA_ARGS__), NULL, 0})

// bo_on_timeout(d): chosen once d has passed; at once if d is not positive and no other case is
// ready. Of several timeouts the shortest counts.
#define bo_on_timeout(d) ((bo_case){BO__CASE_TIMEOUT, NULL, NULL, NULL, (d)})

// bo_on_default: chosen when no other case can go ahead at once.
#define bo_on_default ((bo_case){BO__CASE_DEFAULT, NULL, NULL, NULL, 0})

typedef void (*bo__any_chan)(void);

typedef struct {
    int kind_;
    bo__any_chan chan_;
    void *data_;
    bool *ok_;
    bo_duration timeout_;
} bo_case;

// bo_select_n is bo_select for an array, when the number of cases is known only at run time. Types
// in an array of the caller's are checked with warnings as strict as the compiler's own.
int bo_select_n(const bo_case *cases, size_t count);

// ---- what the macros above expand to; nothing below is for direct use ----

enum { BO__CASE_RECV, BO__CASE_SEND, BO__CASE_TIMEOUT, BO__CASE_DEFAULT };
enum { BO__CHAN_ELEMENT_MAX = 64 << 10 };

#define bo__element(ch) __typeof__((ch)((struct bo__chan *)0))

// A pointer to a T that begins as __VA_ARGS__ and lives until the end of the block around the
// macro. The variable inside makes the compiler treat the value as in any other initialisation.
#define bo__value(ch, ...)                                                                         \
    ((bo__element(ch)[1]){__extension__({                                                          \
        bo__element(ch) bo__sent_value = __VA_ARGS__;                                              \
        bo__sent_value;                                                                            \
    })})

// The call that is never made refuses what is no channel.
#define bo__chan_any(ch)                                                                           \
    (0 ? ((void)(ch)((struct bo__chan *)0), (bo__any_chan)0) : (bo__any_chan)(ch))

#define BO__ON_RECV(ch, to, ok, ...)                                                               \
    ((bo_case){BO__CASE_RECV, bo__chan_any(ch), (bo__element(ch) *){(to)}, (ok), 0})

struct bo__chan;
bo__any_chan bo__chan_new(size_t element_size, size_t capacity);
void bo__chan_free(bo__any_chan ch);
bool bo__chan_send(bo__any_chan ch, const void *value);
bool bo__chan_recv(bo__any_chan ch, void *to);
bool bo__chan_try_send(bo__any_chan ch, const void *value);
bool bo__chan_try_recv(bo__any_chan ch, void *to);
void bo__chan_close(bo__any_chan ch);
size_t bo__chan_len(bo__any_chan ch);
size_t bo__chan_cap(bo__any_chan ch);

#endif
