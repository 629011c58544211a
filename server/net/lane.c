/*
 * Lanes: a bounded queue and worker threads for each kind of load, so that none starves
 * another; and the thread that stops cancelled statements, since that blocks.
 *
 * No session has more than two requests here (turn.c), so first come, first served is fair.
 */
#include "common/log.h"
#include "common/mem.h"
#include "server/net/inner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LANE_HASH_NICE 10

static const char *const lane_names[LANE_COUNT] = { "loop", "hash", "interactive", "heavy",
	"jobs" };

const char *
lane_name(enum lane lane)
{
	return lane_names[lane];
}

/* ---- queues ----------------------------------------------------------------------------- */

uint64_t
lane_waiting(struct lane_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	uint64_t count = (uint64_t)queue->count;
	pthread_mutex_unlock(&queue->lock);
	return count;
}

bool
lane_give(struct lane_queue *queue, struct task *task)
{
	bool room;

	pthread_mutex_lock(&queue->lock);
	room = queue->count < queue->max && !queue->stopping;
	if (room) {
		task->queue = queue;
		task->in_queue = true;
		TAILQ_INSERT_TAIL(&queue->tasks, task, of_lane);
		queue->count++;
	}
	pthread_mutex_unlock(&queue->lock);
	/* Not under the lock, which who wakes would only wait for. */
	if (room)
		pthread_cond_signal(&queue->arrived);
	return room;
}

static void
lane_unlink(struct lane_queue *queue, struct task *task)
{
	TAILQ_REMOVE(&queue->tasks, task, of_lane);
	task->in_queue = false;
	queue->count--;
}

bool
lane_withdraw(struct task *task)
{
	struct lane_queue *queue = task->queue;
	bool waited;

	pthread_mutex_lock(&queue->lock);
	waited = task->in_queue;
	if (waited)
		lane_unlink(queue, task);
	pthread_mutex_unlock(&queue->lock);
	return waited;
}

void
net_wake(struct net *net, enum lane lane)
{
	struct lane_queue *queue = &net->lanes[lane];

	pthread_mutex_lock(&queue->lock);
	if (queue->wakes < (unsigned)queue->thread_count)
		queue->wakes++;
	pthread_cond_signal(&queue->arrived);
	pthread_mutex_unlock(&queue->lock);
}

/* ---- workers ---------------------------------------------------------------------------- */

/*
 * The next task, or NULL when worker_idle is due (at idle_us, or woken), or the lane stops.
 * Only a lane whose queue is empty stops.
 */
static struct task *
lane_take(struct lane_queue *queue, int64_t idle_us, bool *stop)
{
	const struct timespec end = { .tv_sec = idle_us / US_PER_SECOND,
		.tv_nsec = idle_us % US_PER_SECOND * 1000 };
	struct task *task = NULL;

	pthread_mutex_lock(&queue->lock);
	while (queue->count == 0 && queue->wakes == 0 && !queue->stopping)
		if (pthread_cond_timedwait(&queue->arrived, &queue->lock, &end) != 0)
			break;
	if (queue->wakes > 0) {
		queue->wakes--;
	} else if (date_monotonic_us() < idle_us || queue->stopping) {
		task = TAILQ_FIRST(&queue->tasks);
		if (task != NULL)
			lane_unlink(queue, task);
	}
	*stop = queue->stopping && task == NULL;
	pthread_mutex_unlock(&queue->lock);
	return task;
}

/*
 * The canceller sets the flag first and then looks for the worker: either it finds the
 * reference, or the flag is seen here and the work never begins.
 */
static bool
lane_begin(struct worker_thread *worker, struct task *task)
{
	bool begin;

	pthread_mutex_lock(&worker->busy);
	begin = !__atomic_load_n(&task->work.cancelled, __ATOMIC_RELAXED);
	worker->reference = begin ? task->work.reference : 0;
	pthread_mutex_unlock(&worker->busy);
	return begin;
}

