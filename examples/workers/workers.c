// SPDX-License-Identifier: MIT
// workers: five goroutines take jobs from one channel and put results into another.
//
//     bora run examples/workers
#include <bora.h>
#include <stdio.h>

enum { WORKERS = 5, JOBS = 20 };

static void worker(bo_wg *working, bo_chan(int) jobs, bo_chan(int) results)
{
    bo_defer(bo_wg_done, working);
    for (int job; bo_recv(jobs, &job);)  // Ends when jobs is closed and drained.
        bo_send(results, job * 2);
}

int bo_main(int argc, char **argv)
{
    (void)argc, (void)argv;
    bo_wg working = {0};
    bo_chan(int) jobs = bo_chan_new(int, 100);
    bo_chan(int) results = bo_chan_new(int, 100);
    bo_wg_add(&working, WORKERS);
    for (int w = 0; w < WORKERS; w++)
        go(worker, &working, jobs, results);

    for (int job = 1; job <= JOBS; job++)
        bo_send(jobs, job);
    bo_chan_close(jobs);

    int sum = 0;
    for (int i = 0, result; i < JOBS && bo_recv(results, &result); i++)
        sum += result;
    printf("%d jobs, %d workers: %d\n", JOBS, WORKERS, sum);

    bo_wg_wait(&working);  // Nobody uses the channels any more.
    bo_chan_free(jobs);
    bo_chan_free(results);
    return 0;
}
