// SPDX-License-Identifier: MIT
#include <bora/chan.h>
#include <bora/group.h>
#include <bora/str.h>
#include <bora/sync.h>

struct pair {
    int a, b;
};

void none(void);
int six(int a, unsigned char b, double c, const char *d, void *e, long f);
bo_err shard(struct pair *p, bo_str name);
void work(bo_chan(int) jobs, bo_chan(struct pair) results);
int use(bo_chan(bo_chan(const char *)) nested, struct pair *p, const int *sizes);

void work(bo_chan(int) jobs, bo_chan(struct pair) results)
{
    for (int job; bo_recv(jobs, &job);) {
        bo_send(results, {job, 2});
        bo_send(results, (struct pair){.a = job});
    }
    bo_chan_close(results);
}

int use(bo_chan(bo_chan(const char *)) nested, struct pair *p, const int *sizes)
{
    bo_chan(int) jobs = bo_chan_new(int, (size_t)sizes[0]);
    bo_chan(struct pair) results = bo_chan_new(struct pair, 0);
    bo_chan(const char *) texts = NULL;
    char buffer[8] = "text";
    unsigned char small = 3;
    go(work, jobs, results);
    go(none);
    go(six, 1, small, 2, buffer, p, 4);
    go(six, 'a', 2, 2.5f, "literal", NULL, 4L);
    bo_go_with((six, 1, 2, 3, "a", p, 6), .name = "six", .stack_bytes = 16 << 10);
    bo_try_send(jobs, small);
    bo_try_recv(nested, &texts);
    bo_send(texts, buffer);
    bool ok;
    struct pair got = {0, 0};
    switch (bo_select(bo_on_recv(results, &got, &ok), bo_on_send(jobs, got.a), bo_on_recv(texts, NULL),
                      bo_on_timeout(2 * BO_SECOND), bo_on_default)) {
    case BO_SELECT_CANCELED:
        break;
    default:
        bo_chan_free(jobs);
    }
    BO_DEADLINE(BO_SECOND);
    bo_group group = {0};
    bo_group_go(&group, shard, p, bo_s("a"));
    bo_err err = bo_group_wait(&group);
    bo_err_free(err);
    return (int)(bo_chan_len(results) + bo_chan_cap(results)) + ok;
}