static void
lane_end(struct worker_thread *worker)
{
	pthread_mutex_lock(&worker->busy);
	worker->reference = 0;
	pthread_mutex_unlock(&worker->busy);
}

static void
lane_run(struct worker_thread *worker, struct task *task)
{
	if (lane_begin(worker, task)) {
		worker->net->options.ops.worker_run(worker->own, &task->work, &task->out);
		lane_end(worker);
	}
	net_post(worker->net, &task->done);
}

static void
lane_name_thread(const struct worker_thread *worker)
{
	char name[32]; /* Linux keeps 15 bytes: "interactive 999" */

	snprintf(name, sizeof(name), "%.11s %d", lane_names[worker->queue->lane],
	    worker->index % 1000);
	pthread_setname_np(pthread_self(), name);
	/* Linux keeps the priority for each thread. */
	if (worker->queue->lane == LANE_HASH &&
	    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), LANE_HASH_NICE) != 0)
		log_warn("hash thread keeps its priority", "worker=%d", worker->index);
}

/* Until net_run(): what is made of the net before that, workers shall find there. */
static bool
lane_wait_open(struct lane_queue *queue)
{
	bool open;

	pthread_mutex_lock(&queue->lock);
	while (!queue->open && !queue->stopping)
		pthread_cond_wait(&queue->arrived, &queue->lock);
	open = queue->open;
	pthread_mutex_unlock(&queue->lock);
	return open;
}

static void *
lane_thread(void *own)
{
	struct worker_thread *worker = own;
	const struct lane_ops *ops = &worker->net->options.ops;
	int64_t idle_us = date_monotonic_us();
	bool stop = false;

	lane_name_thread(worker);
	if (!lane_wait_open(worker->queue))
		return NULL;
	worker->own = ops->worker_start(worker->net->options.server, worker->queue->lane);
	while (!stop) {
		struct task *task = lane_take(worker->queue, idle_us, &stop);

		if (task != NULL) {
			lane_run(worker, task);
		} else if (!stop) {
			if (ops->worker_idle != NULL)
				ops->worker_idle(worker->own);
			idle_us = date_monotonic_us() + US_PER_SECOND;
		}
	}
	ops->worker_stop(worker->own);
	return NULL;
}

/* ---- cancelling ------------------------------------------------------------------------- */

void
lane_cancel(struct net *net, struct task *task)
{
	struct cancel *cancel;

	stream_cancel(net, task);
	if (net->options.ops.worker_cancel == NULL)
		return;
	cancel = mem_alloc(sizeof(*cancel));
	*cancel = (struct cancel){ .queue = task->queue, .reference = task->work.reference };
	pthread_mutex_lock(&net->canceller.lock);
	STAILQ_INSERT_TAIL(&net->canceller.list, cancel, link);
	pthread_cond_signal(&net->canceller.arrived);
	pthread_mutex_unlock(&net->canceller.lock);
}

static void
lane_cancel_running(struct net *net, const struct cancel *cancel)
{
	for (int i = 0; i < cancel->queue->thread_count; i++) {
		struct worker_thread *worker = &cancel->queue->threads[i];

		pthread_mutex_lock(&worker->busy);
		if (worker->reference == cancel->reference)
			net->options.ops.worker_cancel(worker->own);
		pthread_mutex_unlock(&worker->busy);
	}
}

static void *
lane_cancel_thread(void *own)
{
	struct net *net = own;
	struct canceller *canceller = &net->canceller;
	struct cancel *cancel;

	pthread_setname_np(pthread_self(), "cancel");
	pthread_mutex_lock(&canceller->lock);
	for (;;) {
		while (
		    (cancel = STAILQ_FIRST(&canceller->list)) == NULL && !canceller->stopping)
			pthread_cond_wait(&canceller->arrived, &canceller->lock);
		if (cancel == NULL)
			break;
		STAILQ_REMOVE_HEAD(&canceller->list, link);
		pthread_mutex_unlock(&canceller->lock);
		lane_cancel_running(net, cancel);
		free(cancel);
		pthread_mutex_lock(&canceller->lock);
	}
	pthread_mutex_unlock(&canceller->lock);
	return NULL;
}

