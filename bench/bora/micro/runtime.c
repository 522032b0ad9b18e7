// SPDX-License-Identifier: MIT
// Goroutines, channels and locks. The twin is bench/go/micro/runtime.go.
#include "micro.h"

static void nothing(bo_wg *wg)
{
    bo_wg_done(wg);
}

// spawn_join starts a goroutine that does nothing and waits for it, one at a time.
static void spawn_join(int64_t n)
{
    bo_wg wg = {0};
    for (int64_t i = 0; i < n; i++) {
        bo_wg_add(&wg, 1);
        go(nothing, &wg);
        bo_wg_wait(&wg);
    }
}

void bench_spawn_join(int64_t n)
{
    per_op("spawn_join", n, spawn_join);
}

static void yielder(int64_t n, bo_wg *wg)
{
    for (int64_t i = 0; i < n; i++)
        bo_yield();
    bo_wg_done(wg);
}

// yield has two goroutines that do nothing but yield; an operation is one yield of either.
static void yield(int64_t n)
{
    bo_wg wg = {0};
    for (int g = 0; g < 2; g++) {
        bo_wg_add(&wg, 1);
        go(yielder, n / 2, &wg);
    }
    bo_wg_wait(&wg);
}

void bench_yield(int64_t n)
{
    per_op("yield", n, yield);
}

static void echo(bo_chan(int64_t) ping, bo_chan(int64_t) pong, bo_wg *wg)
{
    for (int64_t v; bo_recv(ping, &v);)
        bo_send(pong, v);
    bo_wg_done(wg);
}

// chan_round_trip sends a number over one unbuffered channel and gets it back over another.
static void chan_round_trip(int64_t n)
{
    bo_chan(int64_t) ping = bo_chan_new(int64_t, 0);
    bo_chan(int64_t) pong = bo_chan_new(int64_t, 0);
    bo_wg wg = {0};
    bo_wg_add(&wg, 1);
    go(echo, ping, pong, &wg);
    for (int64_t i = 0, v; i < n; i++) {
        bo_send(ping, i);
        bo_recv(pong, &v);
    }
    bo_chan_close(ping);
    bo_wg_wait(&wg);
    bo_chan_free(ping);
    bo_chan_free(pong);
}

void bench_chan_round_trip(int64_t n)
{
    per_op("chan_round_trip", n, chan_round_trip);
}

static void worker(bo_chan(int64_t) jobs, bo_chan(int64_t) results, bo_wg *wg)
{
    for (int64_t job; bo_recv(jobs, &job);)
        bo_send(results, job * 2);
    bo_wg_done(wg);
}

static void producer(bo_chan(int64_t) jobs, int64_t n, bo_wg *wg)
{
    for (int64_t i = 0; i < n; i++)
        bo_send(jobs, i);
    bo_chan_close(jobs);
    bo_wg_done(wg);
}

// chan_pool is one producer, five workers and one consumer over two channels of 100.
static void chan_pool(int64_t n)
{
    bo_chan(int64_t) jobs = bo_chan_new(int64_t, 100);
    bo_chan(int64_t) results = bo_chan_new(int64_t, 100);
    bo_wg wg = {0};
    bo_wg_add(&wg, 6);
    for (int w = 0; w < 5; w++)
        go(worker, jobs, results, &wg);
    go(producer, jobs, n, &wg);
    int64_t sum = 0;
    for (int64_t i = 0, result; i < n; i++) {
        bo_recv(results, &result);
        sum += result;
    }
    bo_assert(sum == n * (n - 1));
    bo_wg_wait(&wg);
    bo_chan_free(jobs);
    bo_chan_free(results);
}

void bench_chan_pool(int64_t n)
{
    per_op("chan_pool", n, chan_pool);
}

static void count_up(bo_mutex *mutex, int64_t *count, int64_t n, bo_wg *wg)
{
    for (int64_t i = 0; i < n; i++) {
        bo_mutex_lock(mutex);
        ++*count;
        bo_mutex_unlock(mutex);
    }
    bo_wg_done(wg);
}

// mutex has a hundred goroutines that take one lock in turn, with next to nothing under it.
static void mutex(int64_t n)
{
    bo_mutex lock = {0};
    bo_wg wg = {0};
    int64_t count = 0;
    for (int g = 0; g < 100; g++) {
        bo_wg_add(&wg, 1);
        go(count_up, &lock, &count, n / 100, &wg);
    }
    bo_wg_wait(&wg);
    bo_assert(count == n / 100 * 100);
}

void bench_mutex(int64_t n)
{
    per_op("mutex", n, mutex);
}

static void send_many(bo_chan(int64_t) c, int64_t n, bo_wg *wg)
{
    for (int64_t i = 0; i < n; i++)
        bo_send(c, i);
    bo_wg_done(wg);
}

// select_four receives from four channels of 100, each filled by a goroutine of its own.
static void select_four(int64_t n)
{
    bo_chan(int64_t) c[4];
    bo_wg wg = {0};
    for (int k = 0; k < 4; k++) {
        c[k] = bo_chan_new(int64_t, 100);
        bo_wg_add(&wg, 1);
        go(send_many, c[k], n / 4, &wg);
    }
    int64_t sum = 0;
    for (int64_t i = 0, v; i < n / 4 * 4; i++) {
        bo_select(bo_on_recv(c[0], &v), bo_on_recv(c[1], &v), bo_on_recv(c[2], &v),
                  bo_on_recv(c[3], &v));
        sum += v;
    }
    bo_assert(sum == (n / 4) * (n / 4 - 1) * 2);
    bo_wg_wait(&wg);
    for (int k = 0; k < 4; k++)
        bo_chan_free(c[k]);
}

void bench_select(int64_t n)
{
    per_op("select", n, select_four);
}
