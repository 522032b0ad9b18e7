// SPDX-License-Identifier: MIT
//
// workers: a pipeline of five workers.
//
// One channel carries the jobs to whichever worker is free, another one their results back. Closing
// a channel tells who reads from it that no more will come.
#include <bora.h>
#include <stdio.h>

enum { JOBS = 20, WORKERS = 5 };

static void worker(bo_chan(int) jobs, bo_chan(int) results, bo_wg *running)
{
    bo_defer(bo_wg_done, running);
    for (int job; bo_recv(jobs, &job);)
        bo_send(results, job * 2);
}

static void send_jobs(bo_chan(int) jobs)
{
    for (int job = 1; job <= JOBS; job++)
        bo_send(jobs, job);
    bo_chan_close(jobs);
}

static void close_after(bo_wg *running, bo_chan(int) results)
{
    bo_wg_wait(running);
    bo_chan_close(results);
}

int bo_main(int argc, char **argv)
{
    (void)argc, (void)argv;
    bo_chan(int) jobs = bo_chan_new(int, 100);
    bo_chan(int) results = bo_chan_new(int, 100);
    bo_wg running = {0};

    go(send_jobs, jobs);
    bo_wg_add(&running, WORKERS);
    for (int w = 0; w < WORKERS; w++)
        go(worker, jobs, results, &running);
    go(close_after, &running, results);

    int sum = 0;
    for (int result; bo_recv(results, &result); sum += result)
        printf("%d\n", result);
    printf("sum: %d\n", sum);

    bo_chan_free(jobs);
    bo_chan_free(results);
    return 0;
}
