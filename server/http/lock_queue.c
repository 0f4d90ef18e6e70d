/* Who waits for locks, in the order in which they are tried. */
#include "lock_queue.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/clock.h"
#include "base/log.h"

enum { LOCKED_ALIKE = 3, LOOKED_AT_MAX = 64, SAY_EVERY_MS = 10000 };

struct lock_queue {
    struct loop *loop;
    /* Of exchanges' `lock.link`.  What is in `locked` has met a lock, or asks for the same as one
     * that has, and is tried on ticks.  What is in `ready` may be in luck, and is tried before
     * that. */
    h2o_linklist_t ready, locked;
    struct exchange *trying; /* or null; it is in neither list */
    int64_t next_say_ms;
    int64_t unsaid; /* requests that met a lock since it was said last */
};

struct lock_queue *lock_queue_new(struct loop *loop)
{
    struct lock_queue *queue = calloc(1, sizeof(*queue));
    if (!queue)
        abort();
    queue->loop = loop;
    h2o_linklist_init_anchor(&queue->ready);
    h2o_linklist_init_anchor(&queue->locked);
    return queue;
}

static struct exchange *exchange_of(h2o_linklist_t *node)
{
    return H2O_STRUCT_FROM_MEMBER(struct exchange, lock.link, node);
}

static struct exchange *pop(h2o_linklist_t *list)
{
    struct exchange *exchange = exchange_of(list->next);
    h2o_linklist_unlink(&exchange->lock.link);
    return exchange;
}

static void drop_all(h2o_linklist_t *list)
{
    while (!h2o_linklist_is_empty(list))
        h2o_mem_release_shared(pop(list));
}

void lock_queue_close(struct lock_queue *queue)
{
    drop_all(&queue->ready);
    drop_all(&queue->locked);
}

void lock_queue_free(struct lock_queue *queue)
{
    free(queue);
}

static bool is_empty(const h2o_linklist_t *list)
{
    return list->next == list;
}

bool lock_queue_is_used(const struct lock_queue *queue)
{
    return queue->trying || !is_empty(&queue->locked) || !is_empty(&queue->ready);
}

static bool is_alike(const struct exchange *a, const struct exchange *b)
{
    return a->lock.statement == b->lock.statement &&
           strcmp(a->request.instance.text, b->request.instance.text) == 0 &&
           strcmp(a->request.project.text, b->request.project.text) == 0;
}

static bool has_locked_alike(h2o_linklist_t *list, const struct exchange *exchange)
{
    h2o_linklist_t *node = list->next;
    for (int i = 0; i < LOOKED_AT_MAX && node != list; i++, node = node->next) {
        if (exchange_of(node)->lock.met && is_alike(exchange_of(node), exchange))
            return true;
    }
    return false;
}

/* Whether LOCKED_ALIKE different ones of the exchange's statement wait. */
static bool is_of_locked_statement(struct lock_queue *queue, const struct exchange *exchange)
{
    const struct exchange *different[LOCKED_ALIKE];
    int count = 0;
    h2o_linklist_t *node = queue->locked.next;
    for (int i = 0; i < LOOKED_AT_MAX && node != &queue->locked; i++, node = node->next) {
        const struct exchange *waiting = exchange_of(node);
        int known = 0;
        while (known < count && !is_alike(different[known], waiting))
            known++;
        if (waiting->lock.statement != exchange->lock.statement || known < count)
            continue;
        different[count++] = waiting;
        if (count == LOCKED_ALIKE)
            return true;
    }
    return false;
}

static int64_t deadline_ms(const struct exchange *exchange)
{
    return exchange->started_us / 1000 + exchange->loop->server->config->database_timeout_ms;
}

/* Now and then: with a table that is locked it would be a line for every request. */
static void say(struct lock_queue *queue, const struct exchange *exchange)
{
    int64_t now_ms = clock_monotonic_ms();
    metric_count(&metric_locks_met, 0, 0);
    queue->unsaid++;
    if (now_ms < queue->next_say_ms)
        return;
    LOG_WARNING("locks_waited_for", LOG_TEXT("statement", exchange->lock.statement->name),
                LOG_TEXT("project", exchange->match.project),
                LOG_TEXT("instance", exchange->request.instance.text),
                LOG_NUMBER("requests", queue->unsaid));
    queue->unsaid = 0;
    queue->next_say_ms = now_ms + SAY_EVERY_MS;
}

static enum lock_way wait_in(h2o_linklist_t *list, struct exchange *exchange)
{
    h2o_mem_addref_shared(exchange);
    h2o_linklist_insert(list, &exchange->lock.link);
    return LOCK_WAY_QUEUED;
}