/* ---- start and stop --------------------------------------------------------------------- */

/* Signals go to the program's main thread. */
static bool
lane_start_thread(pthread_t *thread, void *(*run)(void *), void *own)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(thread, NULL, run, own);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error == 0;
}

static void
lane_init(struct net *net, enum lane lane)
{
	struct lane_queue *queue = &net->lanes[lane];
	pthread_condattr_t monotonic;

	queue->lane = lane;
	queue->max = net->options.lane_queue[lane];
	TAILQ_INIT(&queue->tasks);
	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->arrived, &monotonic);
	pthread_condattr_destroy(&monotonic);
	queue->thread_count = net->options.lane_threads[lane];
	queue->threads = mem_zalloc((size_t)queue->thread_count + 1, sizeof(struct worker_thread));
	for (int i = 0; i < queue->thread_count; i++) {
		queue->threads[i] =
		    (struct worker_thread){ .net = net, .queue = queue, .index = i };
		pthread_mutex_init(&queue->threads[i].busy, NULL);
	}
}

void
lanes_init(struct net *net)
{
	for (int lane = 0; lane < LANE_COUNT; lane++)
		lane_init(net, (enum lane)lane);
	pthread_mutex_init(&net->canceller.lock, NULL);
	pthread_cond_init(&net->canceller.arrived, NULL);
	STAILQ_INIT(&net->canceller.list);
}

bool
lanes_start(struct net *net)
{
	for (int lane = 0; lane < LANE_COUNT; lane++)
		for (int i = 0; i < net->lanes[lane].thread_count; i++) {
			struct worker_thread *worker = &net->lanes[lane].threads[i];

			worker->started =
			    lane_start_thread(&worker->thread, lane_thread, worker);
			if (!worker->started)
				return false;
		}
	net->canceller.started =
	    lane_start_thread(&net->canceller.thread, lane_cancel_thread, net);
	return net->canceller.started;
}

void
lanes_open(struct net *net)
{
	for (int lane = 0; lane < LANE_COUNT; lane++) {
		pthread_mutex_lock(&net->lanes[lane].lock);
		net->lanes[lane].open = true;
		pthread_cond_broadcast(&net->lanes[lane].arrived);
		pthread_mutex_unlock(&net->lanes[lane].lock);
	}
}

static void
lane_stop(struct lane_queue *queue)
{
	for (int i = 0; i < queue->thread_count; i++) {
		if (queue->threads[i].started)
			pthread_join(queue->threads[i].thread, NULL);
		pthread_mutex_destroy(&queue->threads[i].busy);
	}
	free(queue->threads);
	pthread_cond_destroy(&queue->arrived);
	pthread_mutex_destroy(&queue->lock);
}

void
lanes_stop(struct net *net)
{
	struct canceller *canceller = &net->canceller;

	for (int lane = 0; lane < LANE_COUNT; lane++) {
		pthread_mutex_lock(&net->lanes[lane].lock);
		net->lanes[lane].stopping = true;
		pthread_cond_broadcast(&net->lanes[lane].arrived);
		pthread_mutex_unlock(&net->lanes[lane].lock);
	}
	/* The canceller last but for the workers it looks at: it may be hurrying one of them.
	 */
	pthread_mutex_lock(&canceller->lock);
	canceller->stopping = true;
	pthread_cond_signal(&canceller->arrived);
	pthread_mutex_unlock(&canceller->lock);
	if (canceller->started)
		pthread_join(canceller->thread, NULL);
	for (int lane = 0; lane < LANE_COUNT; lane++)
		lane_stop(&net->lanes[lane]);
	pthread_cond_destroy(&canceller->arrived);
	pthread_mutex_destroy(&canceller->lock);
}