enum lock_way lock_queue_admit(struct lock_queue *queue, struct exchange *exchange)
{
    const struct exchange *trying = queue->trying;
    if (trying == exchange)
        return LOCK_WAY_LAST;
    exchange->lock.met = false;
    if (!lock_queue_is_used(queue))
        return LOCK_WAY_OPEN;
    if ((trying && trying->lock.met && is_alike(trying, exchange)) ||
        has_locked_alike(&queue->locked, exchange) || has_locked_alike(&queue->ready, exchange)) {
        exchange->lock.met = true;
        return wait_in(&queue->locked, exchange);
    }
    if (!is_of_locked_statement(queue, exchange))
        return LOCK_WAY_OPEN;
    if (trying)
        return wait_in(&queue->ready, exchange);
    queue->trying = exchange;
    return LOCK_WAY_LAST;
}

/* The reference that the list had goes with it. */
static void refuse(struct exchange *exchange)
{
    struct error err = {0};
    error_set(&err, ERROR_DATABASE_LOCKED, "statement %s: no lock in time",
              exchange->lock.statement->name);
    if (exchange->req)
        answer_error(exchange, &err);
    h2o_mem_release_shared(exchange);
}

static void refuse_late(h2o_linklist_t *list, int64_t now_ms)
{
    h2o_linklist_t *node = list->next;
    while (node != list) {
        struct exchange *exchange = exchange_of(node);
        node = node->next;
        if (exchange->req && now_ms < deadline_ms(exchange))
            continue;
        h2o_linklist_unlink(&exchange->lock.link);
        refuse(exchange);
    }
}

/* The reference that the list had is given back: the statement has one of its own. */
static void try_first(struct lock_queue *queue, h2o_linklist_t *list)
{
    struct error err = {0};
    struct exchange *exchange = pop(list);
    queue->trying = exchange;
    if (!exchange->req) {
        queue->trying = NULL;
    } else if (exchange->lock.again(exchange, &err) < 0) {
        queue->trying = NULL;
        answer_error(exchange, &err);
    }
    h2o_mem_release_shared(exchange);
}

static void try_ready(struct lock_queue *queue)
{
    while (!queue->trying && !is_empty(&queue->ready))
        try_first(queue, &queue->ready);
}

void lock_queue_go_on(struct lock_queue *queue)
{
    try_ready(queue);
    while (!queue->trying && !is_empty(&queue->locked))
        try_first(queue, &queue->locked);
}

/* What is ready and asks for the same meets the same lock. */
static void note_lock(struct lock_queue *queue, struct exchange *exchange)
{
    h2o_linklist_t *node = queue->ready.next;
    exchange->lock.met = true;
    while (node != &queue->ready) {
        struct exchange *other = exchange_of(node);
        node = node->next;
        if (!is_alike(other, exchange))
            continue;
        other->lock.met = true;
        h2o_linklist_unlink(&other->lock.link);
        h2o_linklist_insert(&queue->locked, &other->lock.link);
    }
}

static void forget_lock(h2o_linklist_t *list, const struct exchange *exchange)
{
    for (h2o_linklist_t *node = list->next; node != list; node = node->next) {
        if (is_alike(exchange_of(node), exchange))
            exchange_of(node)->lock.met = false;
    }
}

/* What asks for the same will get through as well, and the rest of its statement may: where it was
 * the table that was locked. */
static void note_success(struct lock_queue *queue, struct exchange *exchange)
{
    if (!exchange->lock.met)
        return;
    forget_lock(&queue->ready, exchange);
    forget_lock(&queue->locked, exchange);
    exchange->lock.met = false;
    h2o_linklist_t *node = queue->locked.next;
    while (node != &queue->locked) {
        struct exchange *other = exchange_of(node);
        node = node->next;
        if (other->lock.statement != exchange->lock.statement)
            continue;
        h2o_linklist_unlink(&other->lock.link);
        h2o_linklist_insert(&queue->ready, &other->lock.link);
    }
}

bool lock_queue_take(struct lock_queue *queue, struct exchange *exchange)
{
    if (!exchange->req || clock_monotonic_ms() >= deadline_ms(exchange))
        return false;
    if (!exchange->lock.met)
        say(queue, exchange);
    note_lock(queue, exchange);
    h2o_linklist_insert(&queue->locked, &exchange->lock.link);
    if (queue->trying == exchange) {
        queue->trying = NULL;
        try_ready(queue);
    }
    return true;
}

bool lock_queue_settle(struct lock_queue *queue, struct exchange *exchange, bool got_through)
{
    if (queue->trying != exchange)
        return false;
    queue->trying = NULL;
    if (got_through)
        note_success(queue, exchange);
    return true;
}

void lock_queue_tick(struct lock_queue *queue)
{
    if (!lock_queue_is_used(queue))
        return;
    int64_t now_ms = clock_monotonic_ms();
    refuse_late(&queue->ready, now_ms);
    refuse_late(&queue->locked, now_ms);
    lock_queue_go_on(queue);
}
